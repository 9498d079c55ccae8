"""What WAUM prunes among points of the plane, and why: the thesis's Figures 2.6 to 2.10, and whether it was right.

    python -m studies.learning.points three_circles [two_moons] [--seeds 10] [--out docs/pictures]

For each crowd four pictures of one repetition: the labels of each strategy and what a network learns from them; the
shares that are pruned; each worker's votes, with the area under the margin and the trust that weigh them; and what is
pruned and why. A table over the repetitions has the share of right labels among the pruned tasks and among the others,
by strategy. On a CPU, in minutes; needs matplotlib and scikit-learn.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from benchmark_utils.crowds.simulated.points import TASK_SCENARIOS
from benchmark_utils.learning import margins
from benchmark_utils.learning.classifier import AGGREGATIONS, Classifier, aggregate
from benchmark_utils.learning.pruning import AUMC, WAUM, frequency_examples, worker_diagonals
from benchmark_utils.votes.counts import has_disagreement

COLOURS = np.array([[0.12, 0.47, 0.71], [1.0, 0.5, 0.05], [0.17, 0.63, 0.17]])
ALPHAS = (0.001, 0.01, 0.1, 0.25)  # those of Figure 2.7
ALPHA = 0.1  # that of Figures 2.6 and 2.8 to 2.10
WORKERS = ("linear SVC", "SVC, one iteration", "gradient boosting")
PRUNED = dict(c="red", marker="x", s=18, lw=0.8)


def areas(votes, tasks, seed):
    """Of each vote the area under its margin and the trust in its worker there, (n_votes,), and WAUM, (n_task,)."""
    recorded = WAUM(device="cpu").record(frequency_examples(votes), votes, tasks, seed)
    area, trust = recorded.mean(), margins.trust(votes, worker_diagonals(votes, seed), recorded.softmax.numpy())
    return area[votes.task, votes.label], trust, margins.waum(votes, area, trust)


def grid_of(points, n=120):
    """A grid around the points, (n * n, 2), and its extent for imshow."""
    low, high = points.min(axis=0) - 0.2, points.max(axis=0) + 0.2
    x, y = np.meshgrid(np.linspace(low[0], high[0], n), np.linspace(low[1], high[1], n))
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32), (low[0], high[0], low[1], high[1])


def colours_of(soft):
    return np.clip(soft @ COLOURS[: soft.shape[1]], 0, 1)


def draw_learnt(axis, crowd, learnt):
    """What the network says of every place, and the held-out points on it."""
    grid, extent = grid_of(crowd.tasks)
    n = int(len(grid) ** 0.5)
    axis.imshow(colours_of(learnt.predict(grid)).reshape(n, n, 3), origin="lower", extent=extent, alpha=0.4)
    axis.scatter(*crowd.test_tasks.T, c=COLOURS[crowd.test_truth], s=6, edgecolors="black", linewidths=0.2)
    accuracy = (learnt.predict(crowd.test_tasks).argmax(axis=1) == crowd.test_truth).mean()
    axis.set_title(f"held-out points, accuracy {accuracy:.2f}", fontsize=8)


def draw_labels(axis, crowd, name, seed, pruned=None):
    """The tasks in the colours of their soft labels; those pruned are red crosses."""
    found = aggregate(name, crowd.votes, seed)
    soft = np.eye(crowd.votes.n_class)[found.labels] if found.soft is None else found.soft
    pruned = np.zeros(len(soft), dtype=bool) if pruned is None else pruned
    axis.scatter(*crowd.tasks[~pruned].T, c=colours_of(soft[~pruned]), s=6)
    axis.scatter(*crowd.tasks[pruned].T, **PRUNED)


def draw_strategies(crowd, seed):
    """Figures 2.6 and 2.10: labels in the upper row, what is learnt from them in the lower one."""
    rows = {name: Classifier(labels=name, device="cpu") for name in AGGREGATIONS}
    rows[f"WDS + WAUM({ALPHA})"] = WAUM(alpha=ALPHA, device="cpu")
    figure, axes = plt.subplots(2, len(rows), figsize=(2.2 * len(rows), 4.6), layout="constrained")
    for (name, strategy), (upper, lower) in zip(rows.items(), axes.T, strict=True):
        learnt = strategy.fit(crowd.votes, crowd.tasks, seed=seed)
        pruned = None if learnt.task_score is None else ~margins.kept_tasks(learnt.task_score, ALPHA)
        draw_labels(upper, crowd, name.partition(" ")[0], seed, pruned)
        upper.set_title(name, fontsize=8)
        draw_learnt(lower, crowd, learnt)
    return figure


def draw_shares(crowd, seed):
    """Figure 2.7: from left to right more is pruned."""
    figure, axes = plt.subplots(2, len(ALPHAS), figsize=(2.2 * len(ALPHAS), 4.6), layout="constrained")
    for alpha, (upper, lower) in zip(ALPHAS, axes.T, strict=True):
        learnt = WAUM(alpha=alpha, device="cpu").fit(crowd.votes, crowd.tasks, seed=seed)
        pruned = ~margins.kept_tasks(learnt.task_score, alpha)
        draw_labels(upper, crowd, "WDS", seed, pruned)
        upper.set_title(f"alpha = {alpha}: {pruned.sum()} pruned", fontsize=8)
        draw_learnt(lower, crowd, learnt)
    return figure


def draw_workers(crowd, seed):
    """Figures 2.8 and 2.9: a row per worker with votes, AUM of the votes, and the share of a task's trust they have."""
    votes = crowd.votes
    aum, trust, _ = areas(votes, crowd.tasks, seed)
    share = trust / np.maximum(np.bincount(votes.task, trust, votes.n_task), 1e-12)[votes.task]
    figure, axes = plt.subplots(votes.n_worker, 3, figsize=(8.4, 2.5 * votes.n_worker), layout="constrained")
    for j, row in enumerate(axes):
        of_worker = votes.worker == j
        points, said = crowd.tasks[votes.task[of_worker]], votes.label[of_worker]
        right = (said == crowd.truth[votes.task[of_worker]]).mean()
        row[0].scatter(*points.T, c=COLOURS[said], s=6)
        row[0].set_title(f"{WORKERS[j]}: {right:.0%} right", fontsize=8)
        for axis, value, title in ((row[1], aum, "AUM of the vote"), (row[2], share, "share of the task's trust")):
            drawn = axis.scatter(*points.T, c=value[of_worker], s=6, cmap="viridis", vmin=value.min(), vmax=value.max())
            axis.set_title(title, fontsize=8)
            figure.colorbar(drawn, ax=axis)
    return figure


