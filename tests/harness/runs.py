"""`benchopt run` in a process of its own, on a copy of the benchmark with a few solvers and one's own crowds."""

import os
import re
import shutil
import subprocess
import sys

import pandas as pd

from tests.conftest import ROOT

SIDE_BY_SIDE = {"alone": [], "two jobs": ["-j", "2"], "dask": ["--parallel-config", "parallel/dask.yml"]}

BAD_SOLVER = '''
import os
import signal

import numpy as np

from benchmark_utils.harness.solver import OneShotSolver


class Solver(OneShotSolver):
    """Fails, or takes its process with it, on the crowd of five tasks."""

    name = "Zed"
    parameters = {"how": ["raise"]}

    def skip(self, votes, **task_data):
        return False, None

    def warm_up(self):
        pass

    def run(self, n_iter):
        if self.votes.n_task == 5 and self.how == "raise":
            raise ArithmeticError("so it is")
        if self.votes.n_task == 5:
            os.kill(os.getpid(), signal.SIGKILL)

    def get_result(self):
        return dict(labels=np.zeros(self.votes.n_task, dtype=np.int64))
'''


def copy_benchmark(folder, solvers=("mv", "ds")):
    """A benchmark with the dataset `local` and some of the solvers."""
    for name in ("benchmark_utils", "parallel", "run_configs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("objective.py", "config.yml", "Makefile", "datasets/local.py", *(f"solvers/{s}.py" for s in solvers)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def write_crowd(folder, truth, first="cat"):
    """Three workers agree: the first task is `first`, the last is a dog, the others are cats."""
    folder.mkdir(parents=True, exist_ok=True)
    tasks = [f"t{i}" for i in range(len(truth))]
    labels = [first, *["cat"] * (len(tasks) - 2), "dog"]
    rows = [f"{task},w{j},{label}" for task, label in zip(tasks, labels, strict=True) for j in range(3)]
    (folder / "label.csv").write_text("\n".join(["item,worker,label", *rows]) + "\n")
    (folder / "truth.csv").write_text("\n".join(["item,truth", *map(",".join, zip(tasks, truth, strict=True))]) + "\n")


def environment(home, cache):
    """Of a run: crowds of `home`, a parsed cache of its own, one thread."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return kept | dict(BENCHOPT_DATA_HOME=str(home), XDG_CACHE_HOME=str(cache), OMP_NUM_THREADS="1", COLUMNS="200")


def run(benchmark, home, *options, output="result"):
    """What the run printed, and the process."""
    command = [sys.executable, "-m", "benchopt", "run", ".", "--no-plot", "--output", output, *options]
    done = subprocess.run(
        command, cwd=benchmark, env=environment(home, benchmark / "parsed"), capture_output=True, text=True, timeout=300
    )
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout) + done.stderr, done


def figures(benchmark, output="result"):
    """{(crowd, solver): accuracy} of the last point of each curve; removes the results."""
    path = benchmark / "outputs" / f"{output}.parquet"
    rows = pd.read_parquet(path).sort_values("stop_val").groupby(["dataset_name", "solver_name"]).last()
    path.unlink()
    shown = {(d.split("path=")[1].rstrip("]"), s.split("[")[0]): v for (d, s), v in rows["objective_acc_train"].items()}
    return {key: round(value, 6) for key, value in shown.items()}
