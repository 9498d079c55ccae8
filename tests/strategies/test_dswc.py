"""DSWC and its published form against their definitions, loops, and simulated clusters."""

import numpy as np
import pytest
from scipy.special import digamma
from scipy.stats import dirichlet

from benchmark_utils.crowds.simulated.confusions import correlated
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.dswc import DSWC
from benchmark_utils.votes import Votes
from tests.strategies.test_ibcc import expected_log_density


def loop(votes, cluster, n_iter):
    """Variational Bayes vote by vote from given clusters, and the bound as E log p - E log q, term by term."""
    asked = list(zip(votes.task, votes.worker, votes.label, strict=True))
    n_class, n_cluster = votes.n_class, cluster.shape[1]
    prior = np.ones((n_class, n_class)) + np.eye(n_class)
    posterior = np.zeros((votes.n_task, n_class))
    for i, _, k in asked:
        posterior[i, k] += 1 / votes.votes_per_task[i]
    bounds = []
    for _ in range(n_iter):
        beta = np.array([prior.copy() for _ in range(n_cluster)])
        for i, j, k in asked:
            beta[:, :, k] += np.outer(cluster[j], posterior[i])
        tau, rho = 1 + cluster.sum(axis=0), 1 + posterior.sum(axis=0)
        log_lambda = digamma(beta) - digamma(beta.sum(axis=2, keepdims=True))
        log_tau, log_rho = digamma(tau) - digamma(tau.sum()), digamma(rho) - digamma(rho.sum())
        score = np.tile(log_tau, (votes.n_worker, 1))
        for i, j, k in asked:
            score[j] += log_lambda[:, :, k] @ posterior[i]
        cluster = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
        score = np.tile(log_rho, (votes.n_task, 1))
        for i, j, k in asked:
            score[i] += cluster[j] @ log_lambda[:, :, k]
        posterior = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
        bound = sum(cluster[j] @ log_lambda[:, :, k] @ posterior[i] for i, j, k in asked)
        bound += (posterior @ log_rho).sum() - (posterior * np.log(posterior)).sum()
        bound += (cluster @ log_tau).sum() - (cluster * np.log(cluster)).sum()
        bound += expected_log_density(np.ones(n_cluster), log_tau) + dirichlet(tau).entropy()
        bound += expected_log_density(np.ones(n_class), log_rho) + dirichlet(rho).entropy()
        for c in range(n_cluster):
            for row in range(n_class):
                bound += expected_log_density(prior[row], log_lambda[c, row]) + dirichlet(beta[c, row]).entropy()
        bounds.append(bound)
    return posterior, cluster, bounds


def test_against_a_loop_and_the_definition_of_the_bound(random_votes):
    votes, _ = random_votes(n_task=15, n_worker=7, n_class=3, per_task=4, skill=0.5)
    start = DSWC(clusters=3).fit(votes, n_iter=0).parameters["cluster"]
    result = DSWC(clusters=3).fit(votes, n_iter=3, tol=-1)
    posterior, cluster, bounds = loop(votes, start, 3)
    np.testing.assert_allclose(result.soft, posterior, rtol=1e-9)
    np.testing.assert_allclose(result.parameters["cluster"], cluster, rtol=1e-9)
    np.testing.assert_allclose(result.history, bounds, rtol=1e-9)


