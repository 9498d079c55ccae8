"""WAWA: by hand, against a naive program, and published accuracies."""

import numpy as np
import pytest

from benchmark_utils.scoring import against_truth
from benchmark_utils.strategies.wawa import WAWA
from benchmark_utils.votes import Votes

SEEDS = 20
TIES = 0.005  # how far a published figure may lie away, for its own ties fell at random


def test_wawa_by_hand():
    # majorities 0, 1, 0; agreement with them 3/3, 2/3, 1/3
    votes = Votes.from_matrix([[0, 0, 1], [1, 1, 0], [0, 1, 0]])
    result = WAWA().fit(votes)
    np.testing.assert_allclose(result.worker_score, [1, 2 / 3, 1 / 3])
    np.testing.assert_allclose(result.soft, [[5 / 6, 1 / 6], [1 / 6, 5 / 6], [2 / 3, 1 / 3]])
    assert result.labels.tolist() == [0, 1, 0]


@pytest.mark.parametrize("n_known", [0, 30])
def test_wawa_against_a_naive_program(n_known):
    rng = np.random.default_rng(0)
    right = rng.random((80, 9)) < [0.95, 0.95, 0.9, 0.9, 0.9, 0.5, 0.5, 0.2, 0.2]
    matrix = right.astype(int)
    matrix[np.arange(80)[:, None], rng.random((80, 9)).argsort(axis=1)[:, :4]] = -1  # five votes are left: no ties
    votes = Votes.from_matrix(matrix)
    rows = list(zip(votes.task, votes.worker, votes.label, strict=True))
    majority = [round(np.mean([k for i, _, k in rows if i == task])) for task in range(80)]
    known = np.arange(80) % 2
    majority[:n_known] = known[:n_known]
    weight = [np.mean([majority[i] == k for i, j, k in rows if j == worker]) for worker in range(9)]
    score = np.zeros((80, 2))
    for i, j, k in rows:
        score[i, k] += weight[j]
    assert (score.argmax(axis=1) != majority).any()
    result = WAWA().fit(votes, known=np.where(np.arange(80) < n_known, known, -1))
    np.testing.assert_allclose(result.worker_score, weight)
    np.testing.assert_array_equal(result.labels[:n_known], known[:n_known])
    np.testing.assert_array_equal(result.labels[n_known:], score.argmax(axis=1)[n_known:])


def mean_accuracy(strategy, data):
    labels = (strategy.fit(data["votes"], seed=seed).labels for seed in range(SEEDS))
    return np.mean([against_truth.accuracy(one, data["truth"]) for one in labels])


@pytest.mark.parametrize(
    ("name", "lowest", "highest"), [("bluebirds", 0.759, 0.7593), ("labelme", 0.764, 0.774), ("music", 0.797, 0.797)]
)
def test_published_accuracy_of_wawa(load_data, name, lowest, highest):
    assert lowest - TIES <= mean_accuracy(WAWA(), load_data(name)) <= highest + TIES
