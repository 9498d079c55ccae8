"""Times are compared within one run on one machine only."""

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.results.times import machines, pareto_front, time_ratios, typical


def rows(run, **seconds):
    return [
        dict(dataset_name=crowd, solver_name=solver, idx_rep=0, stop_val=1, time=time, run_date=run)
        for solver, times in seconds.items()
        for crowd, time in zip(("a", "b"), times, strict=False)
    ]


def test_ratios_by_hand():
    ratios = time_ratios(pd.DataFrame(rows("1", MV=(1, 2), DS=(4, 32), KOS=(3,))))
    assert ratios.loc["DS"].tolist() == pytest.approx([4, 16])
    assert ratios.loc["KOS"].tolist() == pytest.approx([3, np.nan], nan_ok=True)
    assert typical(ratios).to_dict() == pytest.approx({"MV": 1, "DS": 8, "KOS": 3})


def test_a_run_without_the_reference_is_not_compared():
    other = pd.DataFrame(rows("1", MV=(1, 1), DS=(4, 4)) + rows("2", GLAD=(9, 9)))
    assert time_ratios(other).loc["GLAD"].isna().all()


def test_in_a_merged_result_each_run_has_its_own_reference():
    """The second machine is ten times as slow; DS ran on both, GLAD on the first."""
    merged = rows("1", MV=(1, 1), DS=(4, 4), GLAD=(6, 6)) + rows("2", MV=(10, 10), DS=(90, 90))
    ratios = time_ratios(pd.DataFrame(merged))
    assert ratios["a"].to_dict() == pytest.approx({"MV": 1, "DS": 6, "GLAD": 6})  # DS: the geometric mean of 4 and 9
    assert len(machines(pd.DataFrame(merged))) == 2


def test_without_the_reference_there_are_no_ratios():
    assert time_ratios(pd.DataFrame(rows("1", DS=(1, 2)))).isna().all().all()


def test_the_front_by_hand():
    """B is slower than A and no better; C is slower and better; D is as fast as C and worse."""
    time = pd.Series({"A": 1, "B": 2, "C": 3, "D": 3})
    accuracy = pd.Series({"A": 0.7, "B": 0.7, "C": 0.9, "D": 0.8})
    assert pareto_front(time, accuracy) == ["A", "C"]
