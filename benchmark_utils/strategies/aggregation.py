"""The contract of a strategy, and what it makes of the votes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from scipy import sparse

from benchmark_utils.votes import Votes


@dataclass(frozen=True, eq=False)
class Aggregation:
    """What a strategy makes of the votes.

    Attributes
    ----------
    labels : int64, (n_task,)
        The aggregated label, -1 where the strategy calls the task not valid.
    soft : float array (n_task, n_class) or csr_array of this shape, or None
        Rows sum to one, rows without votes to zero; None where the strategy gives hard labels only.
    n_iter : int
        Iterations done.
    converged : bool
        Whether the strategy met its own stopping rule.
    history : list of float
        The strategy's own objective, one value per iteration.
    worker_score : float, (n_worker,), or None
        How much the strategy trusts each worker, higher is better.
    task_score : float, (n_task,), or None
        How easy the strategy finds each task, higher is easier, where its model says so beside the soft labels.
    parameters : dict of arrays
        What the strategy estimated, by name: `confusion` (n_worker, n_class, n_class), `prevalence` (n_class,), ...
    note : str
        What the strategy has to say in words of how it came by this, mostly nothing.
    """

    labels: np.ndarray
    soft: np.ndarray | sparse.csr_array | None = None
    n_iter: int = 0
    converged: bool = True
    history: list = field(default_factory=list)
    worker_score: np.ndarray | None = None
    task_score: np.ndarray | None = None
    parameters: dict = field(default_factory=dict)
    note: str = ""


class Point:
    """Where a strategy stands after its start or an iteration: a result that is made when somebody asks for it.

    `iterate(votes, tol=..., seed=...)` of a strategy yields one after the start and after each iteration, up to the
    one at which it has converged. The result of a point is that of `fit` with as many iterations, to the bit, whenever
    it is asked for: so an iteration makes new arrays and leaves those of the points before it alone.

    Parameters
    ----------
    history : list
        Of the iterations so far; the strategy may append to it later.
    converged : bool
    answer : function
        Of `parts`; returns an Aggregation without `n_iter`, `converged` and `history`.
    value : float, optional
        The objective where the strategy stands; without it the last of the history, and -inf before that.
    """

    def __init__(self, history, converged, answer, *parts, value=None):
        self.n_iter, self.converged = len(history), converged
        self.value = (history[-1] if history else -np.inf) if value is None else value
        self._history, self._answer, self._parts = history, answer, parts

    @property
    def history(self) -> list:
        return self._history[: self.n_iter]

    def aggregation(self) -> Aggregation:
        found = self._answer(*self._parts)
        return replace(found, n_iter=self.n_iter, converged=self.converged, history=self.history)


def last(points: Iterable[Point], n_iter) -> Aggregation:
    """The result after `n_iter` iterations, or where the strategy has converged before."""
    for point in points:
        if point.converged or point.n_iter >= n_iter:
            return point.aggregation()
        del point  # its arrays would stay in memory while the next iteration makes others


class Strategy(Protocol):
    """What the suite asks of a strategy; `python -m benchmark_utils check FILE` says whether one keeps it.

    Only `fit` is needed. One that iterates also takes `n_iter`, the most iterations to do, 0 for the start, and `tol`,
    the tolerance of its own stopping rule. One that can be told some truths takes `known`, int64 (n_task,), the class
    of each task whose truth is known and else -1: these tasks keep their class in every iteration and have it as label.
    One that can continue takes `start`, an older Aggregation of its own, whose classes are those of the votes and whose
    workers are the first of theirs. One whose `iterate` yields a `Point` after the start and after each iteration has
    its curve measured in one pass.

    Attributes
    ----------
    max_classes : int, optional
        The most classes that the model has a place for; without it, any number.
    slow_above : int, optional
        The number of votes above which a curve takes many minutes, so that it is skipped unless it is forced.
    """

    max_classes: int
    slow_above: int

    def fit(self, votes: Votes, *, seed: int = 0) -> Aggregation:
        """The labels. Everything is built inside, since all of it is timed; randomness comes from the seed alone."""

    def bytes_needed(self, votes: Votes) -> int:
        """Optional: the memory that a curve takes beyond the votes, where it is more than a few times theirs."""
