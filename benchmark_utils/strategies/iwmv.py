"""IWMV: iterative weighted majority vote (Li and Yu, 2014)."""

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.steps.voted_posterior import Pairs, weighted_vote
from benchmark_utils.strategies.steps.worker_agreement import agreement
from benchmark_utils.votes import Votes, normalise


class IWMV:
    """A vote in which a worker weighs by how far their agreement with the labels exceeds chance.

    From the majority vote on, in turn:  a_j = mean over j's votes of 1(y_ij = label_i);  w_j = K a_j - 1;
    label_i = argmax_k sum_j w_j 1(y_ij = k), ties at random from the seed. A worker below chance counts against what
    they vote for, and a class without votes has the score 0: it wins where all that was voted has less. The weights
    minimise a bound on the error of a weighted vote, to first order.

    H. Li and B. Yu, "Error rate bounds and iterative weighted majority voting for crowdsourcing", arXiv:1411.4086.
    """

    def fit(self, votes: Votes, n_iter=1000, tol=0.0, seed=0) -> Aggregation:
        """Weighted votes until the labels stand still.

        Parameters
        ----------
        votes : Votes
        n_iter : int
            Iterations at most; 0 gives the start, the majority vote.
        tol : float
            Share of the labels that may still change in the last iteration.
        seed : int
            Breaks ties.

        Returns
        -------
        Aggregation
            As soft labels the normalised scores of the voted classes, those below zero counting as a trace; the share
            of labels that changed in each iteration as history; a_j as worker score; parameter `weight` (n_worker,).
        """
        pairs = Pairs(votes)
        n_votes = np.maximum(votes.votes_per_worker, 1)
        weight = np.ones(votes.n_worker)
        scores = weighted_vote(pairs, weight)
        labels = scores.labels(seed)
        accuracy = agreement(pairs, labels, n_votes)
        history, converged = [], False
        while len(history) < n_iter and not converged:
            weight = votes.n_class * accuracy - 1
            scores, before = weighted_vote(pairs, weight), labels
            labels = scores.labels(seed)
            accuracy = agreement(pairs, labels, n_votes)
            history.append(np.mean(labels != before))
            converged = bool(history[-1] <= tol)
        soft = pairs.matrix(np.maximum(scores.voted, 1e-12))
        return Aggregation(
            labels,
            soft=normalise(soft if pairs.is_large else soft.toarray()),
            n_iter=len(history),
            converged=converged,
            history=history,
            worker_score=accuracy,
            parameters={"weight": weight},
        )
