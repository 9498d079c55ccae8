"""CATD by hand, against a naive program, and the survey's accuracies."""

import numpy as np
import pytest
from scipy.stats import chi2

from benchmark_utils.strategies.catd import CATD
from benchmark_utils.votes import Votes
from tests.strategies.literature_crowds import FIGURES, accuracy, each_crowd

# workers 1 and 2 outvote worker 0 on the first task, and err elsewhere
ANSWERS = [[1, 0, 0, -1], [0, 1, -1, 0], [0, 1, -1, 0], [0, -1, 1, 0], [0, -1, 1, 0]]


def test_by_hand():
    """Distances to the majority are 1, 2, 2, 0; the quantiles of 5, 3, 3, 4 votes 0.8312, 0.2158, 0.2158, 0.4844."""
    votes = Votes.from_matrix(ANSWERS)
    first = CATD().fit(votes, n_iter=1)
    np.testing.assert_allclose(first.parameters["quantile"], [0.8312, 0.2158, 0.2158, 0.4844], atol=5e-5)
    assert first.labels.tolist() == [1, 0, 0, 0, 0]
    np.testing.assert_allclose(first.soft[0], [0.2158 / 1.0470, 0.8312 / 1.0470], atol=1e-4)
    np.testing.assert_allclose(first.soft[1], [1, 0])  # worker 3, at no distance, has an infinite weight
    result = CATD().fit(votes)
    assert (result.history, result.converged) == ([0.2, 0.0], True)
    assert result.parameters["distance"].tolist() == [0, 3, 3, 0]
    np.testing.assert_allclose(result.worker_score, [1, 0.2158 / 3.2158, 0.2158 / 3.2158, 1], atol=1e-4)


def test_a_task_with_a_worker_at_no_distance_keeps_its_label():
    """Worker 0 has one vote and is right by the majority; workers 2 and 3, with 40 votes, err on one other each."""
    task = [*np.repeat(np.arange(40), 3), 40, 40, 40, 40, 40]
    worker = [*np.tile([1, 2, 3], 40), 0, 4, 5, 2, 3]
    label = np.zeros(125, dtype=int)
    label[[1, 5, 123, 124]] = 1
    result = CATD().fit(Votes(task, worker, label, 41, 6, 2))
    assert result.parameters["quantile"][0] < result.parameters["quantile"][2] / 1e4
    assert result.labels[40] == 0
    np.testing.assert_array_equal(result.soft[40], [1, 0])


def naive(votes, n_iter, epsilon=1e-9):
    """The survey's way: a small number is added to the distance."""
    labels, weight = None, np.ones(votes.n_worker)
    for _ in range(n_iter + 1):
        before, labels = labels, []
        for i in range(votes.n_task):
            mine = votes.task == i
            score = np.bincount(votes.label[mine], weight[votes.worker[mine]], votes.n_class)
            labels.append(score.argmax())
        for j in range(votes.n_worker):
            mine = votes.worker == j
            distance = np.count_nonzero(np.array(labels)[votes.task[mine]] != votes.label[mine])
            weight[j] = chi2.ppf(0.025, mine.sum()) / (distance + epsilon)
    return np.array(labels), np.mean(np.array(labels) != before)


@pytest.mark.parametrize("n_iter", [1, 2, 10])
@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_naive_program(seed, n_iter):
    rng = np.random.default_rng(seed)
    matrix = np.where(rng.random((80, 15)) < rng.uniform(0.2, 0.9, 15), rng.integers(3, size=(80, 1)), 3)
    matrix = np.where(matrix == 3, rng.integers(3, size=(80, 15)), matrix)
    matrix[rng.random((80, 15)) < rng.uniform(0.2, 0.9, 15)] = -1
    count = np.sort((matrix[:, :, None] == np.arange(3)).sum(axis=1), axis=1)
    votes = Votes.from_matrix(matrix[count[:, -1] > count[:, -2]], n_class=3)
    labels, changed = naive(votes, n_iter)
    result = CATD().fit(votes, n_iter=n_iter, tol=-1)
    np.testing.assert_array_equal(result.labels, labels)
    assert result.history[-1] == changed


def test_few_votes_weigh_less_than_their_share_of_errors():
    """Of two workers who err on one vote in five, the one with 50 votes weighs 3.4 times as much as the one with 5."""
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=50)
    matrix = np.repeat(truth[:, None], 5, axis=1)
    matrix[:10, 3] = 1 - truth[:10]
    matrix[10, 4] = 1 - truth[10]
    matrix[:10, 4] = matrix[15:, 4] = -1
    weight = CATD().fit(Votes.from_matrix(matrix)).parameters
    ratio = (weight["quantile"] / np.maximum(weight["distance"], 1))[3:]
    assert ratio[0] / ratio[1] == pytest.approx(chi2.ppf(0.025, 50) / 10 / chi2.ppf(0.025, 5))
    assert 3 < ratio[0] / ratio[1] < 4


@pytest.mark.parametrize("seed", range(5))
def test_it_ends(random_votes, seed):
    votes, _ = random_votes(seed, n_task=300, n_worker=40, skill=0.1, per_task=3)
    assert CATD().fit(votes, n_iter=200).converged


@each_crowd("CATD")
def test_accuracy_of_the_survey(literature, crowd):
    """The figures are of 20 iterations: on s_rel the labels still change then, and end at 0.46."""
    data = literature(crowd)
    seeds = range(100) if crowd == "cf" else range(10)  # where ties move an accuracy by 0.008
    accuracies = [accuracy(CATD().fit(data.votes, n_iter=20, seed=seed).labels, data) for seed in seeds]
    assert abs(np.mean(accuracies) - FIGURES["CATD"][crowd]) <= 0.005
