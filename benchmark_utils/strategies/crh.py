"""CRH: conflict resolution on heterogeneous data (Li et al., 2014); PM in the survey of Zheng et al. (2017)."""

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.steps.voted_posterior import weighted_vote
from benchmark_utils.strategies.steps.weighted_votes import WeightedVotes, normalised
from benchmark_utils.votes import Votes

_LEAST_SHARE = 1e-7  # the survey's: a worker at no distance has the weight 16.1
_TRACE = 1e-12  # the worker at the largest distance keeps a trace of a voice: the label is always one that was voted


class CRH:
    """A vote whose weights are -log of the share of the distance to the labels.

    From the majority vote on, in turn:

        d_j     = sum over j's votes of 1(y_ij != label_i)
        w_j     = -log(d_j / max_j' d_j')
        label_i = argmax_k sum_j w_j 1(y_ij = k), ties at random from the seed

    until the labels stand still. With the sum of d in place of its maximum, these are the two steps that lower
    sum_j w_j d_j under sum_j exp(-w_j) = 1; the maximum, which is the survey's, tells workers apart more sharply.

    The distance is a number of votes, not a share of them: whoever answers much is far from the labels. On `web`
    prolific workers lose their voice to those with a handful of votes, and the accuracy is 0.39, where the majority
    vote has 0.73.

    Q. Li, Y. Li, J. Gao, B. Zhao, W. Fan and J. Han, "Resolving conflicts in heterogeneous data by truth discovery and
    source reliability estimation", SIGMOD (2014). Y. Zheng et al., "Truth inference in crowdsourcing: is the problem
    solved?", PVLDB 10 (2017).
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
            history; w_j as worker score and parameter `weight` (n_worker,), zero for a worker without votes.

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
        weight = np.ones(votes.n_worker)
        outcome = model.count(weighted_vote, weight)
        history, converged = [], False
        while True:
            yield Point(history, converged, self._answer, outcome, weight, n_votes)
            if converged:
                return
            distance = n_votes - outcome.n_agree
            weight = np.log(1 / np.maximum(distance / max(distance.max(), 1), _LEAST_SHARE))
            following = model.count(weighted_vote, np.maximum(weight, _TRACE))
            history.append(following.share_changed(outcome))
            outcome, converged = following, bool(history[-1] <= tol)

    def model(self, votes, known, seed):
        """Where weighted votes are counted."""
        return WeightedVotes(votes, known, seed)

    def _answer(self, outcome, weight, n_votes):
        weight = weight * (n_votes > 0)
        return outcome.answer(normalised, worker_score=weight, parameters={"weight": weight})
