"""Does a start from moments help where the majority is wrong about a class? DS from both starts.

    python -m studies.wrong_majority [--seeds 50] [--tasks 2000]
    python -m studies.wrong_majority --crowd web [--draws 20]

Thirty workers answer tasks of the second of three classes with the third in six cases of ten, and five votes per task.
Each seed is a new crowd. Printed are AccTrain and, in brackets, its mean on the tasks of the second class.

`--crowd` takes a real crowd, and draws the three groups of workers too, as the paper does, in place of dealing them.
Printed are the log-likelihood in which EM ends and AccTrain. Where the moments determine the model, other groups give
nearly the same start.
"""

import argparse

import numpy as np
from joblib import Parallel, delayed

from benchmark_utils.crowds.simulated.confusions import ask
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.strategies.steps.spectral_start import spectral_start
from studies.votes_per_task import load

CONFUSION = np.array([[0.85, 0.05, 0.10], [0.15, 0.25, 0.60], [0.10, 0.05, 0.85]])
COMPARED = {"MV": MajorityVote(), "DS": DawidSkene(), "DS[start=spectral]": DawidSkene(start="spectral")}


def crowd(seed, n_task=2000, n_worker=30, feedback=5):
    """A crowd of workers who all have the same confusion matrix."""
    rng = np.random.default_rng(seed)
    return ask(rng, rng.integers(3, size=n_task), np.tile(CONFUSION, (n_worker, 1, 1)), feedback)


def accuracies(n_task, seed):
    """AccTrain, and the same on the class that the majority is wrong about, of each strategy: (3, 2)."""
    votes, truth, _ = crowd(seed, n_task)
    right = [strategy.fit(votes, seed=seed).labels == truth for strategy in COMPARED.values()]
    return [(one.mean(), one[truth == 1].mean()) for one in right]


class FromGroups(DawidSkene):
    """DS from the moments of these groups of workers, (n_worker,)."""

    def __init__(self, group):
        super().__init__(start="spectral")
        self.group = group

    def start_of(self, model, votes, start=None):
        log_confusion, log_prevalence, reason = spectral_start(votes, self.group)
        return (model.start(), reason) if reason else (model.expect((log_confusion, log_prevalence))[0], "")


def draw_groups(votes, seed):
    """Three groups of equal size, at random."""
    group = np.random.default_rng(seed).permutation(np.resize([0, 1, 2], votes.n_worker))
    return np.where(votes.votes_per_worker > 0, group, -1)


def on_crowd(name, n_draw):
    """Print where EM ends on a real crowd from the majority, from dealt groups and from drawn ones."""
    crowd = load(name)
    if crowd is None:
        return
    votes, truth = crowd
    starts = {"majority": DawidSkene(), "dealt": DawidSkene(start="spectral")}
    starts |= {f"drawn, seed {seed}": FromGroups(draw_groups(votes, seed)) for seed in range(n_draw)}
    print(f"| start on {name} | log-likelihood | AccTrain |\n| --- | --- | --- |")
    for start, strategy in starts.items():
        result = strategy.fit(votes)
        acc_train = np.mean((result.labels == truth)[truth >= 0])
        end = f"| {result.history[-1]:.1f} | {acc_train:.3f} |"
        print(f"| {start} ", f"| {result.note} | |" if result.note else end, sep="", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--crowd")
    parser.add_argument("--draws", type=int, default=20)
    chosen = parser.parse_args()
    if chosen.crowd:
        return on_crowd(chosen.crowd, chosen.draws)
    work = (delayed(accuracies)(chosen.tasks, seed) for seed in range(chosen.seeds))
    accuracy = np.array(Parallel(n_jobs=-1)(work))
    mean, error = accuracy.mean(axis=0), accuracy.std(axis=0, ddof=1) / np.sqrt(chosen.seeds)
    print(f"{chosen.seeds} seeds, {chosen.tasks} tasks: AccTrain (second class), mean ± standard error.\n")
    for name, (m, on_class), (e, error_on_class) in zip(COMPARED, mean, error, strict=True):
        print(f"{name}: {m:.3f} ± {e:.3f} ({on_class:.3f} ± {error_on_class:.3f})")


if __name__ == "__main__":
    main()
