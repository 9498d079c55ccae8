"""IWMV and ZBS by hand, and against naive programs."""

from itertools import pairwise

import numpy as np
import pytest

from benchmark_utils.strategies import zbs
from benchmark_utils.strategies.iwmv import IWMV
from benchmark_utils.strategies.zbs import ZeroBasedSkill
from benchmark_utils.votes import Votes


def test_iwmv_by_hand():
    # majorities 0, 0, 1: agreement 3/3, 2/3, 1/3 and so weights 1, 1/3, -1/3
    votes = Votes.from_matrix([[0, 0, 1], [0, 1, 0], [1, 1, 0]])
    result = IWMV().fit(votes, n_iter=1)
    np.testing.assert_allclose(result.parameters["weight"], [1, 1 / 3, -1 / 3])
    assert result.labels.tolist() == [0, 0, 1]
    np.testing.assert_allclose(result.soft, [[1, 0], [2 / 3, 1 / 3], [0, 1]], atol=1e-9)  # -1/3 alone counts as none
    assert (result.history, result.converged) == ([0.0], True)


def naive_iwmv(votes, n_iter, known):
    labels, steps = None, []
    weight = np.ones(votes.n_worker)
    for _ in range(n_iter + 1):
        score = np.zeros((votes.n_task, votes.n_class))
        np.add.at(score, (votes.task, votes.label), weight[votes.worker])
        labels = np.where(known >= 0, known, score.argmax(axis=1))
        steps.append(labels)
        agreement = [np.mean(labels[votes.task[votes.worker == j]] == votes.label[votes.worker == j]) for j in range(9)]
        weight = votes.n_class * np.array(agreement) - 1
    return steps


def crowd_without_ties():
    rng = np.random.default_rng(0)
    right = rng.random((80, 9)) < [0.95, 0.95, 0.9, 0.9, 0.9, 0.5, 0.5, 0.2, 0.1]
    matrix = right.astype(int)
    matrix[np.arange(80)[:, None], rng.random((80, 9)).argsort(axis=1)[:, :4]] = -1  # five votes are left
    return Votes.from_matrix(matrix)


@pytest.mark.parametrize("n_known", [0, 20])
def test_iwmv_against_a_naive_program(n_known):
    votes = crowd_without_ties()
    known = np.where(np.arange(80) < n_known, np.arange(80) % 4 > 0, -1)
    result = IWMV().fit(votes, known=known)
    steps = naive_iwmv(votes, result.n_iter, known)
    np.testing.assert_array_equal(result.labels, steps[-1])
    changed = [np.mean(a != b) for a, b in pairwise(steps)]
    assert result.history == changed
    assert changed[0] > 0
    assert changed[-1] == 0


def test_iwmv_takes_a_class_without_votes_where_the_voters_are_worse_than_chance():
    """Worker 2 contradicts two others on four tasks, and is alone on the fifth."""
    task, worker = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4], [0, 1, 2] * 4 + [2]
    label = [0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0]
    result = IWMV().fit(Votes(task, worker, label, 5, 3, 2))
    assert result.labels.tolist() == [0, 1, 0, 1, 1]
    assert result.parameters["weight"][2] < 0


def test_zbs_by_hand():
    # majorities 0, 0, 1: agreement 3/3, 2/3, 1/3
    votes = Votes.from_matrix([[0, 0, 1], [0, 1, 0], [1, 1, 0]])
    result = ZeroBasedSkill().fit(votes)
    np.testing.assert_allclose(result.worker_score, [1, 2 / 3, 1 / 3])
    np.testing.assert_allclose(result.soft, [[5 / 6, 1 / 6], [2 / 3, 1 / 3], [1 / 6, 5 / 6]])
    np.testing.assert_allclose(result.history, [(0 + 1 / 9 + 4 / 9) / 3 / 2])
    assert (result.labels.tolist(), result.n_iter, result.converged) == ([0, 0, 1], 1, True)


def naive_zbs(votes, labels, n_iter, halving, known):
    skill = np.ones(votes.n_worker)
    for step in range(n_iter):
        agrees = votes.label == labels[votes.task]
        share = np.array([agrees[votes.worker == j].mean() for j in range(votes.n_worker)])
        skill = skill - 0.5 ** (step // halving) * (skill - share)
        score = np.zeros((votes.n_task, votes.n_class))
        np.add.at(score, (votes.task, votes.label), skill[votes.worker])
        labels = np.where(known >= 0, known, score.argmax(axis=1))
    return skill, labels


@pytest.mark.parametrize("halving", [1, 2, 20])
@pytest.mark.parametrize("n_iter", [1, 2, 4])
@pytest.mark.parametrize("n_known", [0, 40])
def test_zbs_against_a_naive_program(random_votes, monkeypatch, n_known, n_iter, halving):
    monkeypatch.setattr(zbs, "_HALVING", halving)
    votes, _ = random_votes(n_task=150, skill=0.1)
    known = np.where(np.arange(150) < n_known, np.arange(150) % 4, -1)
    start = ZeroBasedSkill().fit(votes, n_iter=0, known=known).labels
    skill, labels = naive_zbs(votes, start, n_iter, halving, known)
    result = ZeroBasedSkill().fit(votes, n_iter=n_iter, tol=-1, known=known)
    np.testing.assert_allclose(result.worker_score, skill)
    np.testing.assert_array_equal(result.labels, labels)
    assert (labels != start).any()
