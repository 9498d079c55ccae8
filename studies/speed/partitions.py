"""Time and memory of the strategies on partitions, on disk or on dask, beside one process that holds all votes.

    python -m studies.speed.partitions make FOLDER N_VOTES       # a crowd of parts of simulated_flora, streamed
    python -m studies.speed.partitions measure FOLDER ... [--strategies NAME ...] [--where disk dask memory]
                                               [--n-iter 4] [--output studies/speed/partitions.md]

A crowd is made of floras of 3 million votes, PARTS of them drawn and taken in turn. Each one's users and species are a
random part of those of the whole, which are as many as a flora of this size has, so that the parts share them.

Each run is a process of its own, with one thread. Seconds are from the folder (from the arrays, for one process) to the
labels and soft labels, of the wall's clock and of the processor; an iteration is the median of the iterations but the
first; the peak is of the whole process. On dask two workers do the partitions, with --memory each; the peak is then of
the one process that sums, and that of the workers comes beside it. --kill N kills one of them in the N-th iteration.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import psutil

from benchmark_utils.crowds.simulated.flora import flora, sizes
from benchmark_utils.harness.dask_map import DaskMap
from benchmark_utils.harness.glibc_memory import keep_freed_memory
from benchmark_utils.strategies.catalogue import STRATEGIES
from benchmark_utils.strategies.partitioned import PARTITIONED
from benchmark_utils.votes import Votes
from benchmark_utils.votes.partition_writing import write_partitions
from benchmark_utils.votes.partitions import PartitionedVotes
from studies.speed.measuring import to_markdown

PART = 3_000_000
PARTS = 4
WORKERS = 2
PLACES = {"disk": "partitions", "dask": "partitions on dask", "memory": "one process"}
CLOCKS = ("wall", "processor")
VOTED = ("DS", "FDS", "FDS-hybrid", "WDS")
IN_MEMORY = STRATEGIES | {name: partial(STRATEGIES[name], support="voted") for name in VOTED}


def parts_of_floras(n_votes, seed=0):
    """(Votes, truth) of one part of the crowd after another."""
    _, n_worker, n_class, _, _ = sizes(n_votes)
    n_parts = max(round(n_votes / PART), 1)
    drawn = [flora(n_votes // n_parts, [seed, index]) for index in range(min(n_parts, PARTS))]
    for index in range(n_parts):
        crowd = drawn[index % len(drawn)]
        rng = np.random.default_rng([seed, index, 1])
        users = rng.choice(n_worker, crowd.votes.n_worker, replace=False)
        species = np.sort(rng.choice(n_class, crowd.votes.n_class, replace=False))
        votes = crowd.votes
        yield (
            replace(
                votes,
                worker=users[votes.worker],
                label=species[votes.label],
                n_worker=n_worker,
                n_class=n_class,
                author=users[votes.author],
                machine_label=species[votes.machine_label],
            ),
            np.where(crowd.truth >= 0, species[crowd.truth], -1),
        )


def in_memory(parts: PartitionedVotes) -> Votes:
    """The votes of all partitions as one process holds them."""
    columns = {name: np.empty(parts.n_votes, np.int32) for name in ("task", "worker", "label")}
    start = 0
    for part in parts:
        for name, column in columns.items():
            column[start : start + part.n_votes] = getattr(part, name)
        columns["task"][start : start + part.n_votes] += np.int32(part.first_task)
        start += part.n_votes
    author = np.concatenate([part.author for part in parts])
    return Votes(*columns.values(), parts.n_task, parts.n_worker, parts.n_class, author)


def run(folder, strategy, where, n_iter, memory="auto", kill=-1):
    """One run in this process: a dict of figures."""
    keep_freed_memory()
    before = psutil.Process().memory_info().rss / 2**30
    figures = _run(folder, strategy, where, n_iter, memory, kill)
    return figures | {"memory [GiB]": figures["peak [GiB]"] - before}


def _run(folder, strategy, where, n_iter, memory, kill):
    votes = PartitionedVotes.open(folder)
    if where == "memory":
        return timed(IN_MEMORY[strategy], in_memory(votes), votes, n_iter)
    if where == "disk":
        return timed(PARTITIONED[strategy], votes, votes, n_iter)
    with DaskMap(WORKERS, memory) as engine:
        engine.client.wait_for_workers(WORKERS)
        workers = [psutil.Process(pid) for pid in engine.client.run(os.getpid).values()]

        def at_iteration(number):
            if number == kill:
                threading.Timer(0.2, workers[0].kill).start()

        figures = timed(partial(PARTITIONED[strategy], engine=engine), votes, votes, n_iter, at_iteration)
        peaks = engine.client.run(lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
        killed = sum(not worker.is_running() for worker in workers)
    return figures | {"peak of a worker [GiB]": max(peaks.values()), "workers killed": killed}


def timed(make, given, votes, n_iter, at_iteration=lambda number: None):
    """The figures of one strategy on what it takes."""
    ticks, figures = [_clocks()], {}
    if not hasattr(make(), "iterate"):
        result = make().fit(given)
    else:
        points = make().iterate(given, tol=-1)
        for number in range(n_iter + 1):
            at_iteration(number)
            point = None  # its arrays would stay in memory
            point = next(points)
            ticks.append(_clocks())
        figures = {
            f"iteration, {clock}": np.median(np.diff(ticks, axis=0)[2:, place]) for place, clock in enumerate(CLOCKS)
        }
        result = point.aggregation()
    figures |= zip(CLOCKS, np.subtract(_clocks(), ticks[0]).tolist(), strict=True)
    figures["peak [GiB]"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    truth = np.concatenate([votes.truth(index) for index in range(len(votes))])
    known = truth >= 0
    figures["AccTrain"] = float(np.mean(result.labels[known] == truth[known]))
    figures |= {
        "labels": _digest(result.labels),
        "scores": _digest(result.worker_score),
        "history": _digest(result.history),
    }
    return figures


def _digest(numbers):
    """Six digits of a hash: the same where every bit is."""
    return numbers if numbers is None else hashlib.sha256(np.ascontiguousarray(numbers).tobytes()).hexdigest()[:6]


def _clocks():
    return time.perf_counter(), time.process_time()


def measure(folder, strategy, where, *options):
    """The figures of one run, in a process of its own."""
    command = [sys.executable, "-m", "studies.speed.partitions", "run", folder, strategy, where, *map(str, options)]
    done = subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{strategy} on {where} ended with status {done.returncode}: {done.stderr[-500:]}")
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make")
    make.add_argument("folder")
    make.add_argument("n_votes", type=int)
    measured = commands.add_parser("measure")
    measured.add_argument("folder", nargs="+")
    measured.add_argument("--strategies", nargs="+", default=list(PARTITIONED), choices=list(PARTITIONED))
    measured.add_argument("--where", nargs="+", default=["disk", "memory"], choices=list(PLACES))
    measured.add_argument("--n-iter", type=int, default=4)
    measured.add_argument("--memory", default="auto", help="of a worker of dask, as 1.5GiB")
    measured.add_argument("--kill", type=int, default=-1, metavar="N", help="kill a worker in this iteration")
    measured.add_argument("--output", type=Path)
    one = commands.add_parser("run")
    for name in ("folder", "strategy", "where"):
        one.add_argument(name)
    one.add_argument("n_iter", type=int)
    one.add_argument("memory")
    one.add_argument("kill", type=int)
    chosen = parser.parse_args()
    if chosen.command == "make":
        print(write_partitions(parts_of_floras(chosen.n_votes), Path(chosen.folder)).ranges.sum(axis=0))
    elif chosen.command == "run":
        figures = run(chosen.folder, chosen.strategy, chosen.where, chosen.n_iter, chosen.memory, chosen.kill)
        print(json.dumps(figures))
    else:
        rows = []
        for folder, strategy, where in product(chosen.folder, chosen.strategies, chosen.where):
            figures = measure(folder, strategy, where, chosen.n_iter, chosen.memory, chosen.kill)
            shown = {key: round(one, 4) if isinstance(one, float) else one for key, one in figures.items()}
            print(folder, strategy, where, shown, flush=True)
            rows.append(row(PartitionedVotes.open(folder).n_votes, strategy, where, figures))
            if chosen.output:
                command = f"python -m studies.speed.partitions measure --n-iter {chosen.n_iter}"
                chosen.output.write_text(to_markdown(rows, command))


def row(n_votes, strategy, where, figures):
    """One of the table, with the columns of `studies.speed.scale`."""
    return {
        "strategy": strategy,
        "who": PLACES[where],
        "votes": f"{n_votes:,}",
        "run [s]": figures["wall"],
        "iteration [s]": figures.get("iteration, wall", np.nan),
        "us a vote": 1e6 * figures["wall"] / n_votes,
        **{column: figures[column] for column in ("memory [GiB]", "peak [GiB]", "AccTrain")},
    }


if __name__ == "__main__":
    main()
