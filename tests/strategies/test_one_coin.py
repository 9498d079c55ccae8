"""One-coin Dawid-Skene against a dense program."""

import numpy as np
import pytest

from benchmark_utils.strategies.one_coin import OneCoinDawidSkene
from benchmark_utils.strategies.steps.one_coin_posterior import DensePosterior, VotedPosterior
from benchmark_utils.votes import Votes, counts


def naive(votes, n_iter):
    """EM in probabilities, over all classes of all tasks."""
    posterior = np.zeros((votes.n_task, votes.n_class))
    np.add.at(posterior, (votes.task, votes.label), 1)
    posterior /= posterior.sum(axis=1, keepdims=True)
    likelihoods = []
    for step in range(n_iter + 1):
        right, total = np.zeros((2, votes.n_worker))
        for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
            right[j] += posterior[i, k]
            total[j] += 1
        accuracy, prevalence = right / total, posterior.mean(axis=0)
        if step == n_iter:
            return posterior, accuracy, prevalence, likelihoods
        joint = np.tile(prevalence, (votes.n_task, 1))
        for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
            wrong = (1 - accuracy[j]) / (votes.n_class - 1)
            joint[i] *= np.where(np.arange(votes.n_class) == k, accuracy[j], wrong)
        likelihoods.append(np.log(joint.sum(axis=1)).sum())
        posterior = joint / joint.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("n_iter", [0, 1, 20])
@pytest.mark.parametrize(("n_class", "skill"), [(2, 0.5), (5, 0.3), (8, 0.7)])
def test_it_is_the_dense_program(random_votes, n_class, skill, n_iter):
    votes, _ = random_votes(n_class=n_class, skill=skill)
    posterior, accuracy, prevalence, likelihoods = naive(votes, n_iter)
    result = OneCoinDawidSkene().fit(votes, n_iter=n_iter, tol=-1)
    np.testing.assert_allclose(result.soft, posterior, atol=1e-9)
    np.testing.assert_allclose(result.parameters["accuracy"], accuracy, atol=1e-9)
    np.testing.assert_allclose(result.parameters["prevalence"], prevalence, atol=1e-9)
    np.testing.assert_allclose(result.history, likelihoods)


def test_perfect_workers_may_disagree():
    """Two workers meet on one task, and contradict each other: either may be the one who never errs."""
    votes = Votes([0, 1, 2, 2, 3, 4], [0, 0, 0, 1, 1, 1], [0, 1, 0, 1, 1, 0], 5, 2, 2)
    result = OneCoinDawidSkene().fit(votes, n_iter=500, tol=-1)
    assert np.isfinite(result.history).all()
    assert np.diff(result.history).min() >= -1e-9
    assert np.isfinite(result.soft).all()


def test_many_classes_cost_nothing(random_votes):
    votes, truth = random_votes(n_task=200, per_task=7, n_class=4, skill=0.8)
    many = Votes(votes.task, votes.worker, votes.label, 200, 12, 10**6)
    assert np.mean(OneCoinDawidSkene().fit(many, n_iter=5).labels == truth) > 0.97


def test_both_forms_of_the_posterior_are_the_same(random_votes):
    votes, _ = random_votes(n_class=4, per_task=3)
    prevalence, log_odds = np.array([0.4, 0.3, 0.2, 0.1]), np.linspace(-1, 3, votes.n_worker)
    dense, voted = DensePosterior(votes), VotedPosterior(votes)
    (full, evidence), (pairs, same_evidence) = dense.expect(log_odds, prevalence), voted.expect(log_odds, prevalence)
    np.testing.assert_allclose(voted.soft(pairs, voted.labels(pairs, 0)), full, rtol=1e-10)
    np.testing.assert_allclose(voted.n_right(pairs), dense.n_right(full), rtol=1e-10)
    np.testing.assert_allclose(voted.class_totals(pairs), dense.class_totals(full), rtol=1e-10)
    assert evidence == pytest.approx(same_evidence, rel=1e-12)
    np.testing.assert_allclose(voted.soft(voted.start(), voted.labels(voted.start(), 0)), dense.start())


def test_uniform_prevalence_stays_uniform_and_changes_the_answer(random_votes):
    votes, _ = random_votes(skill=0.5)
    result = OneCoinDawidSkene(prevalence="uniform").fit(votes)
    np.testing.assert_array_equal(result.parameters["prevalence"], np.full(4, 0.25))
    result = OneCoinDawidSkene(prevalence="uniform").fit(votes, n_iter=2000, tol=1e-13)
    log_joint = np.zeros((votes.n_task, 4))
    log_right, log_wrong = np.log(result.worker_score), np.log((1 - result.worker_score) / 3)
    for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
        log_joint[i] += np.where(np.arange(4) == k, log_right[j], log_wrong[j])
    joint = np.exp(log_joint)
    np.testing.assert_allclose(result.soft, joint / joint.sum(axis=1, keepdims=True), atol=1e-5)
    assert np.abs(result.soft - OneCoinDawidSkene().fit(votes).soft).max() > 0.01


def test_another_prevalence_is_refused(random_votes):
    with pytest.raises(ValueError, match="'flat': it is 'estimated' or 'uniform'"):
        OneCoinDawidSkene("flat").fit(random_votes()[0])


@pytest.mark.parametrize(("name", "estimated", "uniform"), [("bluebirds", 0.583, 0.722), ("web", 0.808, 0.840)])
def test_the_prevalence_is_worth_more_than_any_other_choice(name, estimated, uniform, load_data):
    data = load_data(name) if name == "bluebirds" else load_data("local", path=name)
    known = data["truth"] >= 0
    for prevalence, expected in (("estimated", estimated), ("uniform", uniform)):
        labels = OneCoinDawidSkene(prevalence).fit(data["votes"]).labels
        assert (labels == data["truth"])[known].mean() == pytest.approx(expected, abs=0.005)


def test_the_dense_form_runs_where_sums_of_votes_are_sparse(random_votes, monkeypatch):
    votes, _ = random_votes(n_class=2)
    expected = OneCoinDawidSkene().fit(votes, n_iter=5).soft
    monkeypatch.setattr(counts, "DENSE_ENTRIES", 0)
    np.testing.assert_allclose(OneCoinDawidSkene().fit(votes, n_iter=5).soft, expected)
