"""Many trainings on CIFAR-10H at once, each on a CUDA stream of its own: a ResNet-18 on small images fills no card.

    python -m studies.learning.cifar10h_streams PLAN ... --data ../shared/data/cifar10h --out outputs/streams

needs torch, numpy, scipy and pandas, not Benchopt. PLAN names some of the jobs of `cifar10h_plans.py`. Each finished
job is a line of OUT.jsonl, the scores of tasks are in OUT.npz, and a job whose line is there already is not run again.
PLAN:0/2 takes the even seeds, and PLAN:1/2 the odd ones for a second card. --tiny checks a plan on a CPU.

The seconds of a job are those on a shared card; what a strategy takes alone is measured by the plan `alone`.
"""

import argparse
import json
import queue
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from benchmark_utils.crowds.published.cifar10h import N_TEST, N_TRAIN, cifar10h_tasks, first_tasks, read_votes
from benchmark_utils.learning import margins
from benchmark_utils.learning.classifier import Classifier, aggregate
from benchmark_utils.learning.conal import CoNAL
from benchmark_utils.learning.crowd_layer import CrowdLayer
from benchmark_utils.learning.learnt import Learner
from benchmark_utils.learning.pruning import AUMC, WAUM, worker_diagonals
from benchmark_utils.learning.training.tasks import Tasks, choose_device
from benchmark_utils.learning.training.trainer import PlainLoss, Trainer
from benchmark_utils.scoring.against_truth import score_test
from studies.learning.cifar10h_plans import PLANS

ONE_AT_A_TIME = threading.RLock()  # seeds, fresh weights and recordings: torch has one generator for all threads
MINE = threading.local()
TRIES = 2
SNAPSHOTS = (2, 10, 20, 30, 40, 50, 100, 150, 200)  # epochs after which the scores are kept


def share_the_card(device):
    """Let threads train at once: each records on its own stream, and what is global is done by one at a time."""
    prepare, start, advance, predict = Learner.prepare, Trainer.__init__, Trainer._advance, Trainer.predict

    def prepare_alone(self, *args):
        with ONE_AT_A_TIME:
            return prepare(self, *args)

    def start_on_own_stream(self, *args, **options):
        start(self, *args, **options)
        self.has_dropout = any(isinstance(layer, torch.nn.Dropout) for layer in self.model.modules())
        if device.type == "cuda":
            self.stream = MINE.recording

    def record_alone(self):
        # cuDNN's choice of algorithms frees memory, which would break another's recording; and dropout draws from
        # torch's generator, which a recording takes for itself
        if self.graph is None or self.has_dropout:
            with ONE_AT_A_TIME:
                return advance(self)
        return advance(self)

    def predict_alone(self, tasks=None):
        with ONE_AT_A_TIME:
            return predict(self, tasks)

    Learner.prepare, Trainer.__init__ = prepare_alone, start_on_own_stream
    Trainer._advance, Trainer.predict = record_alone, predict_alone


class Snapshots:
    """Keeps the margins of WAUM and AUMC after some epochs of one training; mixed into either."""

    def record(self, examples, votes, tasks, seed):
        tasks, recipe, network = self.prepare(votes, tasks, seed)
        trainer = Trainer(PlainLoss(network), tasks, examples, recipe, recipe.margin_epochs, seed)
        area = margins.AreaUnderMargin(self.margin, self.top_k)
        for _ in range(recipe.margin_epochs):
            trainer.train_epoch()
            area.record(trainer.predict())
            if trainer.n_epoch in SNAPSHOTS:
                self.keep(trainer.n_epoch, area)
        return area


class SnapshotWAUM(Snapshots, WAUM):
    """WAUM after some epochs, too."""


class SnapshotAUMC(Snapshots, AUMC):
    """AUMC after some epochs, too."""


