"""Passes over partitions on the workers of dask: the bits of one process, whatever happens to the workers."""

import importlib
import os
import pickle
import signal
import time
from inspect import signature

import numpy as np
import pytest
from scipy import sparse

from benchmark_utils.crowds.simulated.confusions import independent
from benchmark_utils.crowds.simulated.flora import flora
from benchmark_utils.harness import dask_map, label_folder
from benchmark_utils.harness.dask_map import DaskMap, EngineError, engine_of
from benchmark_utils.strategies.partitioned import PARTITIONED
from benchmark_utils.strategies.steps.partition_passes import Index
from benchmark_utils.strategies.steps.partitioned_models import PartitionedVotedModel
from benchmark_utils.strategies.steps.scratch import Scratch, Shared
from benchmark_utils.votes.labels import SparseSoft
from benchmark_utils.votes.partition_writing import write_partitions

pytest.importorskip("distributed", reason="the engine needs distributed")


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    crowd = flora(20_000, seed=2).votes
    return write_partitions(crowd, tmp_path_factory.mktemp("crowd") / "flora", votes_per_partition=2_200)


@pytest.fixture(scope="module")
def engine():
    with DaskMap(2) as engine:
        yield engine


def fit(name, votes, known=None, **options):
    if name == "MACE":
        options["restarts"] = 2
    strategy = PARTITIONED[name](**options)
    n_iter = 2 if name in ("GLAD", "MACE") else 6  # an iteration of these has many passes
    given = {} if known is None else dict(known=known)
    return strategy.fit(votes, seed=3, **given, **(dict(n_iter=n_iter) if hasattr(strategy, "model") else {}))


def bits(array):
    return None if array is None else (array.data if sparse.issparse(array) else np.asarray(array)).tobytes()


def assert_same_bits(found, expected):
    for name in ("labels", "soft", "worker_score"):
        assert bits(getattr(found, name)) == bits(getattr(expected, name)), name
    if sparse.issparse(expected.soft):
        assert isinstance(found.soft, SparseSoft)
        assert bits(found.soft.indices) == bits(expected.soft.indices)
        assert bits(found.soft.indptr) == bits(expected.soft.indptr)
        assert bits(found.soft.proportions) == bits(expected.soft.proportions)
    assert found.history == expected.history
    assert (found.n_iter, found.converged) == (expected.n_iter, expected.converged)
    assert found.parameters.keys() == expected.parameters.keys()
    for name, value in expected.parameters.items():
        assert bits(found.parameters[name]) == bits(value), name


@pytest.mark.parametrize("name", PARTITIONED)
def test_two_workers_give_the_bits_of_one_process(name, parts, engine, tmp_path):
    assert len(parts) == 9
    expected = fit(name, parts)
    assert_same_bits(fit(name, parts, engine=engine, scratch=tmp_path), expected)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", PARTITIONED)
def test_dense_soft_labels_too(name, engine, tmp_path):
    parts = write_partitions(independent(seed=5, feedback=4).votes, tmp_path / "crowd", votes_per_partition=100)
    assert len(parts) > 5
    assert_same_bits(fit(name, parts, engine=engine), fit(name, parts))


@pytest.mark.parametrize(
    "name", [name for name in PARTITIONED if "known" in signature(PARTITIONED[name]().fit).parameters]
)
def test_known_truths_too(name, parts, engine, tmp_path):
    rng = np.random.default_rng(0)
    known = np.where(rng.random(parts.n_task) < 0.2, rng.integers(parts.n_class, size=parts.n_task), -1)
    expected = fit(name, parts, known=known)
    assert_same_bits(fit(name, parts, known=known, engine=engine, scratch=tmp_path), expected)
    assert (expected.labels != fit(name, parts).labels)[known < 0].any() == (name != "MV")
    assert list(tmp_path.iterdir()) == []
    assert len(pickle.dumps(Index(parts, tmp_path, engine, known))) < 6_000


@pytest.mark.parametrize("name", ["OneCoinDS", "DS"])
def test_a_worker_that_is_killed_costs_nothing_but_time(name, parts, engine):
    before = set(engine.client.run(os.getpid).values())
    assert len(before) == 2
    n_results = 0

    def killing(function, indices):
        """The engine, whose worker dies while the third iteration is under way."""
        nonlocal n_results
        for result in engine(function, indices):
            n_results += 1
            if n_results == 40:
                os.kill(min(before), signal.SIGKILL)
            yield result

    found = fit(name, parts, engine=killing)
    assert n_results > 60
    assert min(before) not in set(engine.client.run(os.getpid).values())
    assert_same_bits(found, fit(name, parts))
    engine.client.wait_for_workers(2)


def test_results_come_in_order_and_a_few_at_a_time(engine, tmp_path):
    def first_is_slow(index):
        (tmp_path / str(index)).touch()
        time.sleep(0.5 if index == 0 else 0)
        return index

    results = engine(first_is_slow, range(30))
    assert next(results) == 0
    assert len(list(tmp_path.iterdir())) <= 4  # two for each worker: the others would wait in their memory
    assert list(results) == list(range(1, 30))
    assert list(engine(first_is_slow, [])) == []


