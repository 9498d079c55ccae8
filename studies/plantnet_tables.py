"""The tables of chapter 4 of the thesis, from a result of run_configs/plantnet.yml."""

from dataclasses import fields

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


TABLES = {
    "Strategies (figures 4.16 and 4.17)": strategy_table,
    "Weight functions (table 4.1)": weight_table,
    "Penalties (figure 4.21)": penalty_table,
    "The AI's vote (figure 4.23)": ai_table,
}
