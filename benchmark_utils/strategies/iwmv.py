"""IWMV: iterative weighted majority vote (Li and Yu, 2014)."""

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.steps.voted_posterior import Scores, weighted_vote
from benchmark_utils.strategies.steps.weighted_votes import WeightedVotes
from benchmark_utils.votes import Votes
from benchmark_utils.votes.labels import TIE


class IWMV:
    """A vote in which a worker weighs by how far their agreement with the labels exceeds chance.

    From the majority vote on, in turn:  a_j = mean over j's votes of 1(y_ij = label_i);  w_j = K a_j - 1;
    label_i = argmax_k sum_j w_j 1(y_ij = k), ties at random from the seed. A worker below chance counts against what
    they vote for, and a class without votes has the score 0: it wins where all that was voted has less. The weights
    minimise a bound on the error of a weighted vote, to first order.

    H. Li and B. Yu, "Error rate bounds and iterative weighted majority voting for crowdsourcing", arXiv:1411.4086.
    """

    def fit(self, votes: Votes, n_iter=1000, tol=0.0, seed=0, known=None) -> Aggregation:
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
        known : int, (n_task,), optional
            The true class of tasks where it is known, else -1. These labels are fixed.

        Returns
        -------
        Aggregation
            As soft labels the normalised scores, of a task with scores below zero how far each is above the lowest;
            the share of labels that changed in each iteration as history; a_j as worker score; parameter `weight`
            (n_worker,).

        Raises
        ------
        VotesError
            `known` of another length, or not a class.
        """
        return last(self.iterate(votes, tol, seed, known), n_iter)

    def iterate(self, votes: Votes, tol=0.0, seed=0, known=None):
        """The points of `fit`: the start, and each iteration until it has converged."""
        model = self.model(votes, known, seed)
        n_votes = np.maximum(votes.votes_per_worker, 1)
        weight = np.ones(votes.n_worker)
        outcome = model.count(weighted_vote, weight)
        history, converged = [], False
        while True:
            accuracy = outcome.n_agree / n_votes  # before the point, whose answer is not in the time of the next
            yield Point(history, converged, self._answer, outcome, weight, accuracy)
            if converged:
                return
            weight = votes.n_class * accuracy - 1
            following = model.count(weighted_vote, weight)
            history.append(following.share_changed(outcome))
            outcome, converged = following, bool(history[-1] <= tol)

    def model(self, votes, known, seed):
        """Where weighted votes are counted."""
        return WeightedVotes(votes, known, seed)

    def _answer(self, outcome, weight, accuracy):
        return outcome.answer(_soft, worker_score=accuracy, parameters={"weight": weight})


def _soft(scores, labels):
    return shares(scores).soft(labels)


def shares(scores: Scores) -> Scores:
    """Scores of a weighted vote, which may be negative, as shares of one that keep their order.

    The lowest score of a task, if below zero, is subtracted from all; classes without votes have the score zero.
    """
    pairs = scores.pairs
    lowest = np.minimum(-pairs.max(-scores.voted), 0)
    above = scores.voted - pairs.spread(lowest)
    above[above <= 4 * TIE * pairs.spread(np.abs(lowest))] = 0  # equal but for rounding is a tie
    n_unvoted = pairs.n_class - pairs.n_voted
    total = pairs.sum(above) - n_unvoted * lowest
    nothing = total == 0  # all classes tie
    above[pairs.spread(nothing)] = 1
    unvoted = np.where(nothing, 1, -lowest)
    total = np.where(nothing, pairs.n_class, total)
    uniform = np.full(pairs.n_class, 1 / pairs.n_class)
    return Scores(pairs, above / pairs.spread(total), unvoted / total * pairs.n_class, uniform)
