"""Can held-out votes choose a strategy where no truth is known? Measured on crowds whose truth is known.

    python -m studies.without_truth [--crowds NAME ...] [--output docs/without_truth.md]

Most strategies of the catalogue label each crowd of the literature. Their AccTrain is set against two scores that need
no truth, from five folds over the workers: held-out agreement and held-out log score. What is shown is the rank
correlation of each score with AccTrain over the strategies, and the regret of choosing by it: how much lower the
AccTrain of the choice is than that of the best strategy on the crowd.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from benchmark_utils.crowds.published.literature import CROWDS
from benchmark_utils.harness import limits
from benchmark_utils.scoring.against_truth import accuracy
from benchmark_utils.scoring.truth_free import N_FOLD, cross_validate
from benchmark_utils.strategies.catalogue import CATALOGUE
from studies.votes_per_task import load

# Of the catalogue those that label every task of any crowd, where cross-validating them takes no hours
STRATEGIES = (
    *("MV", "WAWA", "IWMV", "ZBS", "DS", "FDS", "FDS-hybrid", "WDS", "OneCoinDS", "DSWC-5", "DSWC-10", "ZC", "CATD"),
    *("CRH", "LA-1", "LA-2", "GLAD", "MACE", "MMSR", "BWA", "iBCC", "EBCC", "PlantNet"),
)
SLOW = ("millionaire", "imagenet_real_golden", "fact_eval")  # crowds that would take ten minutes each
ALWAYS = ("MV", "EBCC")  # what choosing by a score is compared with
SCORES = {"agreement": "held-out agreement", "log_score": "held-out log score"}
TIE_SEEDS = 10  # of the strategies that break ties at random and take no time


def measure(votes, truth) -> pd.DataFrame:
    """AccTrain and the two held-out scores of each strategy that is not too slow for the crowd, one row each."""
    rows = [row for row in CATALOGUE if row.name in STRATEGIES and not limits.skip(row.make(), votes, row.name)[0]]
    found = cross_validate(votes, {row.name: row.make().fit for row in rows})
    table = pd.DataFrame(found.means(), columns=list(SCORES), index=found.names)
    table["acc_train"] = [
        np.mean([accuracy(row.make().fit(votes, seed=seed).labels, truth) for seed in seeds(row)]) for row in rows
    ]
    return table


def seeds(row):
    return range(1 if row.iterates else TIE_SEEDS)


def regrets(table) -> dict:
    """How much lower than the best AccTrain that of a choice is, by choice; NaN where the choice was too slow."""
    best = table["acc_train"].max()
    chosen = {score: table[score].idxmax() for score in SCORES} | {f"always {name}": name for name in ALWAYS}
    return {choice: best - table["acc_train"].get(name, np.nan) for choice, name in chosen.items()}


def correlations(table) -> dict:
    """Spearman's rank correlation of each score with AccTrain over the strategies."""
    return {score: spearmanr(table[score], table["acc_train"]).statistic for score in SCORES}


def summarise(tables: dict) -> pd.DataFrame:
    """One row per crowd: what was best, the correlations, the regrets."""
    rows = {
        name: dict(
            strategies=len(table),
            best=table["acc_train"].idxmax(),
            **{f"correlation {score}": value for score, value in correlations(table).items()},
            **{f"regret {choice}": value for choice, value in regrets(table).items()},
        )
        for name, table in tables.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def mean_and_error(values) -> str:
    return f"{values.mean():.4f} ± {values.std(ddof=1) / np.sqrt(len(values)):.4f}"


def to_markdown(tables, sizes, command) -> str:
    summary = summarise(tables)
    compared = summary.dropna()  # every choice could be made
    choices = [*SCORES, *(f"always {name}" for name in ALWAYS)]
    titles = SCORES | {choice: choice for choice in choices if choice not in SCORES}
    titles = {key: title if key not in SCORES else f"by {title}" for key, title in titles.items()}
    mean_acc = pd.DataFrame({name: tables[name]["acc_train"] for name in compared.index}).dropna().mean(axis=1)
    lines = [
        "# Choosing a strategy without truth",
        "",
        "Where no truth is known, a strategy can still be asked to predict the votes of workers that it has not seen.",
        "Does a strategy that predicts votes well also label well? Here the truth is known and answers that. Made by",
        "",
        f"    {command}",
        "",
        f"Of {len(tables)} real crowds. The workers are split into {N_FOLD} folds. Each strategy sees all folds but",
        "one and predicts the votes of that one. *Held-out agreement* is the share of these votes that equal its",
        "label.",
        "*Held-out log score* is the mean log probability of these votes, under one observation model for all",
        "strategies: the crowd shares one confusion matrix, which the strategy's soft labels and the seen votes give.",
        "",
        "Neither score is of the truth. An error that all workers share is invisible to both.",
        "",
        "## Regret",
        "",
        "The regret of a choice is the AccTrain of the best strategy on the crowd less that of the strategy chosen.",
        f"Means over the {len(compared)} crowds on which every strategy could be run, ± the standard error of the mean",
        "over crowds.",
        "",
        "| choice | mean regret | largest |",
        "| --- | --- | --- |",
        *(
            f"| {titles[c]} | {mean_and_error(compared[f'regret {c}'])} | {compared[f'regret {c}'].max():.4f} |"
            for c in choices
        ),
        "",
        "EBCC leads on these very crowds (last table), so that its own regret is measured on what it was chosen by.",
        "",
        "## Rank correlation",
        "",
        "Spearman's, over the strategies, between a held-out score and AccTrain. Medians over all crowds: "
        + ", ".join(f"{SCORES[s]} {summary[f'correlation {s}'].median():.2f}" for s in SCORES)
        + ".",
        "",
        "| crowd | votes | strategies | best by the truth | "
        + " | ".join(f"correlation, {title}" for title in SCORES.values())
        + " | "
        + " | ".join(f"regret, {titles[c]}" for c in choices)
        + " |",
        "| --- " * (4 + len(SCORES) + len(choices)) + "|",
    ]
    for name, row in summary.iterrows():
        cells = [name, f"{sizes[name]:,}", row["strategies"], row["best"]]
        cells += [f"{row[f'correlation {score}']:.2f}" for score in SCORES]
        cells += [
            "too slow" if np.isnan(row[f"regret {choice}"]) else f"{row[f'regret {choice}']:.4f}" for choice in choices
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += [
        "",
        "## Which strategy is best on average",
        "",
        f"Mean AccTrain over the same {len(compared)} crowds, default options.",
        "",
        "| strategy | mean AccTrain |",
        "| --- | --- |",
        *(f"| {name} | {value:.4f} |" for name, value in mean_acc.sort_values(ascending=False).items()),
        "",
        "Not measured are strategies of the catalogue that leave tasks without a label, that are for two classes",
        "alone, or that take hours to cross-validate; and the crowds " + ", ".join(SLOW) + ", which would take long.",
    ]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crowds", nargs="+", default=["bluebirds", *(name for name in CROWDS if name not in SLOW)])
    parser.add_argument("--output", type=Path, default=Path("docs/without_truth.md"))
    chosen = parser.parse_args()
    tables, sizes = {}, {}
    for name in chosen.crowds:
        data = load(name)
        if data is not None:
            tables[name], sizes[name] = measure(*data), data[0].n_votes
            print(name, "done", file=sys.stderr, flush=True)
    if not tables:
        parser.error("none of the crowds is there; the lines above say how to fetch them")
    command = " ".join(["python -m studies.without_truth", *sys.argv[1:]])
    chosen.output.write_text(to_markdown(tables, sizes, command), encoding="utf-8")


if __name__ == "__main__":
    main()
