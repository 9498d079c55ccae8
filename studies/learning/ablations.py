"""What pruning by WAUM does to each way of learning: the thesis's Figures 2.13 and 2.15, on features, on a CPU.

    python -m studies.learning.ablations labelme music [--seeds 5] [--out docs/pictures]

Test accuracy and 1 - ECE of a network on features, without pruning and with it, alpha = 0.01 on LabelMe and 0.05 on
Music as in the thesis, which trains on images and spectrograms for 1,000 epochs: differences compare, levels do not.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from benchopt.benchmark import Benchmark
from scipy.stats import t as student

from benchmark_utils.learning.classifier import Classifier
from benchmark_utils.learning.conal import CoNAL
from benchmark_utils.learning.crowd_layer import CrowdLayer
from benchmark_utils.learning.pruning import WAUM
from benchmark_utils.scoring.against_truth import score_test
from studies.votes_per_task import ROOT

ALPHA = {"labelme": 0.01, "music": 0.05}
METRICS = {"acc_test": "test accuracy", "calibration": "1 - ECE"}
AGGREGATED = ("MV", "NS", "DS", "GLAD", "WDS")


def strategies(alpha) -> dict:
    """By name: without pruning, and with the share `alpha` of the tasks pruned."""
    cpu = dict(device="cpu")
    pairs = {name: (Classifier(labels=name, **cpu), WAUM(labels=name, alpha=alpha, **cpu)) for name in AGGREGATED}
    pairs["CrowdLayer"] = CrowdLayer(**cpu), CrowdLayer(alpha=alpha, **cpu)
    for name, scale in {"CoNAL(0)": 0.0, "CoNAL(1e-4)": 1e-4}.items():
        pairs[name] = CoNAL(scale=scale, **cpu), CoNAL(scale=scale, alpha=alpha, **cpu)
    return pairs


def measure(name, seeds) -> pd.DataFrame:
    """One row per strategy, pruning and seed."""
    (dataset,) = Benchmark(ROOT).check_dataset_patterns([name], class_only=True)
    data = dataset.get_instance().get_data()
    if data.get("missing") or "tasks" not in data:
        raise SystemExit(data.get("missing") or f"{name} has no features at hand")
    rows = []
    for strategy, pair in strategies(ALPHA[name]).items():
        for pruned, learner in enumerate(pair):
            for seed in range(seeds):
                learnt = learner.fit(data["votes"], data["tasks"], seed=seed)
                scores = score_test(learnt.predict(data["test_tasks"]), data["test_truth"])
                row = dict(strategy=strategy, pruned=bool(pruned), seed=seed, acc_test=scores["acc_test"])
                rows.append(row | dict(calibration=1 - scores["ece_test"]))
        print(name, strategy, "done", flush=True)
    return pd.DataFrame(rows)


def half_width(values) -> float:
    """Of the 95 % interval of a mean over seeds."""
    return student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))


def to_markdown(name, rows) -> str:
    """Mean and half of its 95 % interval; the gain pairs the seeds."""
    titles = ["labels", "accuracy", "+ WAUM", "gain", "1 - ECE", "+ WAUM", "gain"]
    lines = [f"| {' | '.join(titles)} |", "| --- " * len(titles) + "|"]
    for strategy, of_one in rows.groupby("strategy", sort=False):
        cells = []
        for metric in METRICS:
            plain, pruned = (of_one[of_one["pruned"] == which].set_index("seed")[metric] for which in (False, True))
            cells += [f"{s.mean():{sign}.3f} ± {half_width(s):.3f}" for s, sign in _with_gain(plain, pruned)]
        lines.append(f"| {strategy} | {' | '.join(cells)} |")
    return f"**{name}**, alpha = {ALPHA[name]}\n\n" + "\n".join(lines) + "\n"


def _with_gain(plain, pruned):
    return (plain, ""), (pruned, ""), (pruned - plain, "+")


def draw(name, rows):
    """A pair of bars per strategy, as in the thesis."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    for axis, (metric, title) in zip(axes, METRICS.items(), strict=True):
        for pruned, colour in ((False, "#0072B2"), (True, "#E69F00")):
            groups = rows[rows["pruned"] == pruned].groupby("strategy", sort=False)[metric]
            mean, half = groups.mean(), groups.apply(half_width)
            place = np.arange(len(mean)) + 0.4 * pruned - 0.2
            label = f"WAUM({ALPHA[name]})" if pruned else "no pruning"
            axis.bar(place, mean, 0.4, yerr=half, color=colour, label=label, error_kw=dict(lw=1))
        axis.set_xticks(range(len(mean)), mean.index, rotation=40, ha="right", fontsize=8)
        axis.set_title(f"{name}: {title}", fontsize=9)
        axis.set_ylim(max(rows[metric].min() - 0.05, 0), rows[metric].max() + 0.03)
    axes[0].legend(fontsize=8)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crowds", nargs="+", choices=list(ALPHA))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    chosen = parser.parse_args()
    if chosen.seeds < 2:
        parser.error("an interval needs two seeds or more")
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name in chosen.crowds:
        rows = measure(name, chosen.seeds)
        draw(name, rows).savefig(chosen.out / f"{name}_ablation.png", dpi=80)
        print(to_markdown(name, rows))


if __name__ == "__main__":
    main()
