"""WAWA, Worker Agreement With Aggregate (Appen; thesis, section 3.2.2)."""

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.votes import Votes, hard_labels, normalise, sum_votes


class WAWA:
    """A vote weighted by how often its worker agrees with the majority vote.

    beta_j = mean over j's votes of 1(y_ij = MV_i);  label_i = argmax_k sum_j beta_j 1(y_ij = k).
    One pass; ties in either vote are broken at random from the seed.
    """

    def fit(self, votes: Votes, seed=0) -> Aggregation:
        """Labels, soft labels (the normalised weighted votes) and beta as worker score, (n_worker,)."""
        majority = MajorityVote().fit(votes, seed).labels
        agrees = votes.label == majority[votes.task]
        n_agree = np.bincount(votes.worker, weights=agrees, minlength=votes.n_worker)
        beta = n_agree / np.maximum(votes.votes_per_worker, 1)
        # a worker who never agreed keeps a trace of a voice: the label is always one that was voted
        score = sum_votes(votes, np.maximum(beta, 1e-12)[votes.worker])
        labels = hard_labels(score, votes.has_vote, seed)
        return Aggregation(labels, soft=normalise(score), worker_score=beta)
