"""The tables and figures of the thesis's chapter 4, from a result of run_configs/plantnet.yml; needs matplotlib.

    benchopt run . --config run_configs/plantnet.yml
    python -m studies.plantnet outputs/plantnet.parquet --output FOLDER [--format svg|png] > FOLDER.md

Tables are printed as markdown, figures are written to the folder, once per dataset, and each says on which data it is.
Means over the repetitions, with their standard errors. A repetition is a new crowd where crowds are simulated; on real
votes it only breaks ties anew.
"""

import argparse
import re
from dataclasses import fields
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from benchmark_utils.results.table import final_points
from benchmark_utils.strategies.plantnet import PENALTIES, PUBLISHED_THETA_CONF, WEIGHTS, PlantNet

STRATEGIES = ["MV", "WAWA", "TwoThird", "PlantNet"]
DEFAULTS = {option.name: option.default for option in fields(PlantNet) if option.name != "theta_conf"}
N_TRUTH = {"v1": 26_811, "v2": 21_656}  # observations with a truth in the published plantnet_swe

METRICS = {
    "acc_train": "Acc, all",
    "class_coverage": "species, all",
    "acc_multiple_votes": "Acc, multiple votes",
    "coverage_multiple_votes": "species, multiple votes",
    "acc_disagreement": "Acc, disagreement",
    "coverage_disagreement": "species, disagreement",
    "precision_disagreement": "macro precision, disagreement",
    "recall_disagreement": "macro recall, disagreement",
    "valid_fraction": "valid",
}
ON_DISAGREEMENT = [name for name in METRICS if name.endswith("_disagreement")]

# Thesis, sections 4.2.3 and 4.3: version 1, the experts' votes kept.
THESIS_ALL = {"MV": "0.97", "WAWA": "0.98", "TwoThird": "0.60", "PlantNet": "0.99"}
THESIS_SPECIES = {"MV": "0.71", "WAWA": "0.73", "TwoThird": "0.41", "PlantNet": "almost 0.90"}
THESIS_VALID = {"MV": "1", "WAWA": "1", "TwoThird": "0.234"}
TABLE_4_1 = {
    "current": "0.781",
    "linear": "0.779",
    "sqrt": "0.782",
    "power75": "0.779",
    "square": "0.777",
    "log": "0.721",
}

COLOURS = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9"]  # Okabe and Ito
MARKERS = "osD^vP"


def chapter_rows(results):
    """The final points that the chapter compares, with their `variant`, and the names of the solvers left out.

    Variants are "MV", "WAWA", "TwoThird", "PlantNet" as published, and PlantNet with one choice changed, as in
    "weight=log" and "ai=confident 0.7"; what changes more than one is left out.
    """
    rows = final_points(results)
    rows = rows.assign(variant=[variant(row) for _, row in rows.iterrows()])
    left_out = sorted(set(rows.loc[rows["variant"].isna(), "solver_name"]))
    return rows[rows["variant"].notna()], left_out


def variant(row):
    strategy = row["solver_name"].partition("[")[0]
    if strategy != "PlantNet":
        return strategy if strategy in STRATEGIES else None
    changed = {option: row[f"p_solver_{option}"] for option in DEFAULTS}
    changed = {option: value for option, value in changed.items() if value != DEFAULTS[option]}
    if pd.notna(row["p_solver_theta_conf"]):
        return None
    if changed.get("ai") == "confident" and changed.keys() <= {"ai", "theta_score"}:
        return confident(row["p_solver_theta_score"])
    if not changed:
        return "PlantNet"
    ((option, value),) = changed.items() if len(changed) == 1 else [(None, None)]
    return f"{option}={value}" if option in ("weight", "penalty", "ai") else None


def confident(theta_score):
    return f"ai=confident {theta_score:g}"


