"""DSWC: Dawid and Skene's model with clusters of workers who share a confusion matrix (Imamura et al., 2018)."""

from dataclasses import dataclass

import numpy as np
from scipy.special import rel_entr

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.steps.confusion import answer_matrix, confusion_prior, dirichlet
from benchmark_utils.strategies.steps.em import class_totals, softmax, stands_still
from benchmark_utils.votes import Votes, hard_labels
from benchmark_utils.votes.labels import naive_soft

LEAST = 1e-100  # of an estimated probability, as in the authors' program: its log is finite


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

    The published form has no priors: Lambda, rho and tau are the shares of the same counts, which maximise the bound.
    It starts from the naive soft labels, too, but ranks workers by the nuclear norm of their confusion matrices under
    them, and the first Lambda_c is the mean of its workers' matrices. The steps are those of the authors' program, with
    two differences: it updates T and R at once, by which the bound can fall, and starts again at random where all tasks
    end in one class.

    Ours is the default for two reasons, neither of them an accuracy. Without a prior, a cluster that was never seen to
    give an answer to a class rules the class out by one such answer. And the nuclear norm cannot tell a worker who
    always swaps two classes from one who is always right.

    Attributes
    ----------
    clusters : int
        L in the literature.
    right : float
        Prior count of a right answer: 2 against 1, the least whole number at which a cluster with few votes is better
        than chance.
    published : bool
        The published form, see above.
    """

    clusters: int = 5
    right: float = 2.0
    published: bool = False

    def fit(self, votes: Votes, n_iter=1000, tol=1e-3, seed=0) -> Aggregation:
        """Variational Bayes: `n_iter` iterations at most, 0 gives the start; the seed breaks ties of the hard labels.

        Returns
        -------
        Aggregation
            T as soft labels; the evidence lower bound of each iteration as history; the mean diagonal of a worker's
            expected confusion matrix as worker score; parameters `cluster`, R (n_worker, clusters), zero for workers
            without votes, `cluster_confusion`, E Lambda (clusters, n_class, n_class), rows by true class, zero in the
            published form where a cluster has no votes on the class, and `prevalence`, E rho (n_class,).
        """
        return last(self.iterate(votes, tol, seed), n_iter)

    def iterate(self, votes: Votes, tol=1e-3, seed=0):
        """The points of `fit`: the start, and each iteration until the bound stands still."""
        has_vote, active = votes.has_vote, votes.votes_per_worker > 0
        answers = answer_matrix(votes)
        answers_of_worker = answers.T.tocsr()
        posterior = naive_soft(votes)
        count = (answers_of_worker @ posterior).reshape(votes.n_worker, -1)  # each row a matrix: answer, class
        cluster, of_cluster = self._start(count, votes)
        prior = 0 if self.published else confusion_prior(votes.n_class, self.right, 1)
        history, converged = [], False
        while True:
            yield Point(history, converged, self._answer, posterior, has_vote, cluster, of_cluster, prior, seed)
            if converged:
                return
            log_confusion, log_tau, log_rho, divergence = self._learn(
                prior, of_cluster, cluster.sum(axis=0), class_totals(posterior)
            )
            cluster, _ = softmax(count @ log_confusion.T, log_tau, active)
            of_worker = (cluster @ log_confusion).reshape(-1, votes.n_class)  # E log of each worker's matrix
            posterior, log_evidence = softmax(answers @ of_worker, log_rho, has_vote)
            count = (answers_of_worker @ posterior).reshape(votes.n_worker, -1)
            of_cluster = cluster.T @ count
            history.append(log_evidence.sum() - divergence - rel_entr(cluster, np.exp(log_tau)).sum())
            converged = stands_still(history, tol)

    def _answer(self, posterior, has_vote, cluster, of_cluster, prior, seed):
        n_class = posterior.shape[1]
        of_cluster = of_cluster.reshape(-1, n_class, n_class)
        confusion = shares(prior + of_cluster, axis=1).transpose(0, 2, 1)
        return Aggregation(
            hard_labels(posterior, has_vote, seed),
            soft=posterior,
            worker_score=cluster @ np.trace(confusion, axis1=1, axis2=2) / n_class,
            parameters={
                "cluster": cluster,
                "cluster_confusion": confusion,
                "prevalence": shares(class_totals(posterior) + (0 if self.published else 1)),
            },
        )

    def _learn(self, prior, of_cluster, cluster_total, class_total):
        """E log Lambda (clusters, n_class * n_class), E log tau, E log rho, and their divergence from the priors."""
        n_class = len(class_total)
        matrices = of_cluster.reshape(-1, n_class, n_class)
        if self.published:
            logs = (log_shares(total, axis) for total, axis in ((matrices, 1), (cluster_total, 0), (class_total, 0)))
            divergences = [0]
        else:
            logs, divergences = zip(
                dirichlet(prior, matrices, axis=1),
                dirichlet(np.ones(self.clusters), cluster_total, axis=0),
                dirichlet(np.ones(n_class), class_total, axis=0),
                strict=True,
            )
        log_confusion, log_tau, log_rho = logs
        return log_confusion.reshape(self.clusters, -1), log_tau, log_rho, sum(divergences)

    def _start(self, count, votes):
        """R (n_worker, clusters), equal clusters by rank, ties together, and the first count of each cluster."""
        matrices, active = count.reshape(-1, votes.n_class, votes.n_class), votes.votes_per_worker > 0
        if self.published:
            matrices = shares(matrices, axis=1)
            score = -np.linalg.svd(matrices, compute_uv=False).sum(axis=1)  # the largest first
        else:
            score = np.trace(matrices, axis1=1, axis2=2) / np.maximum(votes.votes_per_worker, 1)
        rank = np.searchsorted(np.sort(score[active]), score - 1e-9)  # equal but for rounding is a tie
        place = np.minimum(rank * self.clusters // active.sum(), self.clusters - 1)
        cluster = np.eye(self.clusters)[place] * active[:, None]
        return cluster, cluster.T @ matrices.reshape(votes.n_worker, -1)

    def bytes_needed(self, votes: Votes) -> int:
        """Memory of the workers' matrices, the posterior and the votes, with the copies that an iteration makes."""
        return 8 * (3 * votes.n_worker * votes.n_class**2 + 4 * votes.n_task * votes.n_class + 6 * votes.n_votes)


def shares(count, axis=0):
    """Counts over their sum along an axis; zero where there are none."""
    total = count.sum(axis=axis, keepdims=True)
    return np.divide(count, total, out=np.zeros_like(count), where=total > 0)


def log_shares(count, axis=0):
    return np.log(np.maximum(shares(count, axis), LEAST))
