"""What the points of a curve cost: one pass with the labels of each of them, against one fit to the last of them.

    python -m studies.speed.points [--crowds NAME ...] [--strategies NAME ...] [--repeats 5] [--output FILE]

Per strategy, summed over the crowds, in one process, in turn, each the shortest of the repeats: `fit` with as many
iterations as it takes to converge; the same iterations with the labels of the points that Benchopt asks for (0, 1, 2,
3, 4, 6, 9, ...); their ratio; and the labels of the points before the last as a share of the fit. More than a tenth of
it is a ratio above 1.1. Strategies that choose among several runs are left out: their points differ in the runs too.
"""

import argparse
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
from benchopt.stopping_criterion import RHO

from benchmark_utils.harness.glibc_memory import keep_freed_memory
from benchmark_utils.strategies.catalogue import ITERATIVE
from benchmark_utils.strategies.steps.runs import SeveralRuns
from studies.speed.measuring import to_markdown
from studies.votes_per_task import load

CROWDS = ["bluebirds", "dog", "face", "cf_amt", "rte", "web", "sp_amt", "labelme", "music"]
STRATEGIES = [name for name, make in ITERATIVE.items() if not isinstance(make(), SeveralRuns)]


def curve(strategy, votes):
    """The result of the last point, the number of points that Benchopt asks for, and the time of the labels before."""
    n_points, asked_for, labels = 0, 0, 0.0
    for point in strategy.iterate(votes, seed=0):
        if point.converged or point.n_iter == asked_for:
            begin, result = perf_counter(), point.aggregation()
            labels += 0 if point.converged else perf_counter() - begin
            n_points, asked_for = n_points + 1, max(asked_for + 1, int(RHO * asked_for))
        del point  # as in a run
    return result, n_points, labels


def compare(strategy, crowds, repeats):
    """The row of a strategy; `crowds` is a list of votes, of which those with too many classes are left out."""
    n_points, total = 0, np.zeros(3)
    for votes in crowds:
        if votes.n_class <= getattr(strategy, "max_classes", np.inf):
            result, n, _ = curve(strategy, votes)  # loads the code, too
            n_points += n
            total += np.min([seconds(strategy, votes, result.n_iter) for _ in range(repeats)], axis=0)
    last, whole, labels = total
    row = {"points": str(n_points), "last point [s]": last, "whole curve [s]": whole, "ratio": whole / last}
    return row | {"labels before / last point": labels / last}


def seconds(strategy, votes, n_iter):
    """Of a fit, of a curve, and of the labels in it before the last."""
    begin = perf_counter()
    strategy.fit(votes, n_iter=n_iter, seed=0)
    end = perf_counter()
    _, _, labels = curve(strategy, votes)
    return end - begin, perf_counter() - end, labels


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crowds", nargs="+", default=CROWDS)
    parser.add_argument("--strategies", nargs="+", default=STRATEGIES, choices=STRATEGIES)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--output", type=Path)
    chosen = parser.parse_args()
    keep_freed_memory()
    crowds = [data[0] for data in map(load, chosen.crowds) if data is not None]
    rows = [{"strategy": name} | compare(ITERATIVE[name](), crowds, chosen.repeats) for name in chosen.strategies]
    text = to_markdown(rows, " ".join(["python -m studies.speed.points", *sys.argv[1:]]))
    print(text)
    if chosen.output:
        chosen.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
