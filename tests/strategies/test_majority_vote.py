"""MV and NS: ties, and published accuracies."""

import numpy as np
import pytest

from benchmark_utils.scoring import against_truth
from benchmark_utils.strategies.majority_vote import MajorityVote, NaiveSoft
from benchmark_utils.votes import Votes, counts

SEEDS = 20
TIES = 0.005  # how far a published figure may lie away, for its own ties fell at random


@pytest.mark.parametrize("limit", [counts.DENSE_ENTRIES, 0], ids=["dense", "sparse"])
@pytest.mark.parametrize("strategy", [MajorityVote(), NaiveSoft()], ids=["MV", "NS"])
def test_ties_are_broken_uniformly(strategy, limit, monkeypatch):
    monkeypatch.setattr(counts, "DENSE_ENTRIES", limit)

    def chi_square(labels):
        counts = np.bincount(labels, minlength=5)
        assert counts[[0, 4]].tolist() == [0, 0]
        expected = len(labels) / 3
        return ((counts[1:4] - expected) ** 2 / expected).sum()

    one = Votes([0, 0, 0], [0, 1, 2], [1, 2, 3], 1, 3, 5)
    over_seeds = np.array([strategy.fit(one, seed=seed).labels[0] for seed in range(1500)])
    many = Votes(np.repeat(np.arange(1500), 3), np.tile(np.arange(3), 1500), np.tile([1, 2, 3], 1500), 1500, 3, 5)
    assert chi_square(over_seeds) < 13.8  # exceeded once in a thousand by fair draws
    assert chi_square(strategy.fit(many, seed=0).labels) < 13.8


def mean_accuracy(strategy, data):
    labels = (strategy.fit(data["votes"], seed=seed).labels for seed in range(SEEDS))
    return np.mean([against_truth.accuracy(one, data["truth"]) for one in labels])


@pytest.mark.parametrize(
    ("name", "accuracy"), [("bluebirds", 0.759), ("labelme", 0.769), ("music", 0.711), ("audiobirds", 0.9597)]
)
def test_published_accuracy_of_naive_soft_if_ties_go_to_the_lowest_class(load_data, name, accuracy):
    data = load_data(name)
    labels = NaiveSoft().fit(data["votes"]).soft.argmax(axis=1)
    assert round(against_truth.accuracy(labels, data["truth"]), len(str(accuracy)) - 2) == accuracy


@pytest.mark.parametrize("strategy", [MajorityVote(), NaiveSoft()], ids=["MV", "NS"])
@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [("bluebirds", 0.759, 0.7593), ("labelme", 0.761, 0.769), ("music", 0.704, 0.711), ("audiobirds", 0.954, 0.954)],
)
def test_published_accuracy_of_the_majority(load_data, strategy, name, lowest, highest):
    data = load_data(name)
    known = data["truth"] >= 0
    count, truth = counts.sum_votes(data["votes"])[known], data["truth"][known]
    top = count == count.max(axis=1, keepdims=True)
    chance = top[np.arange(len(truth)), truth] / top.sum(axis=1)  # of being right, when ties fall at random
    standard_error = np.sqrt((chance * (1 - chance)).sum() / SEEDS) / len(truth)
    accuracy = mean_accuracy(strategy, data)
    assert abs(accuracy - chance.mean()) <= 4 * standard_error + 1e-12
    assert lowest - TIES <= accuracy <= highest + TIES
