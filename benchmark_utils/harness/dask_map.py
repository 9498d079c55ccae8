"""Python's `map` on the workers of dask.distributed, for passes over partitions that lie in a folder all of them share.

A worker reads a partition anew at each pass, does what it can by itself, and keeps nothing. Its result comes to this
process, which adds it to the sums in the order of the partitions: they are the bits of one process, for any number of
workers. docs/scale.md says what an iteration moves. The scheduler hands out numbers of partitions and small arrays;
results go from a worker to this process directly, where the network allows it, and parameters go by files.
"""

from __future__ import annotations

import builtins
import io
import logging
import os
import pickle
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from itertools import islice
from pathlib import Path

import numpy as np

from benchmark_utils.harness.glibc_memory import give_freed_memory_back, keep_freed_memory
from benchmark_utils.harness.limits import dask_limit

PATIENCE = 30  # seconds to wait for a worker, and for a result of one that is paused
_US = sys.modules[__name__.partition(".")[0]]
_AHEAD = 2  # partitions per thread: one at work, and one whose result waits for those before it


class EngineError(RuntimeError):
    """The workers cannot do what they are asked to; the message says why, and what to change."""


class DaskMap:
    """The `engine` of a partitioned strategy: `with DaskMap(2) as engine: PARTITIONED["DS"](engine=engine).fit(votes)`.

    Parameters
    ----------
    workers : int or str
        How many processes of one thread to start on this machine; or the address of a scheduler, whose workers can
        import `benchmark_utils`, and see the folder of the votes and the `scratch` of the strategy at the same paths.
    memory : int or str
        What each process that is started here may take, as "2GiB"; by default its share of the machine.

    Raises
    ------
    EngineError
        On entering: dask.distributed is not installed, the scheduler does not answer, or has no worker after
        `PATIENCE` seconds. In a pass: the workers lack memory, files or code.
    """

    def __init__(self, workers: int | str = 2, memory: int | str = "auto"):
        self.workers, self.memory = workers, memory
        self.client = self._cluster = None

    def __enter__(self) -> DaskMap:
        try:
            import cloudpickle
            import distributed
        except ImportError:
            raise EngineError("dask is not installed: pip install distributed") from None
        self._errors, self._pickling = distributed, cloudpickle
        self._by_value = _US.__name__ in cloudpickle.cloudpickle.list_registry_pickle_by_value()
        if self._by_value:  # as Benchopt has it: our classes would travel as code, and their locks cannot
            cloudpickle.unregister_pickle_by_value(_US)
        try:
            if isinstance(self.workers, int):
                find_us = f"import sys; sys.path.append({str(Path(__file__).resolve().parents[2])!r})"
                options = dict(threads_per_worker=1, memory_limit=self.memory, preload=[find_us])
                quiet = dict(silence_logs=logging.CRITICAL, dashboard_address=":0")
                self._cluster = distributed.LocalCluster(n_workers=0, **options, **quiet)
                self._cluster.scale(self.workers)
            self.client = distributed.Client(
                self._cluster or self.workers, direct_to_workers=True, set_as_default=False
            )
            self.client.wait_for_workers(1, timeout=PATIENCE)
        except (OSError, ValueError) as error:
            self.__exit__()
            raise EngineError(f"no worker of dask at {self.workers}: {error}") from None
        return self

    def __exit__(self, *_):
        for started in (self.client, self._cluster):
            if started is not None:
                started.close()
        if self._by_value:
            self._pickling.register_pickle_by_value(_US)

    def __reduce__(self):  # in what travels to a worker, which goes over no partitions
        return getattr, (builtins, "map")

    def __call__(self, function: Callable, indices: Iterable[int]) -> Iterator:
        """`function` of each index, in their order; it runs on the workers, a few at a time."""
        indices, waiting = iter(indices), deque()
        ahead = _AHEAD * max(sum(self.client.nthreads().values()), 1)
        while True:
            for index in islice(indices, ahead - len(waiting)):
                waiting.append(self.client.submit(_work, function, index, pure=False))
            if not waiting:
                return
            yield self._result(waiting.popleft())

    def _result(self, future):
        done, begin = threading.Event(), time.monotonic()
        future.add_done_callback(lambda _: done.set())
        while True:
            try:
                if done.wait(1):
                    return _Unpickler(io.BytesIO(future.result(timeout=PATIENCE))).load()
            except self._errors.TimeoutError:
                pass  # the worker that had the result may have died
            except self._errors.KilledWorker as error:
                raise self._too_little("died at the same partition", [error.last_worker.memory_limit]) from None
            except (FileNotFoundError, ModuleNotFoundError) as error:
                raise EngineError(
                    f"a worker of dask does not find what this process does ({error}): it needs benchmark_utils on "
                    "its PYTHONPATH, and the votes and the folder of temporary files (scratch) at the same paths"
                ) from error
            if time.monotonic() - begin > PATIENCE:
                self._refuse_to_wait(future)

    def _refuse_to_wait(self, future):
        """EngineError where no worker is there, or where the one that has this partition is paused."""
        workers = self.client.scheduler_info()["workers"]
        if not workers:
            raise self._too_little("ended")
        here = [worker for worker, keys in self.client.processing().items() if future.key in keys]
        states = [workers[worker] for worker in here or workers if worker in workers]
        if states and all(state["status"] == "paused" for state in states):
            raise self._too_little(f"stood still for {PATIENCE} seconds", [s["memory_limit"] for s in states])

    def _too_little(self, what, limits=()):
        each = f", at {min(limits) / 2**30:.2f} GiB each" if limits and min(limits) else ""
        return EngineError(
            f"the workers of dask have {what}{each}: they need more memory, or smaller partitions; docs/scale.md says "
            "how much for how many votes"
        )


class _Unpickler(pickle.Unpickler):
    """Arrays come with numpy's own dtype and not with a copy of it, with which np.add.at is thirty times slower."""

    def find_class(self, module, name):
        found = super().find_class(module, name)
        return (lambda code, *_: np.dtype(code)) if found is np.dtype else found


def engine_of(name: str):
    """The engine of a name, for a `with`: "disk" goes over the partitions here; "dask" starts a process for each
    processor, "dask:2" two of them, and "dask:tcp://HOST:8786" takes the workers of a scheduler.
    """
    kind, _, workers = name.partition(":")
    if name == "disk":
        return nullcontext(map)
    if kind != "dask":
        raise EngineError(f"engine is {name!r}: it is disk, dask, dask:NUMBER of processes, or dask:ADDRESS")
    return DaskMap(int(workers) if workers.isdigit() else workers or os.cpu_count() or 1)


def _work(function, index):
    """The pickled result of a partition, on a worker: what lies on disk is not kept in memory along with it.

    The partitions need arrays of the same sizes, so that freed memory is kept. Above half of what the worker may take
    it is given back, or dask would let the worker stand still for ever.
    """
    import psutil

    keep_freed_memory()
    try:
        return pickle.dumps(function(index), protocol=5)
    finally:
        if psutil.Process().memory_info().rss > dask_limit() / 2:
            give_freed_memory_back()
