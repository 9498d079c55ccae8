"""The one-coin model: a worker has one accuracy, and errs towards any other class alike (Zhang et al., 2016)."""

import numpy as np

from benchmark_utils.strategies.base import Aggregation, stands_still
from benchmark_utils.strategies.voted import Pairs, naive_posterior, posterior_of_coins
from benchmark_utils.votes import Votes

_CERTAIN = 1e-10  # accuracies stay this far from 0 and 1, so that two perfect workers may still disagree


class OneCoinDawidSkene:
    """Maximum likelihood by EM.

    A task has class k with probability rho_k; worker j then answers k with probability a_j, and any other class with
    probability (1 - a_j) / (K - 1). With T_ik the posterior probability that task i has class k, an iteration is

        E:  T_ik  proportional to rho_k prod_j a_j^1(y_ij = k) ((1 - a_j) / (K - 1))^1(y_ij != k)
        M:  a_j   = mean over j's votes of T_i,y_ij
            rho_k = mean_i T_ik

    in log space, from the naive soft labels. The prevalence rho is estimated, as in Dawid and Skene: published figures
    of this strategy are obtained so, and the classes of real tasks are seldom balanced. The log-likelihood never
    decreases; EM has converged when it changes by at most `tol` of its value. Memory and time of an iteration are
    in the number of votes, for any K.

    Y. Zhang, X. Chen, D. Zhou, M. I. Jordan, "Spectral methods meet EM", JMLR 17 (2016).
    """

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
            T as soft labels; the log-likelihood of each iteration as history; a_j as worker score; parameters
            `accuracy` (n_worker,), 1/K for a worker without votes, and `prevalence` (n_class,).
        """
        pairs = Pairs(votes)
        n_votes = votes.votes_per_worker
        n_other = max(votes.n_class - 1, 1)
        posterior = naive_posterior(pairs)
        accuracy, prevalence = self._maximise(votes, posterior, n_votes)
        history, converged = [], False
        while len(history) < n_iter and not converged:
            right = np.log(accuracy).take(votes.worker)
            wrong = np.log((1 - accuracy) / n_other).take(votes.worker)
            posterior, log_likelihood = posterior_of_coins(pairs, right, wrong, prevalence)
            accuracy, prevalence = self._maximise(votes, posterior, n_votes)
            history.append(log_likelihood)
            converged = stands_still(history, tol)
        return Aggregation(
            posterior.labels(seed),
            soft=posterior.soft(),
            n_iter=len(history),
            converged=converged,
            history=history,
            worker_score=accuracy,
            parameters={"accuracy": accuracy, "prevalence": prevalence},
        )

    def _maximise(self, votes, posterior, n_votes):
        n_right = np.bincount(votes.worker, posterior.voted.take(posterior.pairs.of_vote), votes.n_worker)
        accuracy = np.where(n_votes > 0, n_right / np.maximum(n_votes, 1), 1 / votes.n_class)
        prevalence = posterior.class_totals()
        return np.clip(accuracy, _CERTAIN, 1 - _CERTAIN), prevalence / prevalence.sum()
