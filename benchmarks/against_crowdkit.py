"""Time of DS, MV and WAWA against crowd-kit's: same votes, same process, same number of iterations.

    python -m benchmarks.against_crowdkit [--datasets labelme music ...] [--output benchmarks/against_crowdkit.md]

Ours is timed from the arrays of `Votes` to the labels. crowd-kit is timed from a DataFrame (task, worker, label) to
its labels; building the DataFrame is not timed. Both run DS for 50 iterations, with tol=-1 so that neither stops
early. A time is the shortest of the repeats, taken in turn; a ratio above 1 means that ours is faster. Accuracies
are printed so that speed is never compared between different answers.
"""

import argparse
import os
import platform
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from benchopt.benchmark import Benchmark
from crowdkit.aggregation import classification as crowdkit

from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.strategies.wawa import WAWA

ROOT = Path(__file__).parents[1]
DATASETS = ["bluebirds", "labelme", "music", "cifar10h", "audiobirds"]
PAIRS = {
    "MV": (lambda votes: MajorityVote().fit(votes), lambda: crowdkit.MajorityVote()),
    "WAWA": (lambda votes: WAWA().fit(votes), lambda: crowdkit.Wawa()),
    "DS": (lambda votes: DawidSkene().fit(votes, n_iter=50, tol=-1), lambda: crowdkit.DawidSkene(n_iter=50, tol=-1)),
}


def load(name, path=None):
    """Votes and truth of a dataset (of the folder `path` for `local`), or None where it is absent."""
    (dataset,) = Benchmark(ROOT).check_dataset_patterns([name], class_only=True)
    data = dataset.get_instance(**({"path": path} if path else {})).get_data()
    if data.get("missing"):
        print(f"{path or name} is left out: {data['missing']}")
        return None
    return data["votes"], data["truth"]


def shortest(functions, repeats):
    """The shortest time of each function, run in turn, and what each returned, [(seconds, result)]."""
    times, results = np.full((repeats, len(functions)), np.inf), [None] * len(functions)
    for repeat in range(repeats):
        for column, function in enumerate(functions):
            start = time.perf_counter()
            results[column] = function()
            times[repeat, column] = time.perf_counter() - start
    return list(zip(times.min(axis=0), results, strict=True))


def compare(name, repeats):
    loaded = load(name)
    if loaded is None:
        return
    votes, truth = loaded
    frame = pd.DataFrame({"task": votes.task, "worker": votes.worker, "label": votes.label})
    known = truth >= 0
    for strategy, (ours, theirs) in PAIRS.items():
        (our_time, our_result), (their_time, their_result) = shortest(
            [lambda ours=ours: ours(votes), lambda theirs=theirs: theirs().fit_predict(frame)], repeats
        )
        their_labels = their_result.reindex(range(votes.n_task), fill_value=-1).to_numpy()
        yield {
            "dataset": name,
            "strategy": strategy,
            "ours [s]": our_time,
            "crowd-kit [s]": their_time,
            "ratio": their_time / our_time,
            "AccTrain ours": (our_result.labels == truth)[known].mean(),
            "AccTrain crowd-kit": (their_labels == truth)[known].mean(),
        }


def _cell(value):
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.4g}"
    return str(value)


def to_markdown(rows, command):
    columns = list(rows[0])
    cells = [[_cell(row[c]) for c in columns] for row in rows]
    table = [columns, ["---"] * len(columns), *cells]
    installed = [p for p in ("crowd-kit", "peerannot", "numpy", "scipy", "pandas") if find_spec(p.replace("-", ""))]
    versions = ", ".join(f"{p} {version(p)}" for p in installed)
    lines = ["| " + " | ".join(row) + " |" for row in table]
    about = f"`{command}`; Python {platform.python_version()}, {versions}; {cpu_name()}."
    return "\n".join([*lines, "", about]) + "\n"


def cpu_name():
    """The processor and the number of cores."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{models[0] if models else platform.processor()}, {os.cpu_count()} cores"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", nargs="+", default=DATASETS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path)
    chosen = parser.parse_args()
    rows = [row for name in chosen.datasets for row in compare(name, chosen.repeats)]
    text = to_markdown(rows, "python -m benchmarks.against_crowdkit")
    print(text)
    if chosen.output:
        chosen.output.write_text(text)


if __name__ == "__main__":
    main()
