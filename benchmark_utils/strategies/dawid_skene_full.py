"""The steps of Dawid and Skene's EM with posteriors over all classes; see `dawid_skene_voted` for the other form."""

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.base import class_totals, softmax
from benchmark_utils.votes import Votes, hard_labels
from benchmark_utils.votes.labels import naive_soft


class FullModel:
    """The steps of EM with posteriors over all classes: (n_task, n_class), zero rows for tasks without votes."""

    def __init__(self, votes: Votes, smoothing):
        self.votes, self.smoothing = votes, smoothing
        self.voted = votes.votes_per_task > 0
        self.answers = answer_matrix(votes)
        self.answers_of_worker = self.answers.T.tocsr()

    def start(self):
        return naive_soft(self.votes)

    def maximise(self, posterior):
        return maximise(self.answers_of_worker, posterior, self.smoothing)

    def expect(self, parameters):
        log_confusion, log_prevalence = parameters
        return softmax(self.answers @ log_confusion, log_prevalence, self.voted)

    def log_prior(self, parameters):
        return self.smoothing * parameters[0].sum() if self.smoothing else 0.0

    def labels(self, posterior, seed):
        return hard_labels(posterior, self.voted, seed)

    def certain(self, labels):
        """The posterior that is sure of the labels."""
        return (labels[:, None] == np.arange(self.votes.n_class)).astype(float)

    def highest(self, posterior):
        """The probability of the most probable class of each task with votes."""
        return posterior[self.voted].max(axis=1)

    def soft(self, posterior):
        return posterior

    def describe(self, parameters):
        n_worker, n_class = self.votes.n_worker, self.votes.n_class
        confusion = np.exp(parameters[0]).reshape(n_worker, n_class, n_class).transpose(0, 2, 1)
        return dict(
            worker_score=np.trace(confusion, axis1=1, axis2=2) / n_class,
            parameters={"confusion": confusion, "prevalence": np.exp(parameters[1])},
        )


def answer_matrix(votes: Votes) -> sparse.csr_array:
    """1(y_ij = k) as a sparse matrix (n_task, n_worker * n_class), column j * n_class + k."""
    column = votes.worker.astype(np.int64) * votes.n_class + votes.label
    row_start = np.concatenate([[0], np.cumsum(votes.votes_per_task)])
    shape = (votes.n_task, votes.n_worker * votes.n_class)
    return sparse.csr_array((np.ones(votes.n_votes), column, row_start), shape=shape)


def maximise(answers_of_worker, posterior, smoothing=0.0):
    """The M-step: log pi (n_worker * n_class, n_class), rows (j, k) and columns l, and log rho (n_class,)."""
    n_class = posterior.shape[1]
    count = (answers_of_worker @ posterior).reshape(-1, n_class, n_class)  # axes j, k, l
    if smoothing:
        count += smoothing
    total = count.sum(axis=1, keepdims=True)
    total[total == 0] = 1
    with np.errstate(divide="ignore"):  # log 0 = -inf is meant: what never happened has probability 0
        log_confusion = np.log(count / total).reshape(-1, n_class)
        prevalence = class_totals(posterior)
        return log_confusion, np.log(prevalence / prevalence.sum())
