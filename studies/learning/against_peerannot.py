"""WAUM's training loop beside peerannot's, on the same votes, network and machine.

    python -m studies.learning.against_peerannot --data ../shared/data/cifar10h --out outputs/waum_peerannot

needs peerannot and torchvision. Both visit every (task, vote) pair of the first --tasks tasks of CIFAR-10H in batches
of 64, for --epochs epochs, with a ResNet-18. peerannot's clock covers the loop alone, and stops before the pass over
its records that follows, which is quadratic in the votes. Its images wait in memory, so that no time goes into reading
files, and it gets our confusion matrices: its own call of Dawid and Skene fails in 0.0.1.post43. Our clock covers all
of WAUM, Dawid and Skene, training, margins, scores; a first time, with what CUDA prepares once, and again.
"""

import argparse
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace

import torch

from benchmark_utils.crowds.published.cifar10h import cifar10h_tasks, first_tasks, read_votes
from benchmark_utils.learning.pruning import WAUM
from benchmark_utils.learning.training.recipe import published_recipe
from benchmark_utils.learning.training.tasks import Tasks, choose_device
from benchmark_utils.strategies.dawid_skene import DawidSkene
from studies.learning.cifar10h_gpu import Report, synchronised

BATCH = 64


class EpochsDone(Exception):  # noqa: N818 (it is no error)
    """Raised after the last epoch's batches: what peerannot would do next is not part of the loop."""


class Votes(torch.utils.data.Dataset):
    """One item per vote, as peerannot reads it: image, label, worker, position of the task, position of the vote."""

    def __init__(self, votes, images):
        self.votes, self.images = votes, images
        names = SimpleNamespace(base_samples=[(f"image-{i}.png", 0) for i in range(votes.n_task)])
        self.dataset = names  # peerannot looks for names of files here

    def __len__(self):
        return self.votes.n_votes

    def __getitem__(self, i):
        task = int(self.votes.task[i])
        return self.images[task], int(self.votes.label[i]), int(self.votes.worker[i]), task, i


class Loader:
    """A DataLoader that stops the caller after some epochs."""

    def __init__(self, dataset, epochs):
        self.dataset, self.left = dataset, epochs
        self.loader = torch.utils.data.DataLoader(dataset, batch_size=BATCH, shuffle=True)

    def __iter__(self):
        yield from self.loader
        self.left -= 1
        if self.left == 0:
            raise EpochsDone


def time_ours(votes, tasks, epochs):
    strategy = WAUM(epoch="votes", recipe={"margin_epochs": epochs, "batch_size": BATCH})
    start = synchronised(tasks.device)
    strategy.score_tasks(votes, tasks)
    return synchronised(tasks.device) - start


def time_peerannot(votes, tasks, epochs):
    """Seconds of peerannot's loop."""
    from peerannot.models import identification
    from torchvision.models import resnet18

    images = tasks.batch(torch.arange(votes.n_task, device=tasks.device)).cpu().contiguous()
    recipe = published_recipe(tasks.shape)
    network = resnet18(num_classes=votes.n_class).to(tasks.device)
    optimizer = torch.optim.SGD(
        network.parameters(), recipe.learning_rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay
    )
    answers = {task: {} for task in range(votes.n_task)}
    for task, worker, label in zip(votes.task.tolist(), votes.worker.tolist(), votes.label.tolist(), strict=True):
        answers[task][worker] = label
    model = identification.WAUM.WAUM(
        Loader(Votes(votes, images), epochs),
        answers,
        votes.n_class,
        network,
        torch.nn.CrossEntropyLoss(),
        optimizer,
        epochs,
        n_workers=votes.n_worker,
        DEVICE=tasks.device,
    )
    model.pi = DawidSkene().fit(votes).parameters["confusion"]
    start = synchronised(tasks.device)
    try:
        model.get_aum()
    except EpochsDone:
        return synchronised(tasks.device) - start
    raise RuntimeError("peerannot ended its loop before the last epoch")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of cifar10h_gpu.py")
    parser.add_argument("--out", required=True)
    parser.add_argument("--tasks", type=int, default=400)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--device", default="cuda")
    options = parser.parse_args()

    device = choose_device(options.device)
    report = Report(Path(options.out).resolve())
    report.add("device", torch.cuda.get_device_name() if device.type == "cuda" else "CPU")
    votes, _ = first_tasks(*read_votes(options.data / "cifar10h-raw.zip"), options.tasks)
    tasks = Tasks(cifar10h_tasks(options.data, votes.n_task)["tasks"], device)
    report.add("data", dict(tasks=votes.n_task, votes=votes.n_votes, workers=votes.n_worker, epochs=options.epochs))
    first = time_ours(votes, tasks, options.epochs)
    ours = time_ours(votes, tasks, options.epochs)
    report.add("ours", dict(first_seconds=round(first, 2), seconds=round(ours, 2)))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # where peerannot writes its checkpoint
        loop = time_peerannot(votes, tasks, options.epochs)
        os.chdir("/")
    report.add("peerannot", dict(loop_seconds=round(loop, 2)))
    report.add("ratio", dict(first=round(loop / first, 1), again=round(loop / ours, 1)))


if __name__ == "__main__":
    main()
