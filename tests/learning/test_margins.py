"""Margins against a naive double loop written from the thesis's equations, and an example worked by hand."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from benchmark_utils.learning import margins, pruning  # noqa: E402
from benchmark_utils.learning.training.errors import LearningError  # noqa: E402
from benchmark_utils.strategies.dawid_skene import DawidSkene  # noqa: E402
from benchmark_utils.strategies.dswc import DSWC  # noqa: E402
from benchmark_utils.strategies.fast_dawid_skene import FastDawidSkene  # noqa: E402
from benchmark_utils.strategies.one_coin import OneCoinDawidSkene  # noqa: E402
from benchmark_utils.votes import Votes  # noqa: E402


def naive_aum(sigmas, i, y, margin="psi5", top_k=1):
    """Eq. 2.1, one task and one label at a time."""
    total = 0.0
    for sigma in sigmas:
        row = sigma[i]
        if margin == "psi5":
            reference = sorted(row, reverse=True)[top_k]
        else:
            reference = max(row[k] for k in range(len(row)) if k != y)
        total += row[y] - reference
    return total / len(sigmas)


def naive_waum(votes, sigmas, diagonal, margin="psi5", top_k=1):
    """Eq. 2.3 and 2.4, task by task and vote by vote."""
    scores = []
    for i in range(votes.n_task):
        weighted = total = 0.0
        for v in np.flatnonzero(votes.task == i):
            s = sum(diagonal[votes.worker[v]][k] * sigmas[-1][i][k] for k in range(votes.n_class))
            weighted += s * naive_aum(sigmas, i, votes.label[v], margin, top_k)
            total += s
        scores.append(weighted / total)
    return np.array(scores)


def record(sigmas, **options):
    area = margins.AreaUnderMargin(**options)
    for sigma in sigmas:
        area.record(torch.as_tensor(sigma))
    return area


@pytest.fixture
def case(random_votes):
    votes, _ = random_votes(seed=3, n_task=40, n_worker=7, n_class=5, per_task=4)
    rng = np.random.default_rng(1)
    logits = rng.normal(scale=2, size=(6, 40, 5))
    sigmas = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    return votes, sigmas, rng.random((7, 5))


@pytest.mark.parametrize("options", [{}, {"top_k": 2}, {"top_k": 4}, {"margin": "pleiss"}])
def test_waum_equals_the_naive_double_loop(case, options):
    votes, sigmas, diagonal = case
    area = record(sigmas, **options)
    trust = margins.trust(votes, diagonal, area.softmax.numpy())
    expected = naive_waum(votes, sigmas, diagonal, **options)
    np.testing.assert_allclose(margins.waum(votes, area.mean(), trust), expected, atol=1e-6)


def diagonal_by_hand(votes, estimator):
    """Of each worker and class, from the estimators' own answers, entry by entry."""
    diagonal = np.ones((votes.n_worker, votes.n_class))
    if estimator == "OneCoinDS":
        accuracy = OneCoinDawidSkene().fit(votes).parameters["accuracy"]
        diagonal = [[accuracy[j] for _ in range(votes.n_class)] for j in range(votes.n_worker)]
    elif estimator == "DSWC":
        found = DSWC().fit(votes).parameters
        for j, k in np.ndindex(diagonal.shape):
            diagonal[j, k] = sum(
                found["cluster"][j, c] * found["cluster_confusion"][c, k, k] for c in range(found["cluster"].shape[1])
            )
    elif estimator != "none":
        strategy = {"DS": DawidSkene(), "FDS": FastDawidSkene(), "smoothed DS": DawidSkene(smoothing=1.0)}[estimator]
        confusion = strategy.fit(votes).parameters["confusion"]
        for j, k in np.ndindex(diagonal.shape):
            diagonal[j, k] = confusion[j, k, k]
    return diagonal


@pytest.mark.parametrize("estimator", pruning.ESTIMATORS)
def test_waum_with_each_estimator_equals_the_naive_double_loop(case, estimator):
    votes, sigmas, _ = case
    area = record(sigmas)
    trust = margins.trust(votes, pruning.worker_diagonals(votes, estimator=estimator), area.softmax.numpy())
    expected = naive_waum(votes, sigmas, diagonal_by_hand(votes, estimator))
    np.testing.assert_allclose(margins.waum(votes, area.mean(), trust), expected, atol=1e-6)
    if estimator == "none":  # the sum of the areas over the number of answers
        plain = [
            np.mean([naive_aum(sigmas, i, votes.label[v]) for v in np.flatnonzero(votes.task == i)])
            for i in range(votes.n_task)
        ]
        np.testing.assert_allclose(expected, plain, atol=1e-12)


def test_the_estimators_differ_and_another_is_refused(case):
    votes = case[0]
    found = [pruning.worker_diagonals(votes, estimator=name) for name in pruning.ESTIMATORS]
    assert all(np.abs(a - b).max() > 1e-3 for i, a in enumerate(found) for b in found[:i])
    with pytest.raises(LearningError, match="take one of DS, FDS"):
        pruning.worker_diagonals(votes, estimator="GLAD")


