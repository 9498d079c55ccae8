"""The pairs of a task and a class that it received, and sums over their votes, over the pairs of a task, by worker.

A *pair* is a (task, class) that received a vote. Sums over the votes of a pair, and over the pairs of a task, are
sums over neighbours, since votes are sorted by task and label. Arrays "per task" cover the tasks that have a vote.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.steps.draws import Draws
from benchmark_utils.votes import Votes
from benchmark_utils.votes.counts import is_large, support


class Pairs:
    """The (task, class) pairs that received a vote, in order.

    Attributes
    ----------
    label : int, (n_pairs,)
        The class of each pair.
    vote_start : int, (n_pairs + 1,)
        Votes vote_start[p] to vote_start[p + 1] belong to pair p.
    of_vote : int, (n_votes,)
        The pair of each vote.
    filled : int, (n_filled,)
        The tasks that have a vote.
    n_voted : int, (n_filled,)
        How many classes each of them received.
    row_start : int, (n_task + 1,)
        Pairs row_start[i] to row_start[i + 1] belong to task i.
    """

    def __init__(self, votes: Votes):
        self.n_task, self.n_class, self.is_large, self._of = votes.n_task, votes.n_class, is_large(votes), votes
        first_vote, self.row_start = support(votes)
        self.label = votes.label[first_vote].astype(np.intp)  # numpy casts other indices at each use
        self.vote_start = _with_end(first_vote, votes.n_votes)
        self.group_by_task()

    def group_by_task(self):
        n_voted = np.diff(self.row_start)
        self.filled = np.flatnonzero(n_voted)
        self.n_voted = n_voted[self.filled]
        self._first_pair = self.row_start[self.filled]
        self._draws = None

    @cached_property
    def n_votes(self):
        """Of each pair, (n_pairs,)."""
        return np.diff(self.vote_start)

    @cached_property
    def of_vote(self):
        return np.repeat(np.arange(len(self.label), dtype=self.row_start.dtype), self.n_votes)

    @cached_property
    def _row(self):
        return np.repeat(np.arange(len(self.filled)), self.n_voted)

    @cached_property
    def _pairs(self):
        return _neighbours(_with_end(self._first_pair, len(self.label)))

    @cached_property
    def _votes(self):
        return _neighbours(self.vote_start)

    @cached_property
    def _workers(self):
        return self.of_votes(self._of.worker, self._of.n_worker)

    def of_votes(self, column, n_column) -> sparse.csr_array:
        """Which columns the votes of each pair belong to, (n_pairs, n_column); column (n_votes,)."""
        column = column.astype(self.vote_start.dtype, copy=False)
        return sparse.csr_array((np.ones(len(column)), column, self.vote_start), (len(self.label), n_column))

    def sum_votes(self, per_vote):
        """Sum over the votes of each pair, (n_pairs,)."""
        return self._votes @ per_vote

    def sum_workers(self, per_worker):
        """Sum over the votes of each pair of a number of their workers, (n_pairs,)."""
        return self._workers @ per_worker

    def sum_by_worker(self, per_pair):
        """Sum over the votes of each worker of a number of their pairs, (n_worker,)."""
        return self._workers.T @ per_pair

    def sum(self, per_pair):
        """Sum over the pairs of each task, (n_filled,)."""
        return self._pairs @ per_pair

    def max(self, per_pair):
        """Largest among the pairs of each task, (n_filled,)."""
        return np.maximum.reduceat(per_pair, self._first_pair)

    def spread(self, per_task):
        """Each task's number, once per pair, (n_pairs,)."""
        return per_task.take(self._row)

    def normalise(self, log_joint):
        """The posterior confined to the pairs, and each task's log evidence; overwrites `log_joint`."""
        highest = self.max(log_joint)
        log_joint -= self.spread(highest)
        posterior = np.exp(log_joint, out=log_joint)
        total = self.sum(posterior)
        posterior /= self.spread(total)
        return posterior, highest + np.log(total)

    def is_label(self, labels):
        """Whether each pair's class is the label of its task, (n_pairs,) bool; labels (n_task,)."""
        return self.label == self.spread(labels[self.filled])

    def unvoted_prevalence(self, prevalence):
        """The prevalence of the classes that each task did not receive, (n_filled,)."""
        rest = 1 - self.sum(prevalence.take(self.label))
        n_unvoted = self.n_class - self.n_voted
        # the bounds mend what the difference loses where the rest is tiny, or nothing
        return np.clip(rest, n_unvoted * prevalence.min(), n_unvoted * prevalence.max())

    @property
    def _places(self):
        return 0, len(self.label), len(self.label) + len(self.filled)

    def draws(self, seed) -> Draws:
        """Numbers in [0, 1) that break ties, for the pairs and twice for the tasks; each is drawn once."""
        if self._draws is None or self._draws.seed != seed:
            self._draws = Draws(seed, len(self.label), len(self.filled), self._places)
        return self._draws

    def matrix(self, per_pair) -> sparse.csr_array:
        """The numbers of the pairs as a sparse matrix (n_task, n_class)."""
        return sparse.csr_array((per_pair, self.label, self.row_start), shape=(self.n_task, self.n_class))


def _with_end(first, n):
    return np.append(first, n).astype(np.int32 if n < 2**31 else np.int64, copy=False)


def _neighbours(start):
    """Sums over neighbours as a matrix of ones: a product is several times faster than np.add.reduceat."""
    n = int(start[-1])
    return sparse.csr_array((np.ones(n), np.arange(n, dtype=start.dtype), start), shape=(len(start) - 1, n))
