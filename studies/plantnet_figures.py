"""The figures of chapter 4 of the thesis, from the summary that plantnet_tables.py makes."""

import matplotlib.pyplot as plt

from studies.plantnet_tables import (
    STRATEGIES,
    confident,
    penalties,
    present,
    thresholds,
)

COLOURS = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9"]  # Okabe and Ito
MARKERS = "osD^vP"


def mark(axis, summary, names, x, y):
    """A point with error bars per variant, hollow, since some coincide; what has not converged is named instead."""
    missing = []
    for i, (name, label) in enumerate(present(summary, names).items()):
        if not summary.loc[name, ("converged", "all")]:
            missing.append(label)
            continue
        (x_mean, x_sem), (y_mean, y_sem) = summary.loc[name, x], summary.loc[name, y]
        style = dict(fmt=MARKERS[i], color=COLOURS[i], ms=12 - 2 * i, mfc="none", mew=1.8, capsize=3, elinewidth=1)
        axis.errorbar(x_mean, y_mean, xerr=x_sem, yerr=y_sem, label=label, **style)
    if missing:
        note = f"not drawn, not converged: {', '.join(missing)}"
        axis.text(0.02, 0.02, note, transform=axis.transAxes, fontsize=8, color="0.35")
    axis.margins(0.15)
    axis.locator_params(nbins=5)
    axis.grid(alpha=0.3)


def panels(n, data, title):
    figure, axes = plt.subplots(1, n, figsize=(1.2 + 3.6 * n, 4.6), layout="constrained", squeeze=False)
    where = data.replace(" (", "\n(")  # one line would not fit above one panel
    figure.suptitle(f"{title}\n{where}", fontsize=9)
    return figure, axes[0]


def legend(figure, axis):
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=max(len(labels), 1), frameon=False)


def draw_accuracy_species(summary, data):
    """Figure 4.16, and all observations with a truth."""
    figure, axes = panels(3, data, "Accuracy against the share of the species retrieved")
    subsets = {"all observations with a truth": ("class_coverage", "acc_train")}
    subsets["multiple votes"] = ("coverage_multiple_votes", "acc_multiple_votes")
    subsets["disagreement"] = ("coverage_disagreement", "acc_disagreement")
    for axis, (subset, (coverage, accuracy)) in zip(axes, subsets.items(), strict=True):
        mark(axis, summary, {name: name for name in STRATEGIES}, coverage, accuracy)
        axis.set(title=subset, xlabel="share of species retrieved", ylabel="accuracy")
    legend(figure, axes[0])
    return figure


def draw_precision_recall(summary, data):
    """Figure 4.17a."""
    figure, (axis,) = panels(1, data, "Precision and recall on disagreement")
    mark(axis, summary, {name: name for name in STRATEGIES}, "precision_disagreement", "recall_disagreement")
    axis.set(xlabel="macro precision", ylabel="macro recall")
    legend(figure, axis)
    return figure


def draw_valid(summary, data):
    """Figure 4.17b."""
    figure, (axis,) = panels(1, data, "Share of the observations called valid")
    names = list(present(summary, dict.fromkeys(STRATEGIES)))
    mean, sem = (summary.loc[names, ("valid_fraction", part)] for part in ("mean", "sem"))
    colours = [COLOURS[STRATEGIES.index(name)] for name in names]
    bars = axis.bar(names, mean, yerr=sem.fillna(0), color=colours, capsize=3)
    axis.bar_label(bars, [f"{share:.1%}" for share in mean], padding=3)
    axis.set(ylim=(0, 1.12), ylabel="share valid")
    axis.spines[["top", "right"]].set_visible(False)
    return figure


def draw_penalties(summary, data):
    """Figure 4.21."""
    figure, axes = panels(2, data, "Penalties of mistakes, on disagreement")
    mark(axes[0], summary, penalties(), "coverage_disagreement", "acc_disagreement")
    mark(axes[1], summary, penalties(), "precision_disagreement", "recall_disagreement")
    axes[0].set(xlabel="share of species retrieved", ylabel="accuracy")
    axes[1].set(xlabel="macro precision", ylabel="macro recall")
    legend(figure, axes[0])
    return figure


def draw_ai(summary, data):
    """Figure 4.23: the threshold of the confident AI from 0 to 1, the other ways as levels."""
    figure, axes = panels(3, data, "The AI's vote")
    scores = thresholds(summary)
    levels = {"PlantNet": "AI ignored", "ai=worker": "AI as user", "ai=fixed": "fixed weight"}
    levels |= {"ai=invalidating": "invalidating", "MV": "MV", "WAWA": "WAWA"}
    styles = dict(zip(levels, ["-", "--", "--", "-.", ":", ":"], strict=True))
    colours = dict(zip(levels, ["#d55e00", "#cc79a7", "#009e73", "#56b4e9", "0.2", "0.6"], strict=True))
    label_of = {
        "acc_train": "accuracy, all",
        "acc_disagreement": "accuracy, disagreement",
        "valid_fraction": "share valid",
    }
    for axis, metric in zip(axes, label_of, strict=True):
        curve = summary.loc[[confident(score) for score in scores], metric]
        axis.errorbar(
            scores, curve["mean"], curve["sem"], fmt="o-", ms=4, capsize=2, color="#0072b2", label="confident"
        )
        for name, label in present(summary, levels).items():
            level = summary.loc[name, (metric, "mean")]
            axis.axhline(level, ls=styles[name], color=colours[name], lw=1.4, label=label, zorder=1)
        axis.set(xlabel="threshold on the AI's score", ylabel=label_of[metric])
        axis.grid(alpha=0.3)
    legend(figure, axes[0])
    return figure


FIGURES = {
    "accuracy_species": draw_accuracy_species,
    "precision_recall": draw_precision_recall,
    "valid": draw_valid,
    "penalties": draw_penalties,
    "ai": draw_ai,
}