def published_loop(votes, clusters, n_iter):
    """The form without priors, vote by vote: start and updates as the authors' program has them, R before T."""
    asked = list(zip(votes.task, votes.worker, votes.label, strict=True))
    n_worker, n_class = votes.n_worker, votes.n_class
    posterior = np.zeros((votes.n_task, n_class))
    for i, _, k in asked:
        posterior[i, k] += 1 / votes.votes_per_task[i]
    matrix = np.zeros((n_worker, n_class, n_class))  # true class, answer
    for i, j, k in asked:
        matrix[j, :, k] += posterior[i]
    matrix /= matrix.sum(axis=2, keepdims=True)
    order = sorted(range(n_worker), key=lambda j: -np.linalg.norm(matrix[j], ord="nuc"))
    cluster = np.zeros((n_worker, clusters))
    for place, j in enumerate(order):
        cluster[j, place * clusters // n_worker] = 1
    lambda_ = np.array([matrix[cluster[:, c] == 1].mean(axis=0) for c in range(clusters)])
    bounds = []
    for _ in range(n_iter):
        rho, tau = posterior.mean(axis=0), cluster.mean(axis=0)
        score = np.tile(np.log(tau), (n_worker, 1))
        for i, j, k in asked:
            score[j] += np.log(lambda_[:, :, k]) @ posterior[i]
        cluster = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
        score = np.tile(np.log(rho), (votes.n_task, 1))
        for i, j, k in asked:
            score[i] += cluster[j] @ np.log(lambda_[:, :, k])
        posterior = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
        bound = sum(cluster[j] @ np.log(lambda_[:, :, k]) @ posterior[i] for i, j, k in asked)
        bound += (posterior * (np.log(rho) - np.log(posterior))).sum()
        bounds.append(bound + (cluster * (np.log(tau) - np.log(cluster))).sum())
        lambda_ = np.zeros((clusters, n_class, n_class))
        for i, j, k in asked:
            lambda_[:, :, k] += np.outer(cluster[j], posterior[i])
        lambda_ /= lambda_.sum(axis=2, keepdims=True)
    return posterior, cluster, lambda_, bounds


def test_the_published_form_against_a_loop(random_votes):
    votes, _ = random_votes(n_task=40, n_worker=6, n_class=3, per_task=4, skill=0.3)
    result = DSWC(clusters=3, published=True).fit(votes, n_iter=3, tol=-1)
    posterior, cluster, confusion, bounds = published_loop(votes, 3, 3)
    np.testing.assert_allclose(result.soft, posterior, rtol=1e-9)
    np.testing.assert_allclose(result.parameters["cluster"], cluster, rtol=1e-9)
    np.testing.assert_allclose(result.parameters["cluster_confusion"], confusion, rtol=1e-9)
    np.testing.assert_allclose(result.parameters["prevalence"], posterior.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(result.history, bounds, rtol=1e-9)
    ours = DSWC(clusters=3).fit(votes, n_iter=3, tol=-1)
    assert np.abs(ours.soft - posterior).max() > 1e-3


def test_without_a_prior_what_was_never_seen_is_ruled_out(random_votes):
    """And nothing is infinite or NaN: one worker votes for one class alone, a class has no votes at all."""
    votes, _ = random_votes(n_task=30, n_worker=6, n_class=3)
    lone = Votes([*votes.task, 30], [*votes.worker, 6], [*votes.label, 1], 32, 8, 4)
    result = DSWC(clusters=2, published=True).fit(lone)
    assert result.converged
    assert np.isfinite(result.history).all()
    assert np.isfinite(result.worker_score).all()
    assert result.parameters["prevalence"][3] < 1e-90
    assert (result.parameters["cluster_confusion"][:, :, 3] == 0).all()
    assert result.labels[31] == -1


def test_the_start_cuts_the_ranks_into_equal_clusters(random_votes):
    votes, _ = random_votes(n_worker=12)
    start = DSWC(clusters=4).fit(votes, n_iter=0).parameters["cluster"]
    np.testing.assert_array_equal(start.sum(axis=1), 1)
    np.testing.assert_array_equal(start.sum(axis=0), 3)


def test_three_kinds_of_workers_are_found():
    rng = np.random.default_rng(0)
    truth, kind = rng.integers(3, size=500), np.arange(15) % 3
    confusion = np.array([0.85 * np.eye(3) + 0.05, np.full((3, 3), 1 / 3), 0.6 * np.eye(3)[[1, 0, 2]] + 0.4 / 3])
    draw = rng.random((500, 15, 1))
    answers = (draw > confusion[kind][:, truth].transpose(1, 0, 2).cumsum(axis=2)).sum(axis=2)
    result = DSWC(clusters=3).fit(Votes.from_matrix(answers, n_class=3))
    assert (result.labels == truth).mean() > 0.97
    cluster = result.parameters["cluster"].argmax(axis=1)
    assert len(set(zip(kind.tolist(), cluster.tolist(), strict=True))) == 3
    found = result.parameters["cluster_confusion"][cluster[:3]]
    np.testing.assert_allclose(found, confusion, atol=0.05)


@pytest.mark.parametrize("published", [False, True])
def test_clusters_help_where_students_share_their_teachers_errors(published):
    """The published order (thesis, table 3.3), over ten crowds."""
    right = {"DSWC": [], "DS": []}
    for seed in range(10):
        crowd = correlated(seed=seed)
        result = DSWC(clusters=10, published=published).fit(crowd.votes)
        right["DSWC"].append((result.labels == crowd.truth).mean())
        right["DS"].append((DawidSkene().fit(crowd.votes).labels == crowd.truth).mean())
    assert np.mean(right["DSWC"]) > np.mean(right["DS"])


@pytest.mark.parametrize(
    ("name", "clusters", "accuracy"), [("bluebirds", 5, 0.898), ("music", 10, 0.786), ("labelme", 5, 0.787)]
)
def test_accuracy_near_that_of_dawid_and_skene(name, clusters, accuracy, load_data):
    data = load_data(name)
    result = DSWC(clusters).fit(data["votes"])
    assert result.converged
    assert (result.labels == data["truth"]).mean() == pytest.approx(accuracy, abs=0.005)