def summarise(rows):
    """Mean and standard error of each metric, by variant: columns (metric, "mean") and (metric, "sem").

    The column ("converged", "all") tells whether every repetition met the strategy's own tolerance.
    """
    columns = {f"objective_{name}": name for name in [*METRICS, "acc_valid"]}
    by_variant = rows.rename(columns=columns).reindex(columns=["variant", *columns.values()]).groupby("variant")
    summary = by_variant.agg(["mean", "sem"])
    summary["converged", "all"] = rows.groupby("variant")["objective_converged"].min() == 1
    return summary


def origin(dataset, rows):
    """What the data of a dataset are: "real" or "simulated", or None where the chapter has nothing to do with it.

    A folder of plantnet_swe may hold something else in its layout. AccTrain, a share of the observations with a
    truth, tells: it is no multiple of one over their published number. A crowd simulated at the full size and written
    in this layout would pass for real.
    """
    if dataset.startswith("simulated_flora"):
        return "simulated, by a simulator fitted to the thesis's accuracies"
    if not dataset.startswith("plantnet_swe"):
        return None
    right = rows["objective_acc_train"] * N_TRUTH["v2" if "version=v2" in dataset else "v1"]
    return "real" if np.allclose(right, right.round(), rtol=0, atol=1e-6) else "NOT the published data"


def cell(mean, sem):
    if np.isnan(mean):
        return "-"
    return f"{mean:.3f}" if np.isnan(sem) else f"{mean:.3f} ± {sem:.3f}"


def metric_cells(summary, name, metrics):
    return [cell(*summary.loc[name, metric]) for metric in metrics]


def table(header, lines):
    rule = ["---"] * len(header)
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, rule, *lines))


def shown(summary, name, label=None):
    """The label of a variant, which says so where it has not converged."""
    return (label or name) + ("" if summary.loc[name, ("converged", "all")] else " (not converged)")


def present(summary, names):
    return {name: label for name, label in names.items() if name in summary.index}


def weights():
    return {("PlantNet" if name == "current" else f"weight={name}"): name for name in WEIGHTS}


def penalties():
    return {("PlantNet" if name == "none" else f"penalty={name}"): name for name in PENALTIES}


def ai_roles(summary):
    """The ways to treat the AI's vote, and the thresholds of "confident" in their order."""
    roles = {"PlantNet": "ignored", **{f"ai={role}": role for role in ("worker", "fixed", "invalidating")}}
    return roles | {confident(score): f"confident, {score:g}" for score in thresholds(summary)}


def thresholds(summary):
    return sorted(float(name.split()[1]) for name in summary.index if name.startswith("ai=confident"))


def strategy_table(summary):
    header = [
        "strategy",
        *METRICS.values(),
        "thesis (v1, kept): Acc, all",
        "thesis: species, disagreement",
        "thesis: valid",
    ]
    lines = [
        [name, *metric_cells(summary, name, METRICS)]
        + [published.get(name, "-") for published in (THESIS_ALL, THESIS_SPECIES, THESIS_VALID)]
        for name in present(summary, dict.fromkeys(STRATEGIES))
    ]
    return table(header, lines)


def weight_table(summary):
    metrics = ["acc_disagreement", "acc_train", "valid_fraction"]
    header = ["weight", "theta_conf", *map(METRICS.get, metrics), "thesis (v1, kept): Acc, disagreement"]
    lines = []
    for name, weight in present(summary, weights()).items():
        theta_conf = min(PUBLISHED_THETA_CONF[weight], WEIGHTS[weight](8))
        cells = metric_cells(summary, name, metrics)
        lines.append([shown(summary, name, weight), f"{theta_conf:.4g}", *cells, TABLE_4_1[weight]])
    return table(header, lines)


def penalty_table(summary):
    metrics = [*ON_DISAGREEMENT, "acc_train", "valid_fraction"]
    lines = [
        [shown(summary, name, label), *metric_cells(summary, name, metrics)]
        for name, label in present(summary, penalties()).items()
    ]
    return table(["penalty", *map(METRICS.get, metrics)], lines)


