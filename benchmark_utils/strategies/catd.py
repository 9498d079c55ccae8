"""CATD: truth discovery on long-tail data, with confidence in what is known of a worker (Li et al., 2014)."""

from dataclasses import replace

import numpy as np
from scipy.special import chdtri

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.steps.voted_posterior import weighted_vote
from benchmark_utils.strategies.steps.weighted_votes import WeightedVotes, normalised
from benchmark_utils.votes import Votes

_LEVEL = 0.025  # alpha / 2 of the paper's 95 % confidence interval; chdtri takes the upper tail


class CATD:
    """A vote whose weights do not believe a worker of whom little is known.

    From the majority vote on, in turn, with n_j the number of j's votes:

        d_j     = sum over j's votes of 1(y_ij != label_i)                   the distance to the labels
        w_j     = chi2(0.025; n_j) / d_j                                     0.025 quantile, n_j degrees of freedom
        label_i = argmax_k sum_j w_j 1(y_ij = k), ties at random from the seed

    until the labels stand still. n_j / d_j would be the inverse of a worker's share of errors. The quantile in place of
    n_j is the lower end of its 95 % confidence interval, far below n_j in the long tail of workers with few votes:
    0.001 for one vote, 0.83 for five, 74 for a hundred. The steps lower sum_j chi2(0.025; n_j) log d_j.

    A worker at no distance has an infinite weight, on which the paper is silent. All votes of such a worker are the
    label, so a task that one of them voted on keeps its label from then on. Workers with few votes, who agree with the
    majority by chance, can so settle many tasks. The survey's program adds 1e-9 to d_j, with the same effect.

    Q. Li, Y. Li, J. Gao, L. Su, B. Zhao, M. Demirbas, W. Fan and J. Han, "A confidence-aware approach for truth
    discovery on long-tail data", PVLDB 8 (2014). Y. Zheng et al., "Truth inference in crowdsourcing: is the problem
    solved?", PVLDB 10 (2017), has its figures on crowds.
    """

    def fit(self, votes: Votes, n_iter=1000, tol=0.0, seed=0, known=None) -> Aggregation:
        """Weights and weighted votes in turn.

        Parameters
        ----------
        votes : Votes
        n_iter : int
            Iterations at most; 0 gives the start, the majority vote.
        tol : float
            Share of the labels that may still change in the last iteration.
        seed : int
            Breaks ties.
        known : int, (n_task,), optional
            The true class of tasks where it is known, else -1. These labels are fixed.

        Returns
        -------
        Aggregation
            The normalised weighted votes as soft labels; the share of labels that changed in each iteration as
            history; w_j / (1 + w_j) as worker score, one at no distance and zero without votes; parameters `quantile`
            and `distance`, both (n_worker,), whose ratio is w_j.

        Raises
        ------
        VotesError
            `known` of another length, or not a class.
        """
        return last(self.iterate(votes, tol, seed, known), n_iter)

    def iterate(self, votes: Votes, tol=0.0, seed=0, known=None):
        """The points of `fit`: the start, and each iteration until it has converged."""
        model = self.model(votes, known, seed)
        n_votes = votes.votes_per_worker
        quantile = np.where(n_votes > 0, chdtri(np.maximum(n_votes, 1), 1 - _LEVEL), 0)
        outcome = model.count(weighted_vote, np.ones(votes.n_worker))
        history, converged = [], False
        while True:
            distance = n_votes - outcome.n_agree  # before the point, whose answer is not in the time of the next
            yield Point(history, converged, self._answer, outcome, quantile, distance)
            if converged:
                return
            following = model.count(_vote, quantile, distance)
            history.append(following.share_changed(outcome))
            outcome, converged = following, bool(history[-1] <= tol)

    def model(self, votes, known, seed):
        """Where weighted votes are counted."""
        return WeightedVotes(votes, known, seed)

    def _answer(self, outcome, quantile, distance):
        total = quantile + distance
        return outcome.answer(
            normalised,
            worker_score=np.divide(quantile, total, out=np.zeros_like(total), where=total > 0),
            parameters={"quantile": quantile, "distance": distance},
        )


def _vote(pairs, quantile, distance):
    """The weighted vote, which a task with an infinite weight leaves to the class that has it."""
    infinite = pairs.sum_workers((distance == 0).astype(float)) > 0
    scores = weighted_vote(pairs, quantile / np.maximum(distance, 1))
    settled = pairs.spread(pairs.max(infinite))
    return replace(scores, voted=np.where(settled, infinite, scores.voted))
