"""Pruning by WAUM under three networks, on CIFAR-10H: the thesis's Figure 2.16, from what cifar10h_streams.py trained.

    python -m studies.learning.networks outputs/streams.jsonl [--out docs/pictures]

reads the plans `plain`, `waum` and `networks`, and takes the seeds that are there. A gain pairs them. Needs matplotlib.
"""

import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

from studies.learning.cifar10h_plans import LABELS, NETWORKS, TASKS

PRUNED = ("no pruning", "WAUM(0.01)")
METRICS = {"acc_test": "test accuracy", "calibration": "1 - ECE"}


def read(path) -> pd.DataFrame:
    """One row per network, labels, pruning and seed."""
    cells = {}
    for network in ("ResNet-18", *NETWORKS):
        part = "" if network == "ResNet-18" else f", {network}"
        for labels in LABELS:
            for pruned, scores in zip(PRUNED, ("", f" + {TASKS}"), strict=True):
                cells[f"{labels}{part}{scores}"] = dict(network=network, labels=labels, pruned=pruned)
    rows = map(json.loads, path.read_text().splitlines())
    found = [
        cells[row["name"]] | dict(seed=row["seed"], acc_test=row["acc_test"], calibration=1 - row["ece_test"])
        for row in rows
        if row["name"] in cells
    ]
    return pd.DataFrame(found)


def to_markdown(rows) -> str:
    """Mean ± deviation of the accuracy in per cent, 1 - ECE in brackets, and the number of seeds."""
    networks = rows["network"].unique()
    titles = ["labels", *(title for network in networks for title in (network, "+ WAUM"))]
    lines = [f"| {' | '.join(titles)} |", "| --- " * len(titles) + "|"]
    for labels in LABELS:
        of_labels = rows[rows["labels"] == labels]
        cells = []
        for network in networks:
            of_one = of_labels[of_labels["network"] == network]
            cells += [_cell(of_one[of_one["pruned"] == pruned]) for pruned in PRUNED]
        lines.append(f"| {labels} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(of_one):
    if of_one.empty:
        return ""
    accuracy, n = 100 * of_one["acc_test"], len(of_one)
    spread = f" ± {accuracy.std():.1f}" if n > 1 else ""
    return f"{accuracy.mean():.1f}{spread} ({of_one['calibration'].mean():.2f}), {n}"


def gains(rows) -> str:
    """Of each network: the mean gain over the pairs of one seed and one aggregation, and its standard error."""
    lines = []
    for network, of_one in rows.groupby("network", sort=False):
        pairs = of_one.pivot(index=["labels", "seed"], columns="pruned", values="acc_test")
        gain = 100 * (pairs[PRUNED[1]] - pairs[PRUNED[0]]).dropna()
        lines.append(f"{network}: {gain.mean():+.2f} ± {gain.sem():.2f} points (pairs: {len(gain)})")
    return "\n".join(lines)


def draw(rows):
    """A point per run, side by side without pruning and with it, and a line at their mean."""
    networks = rows["network"].unique()
    figure, axes = plt.subplots(2, len(networks), figsize=(9, 5), sharey="row", sharex=True, layout="constrained")
    for column, network in enumerate(networks):
        for axis, (metric, title) in zip(axes[:, column], METRICS.items(), strict=True):
            for side, (pruned, colour) in enumerate(zip(PRUNED, ("#0072B2", "#E69F00"), strict=True)):
                chosen = rows[(rows["network"] == network) & (rows["pruned"] == pruned)]
                place = chosen["labels"].map(LABELS.index) + 0.3 * side - 0.15
                axis.plot(place, chosen[metric], "o", ms=4, color=colour, alpha=0.7, label=pruned)
                mean = chosen.groupby("labels")[metric].mean().reindex(LABELS)
                axis.plot(pd.Series(range(len(LABELS))) + 0.3 * side - 0.15, mean, "_", ms=14, color=colour)
            axis.set_title(f"{network}: {title}", fontsize=9)
            axis.grid(axis="y", alpha=0.3)
        axes[1, column].set_xticks(range(len(LABELS)), LABELS, fontsize=8)
    axes[0, 0].legend(fontsize=8)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=Path, help="the .jsonl file of cifar10h_streams.py")
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    chosen = parser.parse_args()
    rows = read(chosen.lines)
    chosen.out.mkdir(parents=True, exist_ok=True)
    draw(rows).savefig(chosen.out / "cifar10h_networks.png", dpi=80)
    print(to_markdown(rows), gains(rows), sep="\n\n")


if __name__ == "__main__":
    main()
