"""Weighted votes on the same tasks, one after another, with other weights each time: IWMV, ZBS, CATD and CRH."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.steps.known import check_known, clamp_labels, clamp_soft
from benchmark_utils.strategies.steps.pairs import Pairs
from benchmark_utils.strategies.steps.voted_posterior import Scores
from benchmark_utils.votes import Votes, normalise


class WeightedVotes:
    """Counts the votes under any weights. A tie is broken alike each time, so that labels can stand still.

    Parameters
    ----------
    votes : Votes
    known : int, (n_task,), or None
        The true class of tasks where it is known, else -1. These labels are fixed.
    seed : int
        Breaks ties.
    """

    def __init__(self, votes: Votes, known, seed):
        self.pairs, self.known, self.seed = Pairs(votes), check_known(known, votes), seed

    def count(self, scores_of, *by_worker) -> Outcome:
        """The vote whose scores are `scores_of(pairs, *by_worker)`, numbers by worker, each (n_worker,)."""
        scores = scores_of(self.pairs, *by_worker)
        return Outcome(scores, clamp_labels(scores.labels(self.seed), self.known), self.known)


@dataclass(frozen=True, eq=False)
class Outcome:
    """Of one weighted vote: the scores of the classes, and the labels (n_task,)."""

    scores: Scores
    labels: np.ndarray
    known: np.ndarray

    @cached_property
    def n_agree(self) -> np.ndarray:
        """How many of each worker's votes are the label, float (n_worker,)."""
        pairs = self.scores.pairs
        return pairs.sum_by_worker(pairs.is_label(self.labels).astype(float))

    def share_changed(self, before: Outcome) -> float:
        """The share of the tasks whose label is another than before."""
        return np.mean(self.labels != before.labels)

    def answer(self, soft_of, **described) -> Aggregation:
        """The labels, with `soft_of(scores, labels)` as soft labels, and what else there is to say of the result."""
        soft = soft_of(self.scores, self.labels)
        return Aggregation(self.labels, soft=clamp_soft(soft, self.known), **described)


def normalised(scores: Scores, labels):
    """The scores of the classes that a task received as shares of their sum, none of them below zero."""
    soft = normalise(scores.pairs.matrix(scores.voted))
    return soft if scores.pairs.is_large else soft.toarray()
