"""Pictures of what the margins find; needs matplotlib.

    python -m studies.learning.pictures cifar10h --data ../shared/data/cifar10h --scores streams.npz --out outputs

It reads the scores of cifar10h_streams.py: the ten worst tasks of each class with their votes, and WAUM against the
entropy of the votes. The pictures of points are those of points.py.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from benchmark_utils.crowds.published.cifar10h import cifar10h_tasks
from benchmark_utils.votes import normalise, sum_votes


def draw_worst(out, votes, truth, images, score, classes):
    """The ten tasks of each class with the lowest score; above each, what at least 5 % of the voters say."""
    frequency = normalise(sum_votes(votes))
    figure, axes = plt.subplots(len(classes), 10, figsize=(15, 2.1 * len(classes)), layout="constrained")
    for k, row in enumerate(axes):
        members = np.flatnonzero(truth == k)
        worst = members[np.argsort(score[members])[:10]]
        for axis in row:
            axis.axis("off")
        for axis, task in zip(row, worst, strict=False):
            axis.imshow(images[task].transpose(1, 2, 0))
            said = [c for c in np.argsort(-frequency[task]) if frequency[task, c] >= 0.05][:3]
            axis.set_title("\n".join(f"{classes[c]} {frequency[task, c]:.0%}" for c in said), fontsize=8)
        row[0].text(-0.15, 0.5, classes[k], rotation=90, va="center", ha="right", transform=row[0].transAxes)
    save(figure, out / "cifar10h_worst.png")


def draw_entropy(out, votes, score):
    frequency = normalise(sum_votes(votes))
    entropy = -(frequency * np.log(np.where(frequency > 0, frequency, 1))).sum(axis=1)
    figure, axis = plt.subplots(figsize=(6, 4.5), layout="constrained")
    axis.scatter(entropy, score, s=3, alpha=0.4)
    axis.set_xlabel("entropy of the votes")
    axis.set_ylabel("WAUM")
    save(figure, out / "cifar10h_waum_entropy.png")


def save(figure, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)
    plt.close(figure)
    print(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["cifar10h"])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="the folder of cifar10h-raw.zip and cifar-10-python.tar.gz")
    parser.add_argument("--scores", type=Path, help="the .npz file of cifar10h_streams.py")
    options = parser.parse_args()
    if options.data is None or options.scores is None:
        parser.error("cifar10h needs --data and --scores")
    from benchmark_utils.crowds.published.cifar10h import CLASSES, first_tasks, read_votes

    votes, truth = first_tasks(*read_votes(options.data / "cifar10h-raw.zip"))
    images = cifar10h_tasks(options.data, votes.n_task)["tasks"]
    with np.load(options.scores) as scores:
        score = scores["WAUM, epoch=votes, seed 0"]  # the published way
    draw_worst(options.out, votes, truth, images, score, CLASSES)
    draw_entropy(options.out, votes, score)


if __name__ == "__main__":
    main()
