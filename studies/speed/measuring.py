"""Time and memory of one call, ours or a library's, on the same votes."""

import multiprocessing
import os
import platform
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from benchopt.benchmark import Benchmark

from benchmark_utils.strategies.catalogue import CROWDKIT, ITERATIVE, PEERANNOT, STRATEGIES

ROOT = Path(__file__).parents[2]


def load(name, path=None):
    """Votes and truth of a dataset (of the folder `path` for `local`), or None where it is absent."""
    (dataset,) = Benchmark(ROOT).check_dataset_patterns([name], class_only=True)
    data = dataset.get_instance(**({"path": path} if path else {})).get_data()
    if data.get("missing"):
        print(f"{path or name} is left out: {data['missing']}")
        return None
    return data["votes"], data["truth"]


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


LIBRARIES = {"crowd-kit": CROWDKIT, "peerannot": PEERANNOT}
SLOW = 10.0  # seconds above which a run is not repeated


def our_run(strategy, votes, n_iter, **options):
    """A function without arguments that fits ours; n_iter None runs to convergence."""
    if strategy in ITERATIVE and n_iter is not None:
        options = dict(options, n_iter=n_iter)
    return lambda: STRATEGIES[strategy]().fit(votes, **options)


def library_run(library, strategy, votes, n_iter, force):
    """The solver, ready to run, or the reason why it does not run."""
    (solver_class,) = Benchmark(ROOT).check_solver_patterns([library], class_only=True)
    if not solver_class.is_installed():
        return None, f"{library} is not installed"
    solver = solver_class.get_instance(
        strategy=LIBRARIES[library][strategy], max_votes=votes.n_votes if force else None
    )
    skipped, reason = solver.skip(votes=votes)
    if skipped:
        return None, reason
    solver.votes, solver.seed = votes, 0
    solver.converted = solver.convert(votes)
    return (lambda: solver.run(n_iter) or solver), None


def shortest(functions, repeats=3):
    """Shortest time and last result of each function, called in turn."""
    best, results = [np.inf] * len(functions), [None] * len(functions)
    for _ in range(repeats):
        for i, function in enumerate(functions):
            if results[i] is not None and best[i] > SLOW:
                continue
            start = time.perf_counter()
            results[i] = function()
            best[i] = min(best[i], time.perf_counter() - start)
    return best, results


def peak_memory(who, dataset, strategy, n_iter, force):
    """Peak resident memory of one run in a child process, less what it held before it, MiB."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_measure, args=(theirs, who, dataset, strategy, n_iter, force))
    child.start()
    theirs.close()
    try:
        return ours.recv()
    except EOFError:
        return np.nan  # the child died
    finally:
        child.join()


def _measure(connection, who, dataset, strategy, n_iter, force):
    votes, _ = load(*dataset)
    if who == "ours":
        run = our_run(strategy, votes, n_iter)
    else:
        run, _ = library_run(who, strategy, votes, n_iter, force)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of loading
    before = resident_memory("VmRSS")
    run()
    connection.send((resident_memory("VmHWM") - before) / 1024)


def resident_memory(field):
    """KiB, from Linux's account of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))
