"""The spammer score against its definitions."""

import numpy as np
import pytest

from benchmark_utils.scoring.workers import spammer_score
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.votes import Votes


@pytest.fixture
def confusion():
    return np.random.default_rng(0).dirichlet(np.ones(5), size=(7, 5))


def test_it_is_the_formula(confusion):
    expected = [
        sum(((pi[k] - pi[other]) ** 2).sum() for k in range(5) for other in range(k + 1, 5)) / (5 * 4)
        for pi in confusion
    ]
    np.testing.assert_allclose(spammer_score(confusion), expected)


def test_it_is_the_distance_to_the_nearest_matrix_of_equal_rows(confusion):
    nearest = confusion.mean(axis=1, keepdims=True)
    distance = ((confusion - nearest) ** 2).sum(axis=(1, 2))
    np.testing.assert_allclose(spammer_score(confusion), distance / 4)


def test_known_workers():
    spammer = np.tile([0.2, 0.5, 0.3], (3, 1))
    adversary = np.eye(3)[[1, 2, 0]]
    constant = np.tile([0, 1, 0], (3, 1))
    unknown = np.zeros((3, 3))
    expert_on_two = np.diag([1, 0, 1])
    once = np.diag([0, 1, 0])
    workers = np.stack([np.eye(3), spammer, adversary, constant, unknown, expert_on_two, once])
    np.testing.assert_allclose(spammer_score(workers), [1, 0, 1, 0, 0, 1, 0], atol=1e-12)


def test_one_class():
    assert spammer_score(np.ones((2, 1, 1))).tolist() == [0, 0]


def test_another_shape_is_refused(confusion):
    with pytest.raises(ValueError, match=r"\(5, 5\)"):
        spammer_score(confusion[0])


def test_it_separates_spammers_from_workers():
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=500)
    answers = np.where(rng.random((500, 8)) < np.r_[np.full(5, 0.8), np.zeros(3)], truth[:, None], 1)
    answers[:, 7] = rng.integers(3, size=500)
    score = spammer_score(DawidSkene().fit(Votes.from_matrix(answers)).parameters["confusion"])
    assert score[:5].min() > 0.3
    assert score[5:].max() < 0.02
