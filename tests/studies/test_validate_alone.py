"""The share of users who validate alone, on a crowd made by hand."""

import numpy as np

from benchmark_utils.strategies.plantnet import WEIGHTS, PlantNet
from benchmark_utils.votes import Votes
from studies.validate_alone import share_alone, table


def crowd():
    """One user as author of 8 species that three others confirm, 40 observations of one vote each, a silent user."""
    task = np.append(np.repeat(np.arange(8), 4), 8 + np.arange(40))
    worker = np.append(np.tile(np.arange(4), 8), 4 + np.arange(40))
    label = np.append(np.repeat(np.arange(8), 4), np.zeros(40, dtype=int))
    author = np.append(np.zeros(8, dtype=int), 4 + np.arange(40))
    return Votes(task, worker, label, 48, 45, 8, author=author)


def test_the_share_is_of_the_users_with_a_vote():
    assert share_alone(PlantNet(), crowd()) == (1 / 44, True)
    assert share_alone(PlantNet(theta_conf=0.5), crowd())[0] == 1


def test_the_table_has_every_weight_and_penalty():
    lines = [line.split("|")[1:-1] for line in table([crowd(), crowd()]).splitlines()[2:]]
    assert [line[1].strip() for line in lines[6:]] == ["difference", "ratio", "accuracy", "reviewed", "reviewed_valid"]
    assert [line[0].strip() for line in lines[:6]] == list(WEIGHTS)
    assert lines[0][2].strip() == "2.27 ± 0.00 %"
    assert lines[1][2].strip() == "0.00 ± 0.00 %"  # four new users do not reach the threshold that goes with "linear"
    assert lines[7][2].strip() == "0.00 ± 0.00 %"  # f(8 / 8) is a new user's weight
    assert "±" not in table([crowd()])
