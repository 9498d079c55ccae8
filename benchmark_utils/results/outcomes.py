"""What each strategy got right on each crowd, task by task where the result kept it: what rankings are made of."""

import zlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from benchmark_utils.results.table import ResultError, final_points
from benchmark_utils.results.uncertainty import bootstrap
from benchmark_utils.scoring.columns import ACC_TRAIN, DATA, RIGHT
from benchmark_utils.scoring.right import unpack_right

EXPECTED = "objective_acc_expected"  # the mean of AccTrain over how ties may fall, in newer results


@dataclass(frozen=True)
class Crowd:
    """One crowd of a result, and how every strategy did on it.

    Attributes
    ----------
    name : str
    score : str
        The column that `accuracy` is the mean of.
    accuracy : Series, one number per strategy
        The mean over seeds of the last points.
    right : DataFrame (n_strategy, n_kept) or None
        The share of the seeds under which the strategy got the task right; None where the result did not keep it.
    n_known, n_seeds : int
        Tasks with a truth, and repetitions.
    data : frozenset of str
        The hashes of the crowd's votes and truth: one, or one per repetition where each simulates a crowd of its own.
    note : str
        What the numbers are not of: repetitions that are left out, a sample of the tasks.
    """

    name: str
    score: str
    accuracy: pd.Series
    right: pd.DataFrame | None
    n_known: int
    n_seeds: int
    data: frozenset
    note: str = ""

    @cached_property
    def draws(self) -> pd.DataFrame:
        """Accuracies under tasks drawn again, (n_strategy, n_draws); only where `right` was kept."""
        seed = zlib.crc32(self.name.encode())
        return pd.DataFrame(bootstrap(self.right, self.accuracy, seed=seed), index=self.accuracy.index)


def crowds_of(results) -> list[Crowd]:
    """The crowds of a result that have a truth, in the order of the run.

    Raises
    ------
    ResultError
        Two crowds under one name, or a text in `objective_right` that is none of ours.
    """
    last = final_points(results)
    return [
        crowd_of(name, rows) for name, rows in last.groupby("dataset_name", sort=False) if rows[ACC_TRAIN].notna().any()
    ]


def crowd_of(name, last) -> Crowd:
    """The crowd of its last points, one row per (solver, repetition)."""
    kept = all(column in last and last[column].notna().all() for column in (RIGHT, DATA))
    score = EXPECTED if EXPECTED in last and last[EXPECTED].notna().all() else ACC_TRAIN
    if not kept:
        accuracy = last.groupby("solver_name")[score].mean()
        return Crowd(name, score, accuracy, None, 0, last["idx_rep"].nunique(), frozenset())
    check_one_crowd(name, last)
    ran = last.groupby("solver_name")[DATA].agg(set)
    common = set.intersection(*ran)
    if not common:
        raise ResultError(f"{name}: no two strategies ran on the same votes; results on other data cannot be compared")
    rows = last[last[DATA].isin(common)]
    right, n_known, n_kept = _right_by_task(name, rows)
    notes = []
    if len(set.union(*ran)) > len(common):
        notes.append(f"only the {len(common)} of {len(set.union(*ran))} crowds drawn on which all of them ran")
    if n_kept < n_known:
        notes.append(f"intervals from a sample of {n_kept:,} of {n_known:,} tasks")
    accuracy = rows.groupby("solver_name")[score].mean()
    n_seeds = rows["idx_rep"].nunique()
    return Crowd(name, score, accuracy.loc[right.index], right, n_known, n_seeds, frozenset(common), "; ".join(notes))


def check_one_crowd(name, last):
    """ResultError where one repetition of a crowd has two hashes: then two crowds go by one name."""
    drawn = [column for column in ("base_seed", "idx_rep") if column in last]
    several = last.groupby(drawn)[DATA].agg(lambda hashes: sorted(set(hashes)))
    several = several[several.map(len) > 1]
    if len(several):
        first, other = several.iloc[0][:2]
        theirs = [last.loc[last[DATA] == hashed, "solver_name"].iloc[0] for hashed in (first, other)]
        raise ResultError(
            f"{name} is two crowds: {theirs[0]} ran on the data {first}, {theirs[1]} on {other}. Results on other data "
            "are never mixed: run both on the same files, or rename one"
        )


def _right_by_task(name, rows):
    """Share of seeds that are right, (n_strategy, n_kept); tasks with a truth; tasks kept. Crowds drawn are joined."""
    blocks, n_known = [], 0
    for _, drawn in rows.groupby(DATA, sort=True):
        texts = drawn[RIGHT].unique()
        try:
            bits = {text: unpack_right(text) for text in texts}
        except ValueError as error:
            raise ResultError(f"{name}: {error}") from None
        sizes = {(len(right), known) for right, known in bits.values()}
        if len(sizes) > 1:
            raise ResultError(f"{name}: its strategies are scored on different numbers of tasks, {sorted(sizes)}")
        by_strategy = drawn.groupby("solver_name")[RIGHT]
        blocks.append(by_strategy.agg(lambda texts, bits=bits: np.mean([bits[text][0] for text in texts], axis=0)))
        n_known += next(iter(sizes))[1]
    joined = {solver: np.concatenate([block[solver] for block in blocks]) for solver in blocks[0].index}
    right = pd.DataFrame.from_dict(joined, orient="index")
    return right, n_known, right.shape[1]
