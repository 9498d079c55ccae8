"""Confident Learning task by task from the paper, as cleanlab has it, and on a crowd whose tasks can be seen."""

import numpy as np
import pytest

pytest.importorskip("torch")

from benchmark_utils.learning.confident_learning import ConfidentLearning, confident_joint, joint, likely_wrong
from benchmark_utils.votes import Votes


def drawn(seed, n=600, n_class=4):
    """Random probabilities, and labels drawn from them."""
    rng = np.random.default_rng(seed)
    probability = rng.dirichlet(np.ones(n_class), n)
    return np.array([rng.choice(n_class, p=row) for row in probability]), probability


def by_the_paper(labels, probability):
    """C and Q with loops."""
    n, n_class = probability.shape
    t = [np.mean([probability[i, k] for i in range(n) if labels[i] == k]) for k in range(n_class)]
    count = np.zeros((n_class, n_class))
    for i in range(n):
        reached = [k for k in range(n_class) if probability[i, k] >= t[k]]
        if reached:
            count[labels[i], max(reached, key=lambda k, i=i: probability[i, k])] += 1
    share = np.zeros((n_class, n_class))
    for i, j in np.ndindex(share.shape):
        share[i, j] = count[i, j] / count[i].sum() * np.mean(labels == i)
    return count, share / share.sum()


@pytest.mark.parametrize("seed", range(3))
def test_the_joint_is_the_papers(seed):
    labels, probability = drawn(seed, n=200)
    count, share = by_the_paper(labels, probability)
    np.testing.assert_array_equal(confident_joint(labels, probability), count)
    np.testing.assert_allclose(joint(labels, probability), share, atol=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_cleanlab_has_the_same_joint(seed):
    """Once ours is rounded to whole tasks, as the library rounds; before that within one task of each cell."""
    count = pytest.importorskip("cleanlab.count")
    from cleanlab.internal.util import round_preserving_row_totals

    labels, probability = drawn(seed)
    ours, theirs = joint(labels, probability), count.estimate_joint(labels, probability)
    uncalibrated = count.compute_confident_joint(labels, probability, calibrate=False)
    np.testing.assert_allclose(confident_joint(labels, probability), uncalibrated, atol=1e-6)
    whole = round_preserving_row_totals(ours * len(labels)) / len(labels)
    np.testing.assert_allclose(whole, theirs, atol=1e-6)
    np.testing.assert_allclose(ours, theirs, atol=1 / len(labels))


def test_of_each_label_the_least_sure_are_pruned_as_many_as_the_joint_says():
    labels, probability = drawn(1)
    share = joint(labels, probability)
    wrong = likely_wrong(labels, probability)
    for k in range(4):
        mine = np.flatnonzero(labels == k)
        n = int(600 * sum(share[k, j] for j in range(4) if j != k) + 1e-9)
        assert n > 0
        assert set(np.flatnonzero(wrong & (labels == k))) == set(mine[np.argsort(probability[mine, k])[:n]])


def test_a_class_without_labels_and_one_of_whose_labels_none_is_confident():
    labels = np.array([0, 0, 1, -1])
    probability = np.array([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0], [0.5, 0.3, 0.2], [0.0, 1.0, 0.0]])
    np.testing.assert_allclose(joint(labels[:3], probability[:3]), [[2 / 3, 0, 0], [0, 1 / 3, 0], [0, 0, 0]])
    assert likely_wrong(labels, probability).tolist() == [False] * 4


def test_wrong_majorities_are_pruned():
    """Three blobs; both voters of one task in ten say the next class."""
    rng = np.random.default_rng(0)
    truth = np.arange(150) % 3
    tasks = np.array([[0, 0], [4, 0], [0, 4]])[truth] + rng.normal(scale=0.4, size=(150, 2))
    misled = np.arange(150) % 10 == 0
    label = np.repeat((truth + misled) % 3, 2)
    votes = Votes(np.repeat(np.arange(150), 2), np.tile([0, 1], 150), label, 150, 2, 3)
    votes = votes.keep(votes.task != 7)
    quick = {"learning_rate": 0.02, "epochs": 12, "batch_size": 32}
    learnt = ConfidentLearning(labels="MV", recipe=quick).fit(votes, tasks.astype(np.float32))
    pruned = learnt.train_labels()[0] == -1
    assert pruned[7]  # it has no vote
    pruned[7] = misled[7]
    assert (pruned == misled).mean() > 0.95
    assert pruned[misled].mean() > 0.7
    assert np.flatnonzero(np.isnan(learnt.task_score)).tolist() == [7]
    assert (learnt.predict(tasks.astype(np.float32)).argmax(axis=1) == truth).mean() > 0.95
