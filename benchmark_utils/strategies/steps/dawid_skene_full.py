"""The steps of Dawid and Skene's EM with posteriors over all classes; see `dawid_skene_voted` for the other form."""

import numpy as np

from benchmark_utils.strategies.steps.confusion import answer_matrix, maximise
from benchmark_utils.strategies.steps.continued import (
    grown_prevalence,
    grown_rows,
    log_likelihoods,
    old_parameters,
)
from benchmark_utils.strategies.steps.em import softmax
from benchmark_utils.strategies.steps.known import clamp_soft, confine, known_cells
from benchmark_utils.votes import Votes, hard_labels
from benchmark_utils.votes.labels import naive_soft


class FullModel:
    """The steps of EM with posteriors over all classes: (n_task, n_class), zero rows for tasks without votes.

    `known` (n_task,) is the class of each task where it is known, else -1.
    """

    def __init__(self, votes: Votes, smoothing, known):
        self.votes, self.smoothing, self.known = votes, smoothing, known
        self.has_class, self.known_cells = votes.has_vote | (known >= 0), known_cells(known)
        self.answers = answer_matrix(votes)
        self.answers_of_worker = self.answers.T.tocsr()

    def start(self):
        return clamp_soft(naive_soft(self.votes), self.known)

    def grown(self, start):
        """The parameters of an older result, for these workers."""
        confusion, prevalence = old_parameters(start, self.votes, "confusion", "prevalence")
        prevalence = grown_prevalence(prevalence, self.votes)
        return log_likelihoods(grown_rows(confusion, prevalence, self.votes)), np.log(prevalence)

    def maximise(self, posterior):
        return maximise(self.answers_of_worker, posterior, self.smoothing)

    def expect(self, parameters):
        log_confusion, log_prevalence = parameters
        log_likelihood = confine(self.answers @ log_confusion, self.known_cells)
        return softmax(log_likelihood, log_prevalence, self.has_class)

    def log_prior(self, parameters):
        return self.smoothing * parameters[0].sum() if self.smoothing else 0.0

    def labels(self, posterior, seed):
        return hard_labels(posterior, self.has_class, seed)

    def certain(self, labels):
        """The posterior that is sure of the labels."""
        return (labels[:, None] == np.arange(self.votes.n_class)).astype(float)

    def highest(self, posterior):
        """The probability of the most probable class of each task with votes or a known class."""
        return posterior[self.has_class].max(axis=1)

    def soft(self, posterior):
        return posterior

    def describe(self, parameters):
        n_worker, n_class = self.votes.n_worker, self.votes.n_class
        confusion = np.exp(parameters[0]).reshape(n_worker, n_class, n_class).transpose(0, 2, 1)
        return dict(
            worker_score=np.trace(confusion, axis1=1, axis2=2) / n_class,
            parameters={
                "confusion": confusion,
                "diagonal": np.einsum("jkk->jk", confusion),
                "prevalence": np.exp(parameters[1]),
            },
        )
