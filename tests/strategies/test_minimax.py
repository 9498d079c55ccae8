"""Minimax against its definition, a general optimiser, and the survey's accuracies."""

import numpy as np
import pytest
from scipy.optimize import minimize

from benchmark_utils.harness.limits import skip
from benchmark_utils.strategies.minimax import Minimax, climb, fold_of
from benchmark_utils.strategies.steps.runs import Run
from benchmark_utils.votes import Votes


def dual_by_loop(votes, sigma, tau, alpha, beta):
    """The dual vote by vote, and the posterior."""
    log_joint = np.zeros((votes.n_task, votes.n_class))
    for i, j, y in zip(votes.task, votes.worker, votes.label, strict=True):
        for c in range(votes.n_class):
            score = sigma[i, c] + tau[j, c]
            log_joint[i, c] += score[y] - np.log(np.exp(score).sum())
    evidence = np.exp(log_joint).sum(axis=1)
    value = np.log(evidence).sum() - alpha / 2 * (sigma**2).sum() - beta / 2 * (tau**2).sum()
    return value, np.exp(log_joint) / evidence[:, None]


def test_its_end_is_stationary_for_a_general_optimiser(random_votes):
    votes, _ = random_votes(n_task=8, n_worker=4, n_class=2, per_task=3, skill=0.7)
    result = Minimax(penalties=(0.5,)).fit(votes, n_iter=3000, tol=1e-13)
    beta = 0.5 * 4
    alpha = beta * (24 / 4) / (24 / 8)
    dual = Run(climb(votes, None, 0.5, tol=1e-13)).reach(3000)
    value, posterior = dual_by_loop(votes, dual.sigma, dual.tau, alpha, beta)
    assert result.history[-1] == pytest.approx(value, rel=1e-9)
    np.testing.assert_allclose(result.soft, posterior, atol=1e-6)
    n_sigma = dual.sigma.size

    def loss(x):
        return -dual_by_loop(votes, x[:n_sigma].reshape(8, 2, 2), x[n_sigma:].reshape(4, 2, 2), alpha, beta)[0]

    best = minimize(loss, np.concatenate([dual.sigma.ravel(), dual.tau.ravel()]))
    assert -best.fun == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize("skill", [0.2, 0.5, 0.9])
def test_the_dual_never_falls(skill, random_votes):
    for seed in range(3):
        votes, truth = random_votes(seed, skill=skill)
        known = np.where(np.arange(votes.n_task) < 5, truth, -1) if seed == 2 else None
        history = Minimax(penalties=(0.25,)).fit(votes, n_iter=60, tol=-1, known=known).history
        assert np.diff(history).min() >= -1e-9 * abs(history[0])


# the survey's own program and result files, at its fixed penalty of gamma = 1/4, which held-out votes choose here too
@pytest.mark.parametrize(
    ("name", "accuracy"),
    [("bluebirds", 0.9167), ("rte", 0.9250), ("dog", 0.8377), ("cf_amt", 0.8600), ("face", 0.6524)],
)
def test_accuracy_of_the_survey(name, accuracy, load_data):
    data = load_data(name) if name == "bluebirds" else load_data("literature", name=name)
    result = Minimax(penalties=(0.25,)).fit(data["votes"])
    assert (result.labels == data["truth"]).mean() == pytest.approx(accuracy, abs=0.01)


def test_held_out_votes_choose_the_penalty(random_votes, load_data):
    result = Minimax().fit(load_data("bluebirds")["votes"])
    assert result.parameters["penalty"] == 0.25
    assert result.parameters["held_out"].argmax() == 0
    start = Minimax().fit(load_data("bluebirds")["votes"], n_iter=0)
    np.testing.assert_array_equal(start.parameters["held_out"], np.zeros(5))
    noise, _ = random_votes(n_task=100, n_class=2, skill=0.0)  # nothing to learn: the less is learned the better
    result = Minimax().fit(noise)
    assert result.parameters["penalty"] == 4.0
    assert (result.parameters["held_out"] < 0).all()


def test_held_out_votes_have_no_part_in_the_fit(random_votes):
    votes, _ = random_votes(n_task=30)
    fold = fold_of(votes)
    assert np.ptp(np.bincount(fold)) <= 1
    kept = votes.keep(fold != 0)
    other = Votes(kept.task, kept.worker, kept.label, votes.n_task, votes.n_worker, votes.n_class)
    duals = [Run(climb(given, None, 0.5, tol=-1)).reach(5) for given in (kept, other)]
    np.testing.assert_array_equal(duals[0].posterior, duals[1].posterior)
    held_out = votes.keep(fold == 0)
    expected = 0.0
    for i, j, y in zip(held_out.task, held_out.worker, held_out.label, strict=True):
        score = np.exp(duals[0].sigma[i] + duals[0].tau[j])
        expected += np.log(duals[0].posterior[i] @ (score / score.sum(axis=1, keepdims=True))[:, y])
    assert duals[0].log_likelihood(held_out).sum() == pytest.approx(expected)


def test_known_tasks_keep_their_truth(random_votes):
    votes, truth = random_votes(n_task=80, skill=0.3)
    known = np.where(np.arange(80) < 40, truth, -1)
    strategy = Minimax(penalties=(0.25,))
    result, without = strategy.fit(votes, known=known), strategy.fit(votes)
    np.testing.assert_array_equal(result.labels[:40], truth[:40])
    assert (result.soft[40:] != without.soft[40:]).any()


def test_large_crowds_are_skipped_with_the_number(random_votes):
    votes, _ = random_votes(n_task=4000)
    skipped, reason = skip(Minimax(), votes, "Minimax")
    assert skipped
    assert "20000 votes; force it with -s 'Minimax[max_votes=20000]'" in reason
    assert not skip(Minimax(), votes, "Minimax", max_votes=20_000)[0]
