"""Time and peak memory against the number of votes: ours, crowd-kit's and peerannot's, up to Pl@ntNet's full size.

    python -m studies.speed.scale [--sizes N ...] [--strategies NAME ...] [--who ours crowd-kit peerannot]
                               [--seconds 600] [--gib 16] [--output studies/speed/scale.md] [--picture docs/scale.svg]
    python -m studies.speed.scale --draw studies/speed/scale.md studies/speed/partitions.md --picture docs/scale.svg

The second draws tables that are there, that of `studies.speed.partitions` too, and measures nothing. The crowds are
`simulated_flora`'s, one of each size. Each run is a child process, one at a time and with one thread, which loads the
votes, converts them for a library, and then is measured:

- run: from the arrays of `Votes` (or the table or map that a library reads) to the labels, with `--n-iter` iterations
  where the strategy iterates; start: then once more without any iteration; iteration: the run less the start, over the
  iterations that it did;
- memory: the largest resident memory while it runs, less what the process held before; peak: all of it, the votes and
  the libraries included.

A run that takes more than `--seconds`, or whose process asks for more than `--gib`, is ended, and larger crowds are not
tried. Ours says beforehand what it would need. Dawid-Skene, FDS and WDS confine a task's class to the voted ones
(`support="voted"`), except for `DS-full`; MACE has one start. Freed memory is kept, see
`benchmark_utils/harness/glibc_memory.py`.
"""

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from functools import partial
from pathlib import Path

import matplotlib
import numpy as np
from benchopt.benchmark import Benchmark

from benchmark_utils.crowds.simulated.flora import FULL, flora
from benchmark_utils.harness.glibc_memory import keep_freed_memory
from benchmark_utils.strategies.catalogue import ITERATIVE, STRATEGIES
from benchmark_utils.votes import Votes
from studies.speed.measuring import LIBRARIES, ROOT, resident_memory, to_markdown

SIZES = [10_000, 100_000, 900_000, 1_000_000, FULL["n_votes"]]
VOTED = ("DS", "FDS", "FDS-hybrid", "WDS")
OURS = {
    **STRATEGIES,
    **{name: partial(STRATEGIES[name], support="voted") for name in VOTED},
    "MACE": partial(STRATEGIES["MACE"], restarts=1),
    "DS-full": STRATEGIES["DS"],
}
WHO = {"ours": OURS, **LIBRARIES}
STYLES = dict(zip([*WHO, "partitions"], ("o-", "s--", "^:", "D-."), strict=True))
COLUMNS = ["task", "worker", "label", "author", "machine_label", "machine_score"]
SETTLED = "settled"  # what a child says once it is ready to be measured


def save_crowd(n_votes, file):
    """Draw a crowd and write it, so that children load it quickly."""
    crowd = flora(n_votes)
    votes = crowd.votes
    sizes = [votes.n_task, votes.n_worker, votes.n_class]
    np.savez(file, sizes=sizes, truth=crowd.truth, **{column: getattr(votes, column) for column in COLUMNS})


def load_crowd(file):
    """Votes and truth."""
    with np.load(file) as crowd:
        per_vote, per_task = COLUMNS[:3], COLUMNS[3:]
        votes = Votes(*(crowd[c] for c in per_vote), *crowd["sizes"], **{c: crowd[c] for c in per_task})
        return votes, crowd["truth"]


def measure(who, strategy, file, n_iter, seconds, gib):
    """One run in a child process: a dict of figures, or in words why there are none."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_child, args=(theirs, who, strategy, file, n_iter, gib))
    child.start()
    theirs.close()
    try:
        for what in ("converting", "running"):
            if not ours.poll(seconds):
                return f"{what} takes more than {seconds} s"
            answer = ours.recv()
            if answer != SETTLED:
                return answer
    except EOFError:
        child.join()
        return f"the process died with exit code {child.exitcode}"
    finally:
        child.kill()
        child.join()


def _child(connection, who, strategy, file, n_iter, gib):
    limit = int(gib * 2**30)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))  # private memory: past it, allocating raises
    try:
        connection.send(_measure(connection, who, strategy, file, n_iter, limit))
    except MemoryError as error:
        connection.send(f"asks for more than {gib:g} GiB ({error})")
    except Exception as error:  # a library's own failure is its answer
        connection.send(f"fails with {type(error).__name__}: {str(error)[:100]}")


def _measure(connection, who, strategy, file, n_iter, limit):
    votes, truth = load_crowd(file)
    prepare = _our_run if who == "ours" else _library_run
    run, is_iterative = prepare(who, strategy, votes, limit)
    if isinstance(run, str):
        return run
    connection.send(SETTLED)
    keep_freed_memory()
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of loading
    before = resident_memory("VmRSS")
    whole, n_done, labels = _timed(run, n_iter)
    start, _, _ = _timed(run, 0) if is_iterative else (np.nan, 0, None)
    peak, known = resident_memory("VmHWM"), truth >= 0
    return {
        "run [s]": whole,
        "start [s]": start,
        "iteration [s]": (whole - start) / n_done if n_done else np.nan,
        "us a vote": 1e6 * whole / votes.n_votes,
        "memory [GiB]": (peak - before) / 2**20,
        "peak [GiB]": peak / 2**20,
        "AccTrain": float(np.mean((labels == truth)[known])),
    }


def _timed(run, n_iter):
    begin = time.perf_counter()
    result = run(n_iter)
    seconds = time.perf_counter() - begin
    labels = result.labels if hasattr(result, "labels") else result.get_result()["labels"]
    return seconds, result.n_iter, labels


def _our_run(who, strategy, votes, limit):
    """A function of the number of iterations that fits ours, or why there is none; whether it iterates."""
    is_iterative = strategy in ITERATIVE or strategy == "DS-full"
    fitted = OURS[strategy]()
    needed = getattr(fitted, "bytes_needed", lambda votes: 0)(votes)
    if needed > limit:
        return f"would need {needed / 2**30:,.0f} GiB", is_iterative

    def run(n_iter, votes=votes):
        return fitted.fit(votes, **({"n_iter": n_iter, "tol": -1} if is_iterative else {}))

    run(1, Votes([0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 1], 2, 2, 2))  # loads the code
    return run, is_iterative


def _library_run(library, strategy, votes, limit):
    """The same with a library's solver, the votes converted."""
    (solver_class,) = Benchmark(ROOT).check_solver_patterns([library], class_only=True)
    if not solver_class.is_installed():
        return f"{library} is not installed", False
    name = LIBRARIES[library][strategy]
    solver = solver_class.get_instance(strategy=name, max_votes=votes.n_votes)  # time and memory are the limits here
    skipped, reason = solver.skip(votes=votes)
    if skipped:
        return reason, False
    solver.votes, solver.seed = votes, 0
    solver.converted = solver.convert(votes)
    return lambda n_iter: solver.run(n_iter) or solver, name in solver_class.iterations


