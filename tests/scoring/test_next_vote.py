"""The expected gain of one more vote: Bayes' rule in loops, by hand, and where there is none."""

import numpy as np
import pytest
from scipy import sparse

from benchmark_utils.scoring.next_vote import expected_gain
from benchmark_utils.votes import Votes, normalise, sum_votes


def naive(votes, soft):
    """E max_k P(k | one more vote) - max_k P(k) by enumeration of workers and answers; below chance, no gain."""
    n_class = votes.n_class
    right, n_votes = np.zeros((2, votes.n_worker))
    for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
        right[j] += soft[i, k]
        n_votes[j] += 1
    gain = np.zeros(votes.n_task)
    for i in range(votes.n_task):
        for j in range(votes.n_worker):
            skill = (1 + right[j]) / (2 + n_votes[j])
            error = (1 - skill) / (n_class - 1)
            if skill < error:
                continue
            for answer in range(n_class):
                joint = [soft[i, k] * (skill if k == answer else error) for k in range(n_class)]
                gain[i] += n_votes[j] / n_votes.sum() * max(joint)
            gain[i] -= n_votes[j] / n_votes.sum() * max(soft[i])
    return gain


@pytest.mark.parametrize("n_class", [2, 4])
@pytest.mark.parametrize("skill", [0.1, 0.7])
def test_it_is_bayes_rule(random_votes, n_class, skill):
    votes, _ = random_votes(n_class=n_class, skill=skill)
    soft = (normalise(sum_votes(votes)) + np.random.default_rng(0).dirichlet(np.ones(n_class), votes.n_task)) / 2
    expected = naive(votes, soft)
    assert expected.max() > 0.01
    assert expected_gain(votes, soft) == pytest.approx(expected, abs=1e-12)
    assert expected_gain(votes, sparse.csr_array(soft)) == pytest.approx(expected, abs=1e-12)


def test_by_hand():
    """One worker, 8 votes, all certain to be right: a = 9 / 10, e = 1 / 10. Of (.5, .5) a vote makes (.9, .1): .4."""
    votes = Votes(range(8), [0] * 8, [0] * 8, 10, 1, 2)
    soft = np.zeros((10, 2))
    soft[:8, 0] = 1
    soft[8] = 0.5  # and task 9 has a row of zeros, which is (.5, .5) too
    assert expected_gain(votes, soft) == pytest.approx([0] * 8 + [0.4, 0.4])


def test_the_least_sure_task_gains_most(random_votes):
    votes, _ = random_votes()
    soft = normalise(sum_votes(votes))
    gain = expected_gain(votes, soft)
    least = soft.max(axis=1)
    assert least[gain.argmax()] == least.min()
    assert (gain[least == 1] == 0).all()


def test_one_class_gains_nothing():
    assert expected_gain(Votes([0, 1], [0, 0], [0, 0], 2, 1, 1), np.ones((2, 1))).tolist() == [0, 0]
