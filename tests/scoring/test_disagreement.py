"""Distances from the distribution of the votes: by hand, and against a double loop over tasks and classes."""

import numpy as np
import pytest
from scipy import sparse

from benchmark_utils.scoring.disagreement import disagreement_scores
from benchmark_utils.strategies.majority_vote import NaiveSoft
from benchmark_utils.votes import Votes
from benchmark_utils.votes.description import entropy
from benchmark_utils.votes.labels import SparseSoft


def test_two_tasks_by_hand():
    """Task 0 has votes 0, 0, 1, so q = (2/3, 1/3, 0); task 1 has one for 2; task 2 has none and does not count."""
    votes = Votes([0, 0, 0, 1], [0, 1, 2, 0], [0, 0, 1, 2], 3, 3, 3)
    soft = np.array([[0.5, 0.25, 0.25], [0.2, 0.2, 0.6], [1, 0, 0]])
    found = disagreement_scores(votes, votes, [0, 2, -1], soft)
    first = -2 / 3 * np.log(0.5) - 1 / 3 * np.log(0.25)
    assert found["votes_cross_entropy"] == pytest.approx((first - np.log(0.6)) / 2)
    assert found["votes_manhattan"] == pytest.approx((1 / 6 + 1 / 12 + 1 / 4 + 0.2 + 0.2 + 0.4) / 2)


def test_hard_labels_count_as_certain_and_no_answer_as_uniform():
    votes = Votes([0, 0, 1], [0, 1, 0], [0, 1, 0], 2, 2, 2)
    found = disagreement_scores(votes, votes, [0, -1])
    assert found["votes_cross_entropy"] == pytest.approx((0.5 * 12 * np.log(10) + np.log(2)) / 2)
    assert found["votes_manhattan"] == pytest.approx((1 + 1) / 2)


def naive(seen, target, soft):
    """Over every task and class."""
    soft, cross, distance = np.asarray(soft, dtype=float), [], []
    for task in range(seen.n_task):
        counts = np.bincount(target.label[target.task == task], minlength=seen.n_class)
        if counts.sum() == 0 or not (seen.task == task).any():
            continue
        q = counts / counts.sum()
        p = soft[task] if soft[task].any() else np.full(seen.n_class, 1 / seen.n_class)
        cross.append(-sum(q[k] * np.log(max(p[k], 1e-12)) for k in range(seen.n_class) if q[k]))
        distance.append(sum(abs(q[k] - p[k]) for k in range(seen.n_class)))
    return np.mean(cross), np.mean(distance)


@pytest.mark.parametrize("store", [np.asarray, sparse.csr_array])
def test_withheld_votes_as_a_double_loop_has_them(random_votes, store):
    votes, _ = random_votes(n_task=60, n_worker=9, n_class=4)
    withheld = votes.worker >= 6
    seen, target = votes.keep(~withheld), votes.keep(withheld)
    soft = np.random.default_rng(0).dirichlet(np.full(4, 0.3), 60) * (np.random.default_rng(1).random((60, 1)) < 0.9)
    found = disagreement_scores(seen, target, soft.argmax(axis=1), store(soft))
    assert list(found.values()) == pytest.approx(naive(seen, target, soft))


def test_nothing_is_nearer_than_the_votes_themselves(random_votes):
    votes, _ = random_votes()
    ns = NaiveSoft().fit(votes)
    found = disagreement_scores(votes, votes, ns.labels, ns.soft)
    assert found["votes_manhattan"] == pytest.approx(0, abs=1e-12)
    assert found["votes_cross_entropy"] == pytest.approx(np.nanmean(entropy(votes)))


def test_without_a_common_task_there_is_nothing_to_average():
    one, other = Votes([0], [0], [0], 2, 2, 2), Votes([1], [1], [0], 2, 2, 2)
    assert np.isnan(list(disagreement_scores(one, other, [0, -1]).values())).all()


def test_a_task_whose_truth_was_given_is_left_out(random_votes):
    votes, truth = random_votes()
    soft = np.random.default_rng(0).dirichlet(np.ones(4), 60)
    given = np.where(np.arange(60) < 20, truth, -1)
    found = disagreement_scores(votes, votes, truth, soft, given)
    others = votes.keep(votes.task >= 20)
    assert list(found.values()) == pytest.approx(naive(others, others, soft))


def test_what_is_not_stored_has_its_proportions(random_votes):
    votes, _ = random_votes()
    q = np.array([0.1, 0.2, 0.3, 0.4])
    stored = np.zeros((60, 4))
    stored[np.arange(60), np.arange(60) % 4] = 0.6
    rest = np.where(stored > 0, 0, q)
    whole = stored + 0.4 * rest / rest.sum(axis=1, keepdims=True)
    soft = SparseSoft(sparse.csr_array(stored))
    soft.proportions = q
    found = disagreement_scores(votes, votes, stored.argmax(axis=1), soft)
    assert list(found.values()) == pytest.approx(naive(votes, votes, whole))
