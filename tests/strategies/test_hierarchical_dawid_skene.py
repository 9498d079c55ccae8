"""HierarchicalDS: its objective, both ends of the pooling, what it recovers, and the crowd of 1979."""

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.crowds.simulated.confusions import independent
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.hierarchical_dawid_skene import HierarchicalDS
from benchmark_utils.votes import Votes
from tests.conftest import DATA_HOME


@pytest.mark.parametrize("pooling", [None, 0.01, 5.0, 1e9])
@pytest.mark.parametrize("skill", [0.2, 0.5, 0.9])
def test_the_objective_never_falls(pooling, skill, random_votes):
    for seed in range(3):
        votes, truth = random_votes(seed, skill=skill)
        known = np.where(np.arange(votes.n_task) < 5, truth, -1) if seed == 2 else None
        history = HierarchicalDS(pooling).fit(votes, n_iter=60, tol=-1, known=known).history
        assert np.diff(history).min() >= -1e-9 * max(np.abs(history))
        assert history[-1] > history[0]


@pytest.mark.parametrize("name", ["bluebirds", "dog", "cf_amt"])
def test_the_objective_never_falls_on_real_crowds(name, load_data):
    data = load_data(name) if name == "bluebirds" else load_data("local", path=name)
    history = HierarchicalDS().fit(data["votes"], n_iter=200, tol=-1).history
    assert np.diff(history).min() >= -1e-9 * abs(history[0])


def test_with_infinite_pooling_all_workers_are_one(random_votes):
    """The common matrix is then that of a single worker who gave all the votes, but for that worker's own spread."""
    votes, _ = random_votes(n_task=300, n_class=3)
    result = HierarchicalDS(pooling=1e9).fit(votes, tol=1e-12)
    common = result.parameters["common_confusion"]
    np.testing.assert_allclose(result.parameters["confusion"] - common, 0, atol=1e-5)
    counts = np.zeros((3, 3))
    for i, k in zip(votes.task, votes.label, strict=True):
        counts[:, k] += result.soft[i]
    np.testing.assert_allclose(common, counts / counts.sum(axis=1, keepdims=True), atol=0.02)


def test_without_pooling_it_becomes_dawid_and_skene(random_votes):
    """What the prior and the variance of the scores still add vanishes as the votes grow."""
    apart = []
    for n_task in (200, 2000):
        votes, _ = random_votes(n_task=n_task, n_worker=8, n_class=3, per_task=6, skill=0.6)
        alone, ds = HierarchicalDS(pooling=0.01).fit(votes, tol=1e-9), DawidSkene().fit(votes, tol=1e-9)
        confusion = np.abs(alone.parameters["confusion"] - ds.parameters["confusion"]).max()
        apart.append([np.abs(alone.soft - ds.soft).mean(), confusion])
    assert (np.array(apart[1]) < np.array(apart[0]) / 3).all()
    assert max(apart[1]) < 0.005


def test_the_common_matrix_and_the_spread_of_the_workers_are_recovered():
    rng = np.random.default_rng(0)
    n_task, n_worker, n_class, spread = 3000, 60, 3, 0.7
    zeta = np.where(np.eye(3, dtype=bool), 1.2, -0.3)
    score = zeta + spread * rng.normal(size=(n_worker, n_class, n_class))
    matrices = np.exp(score) / np.exp(score).sum(axis=2, keepdims=True)
    truth = rng.integers(n_class, size=n_task)
    task = np.repeat(np.arange(n_task), 10)
    worker = np.argsort(rng.random((n_task, n_worker)), axis=1)[:, :10].ravel()
    label = (rng.random(len(task))[:, None] > matrices[worker, truth[task]].cumsum(axis=1)).sum(axis=1)
    result = HierarchicalDS().fit(Votes(task, worker, label, n_task, n_worker, n_class))
    found = np.log(result.parameters["common_confusion"])
    found += (zeta - found).mean(axis=1, keepdims=True)  # a constant in a row of scores changes nothing
    np.testing.assert_allclose(found, zeta, atol=0.3)  # three standard errors of 60 workers
    # the spread that a constant per row has no part in: two thirds of the variance, of which the model sees the rest
    assert np.sqrt(2 / 3) * spread * 0.85 < result.parameters["spread"].mean() < spread * 1.15
    np.testing.assert_allclose(result.parameters["confusion"], matrices, atol=0.2)


def test_pooling_beats_dawid_skene_on_workers_with_few_votes():
    """Ten votes per worker; `python -m studies.few_votes` has 50 seeds."""
    ahead = []
    for seed in range(4):
        crowd = independent(n_task=1000, n_worker=500, feedback=5, seed=seed)
        ds, pooled = DawidSkene().fit(crowd.votes), HierarchicalDS().fit(crowd.votes)
        ahead.append((pooled.labels == crowd.truth).mean() - (ds.labels == crowd.truth).mean())
    assert np.mean(ahead) > 0


def test_the_crowd_of_dawid_and_skene():
    """Prevalence .40, .42, .11, .07 (1979, table 4). The first doctor saw each form three times: repeats are votes."""
    path = DATA_HOME / "no_truth" / "anaesthesia" / "label.csv"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    frame = pd.read_csv(path)
    votes = Votes.from_frame(frame, "item", "worker", "label", repeats="keep")
    assert (votes.n_votes, votes.n_task, votes.n_worker, votes.n_repeated) == (315, 45, 5, 0)
    ds = DawidSkene().fit(votes)
    np.testing.assert_allclose(ds.parameters["prevalence"], [0.40, 0.42, 0.11, 0.07], atol=0.005)
    pooled = HierarchicalDS().fit(votes)
    assert (pooled.labels == ds.labels).sum() >= 40
    assert Votes.from_frame(frame, "item", "worker", "label").n_repeated == 77


def test_known_tasks_keep_their_truth(random_votes):
    votes, truth = random_votes(n_task=80, skill=0.3)
    known = np.where(np.arange(80) < 40, truth, -1)
    result, without = HierarchicalDS().fit(votes, known=known), HierarchicalDS().fit(votes)
    np.testing.assert_array_equal(result.labels[:40], truth[:40])
    np.testing.assert_array_equal(result.soft[np.arange(40), truth[:40]], 1)
    assert (result.soft[40:] != without.soft[40:]).any()