def ai_table(summary):
    metrics = ["acc_train", "acc_multiple_votes", "acc_disagreement", "valid_fraction"]
    lines = [
        [shown(summary, name, label), *metric_cells(summary, name, metrics)]
        for name, label in present(summary, ai_roles(summary)).items()
    ]
    return table(["AI", *map(METRICS.get, metrics)], lines)


def expert_table(kept, removed):
    """AccTrain with the experts' own votes and without, and the share of the truths that nobody else voted on.

    Majority vote is valid where there is a vote, so its AccTrain over its accuracy on valid tasks is the share of
    the observations with a truth that have a vote left.
    """
    majority = removed[removed["variant"] == "MV"].set_index("idx_rep")
    voted = majority["objective_acc_train"] / majority["objective_acc_valid"]
    lines = []
    for name in STRATEGIES:
        with_vote, without = (rows[rows["variant"] == name].set_index("idx_rep") for rows in (kept, removed))
        if len(with_vote) and len(without):
            accuracy = without["objective_acc_train"]
            columns = with_vote["objective_acc_train"], accuracy, accuracy / voted
            lines.append([name, *(cell(column.mean(), column.sem()) for column in columns)])
    header = ["strategy", "Acc, experts' votes kept", "removed", "removed, where a vote is left"]
    alone = f"Share of the truths that only an expert voted on: {cell(1 - voted.mean(), voted.sem())}.\n\n"
    return alone + table(header, lines)


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


TABLES = {
    "Strategies (figures 4.16 and 4.17)": strategy_table,
    "Weight functions (table 4.1)": weight_table,
    "Penalties (figure 4.21)": penalty_table,
    "The AI's vote (figure 4.23)": ai_table,
}
FIGURES = {
    "accuracy_species": draw_accuracy_species,
    "precision_recall": draw_precision_recall,
    "valid": draw_valid,
    "penalties": draw_penalties,
    "ai": draw_ai,
}


def report(results, folder, file_format="svg"):
    """The tables as markdown; the figures are written to `folder`.

    Raises
    ------
    ValueError
        The results hold neither plantnet_swe nor simulated_flora.
    """
    rows, left_out = chapter_rows(results)
    of_dataset = {name: here for name, here in rows.groupby("dataset_name", sort=False) if origin(name, here)}
    if not of_dataset:
        raise ValueError("no result of plantnet_swe or simulated_flora: run run_configs/plantnet.yml")
    folder.mkdir(parents=True, exist_ok=True)
    parts = ["`thesis`: as published, of version 1 with the experts' votes kept."]
    if left_out:
        parts.append(f"Left out, since the chapter does not compare them: {', '.join(left_out)}.")
    for dataset, here in of_dataset.items():
        data = f"{dataset} ({origin(dataset, here)})"
        n_rep, summary = here["idx_rep"].nunique(), summarise(here)
        for title, make in TABLES.items():
            parts += [f"### {title}", f"Data: {data}; {n_rep} repetition{'s' * (n_rep > 1)}.", make(summary)]
        for name, draw in FIGURES.items():
            slug = re.sub(r"\W+", "_", dataset).strip("_")
            figure = draw(summary, data)
            figure.savefig(folder / f"{slug}_{name}.{file_format}", dpi=120)
            plt.close(figure)
    for dataset, kept in of_dataset.items():
        removed = of_dataset.get(dataset.replace("expert_votes=kept", "expert_votes=removed"))
        if "expert_votes=kept" in dataset and removed is not None:
            parts += ["### The experts' own votes", f"Data: {dataset} ({origin(dataset, kept)}), and without them."]
            parts.append(expert_table(kept, removed))
    return "\n\n".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path, help="a parquet of run_configs/plantnet.yml")
    parser.add_argument("--output", type=Path, required=True, help="the folder of the figures")
    parser.add_argument("--format", choices=["svg", "png"], default="svg", help="of the figures")
    chosen = parser.parse_args()
    if not chosen.result.is_file():
        parser.error(f"{chosen.result} is not there; benchopt run . --config run_configs/plantnet.yml makes it")
    try:
        print(report(pd.read_parquet(chosen.result), chosen.output, chosen.format))
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
