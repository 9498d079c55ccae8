"""Minimax: conditional entropy with confusions of tasks and of workers (Zhou et al., NeurIPS 2012; ICML 2014)."""

from copy import copy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.aggregation import Aggregation, Point
from benchmark_utils.strategies.steps.em import softmax, stands_still
from benchmark_utils.strategies.steps.known import confine, start_from
from benchmark_utils.strategies.steps.runs import Run, SeveralRuns, with_parameters
from benchmark_utils.votes import Votes, hard_labels
from benchmark_utils.votes.labels import naive_soft

_FOLDS = 5
_ITERATIONS = 50  # at most, where a penalty is tried: as many as the authors' program takes


@dataclass
class Minimax(SeveralRuns):
    """Regularised minimax conditional entropy, from the naive soft labels.

    The distribution of answers with the most entropy, given for each task and for each worker how often class c was
    answered by k, has scores sigma_i(c, k) of tasks and tau_j(c, k) of workers, which are Lagrange multipliers:

        P(y_ij = k | z_i = c) = exp(sigma_i(c, k) + tau_j(c, k)) / sum_k' exp(sigma_i(c, k') + tau_j(c, k'))

    Labels are those for which this entropy is the least. With T_ic the distribution of the label, the dual is

        max  sum_i log sum_c prod_j P(y_ij | z_i = c) - alpha/2 |sigma|^2 - beta/2 |tau|^2

    of which an iteration takes a step for sigma, a step for tau, and T_ic proportional to prod_j P(y_ij | z_i = c). A
    step is the gradient over a bound of the curvature, N/2 for N votes (Boehning, 1992), so that the dual never falls;
    it has converged when it changes by at most `tol`. The penalties are beta = gamma K^2 and alpha = beta times the
    votes per worker over the votes per task; gamma is the one of `penalties` under which held-out votes are the most
    probable, in five folds (2014). With its 25 fits of votes x K^2 numbers it is for small crowds.

    Attributes
    ----------
    penalties : tuple of float
        gamma, as in the paper.
    """

    penalties: tuple = (0.25, 0.5, 1.0, 2.0, 4.0)
    slow_above = 12_000  # votes: with five classes an iteration of the 26 fits takes a second

    def fit(self, votes: Votes, n_iter=1000, tol=1e-3, seed=0, known=None) -> Aggregation:
        """Steps uphill: `n_iter` iterations at most, 0 gives the start; the seed breaks ties of the hard labels.

        Parameters
        ----------
        known : int64, (n_task,), optional
            Truths that are known, -1 elsewhere: these tasks keep them.

        Returns
        -------
        Aggregation
            T as soft labels; the dual after each iteration as history; the mean diagonal of a worker's confusion
            matrix as worker score; parameters `confusion` (n_worker, n_class, n_class), softmax(tau) by true class,
            `task_score`, sigma (n_task, n_class, n_class), `penalty`, gamma, and `held_out`, the mean log-likelihood
            of held-out votes for each of `penalties`, 0 where nothing was held out.
        """
        return self.choose(self.runs(votes, tol, seed, known), n_iter).aggregation()

    def runs(self, votes: Votes, tol=1e-3, seed=0, known=None):
        """With each penalty a run without each fold of the votes; after them, with each penalty a run of all votes."""
        n_folds = min(_FOLDS, votes.n_votes) if votes.n_votes > 1 and len(self.penalties) > 1 else 0
        fold = fold_of(votes)
        for place, gamma in enumerate(self.penalties):
            for f in range(n_folds):
                yield _Trial(place, votes.keep(fold == f), Run(climb(votes.keep(fold != f), known, gamma, tol)))
        for place, gamma in enumerate(self.penalties):
            duals = climb(votes, known, gamma, tol)
            points = (Point(dual.history, dual.converged, dual.answer, seed) for dual in duals)
            yield _Trial(place, None, Run(points))

    def choose(self, runs, n_iter) -> Point:
        """The run of all votes with the penalty under which held-out votes are the most probable."""
        log_likelihood, n_votes = np.zeros((2, len(self.penalties)))
        for place, held_out, run in runs:
            if held_out is None:
                mean = log_likelihood / np.maximum(n_votes, 1)
                if place == mean.argmax():
                    point, found = run.reach(n_iter), {"penalty": np.array(self.penalties[place]), "held_out": mean}
                    return Point(point.history, point.converged, with_parameters, point, found)
            elif n_iter:
                log_likelihood[place] += run.reach(min(n_iter, _ITERATIONS)).log_likelihood(held_out).sum()
                n_votes[place] += held_out.n_votes

    def bytes_needed(self, votes: Votes) -> int:
        """Memory of the scores of each vote, task and worker, with a step's copies, and of the scores of each run.

        A curve holds all runs, a fit holds one.
        """
        n_class, n_penalties = votes.n_class, len(self.penalties)
        n_runs = (_FOLDS + 1) * n_penalties if n_penalties > 1 else 1
        scores = n_class**2 * (6 * votes.n_votes + (4 + n_runs) * (votes.n_task + votes.n_worker))
        return 8 * (scores + n_runs * (n_class * votes.n_task + (n_class + 5) * votes.n_votes))


