"""The one-coin model's posterior in two forms, which give the same numbers."""

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.steps.em import class_totals, softmax
from benchmark_utils.strategies.steps.known import LEAST, clamp_posterior
from benchmark_utils.strategies.steps.pairs import Pairs
from benchmark_utils.strategies.steps.voted_posterior import naive_posterior, posterior_of_odds
from benchmark_utils.votes import hard_labels
from benchmark_utils.votes.labels import naive_soft


class VotedPosterior:
    """The posterior in memory of the votes, for any number of classes: see `voted_posterior.py`."""

    def __init__(self, votes):
        self.pairs = Pairs(votes)

    def start(self):
        return naive_posterior(self.pairs)

    def expect(self, log_odds, prevalence):
        """T, and log p(votes) less the sum over the votes of log p(vote | its label is wrong)."""
        return posterior_of_odds(self.pairs, self.pairs.sum_workers(log_odds), prevalence)

    def clamp(self, posterior, known):
        """T with certainty in the tasks whose class is known, (n_task,), -1 elsewhere, and log p(known | votes)."""
        return clamp_posterior(posterior, known)

    def unseen(self, known):
        """How many known tasks of each class the posterior has no place for, since no vote names it, (n_class,)."""
        pairs = self.pairs
        named = np.zeros(pairs.n_task, dtype=bool)
        named[pairs.filled] = pairs.sum(pairs.is_label(known)) > 0
        return np.bincount(known[(known >= 0) & ~named], minlength=pairs.n_class)

    def n_right(self, posterior):
        """sum_i T_i,y_ij, (n_worker,)."""
        return self.pairs.sum_by_worker(posterior.voted)

    def class_totals(self, posterior):
        return posterior.class_totals()

    def labels(self, posterior, seed):
        return posterior.labels(seed)

    def soft(self, posterior, labels):
        return posterior.soft(labels)


class DensePosterior:
    """The same as an array (n_task, n_class)."""

    def __init__(self, votes):
        self.votes, self.has_vote = votes, votes.has_vote
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

    def clamp(self, posterior, known):
        if (known < 0).all():
            return posterior, 0.0
        tasks = np.flatnonzero((known >= 0) & self.has_vote)
        evidence = posterior[tasks, known[tasks]]
        posterior[tasks] = np.eye(self.votes.n_class)[known[tasks]]
        return posterior, np.log(np.maximum(evidence, LEAST)).sum()

    def unseen(self, known):
        return np.bincount(known[(known >= 0) & ~self.has_vote], minlength=self.votes.n_class)

    def n_right(self, posterior):
        return self.by_worker @ posterior.ravel()

    def class_totals(self, posterior):
        return class_totals(posterior)

    def labels(self, posterior, seed):
        return hard_labels(posterior, self.has_vote, seed)

    def soft(self, posterior, labels):
        return posterior
