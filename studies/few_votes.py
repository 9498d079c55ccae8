"""Is it worth pooling the workers' confusions? HierarchicalDS and DS on crowds with few votes per worker.

    python -m studies.few_votes [--seeds 50] [--tasks 1000] [--workers 500 250 100]

Each seed is a new crowd of `independent` workers, five classes and five votes per task, the same for every strategy.
"""

import argparse

import numpy as np
from joblib import Parallel, delayed

from benchmark_utils.crowds.simulated.confusions import independent
from benchmark_utils.strategies.catalogue import STRATEGIES

COMPARED = ["MV", "DS", "iBCC", "HierarchicalDS"]
FEEDBACK = 5


def accuracies(n_task, n_worker, seed):
    """AccTrain of each strategy on one crowd."""
    crowd = independent(n_task=n_task, n_worker=n_worker, feedback=FEEDBACK, seed=seed)
    return [np.mean(STRATEGIES[name]().fit(crowd.votes, seed=seed).labels == crowd.truth) for name in COMPARED]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--workers", type=int, nargs="+", default=[500, 250, 100])
    chosen = parser.parse_args()
    print(f"{chosen.seeds} seeds, {chosen.tasks} tasks: AccTrain, mean ± standard error.\n")
    print("| votes per worker | " + " | ".join(COMPARED) + " | HierarchicalDS - DS |")
    print("| --- |" + " --- |" * (len(COMPARED) + 1))
    for n_worker in chosen.workers:
        work = (delayed(accuracies)(chosen.tasks, n_worker, seed) for seed in range(chosen.seeds))
        accuracy = np.array(Parallel(n_jobs=-1)(work))
        accuracy = np.column_stack([accuracy, accuracy[:, -1] - accuracy[:, COMPARED.index("DS")]])
        error = accuracy.std(axis=0, ddof=1) / np.sqrt(len(accuracy))
        cells = " | ".join(f"{mean:.3f} ± {e:.3f}" for mean, e in zip(accuracy.mean(axis=0), error, strict=True))
        print(f"| {chosen.tasks * FEEDBACK / n_worker:g} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
