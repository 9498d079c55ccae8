"""iBCC against its definition, a loop, and published accuracies."""

import numpy as np
import pytest
from scipy.special import digamma
from scipy.stats import dirichlet

from benchmark_utils.strategies.ibcc import IBCC


def loop(votes, n_iter, right, wrong, alpha):
    """Variational Bayes vote by vote, and the bound as E log p - E log q, term by term."""
    n_class = votes.n_class
    prior = np.full((n_class, n_class), wrong) + (right - wrong) * np.eye(n_class)
    asked = [[] for _ in range(votes.n_task)]
    for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
        asked[i].append((j, k))
    posterior = np.array([np.bincount([k for _, k in a], minlength=n_class) / len(a) for a in asked])
    bounds = []
    for _ in range(n_iter):
        beta = np.array([prior.copy() for _ in range(votes.n_worker)])
        for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
            beta[j, :, k] += posterior[i]
        nu = alpha + posterior.sum(axis=0)
        log_pi, log_rho = digamma(beta) - digamma(beta.sum(axis=2, keepdims=True)), digamma(nu) - digamma(nu.sum())
        for i, a in enumerate(asked):
            joint = np.exp(log_rho + sum(log_pi[j, :, k] for j, k in a))
            posterior[i] = joint / joint.sum()
        likelihood = sum(posterior[i] @ log_pi[j, :, k] for i, a in enumerate(asked) for j, k in a)
        bound = likelihood + (posterior @ log_rho).sum() - (posterior * np.log(posterior)).sum()
        bound += expected_log_density(np.full(n_class, alpha), log_rho) + dirichlet(nu).entropy()
        for j in range(votes.n_worker):
            for row in range(n_class):
                bound += expected_log_density(prior[row], log_pi[j, row]) + dirichlet(beta[j, row]).entropy()
        bounds.append(bound)
    return posterior, bounds


def expected_log_density(concentration, expected_log):
    """E log Dirichlet(x; concentration) where E log x is known."""
    uniform = np.full(len(concentration), 1 / len(concentration))
    log_normaliser = dirichlet(concentration).logpdf(uniform) - (concentration - 1) @ np.log(uniform)
    return log_normaliser + (concentration - 1) @ expected_log


@pytest.mark.parametrize("priors", [dict(right=4.0, wrong=1.0, alpha=1.0), dict(right=2.5, wrong=0.5, alpha=3.0)])
def test_against_a_loop_and_the_definition_of_the_bound(priors, random_votes):
    votes, _ = random_votes(n_task=15, n_worker=6, n_class=3, per_task=4, skill=0.5)
    result = IBCC(**priors).fit(votes, n_iter=3, tol=-1)
    posterior, bounds = loop(votes, 3, **priors)
    np.testing.assert_allclose(result.soft, posterior, rtol=1e-9)
    np.testing.assert_allclose(result.history, bounds, rtol=1e-9)


def test_parameters_are_posterior_means(random_votes):
    votes, truth = random_votes(n_task=2000, n_worker=8, n_class=3, per_task=6, skill=0.7)
    result = IBCC().fit(votes)
    expected = np.full((3, 3), 0.1) + 0.7 * np.eye(3)  # right by skill, or by one guess in three
    np.testing.assert_allclose(result.parameters["confusion"].mean(axis=0), expected, atol=0.02)
    np.testing.assert_allclose(result.parameters["confusion"].sum(axis=2), 1)
    np.testing.assert_allclose(result.parameters["prevalence"], np.bincount(truth) / len(truth), atol=0.02)


PUBLISHED = {
    "rte": 0.928,
    "dog": 0.839,
    "web": 0.751,
    "cf_amt": 0.857,
    "sp_amt": 0.944,
    "bluebirds": 0.889,
    "music": 0.790,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_accuracy(name, load_data):
    data = load_data(name) if name in ("bluebirds", "music") else load_data("local", path=name)
    known = data["truth"] >= 0
    accuracy = (IBCC().fit(data["votes"]).labels == data["truth"])[known].mean()
    assert accuracy == pytest.approx(PUBLISHED[name], abs=0.005)
