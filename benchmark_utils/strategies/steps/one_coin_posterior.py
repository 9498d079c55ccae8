"""The one-coin model's posterior in two forms, which give the same numbers.

Both are told the `known` class of each task, (n_task,), -1 where it is not known, or None.
"""

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.steps.em import class_totals, softmax
from benchmark_utils.strategies.steps.known import LEAST, check_known, clamp_labels, clamp_posterior, clamp_soft
from benchmark_utils.strategies.steps.pairs import Pairs
from benchmark_utils.strategies.steps.voted_posterior import naive_posterior, posterior_of_odds
from benchmark_utils.votes import hard_labels
from benchmark_utils.votes.labels import naive_soft


class VotedPosterior:
    """The posterior in memory of the votes, for any number of classes: see `voted_posterior.py`."""

    def __init__(self, votes, known=None):
        self.pairs, self.known = Pairs(votes), check_known(known, votes)
        self.unseen, self.unasked = without_a_place(self.pairs, self.known)

    def start(self):
        return naive_posterior(self.pairs)

    def expect(self, log_odds, prevalence):
        """T, and log p(votes) less the sum over the votes of log p(vote | its label is wrong)."""
        return posterior_of_odds(self.pairs, self.pairs.sum_workers(log_odds), prevalence)

    def clamp(self, posterior):
        """T with certainty in the tasks whose class is known, and log p(known | votes)."""
        return clamp_posterior(posterior, self.known)

    def n_right(self, posterior):
        """sum_i T_i,y_ij, (n_worker,)."""
        return self.pairs.sum_by_worker(posterior.voted)

    def class_totals(self, posterior):
        return posterior.class_totals()

    def labels(self, posterior, seed):
        return clamp_labels(posterior.labels(seed), self.known)

    def soft(self, posterior, labels):
        return clamp_soft(posterior.soft(labels), self.known)


def without_a_place(pairs: Pairs, known):
    """How many known tasks of each class the posterior has no place for, since no vote names it, (n_class,).

    And how many of these have no vote at all, (n_class,).
    """
    if (known < 0).all():
        return np.zeros((2, pairs.n_class))
    named = np.zeros(pairs.n_task, dtype=bool)
    named[pairs.filled] = pairs.sum(pairs.is_label(known)) > 0
    has_vote = np.diff(pairs.row_start) > 0
    return [np.bincount(known[(known >= 0) & ~seen], minlength=pairs.n_class) for seen in (named, has_vote)]


class DensePosterior:
    """The same as an array (n_task, n_class)."""

    def __init__(self, votes, known=None):
        self.votes, self.has_vote, self.known = votes, votes.has_vote, check_known(known, votes)
        without_vote = self.known[(self.known >= 0) & ~self.has_vote]
        self.unseen = self.unasked = np.bincount(without_vote, minlength=votes.n_class)
        cell = votes.task_and_label
        shape = votes.n_task * votes.n_class, votes.n_worker
        row_start = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=shape[0]))])
        self.cells = sparse.csr_array((np.ones(votes.n_votes), votes.worker, row_start), shape=shape)
        self.by_worker = self.cells.T.tocsr()

    def start(self):
        return naive_soft(self.votes)

    def expect(self, log_odds, prevalence):
        evidence = (self.cells @ log_odds).reshape(self.votes.n_task, self.votes.n_class)
        with np.errstate(divide="ignore"):  # log 0 = -inf is meant
            posterior, log_evidence = softmax(evidence, np.log(prevalence), self.has_vote)
        return posterior, log_evidence.sum()

    def clamp(self, posterior):
        known = self.known
        if (known < 0).all():
            return posterior, 0.0
        tasks = np.flatnonzero((known >= 0) & self.has_vote)
        evidence = posterior[tasks, known[tasks]]
        posterior[tasks] = np.eye(self.votes.n_class)[known[tasks]]
        return posterior, np.log(np.maximum(evidence, LEAST)).sum()

    def n_right(self, posterior):
        return self.by_worker @ posterior.ravel()

    def class_totals(self, posterior):
        return class_totals(posterior)

    def labels(self, posterior, seed):
        return clamp_labels(hard_labels(posterior, self.has_vote, seed), self.known)

    def soft(self, posterior, labels):
        return clamp_soft(posterior, self.known)
