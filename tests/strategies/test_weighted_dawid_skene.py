"""WDS: by hand, and its weights are the diagonals of DS."""

import numpy as np

from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.weighted_dawid_skene import WeightedDawidSkene
from benchmark_utils.votes import Votes


def test_wds_by_hand():
    votes = Votes.from_matrix([[0, 0, 1], [1, 0, 0]])
    # both tasks start at (2/3, 1/3); each worker's pi_kk then: (1/2, 1/2), (1, 0), (1/2, 1/2)
    result = WeightedDawidSkene().fit(votes, n_iter=0)
    diagonal = np.einsum("jkk->jk", result.parameters["confusion"])
    np.testing.assert_allclose(diagonal, [[1 / 2, 1 / 2], [1, 0], [1 / 2, 1 / 2]])
    np.testing.assert_allclose(result.soft, [[3 / 4, 1 / 4], [3 / 4, 1 / 4]])
    assert result.labels.tolist() == [0, 0]


def test_wds_weighs_votes_by_the_diagonals_of_ds(random_votes):
    votes, _ = random_votes(skill=0.5)
    confusion = DawidSkene().fit(votes, n_iter=7, tol=-1).parameters["confusion"]
    score = np.zeros((votes.n_task, votes.n_class))
    for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
        score[i, k] += confusion[j, k, k]
    result = WeightedDawidSkene().fit(votes, n_iter=7, tol=-1)
    np.testing.assert_allclose(result.soft, score / score.sum(axis=1, keepdims=True), atol=1e-9)
    assert result.n_iter == 7
