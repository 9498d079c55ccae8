"""HierarchicalDS: workers' confusion matrices shrink to one that all share (Paun et al., TACL 2018)."""

from dataclasses import dataclass

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.steps.confusion import answer_matrix, dirichlet
from benchmark_utils.strategies.steps.em import class_totals, softmax, stands_still
from benchmark_utils.strategies.steps.known import confine, start_from
from benchmark_utils.strategies.steps.logistic_normal import (
    SMALLEST_SPREAD,
    bound,
    climb,
    expected_log,
    mean_rows,
    prior_scores,
    shift,
    stretch,
)
from benchmark_utils.votes import Votes, hard_labels

_STEPS = 3  # steps uphill for the workers' scores in an iteration


@dataclass
class HierarchicalDS:
    """Hierarchical Dawid-Skene, by variational Bayes from the naive soft labels.

    Worker j has scores beta^j_kl ~ Normal(zeta_kl, omega_kl^2) and answers l to a task of class k with probability
    softmax(beta^j_k)_l. The common scores zeta_kl ~ Normal(2 if k = l else 0, 1) and the spread of the workers around
    them, omega_kl ~ Normal+(0, 1), are learned: the fewer votes a worker has, and the more alike the workers are, the
    more of the common matrix is in a worker's own. Paun et al. have Normal(0, 1) for all zeta_kl, under which every
    renaming of the classes is as probable. The mean of 2 on the diagonal, which says that workers are rather right
    than wrong, is that of Pullin, Gurrin and Vukcevic, whose model is the same otherwise. The prevalence is
    rho ~ Dirichlet(1). Both papers sample the posterior; here it has T_ik = q(z_i = k), q(rho) and Gaussian q(beta^j),
    zeta and omega at their mode, by turns:

        q(beta^j_k)  uphill on  sum_i T_ik E log softmax(beta)_{y_ij} - KL(q | Normal(zeta_k, omega_k^2))
        zeta_kl      = (2 1(k = l) + sum_j E beta^j_kl / omega_kl^2) / (1 + n_worker / omega_kl^2), then uphill with
                       all beta^j_kl in step
        omega_kl^2   the root u of u^2 + n_worker u = sum_j E (beta^j_kl - zeta_kl)^2, then uphill with all
                     beta^j_kl - zeta_kl in proportion
        T_ik         proportional to exp(E log rho_k + sum_j E log softmax(beta^j_k)_{y_ij})

    Each raises the evidence lower bound plus the log prior of zeta and omega (see `logistic_normal` for the softmax);
    it has converged when this changes by at most `tol`. Like the start of every strategy here with confusion matrices,
    this one is the naive soft labels; the scores start at the prior's mean and omega at 1, the prior's scale.

    S. Paun, B. Carpenter, J. Chamberlain, D. Hovy, U. Kruschwitz, M. Poesio, "Comparing Bayesian models of
    annotation", TACL (2018). J. M. Pullin, L. C. Gurrin, D. Vukcevic, "Statistical models for repeated categorical
    ratings: the R package rater", The R Journal (2023).

    Attributes
    ----------
    pooling : float, optional
        1 / omega^2, instead of learning it: near 0 every worker stands alone as in Dawid and Skene, and as it grows
        all get the same matrix.
    diagonal : float
        Prior mean of zeta_kk, 2 in the package rater; 0 is Paun et al.'s.
    """

    pooling: float | None = None
    diagonal: float = 2.0

    def fit(self, votes: Votes, n_iter=1000, tol=1e-3, seed=0, known=None) -> Aggregation:
        """Variational Bayes: `n_iter` iterations at most, 0 gives the start; the seed breaks ties of the hard labels.

        Parameters
        ----------
        known : int64, (n_task,), optional
            Truths that are known, -1 elsewhere: these tasks keep them.

        Returns
        -------
        Aggregation
            T as soft labels; the objective of each iteration as history; the mean diagonal of a worker's confusion
            matrix as worker score; parameters `confusion` (n_worker, n_class, n_class), rows by true class, at the
            mean of the scores, `common_confusion`, softmax(zeta) (n_class, n_class), `spread`, omega (n_class,
            n_class), and `prevalence`, E rho (n_class,).
        """
        return last(self.iterate(votes, tol, seed, known), n_iter)

    def iterate(self, votes: Votes, tol=1e-3, seed=0, known=None):
        """The points of `fit`: the start, and each iteration until it has converged."""
        active = votes.votes_per_worker > 0
        n_class, shape = votes.n_class, (votes.n_worker, votes.n_class, votes.n_class)
        answers = answer_matrix(votes)
        answers_of_worker = answers.T.tocsr()
        posterior, cells, has_posterior = start_from(votes, known)
        count = (answers_of_worker @ posterior).reshape(shape)  # axes j, answer, true class
        zeta = prior = self.diagonal * np.eye(n_class)
        precision = np.full((n_class, n_class), self.pooling or 1.0)
        beta = prior_scores(zeta, np.maximum(precision, 1), shape)
        history, converged = [], False
        while True:
            yield Point(history, converged, self._answer, active, posterior, has_posterior, beta, zeta, precision, seed)
            if converged:
                return
            for _ in range(_STEPS):
                beta = climb(beta, count, zeta, precision)
            total = np.einsum("j,jkl->kl", active, beta.mean)
            zeta = (prior + precision * total) / (1 + precision * active.sum())
            beta, zeta = shift(beta, zeta, count, active, prior, 1.0)
            if self.pooling is None:
                precision = self._learn_precision(beta, zeta, active)
                beta, precision = stretch(beta, zeta, count, active, precision)
            log_rho, divergence_rho = dirichlet(np.ones(n_class), class_totals(posterior), axis=0)
            likelihood = confine(answers @ expected_log(beta).reshape(-1, n_class), cells)
            posterior, log_evidence = softmax(likelihood, log_rho, has_posterior)
            spent = active @ bound(beta, 0, zeta, precision).sum(axis=-1) - divergence_rho
            log_prior = -((zeta - prior) ** 2).sum() / 2 - (0 if self.pooling else (1 / precision).sum() / 2)
            history.append(log_evidence.sum() + spent + log_prior)
            converged = stands_still(history, tol)
            count = (answers_of_worker @ posterior).reshape(shape)

    def _answer(self, active, posterior, has_posterior, beta, zeta, precision, seed):
        confusion = mean_rows(beta._replace(mean=np.where(active[:, None, None], beta.mean, zeta)))
        prevalence = 1 + class_totals(posterior)
        return Aggregation(
            hard_labels(posterior, has_posterior, seed),
            soft=posterior,
            worker_score=np.trace(confusion, axis1=1, axis2=2) / len(zeta),
            parameters={
                "confusion": confusion.transpose(0, 2, 1),
                "common_confusion": mean_rows(prior_scores(zeta, 1.0, zeta.shape)).T,
                "spread": precision.T**-0.5,
                "prevalence": prevalence / prevalence.sum(),
            },
        )

    def _learn_precision(self, beta, zeta, active):
        """1 / omega^2 at the mode, given the workers with votes."""
        square = np.einsum("j,jkl->kl", active, (beta.mean - zeta) ** 2 + beta.variance)
        n_worker = active.sum()
        variance = 2 * square / (n_worker + np.sqrt(n_worker**2 + 4 * square))
        return 1 / np.maximum(variance, SMALLEST_SPREAD**2)

    def bytes_needed(self, votes: Votes) -> int:
        """Memory of the workers' scores, of the posterior and of the votes, with the copies that an iteration makes."""
        cells = 16 * votes.n_worker * votes.n_class**2 + 6 * votes.n_task * votes.n_class
        return 8 * (cells + 6 * votes.n_votes)
