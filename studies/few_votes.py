"""Is it worth pooling the workers' confusions? HierarchicalDS and DS on crowds with few votes per worker.

    python -m studies.few_votes [--seeds 50] [--tasks 1000] [--workers 500 250 100]

Each seed is a new crowd of `independent` workers, five classes and five votes per task, the same for every strategy.
The last two columns are the spread of the workers around the common scores, the mean over cells, as HierarchicalDS
finds it from the votes alone, and from the votes and every truth.
"""

import argparse

import numpy as np
from joblib import Parallel, delayed

from benchmark_utils.crowds.simulated.confusions import independent
from benchmark_utils.strategies.catalogue import STRATEGIES

COMPARED = ["MV", "DS", "iBCC", "HierarchicalDS"]
FEEDBACK = 5


def figures(n_task, n_worker, seed):
    """AccTrain of each strategy on one crowd, and the spread without and with the truths."""
    crowd = independent(n_task=n_task, n_worker=n_worker, feedback=FEEDBACK, seed=seed)
    results = [STRATEGIES[name]().fit(crowd.votes, seed=seed) for name in COMPARED]
    accuracy = [np.mean(result.labels == crowd.truth) for result in results]
    told = STRATEGIES["HierarchicalDS"]().fit(crowd.votes, seed=seed, known=crowd.truth)
    return accuracy + [result.parameters["spread"].mean() for result in (results[-1], told)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--workers", type=int, nargs="+", default=[500, 250, 100])
    chosen = parser.parse_args()
    print(f"{chosen.seeds} seeds, {chosen.tasks} tasks: AccTrain, mean ± standard error.\n")
    print("| votes per worker | " + " | ".join(COMPARED) + " | HierarchicalDS - DS | spread | spread, truths known |")
    print("| --- |" + " --- |" * (len(COMPARED) + 3))
    for n_worker in chosen.workers:
        work = (delayed(figures)(chosen.tasks, n_worker, seed) for seed in range(chosen.seeds))
        figure = np.array(Parallel(n_jobs=-1)(work))
        ahead = figure[:, COMPARED.index("HierarchicalDS")] - figure[:, COMPARED.index("DS")]
        figure = np.insert(figure, len(COMPARED), ahead, axis=1)
        error = figure.std(axis=0, ddof=1) / np.sqrt(len(figure))
        cells = " | ".join(f"{mean:.3f} ± {e:.3f}" for mean, e in zip(figure.mean(axis=0), error, strict=True))
        print(f"| {chosen.tasks * FEEDBACK / n_worker:g} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
