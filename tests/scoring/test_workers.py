"""The spammer score and the recovered skill against their definitions."""

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import spearmanr

from benchmark_utils.crowds.simulated.confusions import ask
from benchmark_utils.scoring.workers import rank_correlation, skill_correlation, spammer_score, tasks_met
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


# Recovered skill


def skilled(*skills):
    """Workers of two classes with these mean diagonals, who each vote on one task."""
    diagonal = np.array(skills)
    confusion = np.stack([np.stack([diagonal, 1 - diagonal], 1), np.stack([1 - diagonal, diagonal], 1)], 1)
    n = len(skills)
    return Votes(np.zeros(n, int), np.arange(n), np.zeros(n, int), 1, n + 1, 2), np.append(confusion, [np.eye(2)], 0)


def test_recovered_skill_by_hand():
    """True ranks 1 2 3 4, scored ranks 1 3 2 4: 1 - 6 (0 + 1 + 1 + 0) / (4 (16 - 1)) = 0.8; the fifth has no vote."""
    votes, confusion = skilled(0.2, 0.5, 0.7, 0.9)
    assert skill_correlation(votes, confusion, [-3, 8, 2, 100, -999]) == pytest.approx(0.8)
    assert skill_correlation(votes, confusion, [3, 2, 1, 0, 9]) == pytest.approx(-1)


def test_the_skill_is_the_mean_diagonal_of_the_rows_by_true_class():
    votes = Votes([0, 0], [0, 1], [0, 0], 1, 2, 2)
    one_sided = np.array([[[1, 0], [0.6, 0.4]], [[0.8, 0.2], [0.3, 0.7]]])  # 0.7 and 0.75
    assert skill_correlation(votes, one_sided, np.array([0.1, 0.2])) == pytest.approx(1)


def test_ties_share_their_rank_as_scipy_has_it():
    rng = np.random.default_rng(0)
    for _ in range(20):
        x, y = rng.integers(5, size=(2, 12))
        assert rank_correlation(x, y) == pytest.approx(spearmanr(x, y).statistic)


def test_a_worker_without_a_score_does_not_count():
    votes, confusion = skilled(0.2, 0.5, 0.7, 0.9)
    assert skill_correlation(votes, confusion, np.array([1, np.nan, 2, 3, np.nan])) == pytest.approx(1)


@pytest.mark.parametrize("score", [None, np.ones(5), np.full(5, np.nan), np.array([1, np.nan, np.nan, np.nan, 2])])
def test_where_nothing_is_ranked_the_skill_is_nan(score):
    votes, confusion = skilled(0.2, 0.5, 0.7, 0.9)
    assert np.isnan(skill_correlation(votes, confusion, score))
    assert np.isnan(skill_correlation(votes, None, np.arange(5)))


def test_dawid_and_skene_recover_the_skill_of_a_simulated_crowd():
    """Twenty skills from 0.3 to 1, 0.037 apart: three standard errors of an accuracy over 1,500 tasks."""
    rng, skill = np.random.default_rng(0), np.linspace(0.3, 1, 20)
    confusion = np.stack([np.where(np.eye(4, dtype=bool), one, (1 - one) / 3) for one in skill])
    crowd = ask(rng, rng.integers(4, size=3000), confusion, feedback=10)
    score = DawidSkene().fit(crowd.votes).worker_score
    assert skill_correlation(crowd.votes, crowd.confusion, score) > 0.99
