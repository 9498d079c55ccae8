"""Majority vote and naive soft labels (thesis, eq. 1.4 and 1.6)."""

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.steps.known import check_known, clamp_labels, clamp_soft
from benchmark_utils.votes import Votes, hard_labels, normalise, sum_votes


class MajorityVote:
    """The class with the most votes: argmax_k sum_j 1(y_ij = k) (thesis, eq. 1.4).

    Every worker counts the same. Ties are broken uniformly at random from the seed.
    """

    def fit(self, votes: Votes, seed=0, known=None) -> Aggregation:
        """Hard labels (n_task,), -1 without votes.

        Parameters
        ----------
        votes : Votes
        seed : int
            Breaks ties.
        known : int, (n_task,), optional
            The true class of tasks where it is known, else -1. These tasks have it as label; the others have the label
            that they have without.

        Raises
        ------
        VotesError
            `known` of another length, or not a class.
        """
        known = check_known(known, votes)
        return Aggregation(clamp_labels(hard_labels(sum_votes(votes), votes.has_vote, seed), known))

    def tied_shares(self, votes: Votes, known=None):
        """How often each class is the label when ties are drawn again and again, (n_task, n_class), maybe sparse."""
        known, count = check_known(known, votes), sum_votes(votes)
        if sparse.issparse(count):
            most = np.repeat(count.max(axis=1).toarray().ravel(), np.diff(count.indptr))
            shares = sparse.csr_array((1.0 * (count.data == most), count.indices, count.indptr), count.shape)
        else:
            shares = 1.0 * ((count == count.max(axis=1, keepdims=True)) & (count > 0))
        return clamp_soft(normalise(shares), known)


class NaiveSoft:
    """The frequency of each class among a task's votes (thesis, eq. 1.6).

    The hard label is a mode, ties at random from the seed: "the lowest class wins" would favour data whose classes
    are ordered (web: 0.777 against 0.731).
    """

    def fit(self, votes: Votes, seed=0) -> Aggregation:
        """Soft labels (n_task, n_class) and their modes."""
        count = sum_votes(votes)
        return Aggregation(hard_labels(count, votes.has_vote, seed), soft=normalise(count))
