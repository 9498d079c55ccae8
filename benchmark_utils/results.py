"""What the plots and the report read off a result table: one row per (dataset, solver, repetition, point)."""

import re

CURVE = ["dataset_name", "solver_name"]

# What is worth a column in a table, with its name there; all of it is in the parquet.
COLUMNS = {
    "acc_train": "AccTrain",
    "acc_valid": "AccTrain, valid",
    "valid_fraction": "valid",
    "f1_macro": "macro F1",
    "acc_disagreement": "AccTrain, disagreement",
    "ece": "ECE",
    "log_loss": "log loss",
    "acc_test": "test accuracy",
}


def final_points(results):
    """The last point of each curve, one row per (dataset, solver, repetition).

    The points of a curve are rows in the order they were measured. Its last is the converged one under every
    sampling; the largest `stop_val` is the coarsest point where the tolerance is sampled.
    """
    return results.groupby([*CURVE, "idx_rep"], as_index=False, sort=False).tail(1)


def mean_ranks(results, column="objective_acc_train"):
    """Rank of each solver's mean `column` within each dataset (1 is best, ties share), and the mean over datasets.

    Only solvers with a result on every dataset are compared: a rank among fewer rivals means something else. The
    `tolerance` solver is left out, since it repeats strategies that have a solver of their own.

    Returns
    -------
    DataFrame, one row per solver, sorted by `mean rank`; one column of ranks per dataset.
    """
    results = results[~results["solver_name"].str.startswith("tolerance")]
    scores = final_points(results).pivot_table(index="solver_name", columns="dataset_name", values=column)
    ranks = scores.dropna().rank(ascending=False)
    ranks.insert(0, "mean rank", ranks.mean(axis=1))
    return ranks.sort_values("mean rank")


def short_names(names):
    """Names without the parameters that every name of the same family shares, {name: short name}.

    `simulated[n_task=200,scenario=independent]` beside `simulated[n_task=200,scenario=difficulty]` is
    `simulated[independent]`; numbers and truth values keep their key, `simulated[n_task=100]`.
    """
    families = {}
    for name in names:
        family, _, options = name.rstrip("]").partition("[")
        families.setdefault(family, {})[name] = dict(re.findall(r"(\w+)=(.*?)(?=,\w+=|$)", options))
    short = {}
    for family, members in families.items():
        for name, options in members.items():
            others = [other for other in members.values() if other is not options]
            kept = {key: value for key, value in options.items() if any(o.get(key) != value for o in others)}
            shown = [value if _is_word(value) else f"{key}={value}" for key, value in kept.items()]
            short[name] = f"{family}[{', '.join(shown)}]" if shown else family
    return short


def _is_word(value):
    return value not in ("True", "False", "None") and not value[:1].isdigit()
