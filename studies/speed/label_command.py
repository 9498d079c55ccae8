"""From a file of votes to a file of labels by Dawid-Skene: crowd-kit, our functions, and the command `label`.

    python -m studies.speed.label_command [--votes 10000 1000000]

Each runs in a process of its own, one thread, imports included, one after the other on the same file: a simulated crowd
with five votes per task and five classes, ids and labels as words. Printed are the seconds of the processor, those on
the clock, and the most memory. Where other work shares the machine, those of the processor are the ones to compare.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

WAYS = {
    "crowd-kit": """
import pandas as pd
from crowdkit.aggregation import DawidSkene
DawidSkene(n_iter=100).fit_predict(pd.read_csv("{votes}")).to_csv("{folder}/labels.csv")
""",
    "our functions": """
from benchmark_utils.crowds.formats.folder import read_votes
from benchmark_utils.strategies.dawid_skene import DawidSkene
votes = read_votes("{votes}")
votes.named(DawidSkene().fit(votes, n_iter=100).labels).to_csv("{folder}/labels.csv")
""",
    "the command": """
from benchmark_utils.__main__ import main
main(["label", "{votes}", "--strategy", "DS", "--output", "{folder}/out"])
""",
}


def write_votes(path, n_votes, seed=0):
    rng = np.random.default_rng(seed)
    n_task, n_worker = n_votes // 5, max(30, n_votes // 500)
    truth, task = rng.integers(5, size=n_task), np.repeat(np.arange(n_task), 5)
    worker = rng.integers(n_worker, size=len(task))
    right = rng.random(len(task)) < rng.uniform(0.4, 0.95, n_worker)[worker]
    label = np.where(right, truth[task], rng.integers(5, size=len(task)))
    names = np.array(["cat", "dog", "fox", "owl", "elk"])[label]
    table = {"task": np.char.add("t", task.astype(str)), "worker": np.char.add("w", worker.astype(str)), "label": names}
    pd.DataFrame(table).to_csv(path, index=False)


def measure(code) -> tuple[float, float, float]:
    """Seconds of the processor, seconds on the clock, and megabytes, of a Python process."""
    start = time.perf_counter()
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"it ended with status {status}:\n{code}")
    return used.ru_utime + used.ru_stime, time.perf_counter() - start, used.ru_maxrss / 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--votes", nargs="+", type=int, default=[10_000, 1_000_000])
    for n_votes in parser.parse_args().votes:
        with tempfile.TemporaryDirectory() as folder:
            votes = Path(folder, "votes.csv")
            write_votes(votes, n_votes)
            for way, code in WAYS.items():
                cpu, wall, memory = measure(code.format(votes=votes, folder=folder))
                print(f"{n_votes:>9,} votes, {way:13} {cpu:7.1f} s CPU {wall:7.1f} s {memory:6.0f} MB", flush=True)


if __name__ == "__main__":
    main()
