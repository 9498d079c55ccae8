"""TwoThird: by hand, and published accuracies."""

import pytest

from benchmark_utils.scoring import against_truth
from benchmark_utils.strategies.two_third import TwoThird
from benchmark_utils.votes import Votes


def test_two_third_by_hand():
    given_votes = {
        0: [1],  # one vote is not enough
        1: [1, 1],
        2: [0, 1],
        3: [2, 2, 0],  # exactly two thirds
        4: [0, 0, 0, 0, 1, 2],  # exactly two thirds
        5: [0, 0, 0, 1, 1],  # three fifths
        6: [3, 3, 3, 1],
        7: [],
        8: [1] * 32 + [0] * 16,  # exactly two thirds
        9: [1] * 31 + [0] * 16 + [2],
    }
    rows = [(i, j, k) for i, given in given_votes.items() for j, k in enumerate(given)]
    votes = Votes(*zip(*rows, strict=True), n_task=10, n_worker=48, n_class=4)
    assert TwoThird().fit(votes).labels.tolist() == [-1, 1, -1, 2, 0, -1, 3, -1, 1, -1]


@pytest.mark.parametrize(("name", "accuracy"), [("bluebirds", 0.565), ("labelme", 0.680), ("music", 0.407)])
def test_published_accuracy_of_two_third(load_data, name, accuracy):
    data = load_data(name)
    assert round(against_truth.accuracy(TwoThird().fit(data["votes"]).labels, data["truth"]), 3) == accuracy