def test_one_coin_takes_no_memory_for_classes():
    """A million workers times a thousand classes would be eight gigabytes."""
    votes = Votes([0, 0, 1], [0, 999_999, 0], [0, 999, 1], 2, 1_000_000, 1000)
    diagonal = pruning.worker_diagonals(votes, estimator="OneCoinDS")
    assert diagonal.shape == (1_000_000, 1000)
    assert diagonal.base is not None
    assert diagonal.strides[1] == 0


@pytest.mark.parametrize("margin", ["psi5", "pleiss"])
def test_aumc_equals_the_naive_loop(case, margin):
    _, sigmas, _ = case
    labels = np.arange(40) % 5
    expected = [naive_aum(sigmas, i, labels[i], margin) for i in range(40)]
    np.testing.assert_allclose(margins.aumc(labels, record(sigmas, margin=margin).mean()), expected, atol=1e-6)


def test_three_tasks_two_workers_by_hand():
    # worker 0 votes 0, 1, 2; worker 1 votes 0, 0, 2, on tasks 0, 1, 2
    votes = Votes([0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1], [0, 0, 1, 0, 2, 2], 3, 2, 3)
    first = [[0.6, 0.3, 0.1], [0.5, 0.4, 0.1], [0.2, 0.2, 0.6]]
    last = [[0.8, 0.1, 0.1], [0.4, 0.5, 0.1], [0.5, 0.3, 0.2]]
    diagonal = np.array([[1.0, 1.0, 0.0], [0.5, 0.0, 0.5]])
    area = record(np.array([first, last]))
    # psi_5: task 0: (0.3 + 0.7) / 2; task 1: class 1 (0 + 0.1) / 2, class 0 (0.1 + 0) / 2; task 2: (0.4 - 0.1) / 2
    np.testing.assert_allclose(area.mean()[[0, 1, 1, 2], [0, 1, 0, 2]], [0.5, 0.05, 0.05, 0.15])
    # trust: worker 0: 0.8 + 0.1, 0.4 + 0.5, 0.5 + 0.3; worker 1: 0.4 + 0.05, 0.2 + 0.05, 0.25 + 0.1
    trust = margins.trust(votes, diagonal, np.array(last))
    by_worker = [trust[(votes.task == i) & (votes.worker == j)][0] for j in (0, 1) for i in (0, 1, 2)]
    np.testing.assert_allclose(by_worker, [0.9, 0.9, 0.8, 0.45, 0.25, 0.35])
    np.testing.assert_allclose(margins.waum(votes, area.mean(), trust), [0.5, 0.05, 0.15])
    # Pleiss: task 1: class 1 (-0.1 + 0.1) / 2, class 0 (0.1 - 0.1) / 2; task 2: (0.4 - 0.3) / 2
    area = record(np.array([first, last]), margin="pleiss")
    np.testing.assert_allclose(margins.waum(votes, area.mean(), trust), [0.5, 0.0, 0.05], atol=1e-12)


def test_trust_weighs_the_voters():
    votes = Votes([0, 0], [0, 1], [0, 1], 1, 2, 2)
    area = np.array([[0.6, -0.2]])
    np.testing.assert_allclose(margins.waum(votes, area, np.array([0.9, 0.1])), [0.52])
    np.testing.assert_allclose(margins.waum(votes, area, np.zeros(2)), [0.2])  # nobody is trusted: the plain mean


def test_the_memory_is_tasks_times_classes(case):
    _, sigmas, _ = case
    area = record(np.tile(sigmas, (50, 1, 1)))
    assert area.total.shape == (40, 5)
    assert area.n_epoch == 300


def test_pruning_takes_the_lowest_share():
    score = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, np.nan])
    assert margins.kept_tasks(score, 0.2).tolist() == [False, False] + [True] * 7 + [False]
    assert margins.kept_tasks(score, 0).tolist() == [True] * 9 + [False]
    group = np.array([0, 0, 0, 1, 1, 1, 1, 1, 1, 0])
    assert margins.kept_tasks(score, 0.2, group).tolist() == [False, True, True, False, *[True] * 5, False]


def test_a_task_without_votes_has_no_score():
    votes = Votes([0, 2], [0, 0], [1, 0], 3, 1, 2)
    area = np.zeros((3, 2))
    assert np.isnan(margins.waum(votes, area, np.ones(2))).tolist() == [False, True, False]
    assert np.isnan(margins.aumc(np.array([1, -1, 0]), area)).tolist() == [False, True, False]


def test_options_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="psi5"):
        margins.AreaUnderMargin(margin="psi1")
    with pytest.raises(ValueError, match="top_k"):
        margins.AreaUnderMargin(margin="pleiss", top_k=2)
    with pytest.raises(ValueError, match="n_class - 1"):
        record(np.ones((1, 2, 3)) / 3, top_k=3)
    with pytest.raises(ValueError, match="alpha"):
        margins.kept_tasks(np.zeros(3), 1.5)
