"""Can held-out votes choose a strategy where no truth is known? Measured on crowds whose truth is known.

    python -m studies.without_truth [--crowds NAME ...] [--output docs/without_truth.md]

The strategies of the catalogue label each crowd of the literature. Their AccTrain is set against two scores that need
no truth, from five folds over the workers: held-out agreement and held-out log score. What is shown is the rank
correlation of each score with AccTrain over the strategies, and the regret of choosing by it: how much lower the
AccTrain of the choice is than that of the best strategy on the crowd.

A strategy has MOST_SECONDS of processor time on a crowd, so that the whole ends within hours. What is measured is kept
in outputs/without_truth: after an interruption the same command goes on from there, unless the code has changed.
"""

import argparse
import contextlib
import csv
import signal
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from benchmark_utils.crowds.cache import fingerprint
from benchmark_utils.crowds.published.literature import CROWDS
from benchmark_utils.harness import limits
from benchmark_utils.scoring.against_truth import accuracy
from benchmark_utils.scoring.truth_free import N_FOLD, cross_validate
from benchmark_utils.strategies.catalogue import CATALOGUE
from benchmark_utils.votes.digest import digest
from studies.votes_per_task import load

# Of the catalogue all but those that leave tasks without a label, are for two classes alone, or label as MV does
STRATEGIES = tuple(
    row.name
    for row in CATALOGUE
    if row.name not in ("TwoThird", "NS", "GoldMV") and not hasattr(row.make(), "max_classes")
)
MOST_SECONDS = 120  # of the processor, for all fits of a strategy on a crowd
KEPT = Path("outputs/without_truth")
CODE = [file for room in ("votes", "strategies", "scoring") for file in Path("benchmark_utils", room).rglob("*.py")]
ALWAYS = ("MV", "EBCC")  # what choosing by a score is compared with
SCORES = {"agreement": "held-out agreement", "log_score": "held-out log score"}
TIE_SEEDS = 10  # of the strategies that break ties at random and take no time


class TooSlowError(Exception):
    """A strategy has taken MOST_SECONDS."""


@contextlib.contextmanager
def processor_time(seconds):
    """Raises TooSlowError inside once the process has worked for so long."""

    def stop(*_):
        raise TooSlowError

    old = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, old)


def measure(votes, truth, kept=None) -> pd.DataFrame:
    """AccTrain and the two held-out scores of each strategy that is not too slow for the crowd, one row each.

    `kept`, a file, gets each row as it is measured, and is asked first.
    """
    known = read_kept(kept)
    for row in CATALOGUE:
        if row.name in STRATEGIES and row.name not in known:
            known[row.name] = measure_one(row, votes, truth)
            keep(kept, row.name, known[row.name])
    found = {name: known[name] for name in STRATEGIES if known[name] is not None}
    return pd.DataFrame.from_dict(found, orient="index", columns=[*SCORES, "acc_train"])


def measure_one(row, votes, truth, seconds=MOST_SECONDS):
    """[agreement, log score, AccTrain] of a strategy; None where it is too slow or too large."""
    if limits.skip(row.make(), votes, row.name)[0]:
        return None
    try:
        with processor_time(seconds):
            labels = [row.make().fit(votes, seed=seed).labels for seed in seeds(row)]
            scores = cross_validate(votes, {row.name: row.make().fit}).means()[0]
    except TooSlowError:
        return None
    return [*map(float, scores), float(np.mean([accuracy(one, truth) for one in labels]))]


def read_kept(path) -> dict:
    """{strategy: what `measure_one` found}."""
    if path is None or not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {name: [*map(float, values)] or None for name, *values in csv.reader(file)}


def keep(path, name, values):
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow([name, *(values or [])])


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
    absent = {name: sorted(set(STRATEGIES) - set(table.index)) for name, table in tables.items()}
    too_slow = "; ".join(f"on {name} {', '.join(names)}" for name, names in absent.items() if names) or "none was"
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
        "Not measured are strategies of the catalogue that leave tasks without a label, or that are for two classes",
        f"alone. Where a strategy needed more than {MOST_SECONDS} seconds of the processor for a crowd, or too much",
        f"memory, it was left out, and is not in the table of means: {too_slow}.",
    ]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crowds", nargs="+", default=["bluebirds", "labelme", "music", *CROWDS])
    parser.add_argument("--output", type=Path, default=Path("docs/without_truth.md"))
    chosen = parser.parse_args()
    tables, sizes = {}, {}
    for name in chosen.crowds:
        data = load(name)
        if data is not None:
            kept = KEPT / f"{name}-{digest(*data)}-{fingerprint(sorted(CODE))[:16]}.csv"
            tables[name], sizes[name] = measure(*data, kept), data[0].n_votes
            print(name, "done", file=sys.stderr, flush=True)
    if not tables:
        parser.error("none of the crowds is there; the lines above say how to fetch them")
    command = " ".join(["python -m studies.without_truth", *sys.argv[1:]])
    chosen.output.write_text(to_markdown(tables, sizes, command), encoding="utf-8")


if __name__ == "__main__":
    main()
