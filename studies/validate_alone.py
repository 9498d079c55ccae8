"""The share of Pl@ntNet's users who are trusted enough to make an observation valid alone, by weight function.

    python -m studies.validate_alone                          # simulated, 200,000 votes, three crowds
    python -m studies.validate_alone --data FOLDER            # Pl@ntNet-CrowdSWE, version 1, in the folder

Thesis, figure 4.15: 5.90 % with the current weights, 50,446 users of the South-West European flora.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmark_utils.crowds.published.plantnet import read
from benchmark_utils.crowds.simulated.flora import flora
from benchmark_utils.strategies.plantnet import PENALTIES, WEIGHTS, PlantNet

VARIANTS = [PlantNet(weight=weight) for weight in WEIGHTS] + [PlantNet(penalty=penalty) for penalty in PENALTIES[1:]]


def share_alone(strategy, votes, n_iter=100):
    """The share of the users with a vote who validate alone, and whether the strategy has converged."""
    result = strategy.fit(votes, n_iter=n_iter)
    return result.parameters["validates_alone"][votes.votes_per_worker > 0].mean(), result.converged


def table(crowds):
    """One line per variant: the mean share and its standard error over the crowds, as markdown."""
    lines = ["| weight | penalty | users who validate alone | |", "| --- | --- | --- | --- |"]
    for strategy in VARIANTS:
        shares, converged = zip(*(share_alone(strategy, votes) for votes in crowds), strict=True)
        error = f" ± {100 * np.std(shares, ddof=1) / len(shares) ** 0.5:.2f}" if len(shares) > 1 else ""
        note = "" if all(converged) else "not converged"
        lines.append(f"| {strategy.weight} | {strategy.penalty} | {100 * np.mean(shares):.2f}{error} % | {note} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder of Pl@ntNet-CrowdSWE, version 1")
    parser.add_argument("--n-votes", type=int, default=200_000, help="of a simulated crowd")
    options = parser.parse_args()
    if options.data:
        print(table([read(options.data, "v1")[0]]))
    else:
        print(table([flora(options.n_votes, seed=seed).votes for seed in range(3)]))


if __name__ == "__main__":
    main()
