"""MACE against a dense program written from the paper."""

import numpy as np
import pytest
from scipy.special import psi
from scipy.stats import beta as beta_distribution
from scipy.stats import dirichlet

from benchmark_utils.strategies.mace import MACE
from benchmark_utils.votes import Votes


def naive(votes, known_start, n_iter, variational, truth):
    """Iterations from known_ij, in probabilities over (task, class) and (worker, class); also p(votes of the task)."""
    prior_theta, prior_xi = (0.5, 10.0) if variational else (0.01 / votes.n_class,) * 2
    log = psi if variational else np.log
    known = known_start[votes.worker]
    for step in range(n_iter + 1):
        n_known, n_spam = np.full((2, votes.n_worker), prior_theta)
        n_xi = np.full((votes.n_worker, votes.n_class), prior_xi)
        np.add.at(n_known, votes.worker, known)
        np.add.at(n_spam, votes.worker, 1 - known)
        np.add.at(n_xi, (votes.worker, votes.label), 1 - known)
        theta = np.exp(log(n_known) - log(n_known + n_spam))
        spam = np.exp(log(n_spam) - log(n_known + n_spam))
        xi = np.exp(log(n_xi) - log(n_xi.sum(axis=1, keepdims=True)))
        joint = np.full((votes.n_task, votes.n_class), 1 / votes.n_class)
        joint[truth >= 0] *= np.eye(votes.n_class)[truth[truth >= 0]]
        for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
            joint[i] *= theta[j] * (np.arange(votes.n_class) == k) + spam[j] * xi[j, k]
        evidence = joint.sum(axis=1)
        posterior = joint / evidence[:, None]
        if step == n_iter:
            return posterior, (n_known, n_spam, n_xi), np.log(evidence).sum()
        j, k = votes.worker, votes.label
        known = posterior[votes.task, k] * theta[j] / (theta[j] + spam[j] * xi[j, k])


def one_run(votes, n_iter, variational, n_truth=0):
    truth = np.where(np.arange(votes.n_task) < n_truth, np.arange(votes.n_task) % votes.n_class, -1)
    result = MACE(variational, restarts=1).fit(votes, n_iter=n_iter, tol=-1, seed=4, known=truth)
    known_start = np.random.default_rng(4).random(votes.n_worker)
    return result, naive(votes, known_start, n_iter, variational, truth)


@pytest.mark.parametrize("variational", [True, False])
@pytest.mark.parametrize("n_iter", [0, 1, 10])
@pytest.mark.parametrize("n_class", [2, 5])
@pytest.mark.parametrize("n_truth", [0, 15])
def test_it_is_the_dense_program(random_votes, n_truth, n_class, n_iter, variational):
    votes, _ = random_votes(n_class=n_class, skill=0.4)
    result, (posterior, (n_known, n_spam, n_xi), _) = one_run(votes, n_iter, variational, n_truth)
    np.testing.assert_allclose(result.soft, posterior, atol=1e-9)
    np.testing.assert_allclose(result.parameters["competence"], n_known / (n_known + n_spam))
    xi = result.parameters["spam"].tocoo()
    np.testing.assert_allclose(xi.data, (n_xi / n_xi.sum(axis=1, keepdims=True))[xi.row, xi.col])


@pytest.mark.parametrize("n_truth", [0, 15])
def test_the_objective_of_em_is_the_penalised_likelihood(random_votes, n_truth):
    votes, _ = random_votes(skill=0.4)
    votes = Votes(votes.task, votes.worker, votes.label, votes.n_task, votes.n_worker, n_class=7)  # three never voted
    result, (_, (n_known, n_spam, n_xi), log_likelihood) = one_run(votes, 10, False, n_truth)
    theta, xi = n_known / (n_known + n_spam), n_xi / n_xi.sum(axis=1, keepdims=True)
    log_prior = 0.01 / 7 * (np.log(theta).sum() + np.log(1 - theta).sum() + np.log(xi).sum())
    np.testing.assert_allclose(result.history[-1], log_likelihood + log_prior)


