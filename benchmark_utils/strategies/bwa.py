"""BWA: Bayesian weighted average, labels as real numbers (Li, Rubinstein and Cohn, WWW 2019)."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.steps.continued import grown_values, old_parameters
from benchmark_utils.strategies.steps.em import stands_still
from benchmark_utils.strategies.steps.known import check_known, clamp_soft
from benchmark_utils.votes import Votes, hard_labels, normalise, sum_votes

_LEAST_RATE = 1e-12  # of a class on which every task is unanimous: the votes are right, and nothing divides by zero


@dataclass
class BWA:
    """A weighted average in which a worker's weight for a class is the precision of their votes on it.

    Each class against the rest: y_ijk = 1(y_ij = k) is taken for a real number about the real truth z_ik of class k
    (a worker who gave two different answers said yes to both classes, as the authors' program reads it),

        z_ik ~ Normal(mu_k, 1 / strength),   y_ijk ~ Normal(z_ik, 1 / v_jk),   v_jk ~ Gamma(shape / 2, rate_k / 2)

    Each class has an EM of its own with v latent, which maximises p(y, z | mu) over z and mu. From the naive soft
    labels, with n_j the votes of worker j,

        E:  v_jk = (shape + n_j) / (rate_k + sum_i (y_ijk - z_ik)^2)
        M:  z_ik = (strength mu_k + sum_j v_jk y_ijk) / (strength + sum_j v_jk),   mu_k = mean_i z_ik

    log p(y, z | mu) never decreases; EM has converged when it changes by at most `tol`. The label is argmax_k z_ik.
    With much data on a worker the prior on v fades; it keeps workers with few votes near the average, which is the
    majority vote.

    The prior is the authors'. It takes the squared error that a vote is expected to have from the votes, where n_i is
    the number of votes of task i, and z the naive soft labels:

        rate_k = shape * 4 (1 - 1 / K) * sum_i n_i z_ik (1 - z_ik) / sum_i n_i

    Attributes
    ----------
    strength, shape : float
        The authors' lambda and a_v.
    """

    strength: float = 1.0
    shape: float = 15.0

    def fit(self, votes: Votes, n_iter=1000, tol=1e-3, seed=0, known=None, start=None) -> Aggregation:
        """EM: `n_iter` iterations at most, 0 gives the start; the seed breaks ties of the hard labels.

        Parameters
        ----------
        known : int, (n_task,), optional
            The true class of tasks where it is known, else -1. Their z is fixed, 1 for this class and 0 for the others;
            the prior stays as the votes give it.
        start : Aggregation, optional
            An older result of this strategy, whose worker j and class k are those of the votes. The first z is an
            M-step under its v and mu; a new worker has the variance 1 / v of all old votes together.

        Returns
        -------
        Aggregation
            z, normalised, as soft labels; log p(y, z | mu) of each iteration, up to a constant, as history; the mean
            of v_jk over the classes as worker score; parameters `truth`, z (n_task, n_class), `precision`, v
            (n_worker, n_class), `mean`, mu (n_class,), and `rate` (n_class,).

        Raises
        ------
        VotesError
            `known` of another length, or not a class; a `start` of another strategy, another number of classes, or
            more workers.
        """
        return last(self.iterate(votes, tol, seed, known, start), n_iter)

    def iterate(self, votes: Votes, tol=1e-3, seed=0, known=None, start=None):
        """The points of `fit`: the start, and each iteration until it has converged."""
        known = check_known(known, votes)
        has_truth = votes.has_vote | (known >= 0)
        asked = questions(votes)
        asked_of_worker = asked.T.tocsr()
        count = asked_of_worker.sum(axis=1)[:, None]
        n_asked = asked.sum(axis=1)
        truth = _sum(votes) / np.maximum(n_asked, 1)[:, None]
        rate = self._rate(n_asked, truth)
        if start is not None:
            truth = self._weigh(votes, asked, *self._grown(start, votes, count, rate)) * has_truth[:, None]
        truth = clamp_soft(truth, known)
        mean = truth[has_truth].mean(axis=0)
        error = self._error(votes, asked_of_worker, truth)
        history, converged = [], False
        while True:
            yield Point(history, converged, self._answer, has_truth, truth, mean, error, count, rate, seed)
            if converged:
                return
            precision = (self.shape + count) / (rate + error)
            truth = self._weigh(votes, asked, precision, mean) * has_truth[:, None]
            truth = clamp_soft(truth, known)
            mean = truth[has_truth].mean(axis=0)
            error = self._error(votes, asked_of_worker, truth)
            log_likelihood = -((self.shape + count) * np.log1p(error / rate)).sum() / 2
            history.append(log_likelihood - self.strength / 2 * ((truth - mean)[has_truth] ** 2).sum())
            converged = stands_still(history, tol)

    def _weigh(self, votes, asked, precision, mean):
        """The M-step for z, (n_task, n_class); mu_k for a task without votes."""
        weighted = _sum(votes, precision[votes.worker, votes.label])
        return (self.strength * mean + weighted) / (self.strength + asked @ precision)

    def _grown(self, start, votes, count, rate):
        """v (n_worker, n_class) and mu of an older result; no v above that of as many votes without error."""
        precision, mean = old_parameters(start, votes, "precision", "mean")
        variance = 1 / np.minimum(precision, (self.shape + count[: len(precision)]) / rate)
        return 1 / grown_values(variance, rate / self.shape, votes), mean

    def _answer(self, has_truth, truth, mean, error, count, rate, seed):
        precision = (self.shape + count) / (rate + error)
        return Aggregation(
            hard_labels(truth, has_truth, seed),
            soft=normalise(truth),
            worker_score=precision.mean(axis=1),
            parameters={"truth": truth, "precision": precision, "mean": mean, "rate": rate},
        )

    def _rate(self, n_asked, naive):
        """rate_k of the prior, from the naive soft labels, (n_class,)."""
        disagreement = n_asked @ (naive * (1 - naive)) / n_asked.sum()
        return np.maximum(self.shape * 4 * (1 - 1 / naive.shape[1]) * disagreement, _LEAST_RATE)

    @staticmethod
    def _error(votes, asked_of_worker, truth):
        """sum_i (y_ijk - z_ik)^2 over the votes of each worker, (n_worker, n_class)."""
        cell = votes.worker_and_label
        of_voted = np.bincount(cell, 1 - 2 * truth[votes.task, votes.label], minlength=votes.n_worker * votes.n_class)
        return np.maximum(asked_of_worker @ truth**2 + of_voted.reshape(votes.n_worker, votes.n_class), 0)

    def bytes_needed(self, votes: Votes) -> int:
        """Memory of z, v and the votes, with the copies that an iteration makes."""
        return 8 * (5 * (votes.n_task + votes.n_worker) * votes.n_class + 8 * votes.n_votes)


def _sum(votes, weight=None):
    """`sum_votes`, dense however large."""
    total = sum_votes(votes, weight)
    return total.toarray() if sparse.issparse(total) else total


def questions(votes: Votes) -> sparse.csr_array:
    """How often each worker was asked about each task, (n_task, n_worker): the most times they gave one answer."""
    shape = votes.n_task, votes.n_worker
    n_answers = sparse.csr_array((np.ones(votes.n_votes), votes.worker, votes.task_start), shape=shape)
    n_answers.sum_duplicates()
    if n_answers.nnz == votes.n_votes:  # nobody answered a task twice
        return n_answers
    new = np.ones(votes.n_votes, dtype=bool)  # votes are sorted by task, label, worker: repeats are neighbours
    new[1:] = np.any([np.diff(votes.task), np.diff(votes.label), np.diff(votes.worker)], axis=0)
    first = np.flatnonzero(new)
    n_repeats = np.diff(np.append(first, votes.n_votes))
    pair = votes.task[first].astype(np.int64) * votes.n_worker + votes.worker[first]
    pair, place = np.unique(pair, return_inverse=True)
    n_asked = np.zeros(len(pair))
    np.maximum.at(n_asked, place, n_repeats)
    return sparse.coo_array((n_asked, (pair // votes.n_worker, pair % votes.n_worker)), shape=shape).tocsr()
