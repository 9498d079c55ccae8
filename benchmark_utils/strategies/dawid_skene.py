"""Dawid and Skene's model: each worker has a confusion matrix (Dawid and Skene, 1979; thesis, Algorithm 1)."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.base import (
    Aggregation,
    class_totals,
    hard_labels,
    naive_soft,
    softmax,
    stands_still,
)
from benchmark_utils.strategies.dawid_skene_voted import VotedModel
from benchmark_utils.votes import Votes


@dataclass
class DawidSkene:
    """Maximum likelihood by EM.

    A task has class l with probability rho_l, and worker j then answers k with probability pi^j_lk. With T_il the
    posterior probability that task i has class l, an iteration is

        E:  T_il    proportional to rho_l prod_j pi^j_{l, y_ij}                              (thesis, eq. 1.12)
        M:  pi^j_lk = sum_i T_il 1(y_ij = k) / sum_k' sum_i T_il 1(y_ij = k')                (eq. 1.9 and 1.11)
            rho_l   = mean_i T_il                                                            (eq. 1.10)

    in log space. The log-likelihood never decreases; EM has converged when it changes by at most `tol` of its value.

    Parameters
    ----------
    smoothing : float
        Added to each count of the numerator of pi (and so K times to its denominator): rows of pi have the prior
        Dirichlet(1 + smoothing), and its log density, up to a constant, joins the objective.
    support : "full" or "voted"
        "voted" confines T_i to the classes that task i received. Its memory is in the number of votes.
    """

    smoothing: float = 0.0
    support: str = "full"

    def fit(self, votes: Votes, n_iter=1000, tol=1e-6, seed=0) -> Aggregation:
        """EM on the votes.

        Parameters
        ----------
        votes : Votes
        n_iter : int
            Iterations at most; 0 gives the start, the naive soft labels.
        tol : float
            Change of the log-likelihood, relative to its value, at which EM has converged.
        seed : int
            Breaks ties of the hard labels.

        Returns
        -------
        Aggregation
            T as soft labels; the log-likelihood of each iteration as history; the mean diagonal of pi^j as worker
            score; parameters `confusion` (n_worker, n_class, n_class), rows by true class, zero where a worker met
            no task of it (for `support="voted"` see there), and `prevalence` (n_class,).
        """
        model = self.model(votes)
        posterior = model.start()
        parameters = model.maximise(posterior)
        history, converged = [], False
        while len(history) < n_iter and not converged:
            posterior, log_evidence = model.expect(parameters)
            history.append(log_evidence.sum() + model.log_prior(parameters))
            parameters = model.maximise(posterior)
            converged = stands_still(history, tol)
        return Aggregation(
            model.labels(posterior, seed),
            soft=model.soft(posterior),
            n_iter=len(history),
            converged=converged,
            history=history,
            **model.describe(parameters),
        )

    def model(self, votes):
        """The steps of EM for this support."""
        if self.support not in ("full", "voted"):
            raise ValueError(f"support is {self.support!r}: it is 'full' or 'voted'")
        return (FullModel if self.support == "full" else VotedModel)(votes, self.smoothing)

    def bytes_needed(self, votes: Votes) -> int:
        """Memory of the confusion matrices, the posterior and the votes, with the copies that an iteration makes."""
        if self.support == "voted":
            return VotedModel.bytes_needed(votes)
        return 8 * (4 * votes.n_worker * votes.n_class**2 + 4 * votes.n_task * votes.n_class + 6 * votes.n_votes)


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
