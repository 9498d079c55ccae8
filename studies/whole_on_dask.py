"""Are runs on dask whole, and their figures those of a run alone, bit for bit?

    python -m studies.whole_on_dask --times 24

does so many runs with parallel/dask.yml on local crowds, and as many on published ones. It prints of each whether it
equals the run alone, and ends with status 1 where one does not. A run takes 10 to 60 seconds, mostly to start.
"""

import argparse
import collections
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
CROWDS = {"local": ["local", "local[path=rte]"], "published": ["bluebirds", "music"]}
FIXED = ["--no-cache", "--no-plot", "--seed", "1", "-r", "3", "-n", "3", "-s", "MV", "-s", "WAWA", "-s", "DS"]
KEYS = ["dataset_name", "solver_name", "idx_rep", "stop_val"]


def run(crowds, output, *options):
    """The figures of one run, and what became of it: None where it is whole by its own account."""
    datasets = [word for crowd in crowds for word in ("-d", crowd)]
    command = [sys.executable, "-m", "benchopt", "run", str(ROOT), *FIXED, *datasets, "--output", str(output), *options]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    except subprocess.TimeoutExpired:
        return None, "no end within ten minutes"
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        return None, f"status {done.returncode}: {said[-1] if said else 'nothing was said'}"
    rows = pd.read_parquet(output).sort_values(KEYS)
    figures = [name for name in rows if name.startswith("objective_") and name != "objective_name"]
    return rows[[*KEYS, *figures]].reset_index(drop=True), None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=24)
    times = parser.parse_args().times
    all_same = True
    with tempfile.TemporaryDirectory() as folder:
        for kind, crowds in CROWDS.items():
            alone, fault = run(crowds, Path(folder, f"{kind}.parquet"))
            if fault:
                sys.exit(f"{kind}, alone: {fault}")
            count = collections.Counter()
            for i in range(times):
                output = Path(folder, f"{kind}-{i}.parquet")
                found, fault = run(crowds, output, "--parallel-config", str(ROOT / "parallel" / "dask.yml"))
                outcome = fault or ("whole and equal" if found.equals(alone) else "not equal")
                count[outcome] += 1
                print(f"{kind} {i + 1}: {outcome}", flush=True)
            print(f"{kind}: {dict(count)} of {times}", flush=True)
            all_same &= count["whole and equal"] == times
    sys.exit(0 if all_same else 1)


if __name__ == "__main__":
    main()
