"""ZC against a dense program, and the survey's accuracies."""

import numpy as np
import pytest

from benchmark_utils.strategies.steps.one_coin_posterior import DensePosterior, VotedPosterior
from benchmark_utils.strategies.zc import ZC
from benchmark_utils.votes import Votes
from tests.strategies.literature_crowds import FIGURES, accuracy, each_crowd


def naive(votes, n_iter, known):
    """EM in probabilities, over all classes of all tasks."""
    reliability, likelihoods = np.full(votes.n_worker, 0.8), []
    for step in range(n_iter + 1):
        joint = np.full((votes.n_task, votes.n_class), 1 / votes.n_class)
        joint[known >= 0] *= known[known >= 0, None] == np.arange(votes.n_class)
        for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
            wrong = (1 - reliability[j]) / (votes.n_class - 1)
            joint[i] *= np.where(np.arange(votes.n_class) == k, reliability[j], wrong)
        likelihoods.append(np.log(joint.sum(axis=1)).sum())
        posterior = joint / joint.sum(axis=1, keepdims=True)
        if step == n_iter:
            return posterior, reliability, likelihoods[1:]
        for j in range(votes.n_worker):
            mine = votes.worker == j
            reliability[j] = posterior[votes.task[mine], votes.label[mine]].mean()


@pytest.mark.parametrize("n_iter", [0, 1, 20])
@pytest.mark.parametrize("n_known", [0, 15])
@pytest.mark.parametrize(("n_class", "per_task"), [(2, 5), (5, 5), (8, 3)])  # the first is dense
def test_it_is_the_dense_program(random_votes, n_class, per_task, n_known, n_iter):
    votes, _ = random_votes(n_class=n_class, per_task=per_task, skill=0.5)
    known = np.where(np.arange(votes.n_task) < n_known, np.arange(votes.n_task) % n_class, -1)
    posterior, reliability, likelihoods = naive(votes, n_iter, known)
    result = ZC().fit(votes, n_iter=n_iter, tol=-1, known=known)
    np.testing.assert_allclose(result.soft, posterior, atol=1e-9)
    np.testing.assert_allclose(result.parameters["reliability"], reliability, atol=1e-9)
    np.testing.assert_allclose(result.history, likelihoods)


@pytest.mark.parametrize("n_known", [0, 30])
@pytest.mark.parametrize("seed", range(4))
def test_the_likelihood_never_decreases(random_votes, seed, n_known):
    votes, truth = random_votes(seed, n_task=80, n_class=2 + 2 * seed, skill=0.3 + 0.15 * seed)
    known = np.where(np.arange(80) < n_known, truth, -1)
    history = ZC().fit(votes, n_iter=100, tol=-1, known=known).history
    assert history[-1] > history[0]
    assert np.diff(history).min() >= -1e-9 * abs(history[0])


def test_classes_are_taken_for_equally_frequent():
    """A vote of two against one is the more probable class, however rare that class is."""
    task = np.repeat(np.arange(21), 3)
    label = np.r_[np.zeros(60, dtype=int), 1, 1, 0]
    votes = Votes(task, np.tile(np.arange(3), 21), label, 21, 3, 2)
    assert ZC().fit(votes, n_iter=0).labels[20] == 1


def test_a_worker_without_votes_keeps_the_start():
    votes = Votes([0, 0, 1], [0, 1, 0], [1, 1, 0], 2, 3, 2)
    assert ZC().fit(votes).worker_score[2] == 0.8


def test_both_forms_of_the_posterior_are_clamped_alike(random_votes):
    votes, _ = random_votes(n_class=4, per_task=3)
    known = np.where(np.arange(60) < 20, votes.label[np.searchsorted(votes.task, np.arange(60))], -1)
    results = []
    for form in (DensePosterior(votes, known), VotedPosterior(votes, known)):
        posterior, _ = form.expect(np.linspace(-1, 3, votes.n_worker), np.full(4, 1 / 4))
        posterior, log_known = form.clamp(posterior)
        results.append(
            (
                form.soft(posterior, form.labels(posterior, 0)),
                form.n_right(posterior),
                form.class_totals(posterior),
                log_known,
            )
        )
    for dense, voted in zip(*results, strict=True):
        np.testing.assert_allclose(dense, voted, atol=1e-12)


def test_many_classes_cost_nothing(random_votes):
    votes, truth = random_votes(n_task=200, per_task=7, n_class=4, skill=0.8)
    many = Votes(votes.task, votes.worker, votes.label, 200, 12, 10**6)
    assert np.mean(ZC().fit(many, n_iter=5).labels == truth) > 0.97


@each_crowd("ZC")
def test_accuracy_of_the_survey(literature, crowd):
    """The survey's program makes 20 E-steps and stops. On s_rel it is on the way from 0.50 to 0.48 then."""
    data = literature(crowd)
    result = ZC().fit(data.votes, n_iter=19, tol=-1)
    assert abs(accuracy(result.labels, data) - FIGURES["ZC"][crowd]) <= 0.005
