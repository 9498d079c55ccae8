"""DS: Algorithm 1 of the thesis, its likelihood and stopping rule, and published accuracies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark_utils.crowds.formats.folder import read_folder
from benchmark_utils.scoring import against_truth
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.majority_vote import NaiveSoft
from benchmark_utils.strategies.weighted_dawid_skene import WeightedDawidSkene
from benchmark_utils.votes import Votes
from tests.conftest import ROOT

crowds = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=40)


def votes_of(crowd, n_task=6, n_worker=5, n_class=4):
    return Votes(*zip(*crowd, strict=True), n_task=n_task, n_worker=n_worker, n_class=n_class)


def same_bits(a, b):
    np.testing.assert_array_equal(a.labels, b.labels)
    np.testing.assert_array_equal(a.soft, b.soft)


def naive_dawid_skene(votes, n_iter):
    """Algorithm 1 of the thesis, with rho_l for its rho_k, in probabilities and dense arrays."""
    given = np.zeros((votes.n_task, votes.n_worker, votes.n_class))
    np.add.at(given, (votes.task, votes.worker, votes.label), 1)  # repeats that are kept count each
    posterior = given.sum(axis=1) / np.maximum(given.sum(axis=(1, 2)), 1)[:, None]
    voted = given.any(axis=(1, 2))
    likelihoods = []
    for step in range(n_iter + 1):
        count = np.einsum("il,ijk->jlk", posterior, given)
        total = count.sum(axis=2, keepdims=True)
        confusion = np.divide(count, total, out=np.zeros_like(count), where=total > 0)
        prevalence = posterior[voted].mean(axis=0)
        if step == n_iter:
            return posterior, confusion, prevalence, likelihoods
        joint = np.tile(prevalence, (votes.n_task, 1))
        for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
            joint[i] *= confusion[j, :, k]
        evidence = joint.sum(axis=1)
        likelihoods.append(np.log(evidence[voted]).sum())
        posterior = joint / evidence[:, None] * voted[:, None]


@given(crowds, st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_ds_is_algorithm_1(crowd, n_iter):
    votes = votes_of(crowd)
    posterior, confusion, prevalence, likelihoods = naive_dawid_skene(votes, n_iter)
    result = DawidSkene().fit(votes, n_iter=n_iter, tol=-1)
    np.testing.assert_allclose(result.soft, posterior, atol=1e-9)
    np.testing.assert_allclose(result.parameters["confusion"], confusion, atol=1e-9)
    np.testing.assert_allclose(result.parameters["prevalence"], prevalence, atol=1e-9)
    np.testing.assert_allclose(result.history, likelihoods, rtol=1e-9, atol=1e-9)


def test_the_crowd_of_1979():
    """Prevalence .40, .42, .11, .07 as in the paper; the error rates are those of its own algorithm, in loops."""
    votes, _ = read_folder(ROOT / "examples" / "anaesthesia")
    result = DawidSkene().fit(votes, tol=1e-12)
    _, confusion, prevalence, _ = naive_dawid_skene(votes, result.n_iter)
    np.testing.assert_allclose(result.parameters["prevalence"], [0.40, 0.42, 0.11, 0.07], atol=0.005)
    np.testing.assert_allclose(result.parameters["prevalence"], prevalence, atol=1e-9)
    np.testing.assert_allclose(result.parameters["confusion"], confusion, atol=1e-9)
    without_repeats = Votes(votes.task, votes.worker, votes.label, 45, 5, 4)
    assert without_repeats.n_repeated == 77
    assert abs(DawidSkene().fit(without_repeats).parameters["confusion"][0] - confusion[0]).max() > 0.05


def test_ds_is_algorithm_1_on_a_larger_crowd(random_votes):
    votes, _ = random_votes(n_task=150, n_worker=20, n_class=5, per_task=6, skill=0.5)
    posterior, confusion, prevalence, likelihoods = naive_dawid_skene(votes, 30)
    result = DawidSkene().fit(votes, n_iter=30, tol=-1)
    np.testing.assert_allclose(result.soft, posterior, atol=1e-8)
    np.testing.assert_allclose(result.parameters["confusion"], confusion, atol=1e-8)
    np.testing.assert_allclose(result.parameters["prevalence"], prevalence, atol=1e-8)
    np.testing.assert_allclose(result.history, likelihoods)
    np.testing.assert_allclose(result.worker_score, np.einsum("jkk->jk", confusion).mean(axis=1), atol=1e-8)


def test_ds_starts_at_naive_soft_labels(random_votes):
    votes, _ = random_votes(skill=0.4)
    start, naive = DawidSkene().fit(votes, n_iter=0), NaiveSoft().fit(votes)
    same_bits(start, naive)
    assert (start.n_iter, start.history, start.converged) == (0, [], False)


@pytest.mark.parametrize("strategy", [DawidSkene(), WeightedDawidSkene()], ids=["DS", "WDS"])
def test_em_stops_once_the_likelihood_stands_still(strategy, random_votes):
    votes, _ = random_votes(skill=0.5)
    result = strategy.fit(votes, tol=1e-4)
    change = np.abs(np.diff(result.history))
    assert result.converged
    assert result.n_iter == len(result.history) > 3
    assert change[-1] <= 1e-4
    assert (change[:-1] > 1e-4).all()
    cut = strategy.fit(votes, n_iter=result.n_iter - 1, tol=1e-4)
    assert not cut.converged
    assert cut.history == result.history[:-1]
    same_bits(strategy.fit(votes, n_iter=result.n_iter, tol=-1), result)


def test_the_stopping_rule_does_not_loosen_with_the_number_of_votes(random_votes):
    votes, _ = random_votes(1, n_class=2, skill=0.6)
    n_copies = 200  # of the crowd, without a common task or worker: each takes its own way, all have one prevalence
    copy = np.repeat(np.arange(n_copies), votes.n_votes)
    task, worker, label = (np.tile(column, n_copies) for column in (votes.task, votes.worker, votes.label))
    many = Votes(
        task + copy * votes.n_task,
        worker + copy * votes.n_worker,
        label,
        n_copies * votes.n_task,
        n_copies * votes.n_worker,
        votes.n_class,
    )
    one, all_of_them = DawidSkene().fit(votes), DawidSkene().fit(many)
    best = DawidSkene().fit(votes, n_iter=3000, tol=1e-12).history[-1]
    assert best - one.history[-1] < 0.002
    assert n_copies * best - all_of_them.history[-1] < 0.002  # relative to the value: 0.02


def test_ds_does_not_underflow():
    """A thousand votes on a task: the product of their probabilities is below the smallest double."""
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=20)
    right = rng.random((20, 1000)) < 0.4
    votes = Votes.from_matrix(np.where(right, truth[:, None], rng.integers(3, size=(20, 1000))))
    result = DawidSkene().fit(votes, n_iter=50)
    assert np.isfinite(result.history).all()
    assert (result.labels == truth).all()


def test_ds_says_what_it_needs():
    votes = Votes([0], [0], [0], n_task=10**6, n_worker=10**5, n_class=10**3)
    assert DawidSkene().bytes_needed(votes) > 8 * (10**5 * 10**6 + 10**6 * 10**3)


@pytest.mark.parametrize(
    ("name", "accuracy"), [("bluebirds", 0.8981), ("labelme", 0.797), ("music", 0.7757), ("audiobirds", 0.943)]
)
def test_published_accuracy_of_ds(load_data, name, accuracy):
    data = load_data(name)
    labels = DawidSkene().fit(data["votes"], n_iter=100, tol=-1).labels
    digits = 3 if name == "audiobirds" else 4
    assert round(against_truth.accuracy(labels, data["truth"]), digits) == accuracy


def accuracy_of(strategy, data):
    return against_truth.accuracy(strategy.fit(data["votes"]).labels, data["truth"])


@pytest.mark.parametrize("dataset", ["bluebirds", "labelme", "cifar10h"])
def test_the_supports_agree(load_data, dataset):
    data = load_data(dataset)
    assert abs(accuracy_of(DawidSkene(), data) - accuracy_of(DawidSkene(support="voted"), data)) <= 0.005


def test_the_supports_differ_on_music(load_data):
    data = load_data("music")
    full, voted = (DawidSkene(support=support).fit(data["votes"], 100, tol=-1).labels for support in ("full", "voted"))
    assert round(against_truth.accuracy(full, data["truth"]), 3) == 0.776
    assert round(against_truth.accuracy(voted, data["truth"]), 3) == 0.796
