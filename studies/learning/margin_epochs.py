"""How many epochs WAUM needs where an epoch visits every task once: LabelMe, Music and points, on a CPU.

    python -m studies.learning.margin_epochs --data ../shared/data

For T of `epoch=tasks`: the rank correlation of the scores with the published way's (an epoch visits every vote; T as
in the recipe), over two seeds of each; with those of another seed of the same; and with the entropy of the votes.
The published way's own correlation between seeds is in the last row: it bounds what can be reached. Beside them the
share of wrong majority labels in the worst tenth, and in all. Two minutes on one core.
"""

import argparse
import itertools
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from benchmark_utils.crowds.simulated.points import three_circles
from benchmark_utils.learning import margins
from benchmark_utils.learning.classifier import aggregate
from benchmark_utils.learning.pruning import WAUM, frequency_examples, worker_diagonals
from benchmark_utils.learning.training.recipe import published_recipe
from benchmark_utils.learning.training.trainer import PlainLoss, Trainer
from benchmark_utils.votes import normalise, sum_votes
from studies.learning.crowds import labelme, music

EPOCHS = (10, 20, 50, 100, 200)
SEEDS = range(2)


def scores_by_epoch(votes, tasks, seed, examples, epochs):
    """WAUM after each of the epochs, of one training."""
    strategy = WAUM()
    tasks, recipe, network = strategy.prepare(votes, tasks, seed)
    trainer = Trainer(PlainLoss(network), tasks, examples, recipe, max(epochs), seed)
    area, diagonal, found = margins.AreaUnderMargin(), worker_diagonals(votes, seed), {}
    for epoch in range(1, max(epochs) + 1):
        trainer.train_epoch()
        area.record(trainer.predict())
        if epoch in epochs:
            trust = margins.trust(votes, diagonal, area.softmax.numpy())
            found[epoch] = margins.waum(votes, area.mean(), trust)
    return found


def rank_correlation(pairs):
    return np.mean([spearmanr(a, b).statistic for a, b in pairs])


def report(name, votes, tasks, truth):
    published = published_recipe(tasks.shape[1:]).margin_epochs
    each_vote = {"task": votes.task.astype(np.int64), "target": votes.label.astype(np.int64)}
    by_votes = [scores_by_epoch(votes, tasks, seed, each_vote, [published])[published] for seed in SEEDS]
    by_tasks = [scores_by_epoch(votes, tasks, seed, frequency_examples(votes), EPOCHS) for seed in SEEDS]
    frequency = normalise(sum_votes(votes))
    entropy = -(frequency * np.log(np.where(frequency > 0, frequency, 1))).sum(axis=1)
    wrong = aggregate("MV", votes, 0).labels != truth
    print(f"\n{name}: majority wrong on {wrong.mean():.2f}")
    print(f"{'T':>12} {'votes':>6} {'seed':>6} {'entropy':>8} {'wrong':>6}")
    for label, found in [*((t, [s[t] for s in by_tasks]) for t in EPOCHS), (f"votes, {published}", by_votes)]:
        worst = [np.argsort(score)[: len(score) // 10] for score in found]
        print(
            f"{label!s:>12} {rank_correlation(itertools.product(found, by_votes)) if found is not by_votes else 1:6.2f}"
            f" {rank_correlation(itertools.combinations(found, 2)):6.2f}"
            f" {rank_correlation((score, entropy) for score in found):8.2f}"
            f" {np.mean([wrong[w].mean() for w in worst]):6.2f}",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    crowds = ["three_circles", "labelme", "music"]
    parser.add_argument("--only", nargs="+", choices=crowds, default=crowds)
    options = parser.parse_args()
    read = {"three_circles": lambda _: three_circles(0)._asdict(), "labelme": labelme, "music": music}
    for name in options.only:
        crowd = read[name](options.data)
        report(name, crowd["votes"], crowd["tasks"], crowd["truth"])


if __name__ == "__main__":
    main()
