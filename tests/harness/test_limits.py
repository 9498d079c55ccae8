"""The memory that one run may take: the machine's or the container's, divided by the runs side by side."""

import math
import subprocess
import sys

import joblib
import psutil
import pytest

from benchmark_utils.harness import limits
from benchmark_utils.harness.solver import OneShotSolver

V2 = {"proc/self/cgroup": "0::/user/job\n"}
V1 = {"proc/self/cgroup": "5:cpu,cpuacct:/a\n4:memory:/user/job\n"}
OFF_V1 = str(2**63 - 4096)


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({}, math.inf),
        (V2, math.inf),
        (V2 | {"sys/fs/cgroup/user/job/memory.max": "max\n"}, math.inf),
        (V2 | {"sys/fs/cgroup/user/job/memory.max": "3000\n"}, 3000),
        (V2 | {"sys/fs/cgroup/user/job/memory.max": "max\n", "sys/fs/cgroup/user/memory.max": "2000\n"}, 2000),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1000\n"}, 1000),
        (V1 | {"sys/fs/cgroup/memory/user/job/memory.limit_in_bytes": "4000\n"}, 4000),
        (V1 | {"sys/fs/cgroup/memory/user/memory.limit_in_bytes": "500\n",
               "sys/fs/cgroup/memory/user/job/memory.limit_in_bytes": OFF_V1}, 500),
    ],
)  # fmt: skip
def test_the_limit_of_a_container_is_found(tmp_path, files, limit):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert limits.container_limit(tmp_path) == limit


def test_a_run_alone_may_take_all_that_there_is(monkeypatch):
    total = psutil.virtual_memory().total
    assert limits.memory_limit() <= total
    monkeypatch.setattr(limits, "container_limit", lambda: math.inf)
    monkeypatch.setattr(limits, "process_limit", lambda: math.inf)
    monkeypatch.setattr(limits, "count_jobs", lambda: 1)
    assert limits.memory_limit() == total
    monkeypatch.setattr(limits, "container_limit", lambda: total / 4)
    assert limits.memory_limit() == total / 4
    monkeypatch.setattr(limits, "count_jobs", lambda: 8)
    assert limits.memory_limit() == total / 32
    monkeypatch.setattr(limits, "process_limit", lambda: total / 64)
    assert limits.memory_limit() == total / 64


def test_jobs_are_counted_within_and_from_outside():
    loky = joblib.externals.loky
    with loky.ProcessPoolExecutor(max_workers=3, context=loky.backend.get_context("loky")) as workers:
        assert [workers.submit(limits.count_jobs).result() for _ in range(3)] == [3] * 3
        assert limits.count_jobs() == 3
    assert limits.count_jobs() == 1


def test_the_limit_of_the_process_counts():
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))\n"
        "from benchmark_utils.harness.limits import memory_limit; print(memory_limit())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) <= 2**32


def test_dask_workers_have_limits_of_their_own():
    distributed = pytest.importorskip("distributed", reason="the dask backend needs distributed")
    options = dict(n_workers=2, threads_per_worker=2, memory_limit=3 * 2**30, dashboard_address=":0")
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster, set_as_default=False) as client:
        assert client.submit(limits.memory_limit).result() == 1.5 * 2**30


def test_what_does_not_fit_is_skipped_with_the_numbers(monkeypatch, random_votes):
    class Hungry:
        def bytes_needed(self, votes):
            return 3 * 2**30

    class Solver(OneShotSolver):
        name = "Hungry"

        def get_strategy(self):
            return Hungry()

    monkeypatch.setattr(limits, "memory_limit", lambda: 6 * 2**30)
    assert Solver().skip(random_votes()[0]) == (False, None)
    monkeypatch.setattr(limits, "memory_limit", lambda: 5 * 2**30)  # which would hold it, and nothing else
    monkeypatch.setattr(limits, "count_jobs", lambda: 6)
    skipped, reason = Solver().skip(random_votes()[0])
    assert skipped
    assert "needs 3.0 GiB, and 2.5 GiB may be taken for each of 6 runs at a time" in reason
    assert "-f 'Hungry'" in reason
