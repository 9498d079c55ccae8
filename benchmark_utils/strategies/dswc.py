"""DSWC: Dawid and Skene's model with clusters of workers who share a confusion matrix (Imamura et al., 2018)."""

from dataclasses import dataclass

import numpy as np
from scipy.special import rel_entr

from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.steps.confusion import answer_matrix, confusion_prior, dirichlet
from benchmark_utils.strategies.steps.em import class_totals, softmax, stands_still
from benchmark_utils.votes import Votes, hard_labels
from benchmark_utils.votes.labels import naive_soft


@dataclass
class DSWC:
    """Worker clustering model: `clusters` confusion matrices in all, whatever the number of workers.

    Worker j is in cluster c with probability tau_c and answers with its matrix Lambda_c. Priors are Dirichlet: a
    count of `right` on the diagonal of each Lambda_c and of 1 elsewhere, of 1 for each class of rho and each cluster
    of tau. These counts are ours, not the paper's. Mean field over q(z), q(c), q(Lambda), q(rho) and q(tau), with
    T_ik = q(z_i = k) and R_jc = q(c_j = c):

        q(Lambda_ck) = Dirichlet(prior_k + sum_j R_jc sum_i T_ik y_ij),   q(rho), q(tau) from the sums of T and R
        R_jc proportional to exp(E log tau_c + sum_i sum_k T_ik E log Lambda_{ck, y_ij})
        T_ik proportional to exp(E log rho_k + sum_j sum_c R_jc E log Lambda_{ck, y_ij})

    Each raises the evidence lower bound; it has converged when the bound changes by at most `tol`. The
    start, ours too, is the naive soft labels, and the workers ranked by their agreement with them, cut into equal
    clusters: clusters that start alike would stay alike, and a rank needs no luck.

    Attributes
    ----------
    clusters : int
        L in the literature.
    right : float
        Prior count of a right answer: 2 against 1, the least whole number at which a cluster with few votes is better
        than chance.
    """

    clusters: int = 5
    right: float = 2.0

    def fit(self, votes: Votes, n_iter=1000, tol=1e-3, seed=0) -> Aggregation:
        """Variational Bayes: `n_iter` iterations at most, 0 gives the start; the seed breaks ties of the hard labels.

        Returns
        -------
        Aggregation
            T as soft labels; the evidence lower bound of each iteration as history; the mean diagonal of a worker's
            expected confusion matrix as worker score; parameters `cluster`, R (n_worker, clusters), zero for workers
            without votes, `cluster_confusion`, E Lambda (clusters, n_class, n_class), rows by true class, and
            `prevalence`, E rho (n_class,).
        """
        has_vote, active = votes.has_vote, votes.votes_per_worker > 0
        answers = answer_matrix(votes)
        answers_of_worker = answers.T.tocsr()
        prior = confusion_prior(votes.n_class, self.right, 1)
        posterior = naive_soft(votes)
        count = (answers_of_worker @ posterior).reshape(votes.n_worker, -1)  # each row a matrix: answer, class
        cluster = self._start(count.reshape(-1, *prior.shape), votes.votes_per_worker)
        history, converged = [], False
        while len(history) < n_iter and not converged:
            log_confusion, confusion_divergence = dirichlet(
                prior, (cluster.T @ count).reshape(-1, *prior.shape), axis=1
            )
            log_confusion = log_confusion.reshape(self.clusters, -1)
            log_tau, tau_divergence = dirichlet(np.ones(self.clusters), cluster.sum(axis=0), axis=0)
            log_rho, rho_divergence = dirichlet(np.ones(votes.n_class), class_totals(posterior), axis=0)
            cluster, _ = softmax(count @ log_confusion.T, log_tau, active)
            of_worker = (cluster @ log_confusion).reshape(-1, votes.n_class)  # E log of each worker's matrix
            posterior, log_evidence = softmax(answers @ of_worker, log_rho, has_vote)
            count = (answers_of_worker @ posterior).reshape(votes.n_worker, -1)
            cluster_divergence = rel_entr(cluster, np.exp(log_tau)).sum()
            divergence = confusion_divergence + tau_divergence + rho_divergence + cluster_divergence
            history.append(log_evidence.sum() - divergence)
            converged = stands_still(history, tol)
        confusion = prior + (cluster.T @ count).reshape(-1, *prior.shape)
        confusion = (confusion / confusion.sum(axis=1, keepdims=True)).transpose(0, 2, 1)
        prevalence = 1 + class_totals(posterior)
        return Aggregation(
            hard_labels(posterior, has_vote, seed),
            soft=posterior,
            n_iter=len(history),
            converged=converged,
            history=history,
            worker_score=cluster @ np.trace(confusion, axis1=1, axis2=2) / votes.n_class,
            parameters={
                "cluster": cluster,
                "cluster_confusion": confusion,
                "prevalence": prevalence / prevalence.sum(),
            },
        )

    def _start(self, count, n_votes):
        """R (n_worker, clusters): equal clusters by rank of agreement with the naive soft labels, ties together."""
        agreement = np.trace(count, axis1=1, axis2=2) / np.maximum(n_votes, 1)
        active = n_votes > 0
        rank = np.searchsorted(np.sort(agreement[active]), agreement - 1e-9)  # equal but for rounding is a tie
        place = np.minimum(rank * self.clusters // active.sum(), self.clusters - 1)
        return np.eye(self.clusters)[place] * active[:, None]

    def bytes_needed(self, votes: Votes) -> int:
        """Memory of the workers' matrices, the posterior and the votes, with the copies that an iteration makes."""
        return 8 * (3 * votes.n_worker * votes.n_class**2 + 4 * votes.n_task * votes.n_class + 6 * votes.n_votes)