def test_arrays_come_back_as_numpy_makes_them(engine):
    """A copy of a dtype is equal to it, and slow."""
    (found,) = engine(lambda index: (np.zeros(3), np.ones(2, np.int32), np.array([True])), [0])
    assert [array.dtype for array in found] == [np.float64, np.int32, np.bool_]
    assert all(array.dtype is np.dtype(array.dtype.type) for array in found)


def test_nothing_is_kept_by_workers_or_scheduler(parts, engine):
    fit("DS", parts, engine=engine)
    for _ in range(100):
        if not engine.client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)):
            break
        time.sleep(0.1)
    assert engine.client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0
    assert set(engine.client.run(lambda dask_worker: len(dask_worker.data)).values()) == {0}


def test_what_lies_on_disk_travels_as_its_place(parts):
    index = Index(parts)
    pairs = index.read(4)
    assert len(parts.votes_per_worker) == parts.n_worker  # which is then kept
    model = PartitionedVotedModel(parts, 0.0, np.full(parts.n_task, -1))
    triples, met = list(model._map(lambda pairs, met: (pairs, met)))[4]
    shared = Shared(np.arange(100_000), Scratch())
    for large in (parts, index, pairs, triples, met, shared):
        assert len(pickle.dumps(large)) < 6_000
    copy = pickle.loads(pickle.dumps(pairs))
    for name in ("label", "n_votes", "row_start", "workers"):
        np.testing.assert_array_equal(getattr(copy, name), getattr(pairs, name))
    np.testing.assert_array_equal(copy.draws(1).of_pairs, pairs.draws(1).of_pairs)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(met)).column, met.column)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(shared))[[5, 7]], [5, 7])


def test_a_copy_leaves_the_files_and_the_first_takes_them_along():
    scratch = Scratch()
    shared = Shared(np.arange(3), scratch)
    copy, copied = pickle.loads(pickle.dumps(shared)), pickle.loads(pickle.dumps(scratch))
    del copy
    assert len(list(scratch.folder.iterdir())) == 1
    del shared
    assert list(scratch.folder.iterdir()) == []
    folder = scratch.folder
    del copied
    assert folder.exists()
    del scratch
    assert not folder.exists()


def test_too_little_memory_is_an_error_within_a_minute(parts, monkeypatch):
    monkeypatch.setattr(dask_map, "PATIENCE", 10)
    begin = time.monotonic()
    with pytest.raises(EngineError, match=r"(need more memory|no worker)"), DaskMap(1, memory="90MiB") as engine:
        fit("OneCoinDS", parts, engine=engine)
    assert time.monotonic() - begin < 60


def test_a_worker_that_stands_still_is_an_error(monkeypatch):
    from distributed.core import Status

    monkeypatch.setattr(dask_map, "PATIENCE", 2)

    def pause(dask_worker):
        dask_worker.status = Status.paused

    with DaskMap(1, memory=0) as engine:  # without a limit nothing wakes it
        assert list(engine(abs, [-1])) == [1]
        engine.client.run(pause)
        with pytest.raises(EngineError, match="stood still for 2 seconds: they need more memory"):
            list(engine(abs, [-1]))


def test_what_a_worker_does_not_find_is_said(engine):
    def read(index):
        return open("/nowhere/part")

    def load(index):
        importlib.import_module("no_such_module")

    for function, what in ((read, "/nowhere/part"), (load, "no_such_module")):
        with pytest.raises(EngineError, match=rf"{what}.*at the same paths"):
            list(engine(function, [0]))


def test_an_engine_has_a_name():
    with engine_of("disk") as engine:
        assert engine is map
    assert engine_of("dask:3").workers == 3
    assert engine_of("dask:tcp://here:8786").workers == "tcp://here:8786"
    assert engine_of("dask").workers == os.cpu_count()
    with pytest.raises(EngineError, match="'spark': it is disk, dask"):
        engine_of("spark")


def test_no_scheduler_at_the_address_is_said(monkeypatch):
    import dask

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(EngineError, match=r"no worker of dask at tcp://127\.0\.0\.1:9"),
        DaskMap("tcp://127.0.0.1:9"),
    ):
        pass


def test_the_command_takes_the_workers_of_a_scheduler(parts, engine, tmp_path, capsys):
    address = engine.client.scheduler.address
    for name in ("disk", f"dask:{address}"):
        options = ["--strategy", "WAWA", "--engine", name, "--output", str(tmp_path / name[:4])]
        assert label_folder.main([str(parts.folder), *options]) == 0, capsys.readouterr().err
    for file in ("labels.csv", "workers.csv"):
        assert (tmp_path / "dask" / file).read_bytes() == (tmp_path / "disk" / file).read_bytes()
    assert (
        label_folder.main([str(parts.folder), "--strategy", "MV", "--engine", "x", "--output", str(tmp_path / "x")])
        == 2
    )
    assert "it is disk, dask" in capsys.readouterr().err
