"""VI-MF against its definition, a loop, and the survey's accuracies."""

import numpy as np
import pytest
from scipy.special import digamma
from scipy.stats import beta

from benchmark_utils.strategies.vi_mf import VIMF
from benchmark_utils.votes import VotesError


def loop(votes, n_iter):
    """Mean field vote by vote, and the bound as E log p - E log q, term by term."""
    asked = [[] for _ in range(votes.n_task)]
    for i, j, y in zip(votes.task, votes.worker, votes.label, strict=True):
        asked[i].append((j, y))
    posterior = np.array([np.bincount([y for _, y in a], minlength=2) / len(a) for a in asked])
    bounds = []
    for _ in range(n_iter):
        a, b = np.full((votes.n_worker, 2), 2.0), np.full((votes.n_worker, 2), 1.0)
        for i, j, y in zip(votes.task, votes.worker, votes.label, strict=True):
            a[j, y] += posterior[i, y]
            b[j, 1 - y] += posterior[i, 1 - y]
        right, wrong = digamma(a) - digamma(a + b), digamma(b) - digamma(a + b)
        log_joint = np.full((votes.n_task, 2), np.log(0.5))
        for i, j, y in zip(votes.task, votes.worker, votes.label, strict=True):
            log_joint[i, y] += right[j, y]
            log_joint[i, 1 - y] += wrong[j, 1 - y]
        joint = np.exp(log_joint)
        posterior = joint / joint.sum(axis=1, keepdims=True)
        log_prior = (np.log(2.0) + right).sum()  # Beta(2, 1) has the density 2 q
        entropy = beta(a, b).entropy().sum() - (posterior * np.log(posterior)).sum()
        bounds.append((posterior * log_joint).sum() + log_prior + entropy)
    return posterior, bounds


def test_against_a_loop_and_the_definition_of_the_bound(random_votes):
    votes, _ = random_votes(n_task=15, n_worker=6, n_class=2, per_task=4, skill=0.5)
    result = VIMF().fit(votes, n_iter=3, tol=-1)
    posterior, bounds = loop(votes, 3)
    np.testing.assert_allclose(result.soft, posterior, rtol=1e-9)
    np.testing.assert_allclose(result.history, bounds, rtol=1e-9)


@pytest.mark.parametrize("skill", [0.2, 0.5, 0.9])
def test_the_bound_never_falls(skill, random_votes):
    for seed in range(3):
        votes, truth = random_votes(seed, n_class=2, skill=skill)
        known = np.where(np.arange(votes.n_task) < 5, truth, -1) if seed == 2 else None
        history = VIMF().fit(votes, n_iter=60, tol=-1, known=known).history
        assert np.diff(history).min() >= -1e-9 * abs(history[0])


@pytest.mark.parametrize(("name", "accuracy"), [("bluebirds", 0.8981), ("rte", 0.9288)])
def test_accuracy_of_the_survey(name, accuracy, load_data):
    data = load_data(name) if name == "bluebirds" else load_data("local", path=name)
    assert (VIMF().fit(data["votes"]).labels == data["truth"]).mean() == pytest.approx(accuracy, abs=0.001)


def test_more_than_two_classes_are_refused(random_votes):
    votes, _ = random_votes(n_class=3)
    with pytest.raises(VotesError, match="two classes and these votes have 3"):
        VIMF().fit(votes)


def test_known_tasks_keep_their_truth(random_votes):
    votes, truth = random_votes(n_task=80, n_class=2, skill=0.3)
    known = np.where(np.arange(80) < 40, truth, -1)
    result, without = VIMF().fit(votes, known=known), VIMF().fit(votes)
    np.testing.assert_array_equal(result.labels[:40], truth[:40])
    assert (result.soft[40:] != without.soft[40:]).any()
