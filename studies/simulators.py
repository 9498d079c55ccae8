"""Which strategy wins on which simulated crowd: mean and standard error over many seeds.

    python -m studies.simulators [--seeds 50] [--scenarios independent correlated ...] [--output FILE.md]

Two figures per strategy and scenario: AccTrain, and how well the strategy ranks the workers, as Spearman's
correlation between its worker scores and the trace of the workers' true confusion matrices. Publications show one
seed; here each seed is a new crowd, the same for every strategy.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.stats import spearmanr

from benchmark_utils.crowds.simulated.confusions import SCENARIOS
from benchmark_utils.strategies.catalogue import STRATEGIES

CROWDS = SCENARIOS | {
    # thesis, Table 3.2: from one vote per task to that of every worker
    "independent, imbalanced votes": partial(SCENARIOS["independent"], imbalanced_votes=True)
}


def score(scenario, seed):
    """One row per strategy on one crowd."""
    crowd = CROWDS[scenario](seed=seed)
    trace = np.trace(crowd.confusion, axis1=1, axis2=2)
    rows = []
    for name, make in STRATEGIES.items():
        strategy = make()
        if name == "GoldMV":  # without known truths it is MV
            continue
        if crowd.votes.n_class > getattr(strategy, "max_classes", np.inf):
            continue
        result = strategy.fit(crowd.votes, seed=seed)
        skill = np.nan
        if result.worker_score is not None and np.ptp(trace) > 0 and np.ptp(result.worker_score) > 0:
            skill = spearmanr(trace, result.worker_score).statistic
        accuracy = np.mean(result.labels == crowd.truth)
        rows.append(dict(scenario=scenario, seed=seed, strategy=name, accuracy=accuracy, skill=skill))
    return rows


def to_markdown(rows):
    """Strategies x scenarios, `mean ± standard error (rank correlation of skill)`, best mean accuracy first."""
    frame = pd.DataFrame(rows)
    stats = frame.groupby(["strategy", "scenario"]).agg(
        mean=("accuracy", "mean"), error=("accuracy", "sem"), skill=("skill", "mean")
    )
    scenarios = list(frame["scenario"].unique())
    order = frame.groupby("strategy")["accuracy"].mean().sort_values(ascending=False).index
    lines = ["| strategy | " + " | ".join(scenarios) + " |", "| --- |" + " --- |" * len(scenarios)]
    for strategy in order:
        cells = []
        for scenario in scenarios:
            mean, error, skill = stats.loc[(strategy, scenario)]
            cells.append(f"{mean:.3f} ± {error:.3f}" + ("" if np.isnan(skill) else f" ({skill:.2f})"))
        lines.append(f"| {strategy} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--scenarios", nargs="+", default=list(CROWDS), choices=list(CROWDS))
    parser.add_argument("--output", type=Path)
    chosen = parser.parse_args()
    work = [(scenario, seed) for scenario in chosen.scenarios for seed in range(chosen.seeds)]
    rows = Parallel(n_jobs=-1)(delayed(score)(*item) for item in work)
    table = to_markdown([row for batch in rows for row in batch])
    about = f"{chosen.seeds} seeds: AccTrain, mean ± standard error (Spearman's correlation of the worker scores).\n\n"
    print(about + table)
    if chosen.output:
        chosen.output.write_text(about + table)


if __name__ == "__main__":
    main()