class _Trial(NamedTuple):
    """A run with one of the penalties, and the votes that it does not see: None where it sees all."""

    penalty: int
    held_out: Votes | None
    run: Run


class Dual:
    """sigma (n_task, n_class, n_class), tau (n_worker, n_class, n_class) and T; axes are true class, answer."""

    def __init__(self, votes: Votes, known, gamma):
        n_class, index = votes.n_class, np.arange(votes.n_votes)
        self.votes, self.is_answer = votes, np.eye(n_class)[votes.label][:, None, :]
        self.of_task, self.of_worker = (
            sparse.csr_array((np.ones(votes.n_votes), (owner, index)), shape=(n, votes.n_votes))
            for owner, n in ((votes.task, votes.n_task), (votes.worker, votes.n_worker))
        )
        self.sigma = np.zeros((votes.n_task, n_class, n_class))
        self.tau = np.zeros((votes.n_worker, n_class, n_class))
        self.beta = gamma * n_class**2
        n_active = [np.count_nonzero(n) for n in (votes.votes_per_task, votes.votes_per_worker)]
        self.alpha = self.beta * n_active[0] / n_active[1]  # votes per worker over votes per task
        self.posterior, self.known_cells, self.has_posterior = start_from(votes, known)
        self.history, self.converged = [], False

    @property
    def n_iter(self):
        return len(self.history)

    def iterate(self, tol):
        """The dual after one more iteration."""
        after = copy(self)
        after.sigma = after._step(after.sigma, after.of_task, after.alpha)
        after.tau = after._step(after.tau, after.of_worker, after.beta)
        after.history = [*self.history, after._expect()]
        after.converged = stands_still(after.history, tol)
        return after

    def answer(self, seed):
        """The result of T, sigma and tau."""
        confusion = np.exp(_log_softmax(self.tau))
        return Aggregation(
            hard_labels(self.posterior, self.has_posterior, seed),
            soft=self.posterior,
            worker_score=np.trace(confusion, axis1=1, axis2=2) / self.votes.n_class,
            parameters={"confusion": confusion, "task_score": self.sigma},
        )

    def _log_probability(self, votes):
        """log P(k | c) for each vote, (n_votes, n_class, n_class)."""
        return _log_softmax(self.sigma[votes.task] + self.tau[votes.worker])

    def _step(self, score, of_owner, penalty):
        weight = self.posterior[self.votes.task][:, :, None]
        surprise = weight * (self.is_answer - np.exp(self._log_probability(self.votes)))
        gradient = (of_owner @ surprise.reshape(len(surprise), -1)).reshape(score.shape) - penalty * score
        n_votes = of_owner @ weight[:, :, 0]
        return score + gradient / (penalty + n_votes[:, :, None] / 2)

    def _expect(self):
        answered = (self._log_probability(self.votes) * self.is_answer).sum(axis=2)
        likelihood = confine(self.of_task @ answered, self.known_cells)
        self.posterior, log_evidence = softmax(likelihood, np.zeros(self.votes.n_class), self.has_posterior)
        spent = self.alpha * (self.sigma**2).sum() + self.beta * (self.tau**2).sum()
        return log_evidence.sum() - spent / 2

    def log_likelihood(self, votes):
        """log sum_c T_ic P(y_ij | c) of other votes on the same tasks, (n_votes,)."""
        answered = np.take_along_axis(self._log_probability(votes), votes.label[:, None, None].astype(int), axis=2)
        unvoted = ~self.has_posterior[:, None] / votes.n_class
        return np.log(((self.posterior + unvoted)[votes.task] * np.exp(answered[:, :, 0])).sum(axis=1))


def climb(votes, known, gamma, tol):
    """The dual of these votes at its start and after each iteration, until it stands still."""
    dual = Dual(votes, known, gamma)
    while True:
        yield dual
        if dual.converged:
            return
        dual = dual.iterate(tol)


def fold_of(votes: Votes) -> np.ndarray:
    """The fold of each vote, (n_votes,): the votes dealt in an order that does not depend on what things are called."""
    share, effort, workload = naive_soft(votes), votes.votes_per_task[votes.task], votes.votes_per_worker[votes.worker]
    agreement = np.bincount(votes.worker, share[votes.task, votes.label], votes.n_worker)[votes.worker]
    order = np.lexsort((share[votes.task, votes.label], effort, np.round(agreement, 9), workload))
    fold = np.empty(votes.n_votes, dtype=np.int64)
    fold[order] = np.arange(votes.n_votes) % _FOLDS
    return fold


def _log_softmax(score):
    score = score - score.max(axis=-1, keepdims=True)
    return score - np.log(np.exp(score).sum(axis=-1, keepdims=True))
