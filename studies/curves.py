"""Draw the curves of a result, AccTrain against runtime, one panel per dataset.

python -m studies.curves outputs/published.parquet docs/curves.svg [--datasets bluebirds music]
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import NullFormatter

from benchmark_utils.results.names import short_names
from benchmark_utils.results.table import curve, read_result


def draw(results, datasets):
    figure, axes = plt.subplots(1, len(datasets), figsize=(5 * len(datasets), 4), squeeze=False, layout="constrained")
    solvers = sorted(set(results["solver_name"]))
    colours = dict(zip(solvers, plt.get_cmap("tab20").colors * 3, strict=False))
    for axis, dataset in zip(axes[0], datasets, strict=True):
        for solver, points in results[results["dataset_name"] == dataset].groupby("solver_name"):
            mean = curve(points, "time", "objective_acc_train")
            axis.plot(mean["x"], mean["y"], "o-", ms=3, label=solver, color=colours[solver])
        axis.set(xscale="log", xlabel="time [s]", ylabel="AccTrain", title=dataset)
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.grid(alpha=0.3)
    handles = [plt.Line2D([], [], marker="o", ms=3, color=colours[solver], label=solver) for solver in solvers]
    figure.legend(handles=handles, loc="outside right upper", frameon=False, fontsize=8)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--datasets", nargs="+")
    parser.add_argument("--solvers", nargs="+")
    chosen = parser.parse_args()
    results = read_result(chosen.result)
    results = results[~results["solver_name"].str.startswith(("tolerance", "partitioned"))]
    for column in ("dataset_name", "solver_name"):
        results[column] = results[column].map(short_names(results[column].unique()))
    if chosen.solvers:
        results = results[results["solver_name"].isin(chosen.solvers)]
    chosen.picture.parent.mkdir(parents=True, exist_ok=True)
    draw(results, chosen.datasets or list(results["dataset_name"].unique())).savefig(chosen.picture)


if __name__ == "__main__":
    main()
