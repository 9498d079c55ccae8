"""Soft labels and labels describe the same answer, dense or sparse."""

from functools import partial

import numpy as np
import pytest

from benchmark_utils.scoring import against_truth, calibration
from benchmark_utils.strategies.catalogue import ITERATIVE, STRATEGIES
from benchmark_utils.strategies.ebcc import EBCC
from benchmark_utils.strategies.iwmv import IWMV
from benchmark_utils.votes import Votes, counts

MANY_CLASSES = {name: make for name, make in STRATEGIES.items() if not hasattr(make(), "max_classes")}
MANY_CLASSES["EBCC"] = partial(EBCC, restarts=2)


def crowd(seed, n_class=12, skill=0.25):
    """Few votes per task, many of them wrong, so that the truth is often a class that nobody voted for."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_class, size=80)
    task, worker = np.repeat(np.arange(80), 4), rng.random((80, 15)).argsort(axis=1)[:, :4].ravel()
    right = rng.random(320) < np.where(worker < 10, skill, 0.02)
    label = np.where(right, truth[task], rng.integers(n_class, size=320))
    return Votes(task, worker, label, 81, 15, n_class), np.append(truth, -1)  # the last task has no vote


def fit(name, votes, sparse, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(counts, "DENSE_ENTRIES", 0 if sparse else 10**9)
        return MANY_CLASSES[name]().fit(votes, seed=0, **({"n_iter": 15} if name in ITERATIVE else {}))


@pytest.mark.parametrize("name", sorted(MANY_CLASSES.keys() - {"WAWA"}))  # the two forms draw its majorities apart
def test_no_metric_depends_on_the_storage(name, monkeypatch):
    for seed in range(3):
        votes, truth = crowd(seed)
        dense, sparse = (fit(name, votes, storage, monkeypatch) for storage in (False, True))
        if dense.soft is None:
            continue
        scores = [against_truth.score(votes, truth, result.labels, result.soft) for result in (dense, sparse)]
        for column in ("acc_expected", "ece", "brier", "log_loss"):
            assert scores[1][column] == pytest.approx(scores[0][column], rel=1e-6)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("name", MANY_CLASSES)
def test_the_label_is_a_mode_of_its_row(name, sparse, monkeypatch):
    for seed in range(5):
        for n_class in (2, 3, 12):
            votes, _ = crowd(seed, n_class)
            result = fit(name, votes, sparse, monkeypatch)
            if result.soft is None:
                continue
            valid = np.flatnonzero(result.labels >= 0)
            rows = calibration.Rows(result.soft, valid)
            assert rows.is_top(result.labels[valid]).all()


def test_scores_below_zero_keep_their_order():
    """Two workers who know, one who errs more than by chance; three classes."""
    task, worker = np.divmod(np.arange(30), 3)
    label = np.where(worker < 2, task % 3, (task + 1) % 3)
    alone = np.array([10, 11, 11]), np.array([2, 2, 0]), np.array([1, 0, 2])
    votes = Votes(*(np.append(a, b) for a, b in zip((task, worker, label), alone, strict=True)), 12, 3, 3)
    result = IWMV().fit(votes)
    weight = result.parameters["weight"]
    assert weight[2] < 0
    score = np.array([0, weight[2], 0]), np.array([weight[2], 0, weight[0]])
    expected = [(row - row.min()) / (row - row.min()).sum() for row in score]
    np.testing.assert_allclose(result.soft[10:], expected)
    assert result.labels[10] != 1
    assert result.labels[11] == 2
