"""Fixtures: where the real data is, small crowds to test on."""

import os
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import settings

from benchmark_utils.votes import Votes

ROOT = Path(__file__).parents[1]
DATA_HOME = Path(os.environ.get("BENCHOPT_DATA_HOME") or ROOT.parent / "shared" / "data").resolve()
os.environ["BENCHOPT_DATA_HOME"] = str(DATA_HOME)
settings.register_profile("suite", deadline=None)  # no test is timed: the machine may be busy
settings.load_profile("suite")


@pytest.fixture(scope="session")
def benchmark():
    """The benchmark as Benchopt sees it."""
    from benchopt.benchmark import Benchmark

    return Benchmark(ROOT)


@pytest.fixture(scope="session")
def load_data(benchmark):
    """`load_data("bluebirds", **parameters)`: what the dataset's `get_data` returns; skips where the data is absent."""

    def load(name, /, **parameters):
        (dataset_class,) = benchmark.check_dataset_patterns([name], class_only=True)
        data = dataset_class.get_instance(**parameters).get_data()
        if data.get("missing"):
            # data that is there and refused is a broken loader, not a reason to skip
            assert not (DATA_HOME / name / parameters.get("path", "")).exists(), data["missing"]
            pytest.skip(data["missing"])
        return data

    return load


@pytest.fixture
def literature(load_data):
    """`literature("dog")`: votes and truth; skips where the crowd is absent."""

    def load(name):
        if name in ("bluebirds", "music"):
            data = load_data(name)
            return SimpleNamespace(votes=data["votes"], truth=data["truth"])
        folder = DATA_HOME / "literature" / name
        if not folder.exists():
            pytest.skip(f"{name} is not at hand")
        from benchmark_utils.crowds.published.literature import read

        votes, truth = read(name, folder)
        return SimpleNamespace(votes=votes, truth=truth)

    return load


@pytest.fixture
def random_votes():
    """`random_votes(seed, ...)`: a crowd that is right more often than not, and the truth, (votes, truth)."""

    def make(seed=0, n_task=60, n_worker=12, n_class=4, per_task=5, skill=0.7):
        rng = np.random.default_rng(seed)
        truth = rng.integers(n_class, size=n_task)
        task = np.repeat(np.arange(n_task), per_task)
        worker = np.argsort(rng.random((n_task, n_worker)), axis=1)[:, :per_task].ravel()
        right = rng.random(len(task)) < skill
        label = np.where(right, truth[task], rng.integers(n_class, size=len(task)))
        return Votes(task, worker, label, n_task, n_worker, n_class), truth

    return make


def peak(function):
    """Most bytes that `function()` has at once, beyond what is there."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
