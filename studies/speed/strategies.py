"""Every strategy on every crowd, ours against crowd-kit's and peerannot's: time, accuracy, peak memory.

    python -m studies.speed.strategies [--datasets NAME ...] [--strategies NAME ...] [--n-iter 10] [--force]
                                    [--output studies/speed/strategies.md]

Per dataset and strategy:

- time of ours to convergence at its default tolerance, the iterations, and AccTrain there;
- time per iteration of ours and of each library's, from the same `--n-iter` iterations, in one process, in turn, the
  shortest of three (one, where a run takes over ten seconds). Ours runs all of them; a library that stops by its own
  rule is divided by the iterations that it did. Ours is timed from the arrays of `Votes`, theirs from the table or map
  that they read, already built. A ratio above 1 means that ours is faster;
- AccTrain of each after those iterations;
- peak memory of ours and of each library's: a child process loads the votes, then runs the strategy; the peak of its
  resident memory, less what it held before.

What ours or a library's cannot finish is left out by name, with the reason that its solver gives; --force runs what
would only take long.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from benchmark_utils.harness import limits
from benchmark_utils.strategies.catalogue import ITERATIVE, STRATEGIES
from studies.speed.measuring import LIBRARIES, library_run, load, our_run, peak_memory, shortest, to_markdown

LOCAL = ["rte", "dog", "web", "cf_amt", "sp_amt"]
DATASETS = ["bluebirds", "labelme", "music", *LOCAL, "cifar10h", "audiobirds"]


def compare(dataset, strategy, n_iter, force):
    """One row of the table, and the reasons for what is missing in it."""
    votes, truth = load(*dataset)
    known = truth >= 0
    if votes.n_class > getattr(STRATEGIES[strategy](), "max_classes", np.inf):
        return None, []
    skipped, reason = limits.skip(STRATEGIES[strategy](), votes, strategy, votes.n_votes if force else None)
    if skipped:
        return None, [(f"ours {strategy}: {reason.partition(';')[0]}", dataset[-1])]
    (to_convergence,), (converged,) = shortest([our_run(strategy, votes, None)])
    runs, reasons = {"ours": our_run(strategy, votes, n_iter, **({"tol": -1} if strategy in ITERATIVE else {}))}, []
    for library, names in LIBRARIES.items():
        if strategy in names:
            run, reason = library_run(library, strategy, votes, n_iter, force)
            if run is None:
                reason = "would not end soon, see --force" if reason.startswith("would not end soon") else reason
                reasons.append((f"{library} {names[strategy]}: {reason}", dataset[-1]))
            else:
                runs[library] = run
    times, results = shortest(list(runs.values()))
    row = {
        "dataset": dataset[-1],
        "strategy": strategy,
        "converged [s]": to_convergence,
        "iterations": str(converged.n_iter),
        "AccTrain": float(np.mean((converged.labels == truth)[known])),
    }
    per_iteration = {}
    for (who, _), seconds, result in zip(runs.items(), times, results, strict=True):
        labels = result.labels if who == "ours" else result.get_result()["labels"]
        per_iteration[who] = 1000 * seconds / max(result.n_iter, 1)
        row[f"{who} [ms/it.]"] = per_iteration[who]
        row[f"{who} AccTrain"] = float(np.mean((labels == truth)[known]))
        row[f"{who} [MiB]"] = peak_memory(who, dataset, strategy, n_iter, force)
    for library in LIBRARIES:
        row[f"ratio to {library}"] = per_iteration.get(library, np.nan) / per_iteration["ours"]
    return row, reasons


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", nargs="+", default=DATASETS, choices=DATASETS)
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES), choices=list(STRATEGIES))
    parser.add_argument("--n-iter", type=int, default=10)
    parser.add_argument("--force", action="store_true", help="run what a solver skips since it would take long")
    parser.add_argument("--output", type=Path)
    chosen = parser.parse_args()
    rows, reasons = [], {}
    for name in chosen.datasets:
        dataset = ("local", name) if name in LOCAL else (name,)
        if load(*dataset) is None:
            continue
        for strategy in chosen.strategies:
            row, missing = compare(dataset, strategy, chosen.n_iter, chosen.force)
            for reason, where in missing:
                reasons.setdefault(reason, []).append(where)
            if row is not None:
                rows.append(row)
                print({key: f"{v:.4g}" if isinstance(v, float) else v for key, v in row.items()}, flush=True)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    rows = [{column: row.get(column, "") for column in columns} for row in rows]
    text = to_markdown(rows, " ".join(["python -m studies.speed.strategies", *sys.argv[1:]]))
    left_out = (f"- {reason} ({', '.join(where)})\n" for reason, where in reasons.items())
    text += "\nLeft out:\n\n" + "".join(left_out) if reasons else ""
    print(text)
    if chosen.output:
        chosen.output.write_text(text)


if __name__ == "__main__":
    main()