@pytest.mark.parametrize("n_truth", [0, 15])
def test_the_objective_of_the_variational_version_is_the_evidence_lower_bound(random_votes, n_truth):
    """The divergences by Monte Carlo: E_q log q - E_q log p."""
    votes, _ = random_votes(n_worker=3, per_task=3, n_class=3, skill=0.5)
    result, (_, (n_known, n_spam, n_xi), log_evidence) = one_run(votes, 10, True, n_truth)
    rng, divergence = np.random.default_rng(0), 0
    for a, b, row in zip(n_known, n_spam, n_xi, strict=True):
        theta, xi = rng.beta(a, b, 200_000), rng.dirichlet(row, 200_000)
        divergence += np.mean(beta_distribution.logpdf(theta, a, b) - beta_distribution.logpdf(theta, 0.5, 0.5))
        divergence += np.mean(dirichlet.logpdf(xi.T, row) - dirichlet.logpdf(xi.T, np.full(3, 10.0)))
    assert abs(result.history[-1] - (log_evidence - divergence)) < 0.05


def test_the_best_restart_is_kept(random_votes):
    votes, _ = random_votes(2, n_class=3, skill=0.2)
    several = [MACE(variational=False, restarts=n).fit(votes).history[-1] for n in (1, 2, 5, 20)]
    assert (np.diff(several) >= 0).all()
    assert several[-1] > several[0]


def test_the_best_random_start_is_the_start(random_votes):
    """By the log-likelihood and the log prior, before any iteration."""
    votes, _ = random_votes(2, n_class=3, skill=0.2)
    rng, starts = np.random.default_rng(4), []
    for _ in range(5):
        unknown = np.full(votes.n_task, -1)
        posterior, (n_known, n_spam, n_xi), log_likelihood = naive(votes, rng.random(12), 0, False, unknown)
        theta, xi = n_known / (n_known + n_spam), n_xi / n_xi.sum(axis=1, keepdims=True)
        log_prior = 0.01 / 3 * (np.log(theta).sum() + np.log(1 - theta).sum() + np.log(xi).sum())
        starts.append((log_likelihood + log_prior, posterior))
    best = max(range(5), key=lambda start: starts[start][0])
    assert best > 0
    result = MACE(variational=False, restarts=5).fit(votes, n_iter=0, seed=4)
    np.testing.assert_allclose(result.soft, starts[best][1], atol=1e-9)


def test_a_curve_ends_when_every_restart_has_converged(random_votes):
    votes, _ = random_votes(2, n_class=3, skill=0.2)
    strategy = MACE(variational=False, restarts=5)
    end = strategy.fit(votes)
    alone = [MACE(variational=False, restarts=n).fit(votes).n_iter for n in (1, 2, 3, 4, 5)]
    assert end.converged
    assert end.n_iter == max(alone) > min(alone)
    short = strategy.fit(votes, n_iter=end.n_iter - 1)
    assert not short.converged
    np.testing.assert_array_equal(short.history, end.history[:-1])


def test_it_finds_the_spammers_and_what_they_say():
    rng = np.random.default_rng(0)
    truth, spam = rng.integers(4, size=300), rng.choice(4, size=(300, 10), p=[0.1, 0.2, 0.7, 0])
    theta = np.r_[np.full(6, 0.8), np.full(4, 0.05)]
    votes = Votes.from_matrix(np.where(rng.random((300, 10)) < theta, truth[:, None], spam), n_class=4)
    for variational in (True, False):
        result = MACE(variational).fit(votes)
        assert np.mean(result.labels == truth) > 0.93
        np.testing.assert_allclose(result.worker_score, theta, atol=0.12)
        np.testing.assert_allclose(result.parameters["spam"].toarray()[6:, 2], 0.7, atol=0.1)
