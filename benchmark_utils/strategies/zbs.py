"""ZBS: zero-based skill (Toloka; Ustalov et al., 2024)."""

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.steps.voted_posterior import weighted_vote
from benchmark_utils.strategies.steps.weighted_votes import WeightedVotes
from benchmark_utils.votes import Votes, normalise

_HALVING = 20  # iterations after which the learning rate is halved


class ZeroBasedSkill:
    """A vote weighted by skills, which descend towards each worker's agreement with it.

    From the majority vote on, in turn, with c_j = mean over j's votes of 1(y_ij = label_i):

        s_j     = s_j - eta (s_j - c_j)       a gradient step on mean_j (s_j - c_j)^2 / 2, c_j held fixed
        label_i = argmax_k sum_j s_j 1(y_ij = k), ties at random from the seed

    until the labels stand still. The learning rate eta starts at 1 and is halved every 20 iterations, so that a cycle
    dies out. As documented for crowd-kit's ZeroBasedSkill, whose ties go to the class that comes first.

    D. Ustalov, N. Pavlichenko, B. Tseitlin, "Learning from crowds with Crowd-Kit", JOSS 9 (2024).
    """

    def fit(self, votes: Votes, n_iter=1000, tol=0.0, seed=0, known=None) -> Aggregation:
        """Gradient steps and weighted votes in turn.

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
            The normalised weighted votes as soft labels; mean_j (s_j - c_j)^2 / 2 before each step as history; s_j as
            worker score and parameter `skill` (n_worker,), one for a worker without votes.

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
        active = n_votes > 0
        skill = np.ones(votes.n_worker)
        outcome = model.count(weighted_vote, skill)
        history, converged = [], False
        while True:
            yield Point(history, converged, self._answer, outcome, skill)
            if converged:
                return
            excess = np.where(active, skill - outcome.n_agree / np.maximum(n_votes, 1), 0)
            skill = skill - 0.5 ** (len(history) // _HALVING) * excess
            # a worker who never agreed keeps a trace of a voice: the label is always one that was voted
            following = model.count(weighted_vote, np.maximum(skill, 1e-12))
            history.append(np.mean(excess[active] ** 2) / 2)
            outcome, converged = following, bool(following.share_changed(outcome) <= tol)

    def model(self, votes, known, seed):
        """Where weighted votes are counted."""
        return WeightedVotes(votes, known, seed)

    def _answer(self, outcome, skill):
        return outcome.answer(_soft, worker_score=skill, parameters={"skill": skill})


def _soft(scores, labels):
    soft = scores.pairs.matrix(scores.voted)
    return normalise(soft if scores.pairs.is_large else soft.toarray())
