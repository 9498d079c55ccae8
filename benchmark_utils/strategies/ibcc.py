"""iBCC: Dawid and Skene's model with Dirichlet priors, by variational Bayes (Kim and Ghahramani, 2012)."""

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from benchmark_utils.strategies.base import Aggregation, class_totals, softmax, stands_still
from benchmark_utils.strategies.dawid_skene_full import answer_matrix
from benchmark_utils.votes import Votes, hard_labels
from benchmark_utils.votes.labels import naive_soft


@dataclass
class IBCC:
    """Independent Bayesian classifier combination, from the naive soft labels.

    rho ~ Dirichlet(alpha), and each row of a confusion matrix has pi^j_k ~ Dirichlet(beta_k), where beta_k puts
    `right` on k and `wrong` on each other class: workers are expected to be better than chance. The mean-field
    posterior q(z) q(rho) prod_jk q(pi^j_k) is updated by turns, with T_ik = q(z_i = k),

        q(pi^j_k) = Dirichlet(beta_k + sum_i T_ik y_ij),    q(rho) = Dirichlet(alpha + sum_i T_i)
        T_ik proportional to exp(E log rho_k + sum_j E log pi^j_{k, y_ij})

    Each update raises the evidence lower bound; it has converged when the bound changes by at most `tol` of its value.
    The model is Kim and Ghahramani's, who sample the posterior; the updates are those that Li et al. (ICML 2019)
    compare with, and the default priors are theirs too.

    Attributes
    ----------
    right, wrong : float
        Prior counts on and off the diagonal of a confusion matrix.
    alpha : float
        Prior count of each class.
    """

    right: float = 4.0
    wrong: float = 1.0
    alpha: float = 1.0

    def fit(self, votes: Votes, n_iter=1000, tol=1e-6, seed=0) -> Aggregation:
        """Variational Bayes: `n_iter` iterations at most, 0 gives the start; the seed breaks ties of the hard labels.

        Returns
        -------
        Aggregation
            T as soft labels; the evidence lower bound of each iteration as history; the mean diagonal of E pi^j as
            worker score; parameters `confusion` (n_worker, n_class, n_class), rows by true class, and `prevalence`
            (n_class,), both posterior means.
        """
        voted = votes.votes_per_task > 0
        answers = answer_matrix(votes)
        answers_of_worker = answers.T.tocsr()
        prior = confusion_prior(votes.n_class, self.right, self.wrong)
        posterior = naive_soft(votes)
        history, converged = [], False
        while len(history) < n_iter and not converged:
            log_confusion, log_prevalence, divergence = self._learn(answers_of_worker, posterior, prior)
            posterior, log_evidence = softmax(answers @ log_confusion, log_prevalence, voted)
            history.append(log_evidence.sum() - divergence)
            converged = stands_still(history, tol)
        confusion = mean_confusion(answers_of_worker, posterior, prior)
        prevalence = self.alpha + class_totals(posterior)
        return Aggregation(
            hard_labels(posterior, voted, seed),
            soft=posterior,
            n_iter=len(history),
            converged=converged,
            history=history,
            worker_score=np.trace(confusion, axis1=1, axis2=2) / votes.n_class,
            parameters={"confusion": confusion, "prevalence": prevalence / prevalence.sum()},
        )

    def _learn(self, answers_of_worker, posterior, prior):
        log_confusion, confusion_divergence = learn_confusion(answers_of_worker, posterior, prior)
        count = class_totals(posterior)
        log_prevalence, prevalence_divergence = dirichlet(np.full(len(count), self.alpha), count, axis=0)
        return log_confusion, log_prevalence, confusion_divergence + prevalence_divergence

    def bytes_needed(self, votes: Votes) -> int:
        """Memory of the confusion matrices, the posterior and the votes, with the copies that an iteration makes."""
        return 8 * (5 * votes.n_worker * votes.n_class**2 + 4 * votes.n_task * votes.n_class + 6 * votes.n_votes)


def confusion_prior(n_class, right, wrong) -> np.ndarray:
    """Prior counts of the answers (rows) to the tasks of each class (columns), (n_class, n_class)."""
    return np.where(np.eye(n_class, dtype=bool), float(right), float(wrong))


def learn_confusion(answers_of_worker, posterior, prior):
    """E log pi^j_{c, k} as (n_worker * n_class, n_column), and the divergence from the prior of all pi^j_c.

    Column c of the posterior (n_task, n_column) and of the prior (n_class, n_column) is a class, or a part of one.
    """
    count = (answers_of_worker @ posterior).reshape(-1, *prior.shape)
    log_confusion, divergence = dirichlet(prior, count, axis=1)
    return log_confusion.reshape(-1, prior.shape[1]), divergence


def mean_confusion(answers_of_worker, posterior, prior) -> np.ndarray:
    """E pi^j_{c, k} as (n_worker, n_column, n_class)."""
    count = prior + (answers_of_worker @ posterior).reshape(-1, *prior.shape)
    return (count / count.sum(axis=1, keepdims=True)).transpose(0, 2, 1)


def dirichlet(prior, count, axis):
    """Of q = Dirichlet(prior + count), along an axis: E log, shaped as count, and the sum of all KL(q | prior)."""
    updated = prior + count
    total = updated.sum(axis=axis, keepdims=True)
    expected_log = digamma(updated) - digamma(total)
    repeats = count.size // np.size(prior)
    prior_total = prior.sum(axis=axis - count.ndim)
    log_normaliser = gammaln(total).sum() - gammaln(updated).sum()
    prior_log_normaliser = repeats * (gammaln(prior_total).sum() - gammaln(prior).sum())
    return expected_log, log_normaliser - prior_log_normaliser + (count * expected_log).sum()
