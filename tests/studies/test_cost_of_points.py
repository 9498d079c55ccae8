"""The study of what the points of a curve cost: its clock by hand, its last point, its table."""

import sys

import pytest

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.dawid_skene import DawidSkene
from studies.speed import points


class Clocked:
    """Ten iterations, and a clock: the start and an iteration take a second, labels two."""

    max_classes = 3

    def __init__(self):
        self.now, self.asked_for = 0.0, []

    def fit(self, votes, n_iter, seed):
        return last(self.iterate(votes, seed), n_iter)

    def iterate(self, votes, seed):
        history = []
        for n_iter in range(11):
            self.now += 1
            yield Point(history, n_iter == 10, self.answer, n_iter)
            history.append(0.0)

    def answer(self, n_iter):
        self.now += 2
        self.asked_for.append(n_iter)
        return Aggregation(None)


def test_the_clock(monkeypatch, random_votes):
    """A fit is 11 s and 2 s of labels; a curve 11 s and eight times 2 s, of which seven are before the last point."""
    strategy = Clocked()
    monkeypatch.setattr(points, "perf_counter", lambda: strategy.now)
    _, n_points, labels = points.curve(strategy, None)
    assert strategy.asked_for == [0, 1, 2, 3, 4, 6, 9, 10]
    assert (n_points, labels) == (8, 14)
    crowds = [random_votes(n_class=n_class)[0] for n_class in (2, 3, 4)]
    row = points.compare(strategy, crowds, 2)
    assert list(row.values()) == ["16", 26, 54, 27 / 13, 14 / 13]


def test_the_last_point_is_that_of_a_fit(random_votes):
    votes, _ = random_votes()
    found, n_points, _ = points.curve(DawidSkene(), votes)
    fitted = DawidSkene().fit(votes)
    assert found.history == fitted.history
    assert (found.labels == fitted.labels).all()
    assert 3 < n_points < found.n_iter


def test_the_table(monkeypatch, tmp_path, random_votes):
    """A row for each strategy; a crowd that is absent is left out."""
    monkeypatch.setattr(points, "load", {"here": random_votes(n_class=2), "absent": None}.get)
    page = tmp_path / "points.md"
    monkeypatch.setattr(sys, "argv", f"points --crowds absent here --repeats 1 --output {page}".split())
    points.main()
    lines = page.read_text(encoding="utf-8").splitlines()
    assert [line.split(" | ")[0] for line in lines[2:-2]] == [f"| {name}" for name in points.STRATEGIES]
    assert "KOS" in points.STRATEGIES
    assert "MACE" not in points.STRATEGIES
    _, _, one, whole, ratio, _ = lines[2].strip("| ").split(" | ")
    assert float(whole) / float(one) == pytest.approx(float(ratio), rel=1e-2)
