"""The prior and the voted support of DS, against dense programs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.weighted_dawid_skene import WeightedDawidSkene
from benchmark_utils.votes import Votes, sum_votes

crowds = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=40)


def naive(votes, n_iter, smoothing, support):
    """Algorithm 1 of the thesis with a prior on the rows of pi and T_il = 0 where task i did not receive l."""
    count = np.zeros((votes.n_task, votes.n_class))
    np.add.at(count, (votes.task, votes.label), 1)
    voted = count.any(axis=1)
    allowed = count > 0 if support == "voted" else np.ones(count.shape, dtype=bool)
    posterior = count / np.maximum(count.sum(axis=1, keepdims=True), 1)
    objectives = []
    for step in range(n_iter + 1):
        n = np.full((votes.n_worker, votes.n_class, votes.n_class), float(smoothing))
        for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
            n[j, :, k] += posterior[i]
        total = n.sum(axis=2, keepdims=True)
        confusion = np.divide(n, total, out=np.zeros_like(n), where=total > 0)
        prevalence = posterior[voted].mean(axis=0)
        if step == n_iter:
            return posterior, confusion, prevalence, objectives
        joint = prevalence * allowed
        for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
            joint[i] *= confusion[j, :, k]
        evidence = joint.sum(axis=1)
        objectives.append(np.log(evidence[voted]).sum())
        if smoothing:
            objectives[-1] += smoothing * np.log(confusion).sum()
        posterior = joint / np.where(voted, evidence, 1)[:, None] * voted[:, None]


@given(crowds, st.integers(0, 6), st.sampled_from([0, 0.01, 1]), st.sampled_from(["full", "voted"]))
@settings(max_examples=150, deadline=None)
def test_it_is_the_dense_program(crowd, n_iter, smoothing, support):
    votes = Votes(*zip(*crowd, strict=True), n_task=6, n_worker=5, n_class=4)
    posterior, confusion, prevalence, objectives = naive(votes, n_iter, smoothing, support)
    result = DawidSkene(smoothing, support).fit(votes, n_iter=n_iter, tol=-1)
    np.testing.assert_allclose(result.soft, posterior, atol=1e-9)
    np.testing.assert_allclose(result.parameters["prevalence"], prevalence, atol=1e-9)
    found = result.parameters["confusion" if support == "full" else "triple_confusion"]
    if support == "full":
        np.testing.assert_allclose(found, confusion, atol=1e-9)
        np.testing.assert_allclose(result.history, objectives, atol=1e-8)
        return
    triple = tuple(result.parameters[axis] for axis in ("worker", "true_class", "voted_class"))
    np.testing.assert_allclose(found, confusion[triple], atol=1e-9)
    diagonal = np.where(sum_votes_by_worker(votes) > 0, np.einsum("jkk->jk", confusion), 0)
    np.testing.assert_allclose(result.parameters["diagonal"].toarray(), diagonal, atol=1e-9)
    # the rows of pi that no vote informs are left out of its prior: a constant
    np.testing.assert_allclose(np.diff(result.history), np.diff(objectives), atol=1e-8)
    if not smoothing:
        np.testing.assert_allclose(result.history, objectives, atol=1e-8)


def sum_votes_by_worker(votes):
    return sum_votes(Votes(votes.worker, votes.task, votes.label, votes.n_worker, votes.n_task, votes.n_class))


def test_voted_confines_labels_to_what_was_voted(random_votes):
    votes, _ = random_votes(n_class=6, per_task=3, skill=0.2)
    count = sum_votes(votes)
    result = DawidSkene(support="voted").fit(votes)
    assert (count[np.arange(votes.n_task), result.labels] > 0).all()
    assert not result.soft[count == 0].any()


@pytest.mark.parametrize("support", ["full", "voted"])
def test_a_strong_prior_makes_the_workers_alike(random_votes, support):
    votes, _ = random_votes(skill=0.8)
    score = {s: DawidSkene(s, support).fit(votes).worker_score for s in (0, 1, 1000)}
    assert np.ptp(score[0]) > np.ptp(score[1]) > 10 * np.ptp(score[1000])
    np.testing.assert_allclose(score[1000], 1 / 4, atol=0.01)


def test_wds_weighs_votes_by_the_diagonals_of_the_voted_support(random_votes):
    votes, _ = random_votes(skill=0.5)
    _, confusion, _, _ = naive(votes, 7, 0, "voted")
    score = np.zeros((votes.n_task, votes.n_class))
    for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
        score[i, k] += confusion[j, k, k]
    result = WeightedDawidSkene(support="voted").fit(votes, n_iter=7, tol=-1)
    np.testing.assert_allclose(result.soft, score / score.sum(axis=1, keepdims=True), atol=1e-9)


def test_voted_needs_memory_in_the_number_of_votes_and_of_classes():
    votes = Votes([0, 0, 1], [0, 1, 0], [0, 1, 5], n_task=10**6, n_worker=10**5, n_class=10**4)
    assert DawidSkene().bytes_needed(votes) > 10**14
    assert DawidSkene(support="voted").bytes_needed(votes) < 1000 + 128 * votes.n_class
    result = DawidSkene(support="voted").fit(votes)
    assert result.labels[1] == 5
    assert result.soft.nnz == 3


def test_an_unknown_support_is_refused(random_votes):
    with pytest.raises(ValueError, match=r"'sparse'.*'full' or 'voted'"):
        DawidSkene(support="sparse").fit(random_votes()[0])
