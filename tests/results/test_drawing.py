"""Pictures put points where their numbers are, and names where they can be read."""

import re
from itertools import pairwise

import numpy as np
import pytest

from benchmark_utils.results import drawing


def test_curves_are_logarithmic_across_and_linear_upward():
    svg = drawing.curves({"A": [(1, 0.5), (10, 0.6), (100, 0.9)]}, ["A"], "label", "time", "accuracy")
    path = re.search(r'd="M([^"]*)" class="curve"', svg)[1]
    x, y = np.array([[float(v) for v in place.split()] for place in path.split("L")]).T
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.11)
    assert x[1] > x[0]
    assert (y[0] - y[2]) == pytest.approx(4 * (y[0] - y[1]), abs=0.5)  # 0.4 beside 0.1, and up is less
    assert y[2] < y[1] < y[0]


def test_what_is_shown_has_a_colour_a_marker_and_a_name_and_the_rest_is_grey():
    lines = {name: [(1, i / 10), (2, i / 10)] for i, name in enumerate("ABC")}
    svg = drawing.curves(lines, ["C", "A"], "label", "time", "accuracy")
    assert re.findall(r'class="name">(\w)<', svg) == ["C", "A"]  # from top to bottom
    strokes = dict(re.findall(r'class="curve" stroke="([^"]+)"><title>(\w):', svg))
    assert {name: colour for colour, name in strokes.items()} == {
        "B": "var(--grey)",
        "C": drawing.COLOURS[0],
        "A": drawing.COLOURS[1],
    }
    assert drawing.MARKERS[0] != drawing.MARKERS[1]


@pytest.mark.parametrize("wanted", [[50, 50, 50], [10, 12, 200], [205, 206, 207, 208], [10.0, 100, 101, 102, 211]])
def test_names_do_not_lie_over_one_another(wanted):
    placed = drawing.spread(wanted, 12, 10, 212)
    assert all(b - a >= 12 - 1e-9 for a, b in pairwise(placed))
    assert placed[0] >= 10
    assert placed[-1] <= 212


def test_intervals_lie_around_their_points_best_first():
    svg = drawing.intervals([("A", 0.8, 0.7, 0.9, True), ("B", 0.6, float("nan"), float("nan"), False)], "label")
    left, right = map(float, re.search(r'd="M([\d.]+) \d+H([\d.]+)" class="range"', svg).groups())
    a, b = (float(x) for x in re.findall(r'<circle cx="([\d.]+)"', svg))
    assert a == pytest.approx((left + right) / 2, abs=0.11)
    assert b < left
    assert svg.count("range") == 1
    assert svg.index('class="best"') < svg.index('class="rest"')
    assert 'aria-label="label"' in svg


@pytest.mark.parametrize("numbers", [[0.5], [0.5, 0.5], [1e-9, 1e9]])
def test_any_range_is_drawn(numbers):
    points = {str(i): (x, x) for i, x in enumerate(numbers)}
    assert "<svg" in drawing.scatter(points, ["0"], "l", "x", "y")
    assert "<svg" in drawing.intervals([("A", numbers[0], numbers[0], numbers[0], True)], "l")
    assert "NaN" not in drawing.curves({"A": [(0.0, x) for x in numbers]}, ["A"], "l", "x", "y")


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.0, 1.0, [0, 0.5, 1]), (0.61, 0.84, [0.7, 0.8]), (0.8, 0.805, [0.8, 0.802, 0.804])],
)
def test_ticks_are_round(low, high, expected):
    assert drawing._nice_ticks(low, high, 3) == pytest.approx(expected)
