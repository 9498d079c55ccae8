"""What a strategy says that it needs, against what it takes: the solvers skip by this figure."""

from functools import partial

import numpy as np
import pytest

from benchmark_utils.strategies import cbcc
from benchmark_utils.strategies.bwa import BWA
from benchmark_utils.strategies.cbcc import CBCC
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.dswc import DSWC
from benchmark_utils.strategies.ebcc import EBCC
from benchmark_utils.strategies.fast_dawid_skene import FastDawidSkene
from benchmark_utils.strategies.ibcc import IBCC
from benchmark_utils.strategies.mace import MACE
from benchmark_utils.strategies.minimax import Minimax
from benchmark_utils.strategies.mmsr import MMSR
from benchmark_utils.strategies.weighted_dawid_skene import WeightedDawidSkene
from benchmark_utils.votes import counts
from tests.conftest import peak

MEASURED = {
    "DS": DawidSkene(),
    "DS voted": DawidSkene(support="voted"),
    "FDS": FastDawidSkene(),
    "FDS voted": FastDawidSkene(support="voted"),
    "WDS": WeightedDawidSkene(),
    "WDS voted": WeightedDawidSkene(support="voted"),
    "DSWC": DSWC(),
    "BWA": BWA(),
    "iBCC": IBCC(),
    "EBCC": EBCC(groups=4, restarts=2),
}
SEVERAL_RUNS = {
    "MACE": MACE(restarts=40),
    "EBCC": EBCC(groups=4, restarts=10),
    "CBCC": CBCC(),
    "CBCC-3": CBCC(communities=3),
    "Minimax": Minimax(),
}
# Where the workers' matrices are most of the memory, where the tasks' posteriors are, and where the votes are.
CROWDS = {
    "many workers": dict(n_task=1000, n_worker=400, n_class=40, per_task=5),
    "many tasks": dict(n_task=30_000, n_worker=40, n_class=20, per_task=2),
    "many votes": dict(n_task=8000, n_worker=100, n_class=6, per_task=20),
}
PYTHON = 500_000  # bytes of a fit that do not grow with the crowd; up to 270,000 were seen after other tests
MANY_CLASSES = dict(n_task=900, n_worker=30, n_class=1100, per_task=2)


@pytest.mark.parametrize("crowd", CROWDS)
@pytest.mark.parametrize("name", MEASURED)
def test_bytes_needed_is_what_it_takes(random_votes, name, crowd):
    votes, _ = random_votes(**CROWDS[crowd])
    strategy = MEASURED[name]
    strategy.fit(random_votes()[0], n_iter=1)  # what is loaded once is not part of it
    taken = peak(partial(strategy.fit, votes, n_iter=2, tol=-1))
    assert 0.5 < taken / strategy.bytes_needed(votes) < 1.5


@pytest.mark.parametrize("crowd", CROWDS)
@pytest.mark.parametrize("name", SEVERAL_RUNS)
def test_bytes_needed_is_what_a_curve_takes_that_keeps_all_runs(random_votes, name, crowd, monkeypatch):
    monkeypatch.setattr(cbcc, "MOST_COMMUNITIES", 4)
    monkeypatch.setattr(cbcc, "while_rising", lambda points: points)  # it tries all of them, as it may
    size = CROWDS[crowd] if name != "Minimax" else CROWDS[crowd] | {"n_task": 200}  # it is for small crowds
    votes, _ = random_votes(**size)
    strategy = SEVERAL_RUNS[name]

    def curve():
        for point in strategy.iterate(votes, [0, 1, 2], tol=-1):
            point.aggregation()
            del point

    strategy.fit(random_votes()[0], n_iter=1)
    assert 0.5 < peak(curve) / strategy.bytes_needed(votes) < 1.5


def test_bytes_needed_by_robust_rank_one(random_votes):
    """It counts pairs of workers alone, which are most of it where every task has many votes."""
    votes, _ = random_votes(n_task=300, n_worker=1000, per_task=40)
    taken = peak(partial(MMSR().fit, votes, n_iter=2, tol=-1))
    assert 0.5 < taken / MMSR().bytes_needed(votes) < 1.5


@pytest.mark.parametrize("strategy", [MEASURED["DS voted"], MEASURED["FDS voted"], MEASURED["WDS voted"], MMSR()])
def test_bytes_needed_knows_the_classes_of_soft_labels(random_votes, strategy):
    votes, _ = random_votes(**MANY_CLASSES)
    strategy.fit(random_votes()[0], n_iter=1)
    taken = peak(partial(strategy.fit, votes, n_iter=2, tol=-1))
    assert 0.5 * strategy.bytes_needed(votes) < taken <= strategy.bytes_needed(votes) + PYTHON


@pytest.mark.parametrize("name", ["DS", "FDS", "WDS", "DSWC", "BWA", "iBCC", "EBCC"])
def test_bytes_needed_is_worked_out_before_they_are_taken(random_votes, name):
    votes, _ = random_votes()
    huge = type(votes)(votes.task, votes.worker, votes.label, 6_699_593, 823_251, 11_425)
    assert peak(lambda: MEASURED[name].bytes_needed(huge)) < 10**6
    assert MEASURED[name].bytes_needed(huge) > 10**12


@pytest.mark.parametrize("name", ["DS", "FDS", "WDS", "DSWC", "BWA", "iBCC", "EBCC"])
def test_dense_strategies_run_where_soft_labels_are_sparse(random_votes, name, monkeypatch):
    """With millions of tasks and few workers and classes they fit into memory."""
    votes, _ = random_votes(skill=0.5)
    expected = MEASURED[name].fit(votes, n_iter=5)
    monkeypatch.setattr(counts, "DENSE_ENTRIES", 0)
    result = MEASURED[name].fit(votes, n_iter=5)
    np.testing.assert_allclose(result.history, expected.history)
    np.testing.assert_allclose(result.worker_score, expected.worker_score)
