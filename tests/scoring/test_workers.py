"""The spammer score against its definitions."""

import numpy as np
import pytest
from scipy import sparse

from benchmark_utils.scoring.workers import spammer_score, tasks_met
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
    np.testing.assert_allclose(spammer_score(workers), [1, 0, 1, 0, 0, 1 / 3, 0], atol=1e-12)


def test_a_row_that_rests_on_next_to_nothing_is_not_known():
    """Nobody answers tasks of class 2 but worker 0; EM leaves a trace of it with the others."""
    confusion = np.stack([np.eye(3), [[0.9, 0.1, 0], [0.9, 0.1, 0], [0, 0, 1]]])
    met = np.array([[5, 4, 3], [7, 6, 1e-30]])
    assert spammer_score(confusion)[1] > 0.3
    np.testing.assert_allclose(spammer_score(confusion, met), [1, 0], atol=1e-12)
    with pytest.raises(ValueError, match=r"met has shape \(2, 2\): it needs \(n_worker, n_class\), \(2, 3\)"):
        spammer_score(confusion, met[:, :2])


def test_tasks_met_are_counted_in_expectation():
    votes = Votes([0, 0, 1], [0, 1, 1], [0, 1, 1], 2, 3, 2)
    soft = np.array([[0.25, 0.75], [1, 0]])
    expected = [[0.25, 0.75], [1.25, 0.75], [0, 0]]
    np.testing.assert_allclose(tasks_met(votes, soft), expected)
    np.testing.assert_allclose(tasks_met(votes, sparse.csr_array(soft)), expected)


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
