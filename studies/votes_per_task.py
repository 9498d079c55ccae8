"""How many votes does a strategy need, and how many spammers does it bear? Accuracy against both, with intervals.

    python -m studies.votes_per_task [--crowds NAME ...] [--draws 15] [--output docs/votes_per_task]

Each draw takes at most r votes of each task of a real crowd at random, or adds workers who answer at random; then each
strategy aggregates the same votes. What is shown is the mean AccTrain over the draws and its 95 % interval (Student's).
It says how sure the mean over draws is: the tasks are the same in each draw, so it does not speak of other tasks.
`--output` gets a table, `.md`, and a picture, `.svg`.
"""

import argparse
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from benchopt.benchmark import Benchmark
from matplotlib.ticker import FuncFormatter, NullFormatter
from scipy.stats import t as student

from benchmark_utils.crowds.published.literature import CROWDS
from benchmark_utils.crowds.varied import vary
from benchmark_utils.strategies.catalogue import STRATEGIES

ROOT = Path(__file__).parents[1]
VOTES_PER_TASK = [1, 2, 3, 4, 5, 7, 10, 15, 20, 30]
SPAMMER_SHARES = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
# One strategy per kind of model, of those that take milliseconds, in the colours of Okabe and Ito
STYLES = {
    "MV": ("#000000", "o"),
    "WAWA": ("#E69F00", "s"),
    "OneCoinDS": ("#56B4E9", "^"),
    "DS": ("#D55E00", "D"),
    "GLAD": ("#009E73", "v"),
    "MMSR": ("#F0E442", "P"),
    "BWA": ("#0072B2", "X"),
    "iBCC": ("#CC79A7", "*"),
}


def load(name):
    """The votes and the truth of a crowd of the literature or of another dataset, None where it is absent."""
    dataset, parameters = ("literature", {"name": name}) if name in CROWDS else (name, {})
    (dataset_class,) = Benchmark(ROOT).check_dataset_patterns([dataset], class_only=True)
    data = dataset_class.get_instance(**parameters).get_data()
    if data.get("missing"):
        print(data["missing"], file=sys.stderr)
        return None
    return data["votes"], data["truth"]


def measure(votes, truth, n_draw, **variation):
    """AccTrain of each strategy in each draw, one row each."""
    known = truth >= 0
    for seed in range(n_draw):
        varied = vary(votes, seed=seed, **variation)
        for strategy in STYLES:
            labels = STRATEGIES[strategy]().fit(varied, seed=seed).labels
            yield dict(
                strategy=strategy,
                effort=varied.n_votes / np.count_nonzero(varied.votes_per_task),
                acc_train=np.mean((labels == truth)[known]),
            )


def summarise(rows):
    """Mean, half of its 95 % interval, and votes per task of each strategy."""
    groups = pd.DataFrame(rows).groupby("strategy", sort=False)
    summary = groups.mean()
    n_draw = groups.size()
    summary["half"] = student.ppf(0.975, n_draw - 1) * groups["acc_train"].std() / np.sqrt(n_draw)
    return summary


def run(crowds, n_draw):
    """The two curves of each crowd, {crowd: ({votes per task: summary}, {spammer share: summary})}."""
    curves = {}
    for name, (votes, truth) in crowds.items():
        efforts = [r for r in VOTES_PER_TASK if r < votes.votes_per_task.max()]
        by_effort = {str(r): summarise(measure(votes, truth, n_draw, votes_per_task=r)) for r in efforts}
        by_share = {
            f"{100 * share:.0f} %": summarise(measure(votes, truth, n_draw, spammer_share=share))
            for share in SPAMMER_SHARES
        }
        by_effort["all"] = by_share["0 %"]
        curves[name] = by_effort, by_share
        print(name, "done", file=sys.stderr, flush=True)
    return curves


def draw(curves):
    figure, axes = plt.subplots(2, len(curves), figsize=(3.4 * len(curves), 7), squeeze=False, layout="constrained")
    for (name, (by_effort, by_share)), (upper, lower) in zip(curves.items(), axes.T, strict=True):
        for strategy, (colour, marker) in STYLES.items():
            style = dict(color=colour, marker=marker, ms=4, lw=1, elinewidth=1, label=strategy)
            for axis, curve in ((upper, by_effort), (lower, by_share)):
                points = pd.DataFrame([summary.loc[strategy] for summary in curve.values()])
                x = points["effort"] if axis is upper else SPAMMER_SHARES
                axis.errorbar(x, points["acc_train"], points["half"], **style)
        upper.set(title=name, xlabel="votes per task", xscale="log")
        upper.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        upper.xaxis.set_minor_formatter(NullFormatter())
        upper.set_xticks([r for r in (1, 2, 3, 5, 10, 20, 40) if r <= by_effort["all"]["effort"].max() + 1])
        lower.set(xlabel="spammers among the workers")
        lower.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.0f} %"))
        for axis in (upper, lower):
            axis.grid(alpha=0.3)
            lowest, highest = axis.get_ylim()
            axis.set_ylim(max(lowest, 0), min(highest, 1))
    for axis in axes[:, 0]:
        axis.set_ylabel("AccTrain")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=len(STYLES), frameon=False)
    return figure


def to_markdown(curves, crowds, n_draw, command, picture):
    sizes = ",\n".join(
        f"`{name}` ({votes.n_task:,} tasks, {votes.n_votes:,} votes, {votes.n_class} classes)"
        for name, (votes, _) in crowds.items()
    )
    lines = [
        "# Accuracy against votes per task, and against spammers",
        "",
        f"![Accuracy against votes per task and against the share of spammers, strategy by strategy]({picture})",
        "",
        f"Real crowds:\n{sizes}.",
        f"The mean AccTrain over {n_draw} draws, ± half of its 95 % interval; the tasks are the same in each draw.",
        "Every strategy has its default options and sees the same votes. A draw of r votes takes at",
        "most r of each task at random. A spammer answers as many tasks as a worker of the crowd drawn at random, each",
        "class with the same probability; the share is that of spammers among the workers who vote. Made by",
        "",
        f"    {command}",
    ]
    for name, both in curves.items():
        for what, curve in zip(("votes per task", "spammers"), both, strict=True):
            lines += [
                "",
                f"## {name}: {what}",
                "",
                f"| strategy | {' | '.join(curve)} |",
                "| --- " * (len(curve) + 1) + "|",
            ]
            for strategy in STYLES:
                cells = (f"{s.at[strategy, 'acc_train']:.3f} ± {s.at[strategy, 'half']:.3f}" for s in curve.values())
                lines.append(f"| {strategy} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crowds", nargs="+", default=["bluebirds", "rte", "dog", "web"])
    parser.add_argument("--draws", type=int, default=15)
    parser.add_argument("--output", type=Path, default=Path("docs/votes_per_task"))
    chosen = parser.parse_args()
    if chosen.draws < 2:
        parser.error("an interval needs two draws or more")
    crowds = {name: data for name in chosen.crowds if (data := load(name)) is not None}
    if not crowds:
        parser.error("none of the crowds is there; the lines above say how to fetch them")
    curves = run(crowds, chosen.draws)
    picture = chosen.output.with_suffix(".svg")
    picture.parent.mkdir(parents=True, exist_ok=True)
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "votes_per_task"})  # small, and the same each time
    draw(curves).savefig(picture, metadata={"Date": None})
    command = " ".join(["python -m studies.votes_per_task", *sys.argv[1:]])
    chosen.output.with_suffix(".md").write_text(to_markdown(curves, crowds, chosen.draws, command, picture.name))


if __name__ == "__main__":
    main()
