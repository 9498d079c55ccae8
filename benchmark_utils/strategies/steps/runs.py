"""Strategies of several runs, of which one is chosen: random starts, numbers of communities, penalties.

A run goes on from where it stands. So a curve costs what its last point costs, though each of its points is chosen
among all the runs.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np

from benchmark_utils.strategies.aggregation import Point
from benchmark_utils.strategies.steps.em import best_so_far
from benchmark_utils.votes import Votes


class Run:
    """A fit that goes on from where it stands; `points` yields a `Point` after its start and after each iteration."""

    def __init__(self, points):
        self._points, self._point = points, None

    def reach(self, n_iter) -> Point:
        """The point after `n_iter` iterations, no fewer than before, or where the run has converged."""
        while self._point is None or not (self._point.converged or self._point.n_iter >= n_iter):
            self._point = None  # its arrays would stay in memory while the next iteration makes others
            self._point = next(self._points)
        return self._point


class SeveralRuns:
    """A strategy that chooses among several runs, which its generator `runs(votes, ...)` yields.

    `fit` is `choose(runs(...), n_iter).aggregation()`. It makes one run after the other and keeps the best alone.
    `iterate` keeps all of them.
    """

    def choose(self, runs, n_iter) -> Point:
        """The point after `n_iter` iterations of each run."""
        return best(run.reach(n_iter) for run in runs)

    def iterate(self, votes: Votes, stops=None, **given):
        """The points of `fit` at each of `stops`, numbers of iterations that rise; by default at each iteration.

        One run after the other goes on to the next stop. The last point is the first at which the strategy has
        converged. `given` is what `runs` takes.
        """
        runs = list(self.runs(votes, **given))
        for n_iter in count() if stops is None else stops:
            point = self.choose(runs, n_iter)
            converged = point.converged
            yield point
            del point  # its arrays would stay in memory while the runs make others
            if converged:
                return


def best(points, named=None) -> Point:
    """The point with the highest objective, the first of equals, as the point of all runs together.

    It has the iterations of the longest run, the best objective so far, and has converged when all have. `named` is
    the name of a parameter that says the last objective of each run.
    """
    highest, histories, converged = None, [], True
    for point in points:
        histories.append(point.history)
        converged &= point.converged
        if highest is None or point.value > highest.value:
            highest = point
    last = {named: np.array([history[-1] for history in histories if history])} if named else {}
    return Point(best_so_far(histories), converged, with_parameters, highest, last)


def with_parameters(point, parameters):
    """The result of a point, with further parameters."""
    found = point.aggregation()
    return replace(found, parameters=found.parameters | parameters)
