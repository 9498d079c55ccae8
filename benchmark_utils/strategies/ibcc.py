"""iBCC: Dawid and Skene's model with Dirichlet priors, by variational Bayes (Kim and Ghahramani, 2012)."""

from dataclasses import dataclass

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.steps.confusion import (
    answer_matrix,
    confusion_prior,
    count_answers,
    dirichlet,
    learn_confusion,
    mean_confusion,
)
from benchmark_utils.strategies.steps.continued import grown_rows, log_likelihoods, old_parameters
from benchmark_utils.strategies.steps.em import class_totals, softmax, stands_still
from benchmark_utils.strategies.steps.known import confine, start_from
from benchmark_utils.votes import Votes, hard_labels


@dataclass
class IBCC:
    """Independent Bayesian classifier combination, from the naive soft labels.

    rho ~ Dirichlet(alpha), and each row of a confusion matrix has pi^j_k ~ Dirichlet(beta_k), where beta_k puts
    `right` on k and `wrong` on each other class: workers are expected to be better than chance. The mean-field
    posterior q(z) q(rho) prod_jk q(pi^j_k) is updated by turns, with T_ik = q(z_i = k),

        q(pi^j_k) = Dirichlet(beta_k + sum_i T_ik y_ij),    q(rho) = Dirichlet(alpha + sum_i T_i)
        T_ik proportional to exp(E log rho_k + sum_j E log pi^j_{k, y_ij})

    Each update raises the evidence lower bound; it has converged when the bound changes by at most `tol`.
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

    def fit(self, votes: Votes, n_iter=1000, tol=1e-3, seed=0, known=None, start=None) -> Aggregation:
        """Variational Bayes: `n_iter` iterations at most, 0 gives the start; the seed breaks ties of the hard labels.

        Parameters
        ----------
        known, start
            As in DawidSkene.

        Returns
        -------
        Aggregation
            T as soft labels; the evidence lower bound of each iteration as history; the mean diagonal of E pi^j as
            worker score; parameters `confusion` (n_worker, n_class, n_class), rows by true class, and `prevalence`
            (n_class,), both posterior means.
        """
        return last(self.iterate(votes, tol, seed, known, start), n_iter)

    def iterate(self, votes: Votes, tol=1e-3, seed=0, known=None, start=None):
        """The points of `fit`: the start, and each iteration until the bound stands still."""
        posterior, cells, has_class = start_from(votes, known)
        answers = answer_matrix(votes)
        answers_of_worker = answers.T.tocsr()
        prior = confusion_prior(votes.n_class, self.right, self.wrong)
        if start is not None:
            confusion, prevalence = old_parameters(start, votes, "confusion", "prevalence")
            log_likelihood = confine(answers @ log_likelihoods(grown_rows(confusion, prevalence, votes)), cells)
            posterior, _ = softmax(log_likelihood, np.log(prevalence), has_class)

        def answer(posterior, count):
            confusion = mean_confusion(count, prior)
            prevalence = self.alpha + class_totals(posterior)
            return Aggregation(
                hard_labels(posterior, has_class, seed),
                soft=posterior,
                worker_score=np.trace(confusion, axis1=1, axis2=2) / votes.n_class,
                parameters={"confusion": confusion, "prevalence": prevalence / prevalence.sum()},
            )

        history, converged = [], False
        while True:
            count = count_answers(answers_of_worker, posterior, votes.n_class)
            yield Point(history, converged, answer, posterior, count)
            if converged:
                return
            log_confusion, log_prevalence, divergence = self._learn(count, posterior, prior)
            log_likelihood = confine(answers @ log_confusion, cells)
            posterior, log_evidence = softmax(log_likelihood, log_prevalence, has_class)
            history.append(log_evidence.sum() - divergence)
            converged = stands_still(history, tol)

    def _learn(self, count, posterior, prior):
        log_confusion, confusion_divergence = learn_confusion(count, prior)
        total = class_totals(posterior)
        log_prevalence, prevalence_divergence = dirichlet(np.full(len(total), self.alpha), total, axis=0)
        return log_confusion, log_prevalence, confusion_divergence + prevalence_divergence

    def bytes_needed(self, votes: Votes) -> int:
        """Memory of the confusion matrices, the posterior and the votes, with the copies that an iteration makes."""
        return 8 * (5 * votes.n_worker * votes.n_class**2 + 4 * votes.n_task * votes.n_class + 6 * votes.n_votes)