def run_all(who, strategies, sizes, n_iter, seconds, gib):
    """Rows of the table, and what is missing in it by name."""
    rows, missing = [], []
    runs = [(library, strategy) for library in who for strategy in strategies if strategy in WHO[library]]
    with tempfile.TemporaryDirectory() as folder:
        for n_votes in sorted(sizes):
            file = Path(folder) / f"{n_votes}.npz"
            save_crowd(n_votes, file)
            for library, strategy in tuple(runs):
                result = measure(library, strategy, file, n_iter, seconds, gib)
                if isinstance(result, str):
                    missing.append(f"{strategy} of {library} from {n_votes:,} votes: {result}")
                    print(missing[-1], flush=True)
                    runs.remove((library, strategy))
                    continue
                rows.append({"strategy": strategy, "who": library, "votes": n_votes, **result})
                print({key: f"{v:.4g}" if isinstance(v, float) else v for key, v in rows[-1].items()}, flush=True)
            file.unlink()
    return rows, missing


def draw(rows):
    """Time and memory against votes, a line for each strategy and library."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(12, 5.5), layout="constrained")
    strategies = list(dict.fromkeys(row["strategy"] for row in rows))
    colours = dict(zip(strategies, plt.get_cmap("tab20").colors * 3, strict=False))
    for axis, column in zip(axes, ("run [s]", "memory [GiB]"), strict=True):
        for strategy in strategies:
            for who, style in STYLES.items():
                points = [
                    (row["votes"], row[column]) for row in rows if (row["strategy"], row["who"]) == (strategy, who)
                ]
                if points:
                    axis.plot(*zip(*points, strict=True), style, ms=3, lw=1, color=colours[strategy])
        axis.set(xscale="log", yscale="log", xlabel="votes", ylabel=column)
        axis.grid(alpha=0.3)
    handles = [plt.Line2D([], [], color=colours[strategy], label=strategy) for strategy in strategies]
    handles += [plt.Line2D([], [], color="grey", label=who, ls=style[1:]) for who, style in STYLES.items()]
    figure.legend(handles=handles, loc="outside right upper", frameon=False, fontsize=8)
    return figure


def read_rows(file):
    """The rows of the tables that `to_markdown` wrote into a file."""
    rows, columns = [], None
    for line in file.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if cells[:2] == ["strategy", "who"]:
            columns = cells
        elif cells and cells[0] != "---":
            row = dict(zip(columns, cells, strict=True))
            rows.append({name: cell if name in columns[:2] else _number(cell) for name, cell in row.items()})
    return rows


def _number(cell):
    return float(cell.replace(",", "")) if cell else None


def save(figure, picture):
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--strategies", nargs="+", default=list(OURS), choices=list(OURS))
    parser.add_argument("--who", nargs="+", default=list(WHO), choices=list(WHO))
    parser.add_argument("--n-iter", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--gib", type=float, default=16)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--draw", nargs="+", type=Path, metavar="TABLE", help="draw these, without a run")
    chosen = parser.parse_args()
    if chosen.draw:
        if not chosen.picture:
            parser.error("--draw needs --picture")
        return save(draw([row for table in chosen.draw for row in read_rows(table)]), chosen.picture)
    os.environ["OMP_NUM_THREADS"] = "1"  # the children read it when they load numpy
    rows, missing = run_all(chosen.who, chosen.strategies, chosen.sizes, chosen.n_iter, chosen.seconds, chosen.gib)
    rows = [{**row, "votes": f"{row['votes']:,}"} for row in rows]
    limits = f"--n-iter {chosen.n_iter} --seconds {chosen.seconds:g} --gib {chosen.gib:g}"
    command = f"python -m studies.speed.scale {limits}"
    text = to_markdown(sorted(rows, key=lambda row: (row["strategy"], row["who"])), command) if rows else ""
    text += "\nNot run:\n\n" + "".join(f"- {reason}\n" for reason in missing) if missing else ""
    print(text)
    if chosen.output:
        chosen.output.write_text(text)
    if chosen.picture:
        save(draw(rows), chosen.picture)


if __name__ == "__main__":
    main()
