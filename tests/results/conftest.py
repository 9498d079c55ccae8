"""A small result to show, whose every number is known."""

import io

import numpy as np
import pandas as pd
import pytest

# On the easy crowd the first, best and last point of a curve differ, and so do the mean, the median, the smallest and
# the largest over repetitions. None of them orders the solvers as the mean of the last points does. No row's time is
# its number of iterations.
EASY, HARD, OTHER = "crowd[n=1,scenario=easy]", "crowd[n=1,scenario=hard]", "other"
RUNS = f"""
solver                  dataset  rep  stop_val  n_iter  converged  time  acc
FDS                     {OTHER}  0    2         2       1          7     0.90
DS                      {OTHER}  0    3         3       1          8     0.70
MV                      {OTHER}  0    1         1       1          9     0.60
tolerance[strategy=DS]  {OTHER}  0    1e-6      3       1          6     0.95
DS                      {EASY}   0    0         0       0          1     0.50
DS                      {EASY}   0    4         4       0          10    0.78
DS                      {EASY}   0    16        9       1          40    0.70
DS                      {EASY}   1    0         0       0          2     0.52
DS                      {EASY}   1    4         4       0          30    0.79
DS                      {EASY}   1    16        11      1          50    0.71
DS                      {EASY}   2    0         0       0          6     0.60
DS                      {EASY}   2    4         4       0          35    0.83
DS                      {EASY}   2    16        16      0          90    0.81
FDS                     {EASY}   0    0         0       0          0.1   0.90
FDS                     {EASY}   0    2         2       1          3     0.70
FDS                     {EASY}   1    0         0       0          0.2   0.90
FDS                     {EASY}   1    2         2       1          4     0.72
FDS                     {EASY}   2    0         0       0          0.6   0.96
FDS                     {EASY}   2    2         2       1          8     0.74
MV                      {EASY}   0    1         1       1          0.01  0.60
MV                      {EASY}   1    1         1       1          0.02  0.60
MV                      {EASY}   2    1         1       1          0.06  0.99
KOS                     {EASY}   0    20        20      0          0.5   0.65
tolerance[strategy=DS]  {EASY}   0    3e38      0       0          2     0.50
tolerance[strategy=DS]  {EASY}   0    1e-6      12      1          70    0.75
tolerance[strategy=DS]  {EASY}   1    3e38      0       0          4     0.52
tolerance[strategy=DS]  {EASY}   1    1e-6      13      1          80    0.77
FDS                     {HARD}   0    2         2       1          7     0.80
DS                      {HARD}   0    3         3       1          8     0.50
MV                      {HARD}   0    1         1       1          9     0.50
tolerance[strategy=DS]  {HARD}   0    1e-6      3       1          6     0.90
"""


@pytest.fixture(scope="session")
def runs():
    """The table as Benchopt writes it."""
    table = pd.read_csv(io.StringIO(RUNS), sep=r"\s+")
    acc = table.pop("acc")
    names = {"solver": "solver_name", "dataset": "dataset_name", "rep": "idx_rep"}
    names |= {"n_iter": "objective_n_iter", "converged": "objective_converged"}
    return table.rename(columns=names).assign(
        objective_name="labels",
        objective_acc_train=acc,
        objective_acc_valid=acc + 0.01,
        objective_valid_fraction=1 - acc,
        objective_f1_macro=acc - 0.1,
        objective_acc_disagreement=acc - 0.2,
        objective_ece=1.1 - acc,
        objective_log_loss=2 - acc,
        objective_acc_test=np.where((table["solver"] == "FDS") & (table["dataset"] == OTHER), 0.33, np.nan),
    )
