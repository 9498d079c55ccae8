"""TwoThird, iNaturalist's consensus (thesis, section 4.2)."""

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.votes import Votes, hard_labels, sum_votes


class TwoThird:
    """The majority's class where a task has two votes or more and the majority holds two thirds of them.

    Other tasks are not valid, label -1. No ties: two classes cannot both hold two thirds.
    """

    def fit(self, votes: Votes, seed=0) -> Aggregation:
        """Hard labels (n_task,)."""
        count = sum_votes(votes)
        n_votes = votes.votes_per_task
        most = count.max(axis=1)
        most = (most.toarray().ravel() if sparse.issparse(most) else most).astype(np.int64)
        agreed = (n_votes >= 2) & (3 * most >= 2 * n_votes)  # in integers: 2/3 has no exact float
        return Aggregation(hard_labels(count, agreed, seed))