def draw_pruned(crowd, seed):
    """WAUM of every task; what is pruned, by whether its label was right; and the reasons: votes that differ or not."""
    _, _, waum = areas(crowd.votes, crowd.tasks, seed)
    pruned, right = ~margins.kept_tasks(waum, ALPHA), is_right("WDS", crowd, seed)
    differ = has_disagreement(crowd.votes)
    figure, (left, middle, last) = plt.subplots(1, 3, figsize=(10.5, 3.2), layout="constrained")
    figure.colorbar(left.scatter(*crowd.tasks.T, c=waum, s=6, cmap="viridis"), ax=left)
    left.set_title("WAUM of every task", fontsize=8)
    kinds = {"right": (right, "#009E73"), "wrong": (~right, "#D55E00")}
    draw_kinds(middle, crowd, pruned, kinds, "the WDS label of what is pruned")
    kinds = {"workers disagree": (differ, "#CC79A7"), "all agree, the network does not": (~differ, "#0072B2")}
    draw_kinds(last, crowd, pruned, kinds, "why it is pruned")
    return figure


def draw_kinds(axis, crowd, pruned, kinds, title):
    axis.scatter(*crowd.tasks[~pruned].T, c="0.85", s=4)
    for name, (mask, colour) in kinds.items():
        some = pruned & mask
        axis.scatter(*crowd.tasks[some].T, c=colour, s=12, label=f"{name}: {some.sum()}")
    axis.legend(fontsize=7)
    axis.set_title(title, fontsize=8)


PICTURES = {"strategies": draw_strategies, "shares": draw_shares, "workers": draw_workers, "pruned": draw_pruned}


def is_right(name, crowd, seed):
    """Whether the label of a strategy is the truth, bool (n_task,)."""
    return aggregate(name, crowd.votes, seed).labels == crowd.truth


def ratios(scenario, seeds) -> pd.DataFrame:
    """Over `seeds` repetitions, one row per pruning and share: how often the labels of each strategy are right.

    Columns are (strategy, "pruned" or "kept"), and ("workers disagree", ...), the share of tasks on which they do. All
    labels are from all the votes.
    """
    rows = []
    for seed in range(seeds):
        crowd = TASK_SCENARIOS[scenario](seed)
        holds = {name: is_right(name, crowd, seed) for name in AGGREGATIONS}
        holds["workers disagree"] = has_disagreement(crowd.votes)
        for pruning in (AUMC(device="cpu"), WAUM(device="cpu")):
            score = pruning.score_tasks(crowd.votes, crowd.tasks, seed)
            for alpha in ALPHAS[1:]:
                kept = margins.kept_tasks(score, alpha)
                row = {"pruning": f"{type(pruning).__name__}({alpha})"}
                for name, mask in holds.items():
                    row |= {(name, "pruned"): mask[~kept].mean(), (name, "kept"): mask[kept].mean()}
                rows.append(row)
    return pd.DataFrame(rows).groupby("pruning", sort=False).mean()


def to_markdown(table) -> str:
    """Cells `share among the pruned / share among the kept`."""
    names = list(dict.fromkeys(name for name, _ in table))
    lines = [f"| pruned by | {' | '.join(names)} |", "| --- " * (len(names) + 1) + "|"]
    for pruning, row in table.iterrows():
        cells = (f"{row[name, 'pruned']:.2f} / {row[name, 'kept']:.2f}" for name in names)
        lines.append(f"| {pruning} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="+", choices=list(TASK_SCENARIOS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    for scenario in chosen.scenarios:
        crowd = TASK_SCENARIOS[scenario](0)
        for name, draw in PICTURES.items():
            path = chosen.out / f"{scenario}_{name}.png"
            figure = draw(crowd, 0)
            figure.savefig(path, dpi=80)
            plt.close(figure)
            print(path, flush=True)
        print(f"{scenario}, {chosen.seeds} repetitions, right among the pruned / among the others")
        print(to_markdown(ratios(scenario, chosen.seeds)), flush=True)


if __name__ == "__main__":
    main()
