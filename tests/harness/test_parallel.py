"""The grid of runs on a real dask cluster of two workers, one of which is killed in the middle."""

import os
import signal
import subprocess
import sys
import threading
import time

import pandas as pd
import pytest
import yaml
from benchopt.cli.main import run as benchopt_run

from tests.conftest import ROOT

distributed = pytest.importorskip("distributed", reason="the dask backend needs distributed")

GRID = ["-d", "simulated_flora[n_votes=10000]", "-s", "DS[support=voted]", "-s", "GLAD", "-s", "PlantNet", "-r", "2"]
FEW_POINTS = ["--max-runs", "3"]


@pytest.fixture
def cluster(tmp_path):
    """A scheduler's file and two workers without a nanny, each a process of its own outside the repository's folder."""
    file = tmp_path / "scheduler.json"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"}

    def start(command, *options):
        whole = [sys.executable, "-m", f"distributed.cli.dask_{command}", "--scheduler-file", str(file), *options]
        return subprocess.Popen(whole, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)

    scheduler = start("scheduler", "--port", "0", "--no-dashboard")
    workers = {}
    for name in ("first", "second"):
        workers[name] = start("worker", "--no-nanny", "--no-dashboard", "--nthreads", "1", "--name", name)
    try:
        with distributed.Client(scheduler_file=str(file), set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield file, workers
    finally:
        for process in (*workers.values(), scheduler):
            process.kill()
            process.wait()


def run(output, *options):
    fixed = ["--seed", "1", "--output", str(output), "--no-cache", "--no-plot"]
    benchopt_run([str(ROOT), *GRID, *FEW_POINTS, *fixed, *options], standalone_mode=False)
    return pd.read_parquet(output)


def scores(results):
    columns = sorted(c for c in results if c.startswith("objective_") and c != "objective_name")
    keys = ["solver_name", "idx_rep", "stop_val"]
    return results.sort_values(keys)[[*keys, *columns]].reset_index(drop=True)


def kill_in_the_middle(file, worker, name, killed, ended):
    """Kill the worker while it does its second run or a later one; say which. Give up once all runs have ended."""

    def busy(dask_scheduler):
        states = dask_scheduler.workers.values()
        return [str(task.key) for state in states if state.name == name for task in state.processing]

    with distributed.Client(scheduler_file=str(file), set_as_default=False) as client:
        first = None
        while not (killed or ended.is_set()):
            running = client.run_on_scheduler(busy)
            first = first or running
            if running and running != first:
                worker.send_signal(signal.SIGKILL)
                killed.extend(running)
            time.sleep(0.02)


def test_what_a_dead_worker_was_running_is_run_again(cluster, tmp_path):
    file, workers = cluster
    config = tmp_path / "dask.yml"
    shipped = yaml.safe_load((ROOT / "parallel" / "dask.yml").read_text())
    for key in ("dask_n_workers", "dask_threads_per_worker", "dask_processes"):  # as its comments say
        del shipped[key]
    config.write_text(yaml.safe_dump(shipped | {"dask_scheduler_file": str(file)}))
    killed, ended = [], threading.Event()
    killer = threading.Thread(target=kill_in_the_middle, args=(file, workers["second"], "second", killed, ended))
    killer.start()
    try:
        side_by_side = run(tmp_path / "dask.parquet", "--parallel-config", str(config))
    finally:
        ended.set()
        killer.join()
        distributed.default_client().close()  # Benchopt's, which would look for its scheduler for ever
    assert killed
    assert workers["second"].poll() == -signal.SIGKILL
    assert workers["first"].poll() is None
    pd.testing.assert_frame_equal(scores(side_by_side), scores(run(tmp_path / "alone.parquet")), check_exact=True)
