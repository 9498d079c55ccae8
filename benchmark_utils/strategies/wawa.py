"""WAWA, Worker Agreement With Aggregate (Appen; thesis, section 3.2.2)."""

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.strategies.steps.known import check_known, clamp_labels, clamp_soft
from benchmark_utils.votes import Votes, hard_labels, normalise, sum_votes


class WAWA:
    """A vote weighted by how often its worker agrees with the majority vote.

    beta_j = mean over j's votes of 1(y_ij = MV_i);  label_i = argmax_k sum_j beta_j 1(y_ij = k).
    One pass; ties in either vote are broken at random from the seed.
    """

    def fit(self, votes: Votes, seed=0, known=None) -> Aggregation:
        """Labels, soft labels (the normalised weighted votes) and beta as worker score, (n_worker,).

        Parameters
        ----------
        votes : Votes
        seed : int
            Breaks ties.
        known : int, (n_task,), optional
            The true class of tasks where it is known, else -1. It stands for the majority vote of these tasks, and is
            their label.

        Raises
        ------
        VotesError
            `known` of another length, or not a class.
        """
        n_agree = self.count_agreeing(votes, seed, known)
        return self.vote(votes, n_agree / np.maximum(votes.votes_per_worker, 1), seed, known)

    def count_agreeing(self, votes, seed, known=None):
        """How many of each worker's votes are the majority vote, (n_worker,)."""
        majority = MajorityVote().fit(votes, seed, known).labels
        return np.bincount(votes.worker, votes.label == majority[votes.task], votes.n_worker)

    def vote(self, votes, beta, seed, known=None) -> Aggregation:
        """The vote weighted by beta."""
        known = check_known(known, votes)
        # a worker who never agreed keeps a trace of a voice: the label is always one that was voted
        score = sum_votes(votes, np.maximum(beta, 1e-12)[votes.worker])
        labels = hard_labels(score, votes.has_vote, seed)
        soft = clamp_soft(normalise(score), known)
        return Aggregation(clamp_labels(labels, known), soft=soft, worker_score=beta)
