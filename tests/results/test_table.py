"""The curve ends where the table says, and a file is read as text and numbers or not at all."""

import pandas as pd
import pytest

from benchmark_utils.results.table import curve, final_points


def rows(text):
    table = pd.DataFrame(
        [line.split() for line in text.strip().splitlines()], columns=["idx_rep", "stop_val", "t", "a"]
    )
    table = table.astype({"idx_rep": int, "stop_val": float, "t": float, "a": float})
    return table.assign(dataset_name="d", solver_name="s")


# the first repetition converges at 4 iterations, the second at 9 and is better later on
UNEVEN = rows("""
0 0 1  0.4
0 4 5  0.6
1 0 3  0.6
1 4 4  0.7
1 9 15 0.8
""")


def test_a_repetition_that_has_converged_is_carried_forward():
    found = curve(UNEVEN, "t", "a")
    assert found["x"].tolist() == pytest.approx([2, 4.5, 10])  # the last: (5 + 15) / 2
    assert found["y"].tolist() == pytest.approx([0.5, 0.65, 0.7])
    assert found["x_low"].tolist() == pytest.approx([1.4, 4.2, 7])
    assert found["x_high"].tolist() == pytest.approx([2.6, 4.8, 13])


def test_the_last_point_of_the_curve_is_the_mean_of_the_last_points():
    found = curve(UNEVEN, "t", "a").iloc[-1]
    assert found[["x", "y"]].tolist() == pytest.approx(final_points(UNEVEN)[["t", "a"]].mean().tolist())


def test_points_are_in_the_order_of_iterations_whatever_their_times():
    found = curve(rows("0 0 9 0.4\n0 1 5 0.5\n0 2 7 0.6"), "t", "a")
    assert found["x"].tolist() == [9, 5, 7]


def test_a_tolerance_goes_down():
    found = curve(rows("0 3e38 1 0.4\n0 1 2 0.5\n0 1e-6 3 0.6\n1 3e38 3 0.6\n1 1 4 0.7"), "t", "a")
    assert found["y"].tolist() == pytest.approx([0.5, 0.6, 0.65])
