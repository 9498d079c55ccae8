"""What is read off the votes and the labels: against confusion matrices, by hand, at any size."""

import numpy as np
import pytest

from benchmark_utils.scoring.answers import Answers, agreement_of_pairs
from benchmark_utils.scoring.workers import spammer_score
from benchmark_utils.votes import Votes


def test_scores_from_votes_are_those_of_the_confusion_matrices(random_votes):
    votes, labels = random_votes(n_task=80, n_worker=9)
    labels[:10] = -1
    confusion = np.zeros((votes.n_worker, votes.n_class, votes.n_class))
    for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
        if labels[i] >= 0:
            confusion[j, labels[i], k] += 1
    answers = Answers.of(votes, labels)
    right = np.einsum("jkk->j", confusion) / confusion.sum(axis=(1, 2))
    assert answers.agreement() == pytest.approx(right)
    label, answer, count = answers.most_frequent_confusion()
    for j, wrong in enumerate(confusion * (1 - np.eye(votes.n_class))):
        assert (label[j], answer[j], count[j]) == (*np.unravel_index(wrong.argmax(), wrong.shape), wrong.max())
    total = confusion.sum(axis=2, keepdims=True)
    assert answers.spammer_score() == pytest.approx(spammer_score(confusion / np.maximum(total, 1)))


def test_a_worker_of_whom_nothing_is_known():
    """Worker 0 is always right, on two labels; worker 1 met one label; worker 2 voted on a task without label."""
    votes = Votes([0, 1, 0, 2], [0, 0, 1, 2], [0, 1, 1, 1], 3, 4, 2)
    answers = Answers.of(votes, np.array([0, 1, -1]))
    assert answers.agreement().tolist() == pytest.approx([1, 0, np.nan, np.nan], nan_ok=True)
    assert answers.spammer_score().tolist() == pytest.approx([1, np.nan, np.nan, np.nan], nan_ok=True)
    assert [column.tolist() for column in answers.most_frequent_confusion()] == [
        [-1, 0, -1, -1],
        [-1, 1, -1, -1],
        [0, 1, 0, 0],
    ]


def test_scores_from_votes_take_memory_of_the_votes():
    """Matrices of a million classes would take 8 TB each."""
    votes = Votes([0, 1, 2], [0, 0, 0], [5, 999_999, 7], 3, 1, 1_000_000)
    score = Answers.of(votes, np.array([5, 999_999, 8])).spammer_score()
    assert score == pytest.approx([2 * 3 / (1e6 * (1e6 - 1))])  # three pairs of rows, each at distance 2


def test_who_agrees_with_whom():
    """On tasks 0 and 1 workers 0 and 2 agree once; worker 1 shares no task with them."""
    votes = Votes([0, 1, 0, 1, 2], [0, 0, 2, 2, 1], [0, 1, 0, 0, 0], 3, 3, 2)
    share, n = agreement_of_pairs(votes, [2, 0, 1])
    assert share == pytest.approx(np.array([[1, 0.5, np.nan], [0.5, 1, np.nan], [np.nan, np.nan, 1]]), nan_ok=True)
    assert n.tolist() == [[2, 2, 0], [2, 2, 0], [0, 0, 1]]