class Runner:
    """Does the jobs of a plan.

    A job is (name, kind, seed, options): `kind` is "score", "classifier", "stopped" or "crowd". A classifier's option
    `pruned` names a job of scores, whose worst hundredth of the same seed is left out.
    """

    def __init__(self, options):
        self.device = choose_device(options.device)
        self.out, self.tiny, self.deadline = Path(options.out), options.tiny, time.time() + options.seconds
        self.out.parent.mkdir(parents=True, exist_ok=True)
        n_task = 100 if options.tiny else N_TRAIN
        every_vote, truth = read_votes(options.data / "cifar10h-raw.zip")
        self.votes, self.truth = first_tasks(every_vote, truth, n_task)
        data = cifar10h_tasks(options.data, N_TEST)
        self.tasks = Tasks(data["tasks"][:n_task], self.device)
        self.validation_tasks = data["tasks"][N_TRAIN:]
        self.validation_labels = aggregate("MV", every_vote, 0).labels[N_TRAIN:]
        n_test = 100 if options.tiny else len(data["test_truth"])
        self.test_tasks, self.test_truth = data["test_tasks"][:n_test], data["test_truth"][:n_test]
        self.scores, self.failures, self.writing = {}, Counter(), threading.Lock()
        self.diagonals, self.majority = worker_diagonals(self.votes), aggregate("MV", self.votes, 0).labels
        self.lines = self.out.with_suffix(".jsonl")
        written = self.lines.read_text().splitlines() if self.lines.exists() else []
        self.done = {(row["name"], row["seed"]) for row in map(json.loads, written)}
        if self.out.with_suffix(".npz").exists():
            self.scores = dict(np.load(self.out.with_suffix(".npz")))

    def do(self, job):
        name, kind, seed, options = job
        start = time.time()
        row = getattr(self, kind)(name, seed, **options)
        row = dict(name=name, kind=kind, seed=seed, seconds=round(time.time() - start, 1), **row)
        with self.writing, self.lines.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)

    def recipe(self, recipe):
        few = {"epochs": 1, "margin_epochs": 2} if self.tiny else {}
        return {**recipe, **few}

    def score(self, name, seed, recipe=None, how="WAUM", **options):
        strategy = (SnapshotWAUM if how == "WAUM" else SnapshotAUMC)(recipe=self.recipe(recipe or {}), **options)

        def keep(epoch, area):
            softmax = area.softmax.cpu().numpy()
            score = self.labels_score(area) if how == "AUMC" else self.votes_score(area.mean(), softmax)
            self.save(f"{name} at {epoch}, seed {seed}", score)

        object.__setattr__(strategy, "keep", keep)
        self.save(f"{name}, seed {seed}", strategy.score_tasks(self.votes, self.tasks, seed))
        return {"gib": round(torch.cuda.max_memory_reserved() / 2**30, 2)} if self.device.type == "cuda" else {}

    def labels_score(self, area):
        return margins.aumc(self.majority, area.mean())

    def votes_score(self, area, softmax):
        return margins.waum(self.votes, area, margins.trust(self.votes, self.diagonals, softmax))

    def save(self, name, score):
        with self.writing:
            self.scores[name] = score.astype(np.float32)
            np.savez(self.out.with_suffix(".npz"), **self.scores)
        print(name, time.strftime("%T"), flush=True)

    def classifier(self, name, seed, labels="MV", recipe=None, pruned=None):
        votes = self.votes
        if pruned:
            while f"{pruned}, seed {seed}" not in self.scores:  # another thread is at it
                if self.failures[pruned, seed] == TRIES:
                    raise RuntimeError(f"{pruned} has failed")
                time.sleep(0.2)
            votes = WAUM(alpha=0.01).prune(votes, self.scores[f"{pruned}, seed {seed}"], seed)
        learnt = Classifier(labels=labels, recipe=self.recipe(recipe or {})).fit(votes, self.tasks, seed)
        return self.outcome(learnt)

    def stopped(self, name, seed, labels="MV", recipe=None):
        """The test accuracy and calibration at the epoch with the least loss, the best accuracy, and the last one."""
        rows = []

        def after_epoch(learnt):
            of_label = learnt.predict(self.validation_tasks)
            loss = -np.log(np.maximum(of_label[np.arange(len(of_label)), self.validation_labels], 1e-12)).mean()
            right = (of_label.argmax(axis=1) == self.validation_labels).mean()
            rows.append((loss, right, score_test(learnt.predict(self.test_tasks), self.test_truth)))
            return True

        Classifier(labels=labels, recipe=self.recipe(recipe or {})).fit(self.votes, self.tasks, seed, after_epoch)
        loss, right, scores = zip(*rows, strict=True)
        best = {"least loss": np.argmin(loss), "best accuracy": np.argmax(right), "last": len(rows) - 1}
        return {
            key: dict(epoch=int(epoch), **{name: round(float(value), 4) for name, value in scores[epoch].items()})
            for key, epoch in best.items()
        }

    def crowd(self, name, seed, how="CrowdLayer", recipe=None, **options):
        strategy = {"CrowdLayer": CrowdLayer, "CoNAL": CoNAL}[how](recipe=self.recipe(recipe or {}), **options)
        learnt = strategy.fit(self.votes, self.tasks, seed)
        diagonal = learnt.worker_score()
        spread = [round(float(q), 3) for q in np.quantile(diagonal, [0.01, 0.5, 0.99])]
        return dict(diagonals=spread, **self.outcome(learnt))

    def outcome(self, learnt):
        """Accuracies on held-out images and on the truth of the training images."""
        scores = score_test(learnt.predict(self.test_tasks), self.test_truth)
        answers = learnt.trainer.predict().argmax(dim=1).cpu().numpy()
        train = float((answers == self.truth).mean())
        return dict(acc_train=round(train, 4), **{key: round(float(value), 4) for key, value in scores.items()})


def work(runner, jobs, first):
    """One thread: job after job until there is none or the time is up; who is first has the card before the others."""
    if runner.device.type == "cuda":
        torch.cuda.set_stream(torch.cuda.Stream(priority=-1 if first else 0))
        MINE.recording = torch.cuda.Stream(priority=-1 if first else 0)
    while time.time() < runner.deadline:
        try:
            job = jobs.get_nowait()
        except queue.Empty:
            return
        try:
            runner.do(job)
        except Exception as error:  # the others go on
            runner.failures[job[0], job[2]] += 1
            if runner.failures[job[0], job[2]] < TRIES:
                jobs.put(job)
            print(f"{job[0]}, seed {job[2]}: {type(error).__name__}: {error}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plans", nargs="+", metavar="PLAN", help=f"{', '.join(PLANS)}, or PLAN:0/2, a half of it")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--threads", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=1e9, help="no job begins later than that")
    parser.add_argument("--first", type=int, default=0, help="this many threads have the card before the others")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="200 tasks, an epoch or two")
    options = parser.parse_args()
    runner = Runner(options)
    share_the_card(runner.device)
    jobs = queue.Queue()
    for name, _, part in (plan.partition(":") for plan in options.plans):
        part, parts = map(int, (part or "0/1").split("/"))
        for job in PLANS[name]:
            if job[2] % parts == part and (job[0], job[2]) not in runner.done:
                runner.done.add((job[0], job[2]))  # two plans may have it
                jobs.put(job)
    threads = [threading.Thread(target=work, args=(runner, jobs, i < options.first)) for i in range(options.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
