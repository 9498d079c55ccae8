"""Votes by given weights and by accuracy on known tasks, by hand."""

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.strategies.weighted_majority_vote import GoldMajorityVote, WeightedMajorityVote
from benchmark_utils.votes import Votes, VotesError

ANSWERS = [[0, 1, 1], [1, 0, 0], [0, 0, 1], [-1, 1, 0]]


def test_given_weights_by_hand():
    result = WeightedMajorityVote([3, 1, 1.5]).fit(Votes.from_matrix(ANSWERS))
    assert result.labels.tolist() == [0, 1, 0, 0]
    np.testing.assert_allclose(result.soft, [[6 / 11, 5 / 11], [5 / 11, 6 / 11], [8 / 11, 3 / 11], [0.6, 0.4]])
    assert result.worker_score.tolist() == [3, 1, 1.5]


def test_a_column_of_weights_goes_by_the_workers_own_names():
    frame = pd.DataFrame({"task": ["a", "a", "a"], "worker": ["eve", "bob", "amy"], "label": ["x", "y", "y"]})
    weights = pd.Series({"amy": 1, "bob": 1, "eve": 3, "zoe": 9})
    for given in (weights, dict(weights)):
        result = WeightedMajorityVote(given).fit(Votes.from_frame(frame))
        assert result.labels.tolist() == [0]
        assert result.worker_score.tolist() == [1, 1, 3]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], r"weights have shape \(2,\): give one per worker, \(3,\)"),
        ([1, -2, 3], r"a weight is below zero in row 1 \(found -2.0\)"),
        ([1, np.nan, 3], "a worker has no weight in row 1"),
        ({0: 1.0, 2: 1.0}, "a worker has no weight in worker 1"),
    ],
)
def test_weights_that_cannot_be_used(weights, message):
    with pytest.raises(VotesError, match=message):
        WeightedMajorityVote(weights).fit(Votes.from_matrix(ANSWERS))


def test_all_weights_zero_is_the_majority():
    assert WeightedMajorityVote(np.zeros(3)).fit(Votes.from_matrix(ANSWERS)).labels.tolist()[:3] == [1, 0, 0]


def test_gold_by_hand():
    """On two known tasks worker 0 is right twice, 1 once, 2 never; worker 3 has answered none of them."""
    answers = [[0, 1, 1, -1], [1, 1, 0, -1], [1, 0, 0, -1], [1, -1, 0, 0], [-1, 0, 1, 1]]
    result = GoldMajorityVote().fit(Votes.from_matrix(answers), known=[0, 1, -1, -1, -1])
    np.testing.assert_allclose(result.parameters["weight"], [1, 0.5, 0, 0.5])
    assert result.labels[:4].tolist() == [0, 1, 1, 1]
    np.testing.assert_allclose(result.soft[:4], [[1, 0], [0, 1], [1 / 3, 2 / 3], [1 / 3, 2 / 3]], atol=1e-9)
    np.testing.assert_allclose(result.soft[4], [0.5, 0.5])


def test_without_known_tasks_gold_is_the_majority_vote(random_votes):
    votes, _ = random_votes(per_task=2)
    for known in (None, np.full(votes.n_task, -1)):
        result = GoldMajorityVote().fit(votes, seed=4, known=known)
        np.testing.assert_array_equal(result.labels, MajorityVote().fit(votes, seed=4).labels)
        assert (result.worker_score == 1).all()


def test_gold_is_ahead_of_the_majority(random_votes):
    """Workers 0 to 2 know the answer, nine others guess."""
    rng = np.random.default_rng(0)
    truth = rng.integers(4, size=300)
    answers = rng.integers(4, size=(300, 12))
    answers[:, :3] = np.where(rng.random((300, 3)) < 0.8, truth[:, None], answers[:, :3])
    votes, known = Votes.from_matrix(answers), np.where(np.arange(300) < 100, truth, -1)
    gold = GoldMajorityVote().fit(votes, known=known).labels
    np.testing.assert_array_equal(gold[:100], truth[:100])
    assert np.mean(gold[100:] == truth[100:]) > np.mean(MajorityVote().fit(votes).labels[100:] == truth[100:]) + 0.1


@pytest.mark.parametrize("ids", [["1", "2", "3"], [1.0, 2.0, 3.0], [1, 2, 3]])
def test_numbers_are_the_same_worker_however_they_are_written(ids):
    votes = Votes.from_frame(pd.DataFrame({"task": [0, 0, 0], "worker": [1, 2, 3], "label": ["x", "y", "y"]}))
    result = WeightedMajorityVote(pd.Series([3, 1, 0.5], index=ids)).fit(votes)
    assert result.worker_score.tolist() == [3, 1, 0.5]
