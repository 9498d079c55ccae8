"""GLAD against a dense program written from the paper."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize

from benchmark_utils.strategies.glad import GLAD
from benchmark_utils.strategies.steps.glad import climb
from benchmark_utils.votes import Votes


def naive(votes, alpha, b, known=()):
    """p(class | votes, known) and log p(votes, known, alpha, b), by loops over tasks and votes in probabilities."""
    joint = np.full((votes.n_task, votes.n_class), 1 / votes.n_class)
    joint[: len(known)] *= np.eye(votes.n_class)[list(known)]
    for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
        right = 1 / (1 + np.exp(-alpha[j] * np.exp(b[i])))
        for other in range(votes.n_class):
            joint[i, other] *= right if other == k else (1 - right) / (votes.n_class - 1)
    log_prior = -((alpha - 1) ** 2).sum() / 2 - ((b - 1) ** 2).sum() / 2
    return joint / joint.sum(axis=1, keepdims=True), np.log(joint.sum(axis=1)).sum() + log_prior


def unpack(votes, result):
    return result.parameters["ability"], -np.log(result.parameters["difficulty"])


@pytest.mark.parametrize("n_iter", [0, 1, 6])
@pytest.mark.parametrize("n_class", [2, 5])
@pytest.mark.parametrize("n_known", [0, 15])
def test_posterior_and_objective_are_the_dense_ones(random_votes, n_class, n_known, n_iter):
    votes, _ = random_votes(n_class=n_class, skill=0.4)
    known = np.arange(n_known) % n_class
    result = GLAD().fit(votes, n_iter=n_iter, tol=-1, known=of_first_tasks(known, votes))
    posterior, objective = naive(votes, *unpack(votes, result), known)
    np.testing.assert_allclose(result.soft, posterior, atol=1e-9)
    if n_iter:
        np.testing.assert_allclose(result.history[-1], objective)
    else:
        assert (result.parameters["ability"] == 1).all()
        np.testing.assert_allclose(result.parameters["difficulty"], np.exp(-1))


def of_first_tasks(known, votes):
    return np.append(known, np.full(votes.n_task - len(known), -1)).astype(int)


@pytest.mark.parametrize("known", [[], [2, 0, 1, 1, 0]])
def test_it_ends_where_the_objective_is_stationary_and_a_general_optimiser_finds_no_better(random_votes, known):
    votes, _ = random_votes(3, n_task=15, n_worker=8, n_class=3, per_task=6, skill=0.6)
    result = GLAD().fit(votes, n_iter=5000, tol=1e-14, known=of_first_tasks(known, votes))
    ability, b = unpack(votes, result)

    def loss(parameters):
        return -naive(votes, parameters[:8], parameters[8:], known)[1]

    end = np.concatenate([ability, b])
    assert np.abs(approx_fprime(end, loss, 1e-6)).max() < 1e-3
    other = minimize(loss, np.ones(23))
    assert loss(end) <= other.fun + 1e-5


def test_a_step_that_goes_too_far_is_halved():
    """From 0.5 the step of -1 lands on the other side of the hill, lower; half of it is its top."""
    theta = climb(np.array([0.5]), np.array([0]), np.array([0.5]), lambda alpha: 50 * alpha, lambda x: np.array([50.0]))
    assert theta == [0]


def test_it_finds_who_is_able_and_what_is_difficult():
    rng = np.random.default_rng(0)
    ability, b = rng.normal(1, 1, 60), rng.normal(0, 1, 400)
    truth = rng.integers(3, size=400)
    right = rng.random((400, 60)) < 1 / (1 + np.exp(-ability * np.exp(b)[:, None]))
    wrong = (truth[:, None] + rng.integers(1, 3, size=(400, 60))) % 3
    result = GLAD().fit(Votes.from_matrix(np.where(right, truth[:, None], wrong)))
    assert np.mean(result.labels == truth) > 0.95
    assert np.corrcoef(result.worker_score, ability)[0, 1] > 0.95
    assert np.corrcoef(-np.log(result.parameters["difficulty"]), b)[0, 1] > 0.85


def test_without_votes_the_prior_speaks():
    result = GLAD().fit(Votes([0, 0], [0, 1], [1, 1], n_task=2, n_worker=3, n_class=2))
    assert result.parameters["ability"][2] == 1
    np.testing.assert_allclose(result.parameters["difficulty"][1], np.exp(-1))


def test_many_classes_cost_nothing(random_votes):
    """With a dense row of a billion classes this would not fit."""
    votes, truth = random_votes(n_task=200, per_task=7, n_class=4, skill=0.8)
    many = Votes(votes.task, votes.worker, votes.label, 200, 12, 10**6)
    assert np.mean(GLAD().fit(many, n_iter=5).labels == truth) > 0.97
