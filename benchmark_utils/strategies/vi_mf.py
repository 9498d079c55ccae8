"""VI-MF: two classes, workers with a Beta prior on each accuracy, by mean field (Liu, Peng and Ihler, 2012)."""

from dataclasses import dataclass

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.steps.confusion import (
    answer_matrix,
    confusion_prior,
    count_answers,
    learn_confusion,
    mean_confusion,
)
from benchmark_utils.strategies.steps.em import softmax, stands_still
from benchmark_utils.strategies.steps.known import confine, start_from
from benchmark_utils.votes import Votes, VotesError, hard_labels


@dataclass
class VIMF:
    """Mean field, from the naive soft labels.

    Worker j is right about a task of class k = 0, 1 with probability q^j_k ~ Beta(right, wrong), the paper's two-coin
    model, and both classes are as probable beforehand. With T_ik = q(z_i = k) and the message of a vote bounded by the
    digamma function of its worker's counts, by turns,

        q(q^j_k) = Beta(right + sum_i T_ik 1(y_ij = k), wrong + sum_i T_ik 1(y_ij != k))
        T_ik     proportional to exp(sum_j E log q^j_k if y_ij = k else E log(1 - q^j_k))

    Each raises the evidence lower bound; it has converged when the bound changes by at most `tol`. This
    is iBCC for two classes, its prevalence uniform instead of learned and its prior the paper's Beta(2, 1).

    Q. Liu, J. Peng, A. Ihler, "Variational inference for crowdsourcing", NeurIPS (2012).

    Attributes
    ----------
    right, wrong : float
        Prior counts of right and wrong answers, 2 and 1 in the paper.
    """

    right: float = 2.0
    wrong: float = 1.0
    max_classes = 2

    def fit(self, votes: Votes, n_iter=1000, tol=1e-3, seed=0, known=None) -> Aggregation:
        """Variational Bayes: `n_iter` iterations at most, 0 gives the start; the seed breaks ties of the hard labels.

        Parameters
        ----------
        known : int64, (n_task,), optional
            Truths that are known, -1 elsewhere: these tasks keep them.

        Returns
        -------
        Aggregation
            T as soft labels; the evidence lower bound of each iteration as history; the mean of E q^j_0 and E q^j_1
            as worker score; parameters `confusion` (n_worker, n_class, n_class), posterior means, rows by true class.

        Raises
        ------
        VotesError
            More than two classes.
        """
        return last(self.iterate(votes, tol, seed, known), n_iter)

    def iterate(self, votes: Votes, tol=1e-3, seed=0, known=None):
        """The points of `fit`: the start, and each iteration until it has converged."""
        if votes.n_class > self.max_classes:
            raise VotesError(f"VI-MF is for two classes and these votes have {votes.n_class}: use another strategy")
        answers = answer_matrix(votes)
        answers_of_worker = answers.T.tocsr()
        prior = confusion_prior(votes.n_class, self.right, self.wrong)
        log_uniform = np.full(votes.n_class, -np.log(votes.n_class))
        posterior, cells, has_posterior = start_from(votes, known)

        def answer(posterior, count):
            confusion = mean_confusion(count, prior)
            return Aggregation(
                hard_labels(posterior, has_posterior, seed),
                soft=posterior,
                worker_score=np.trace(confusion, axis1=1, axis2=2) / votes.n_class,
                parameters={"confusion": confusion},
            )

        history, converged = [], False
        while True:
            count = count_answers(answers_of_worker, posterior, votes.n_class)
            yield Point(history, converged, answer, posterior, count)
            if converged:
                return
            log_confusion, divergence = learn_confusion(count, prior)
            likelihood = confine(answers @ log_confusion, cells)
            posterior, log_evidence = softmax(likelihood, log_uniform, has_posterior)
            history.append(log_evidence.sum() - divergence)
            converged = stands_still(history, tol)
