"""CIFAR-10H on a GPU: speed of the training loop, WAUM both ways, and the comparison of the thesis's Table 2.3.

    python -m studies.learning.cifar10h_gpu --data ../shared/data/cifar10h --out outputs/waum_gpu

needs torch, numpy, scipy and pandas, not Benchopt. FOLDER of --data holds cifar10h-raw.zip and
cifar-10-python.tar.gz. Sections, of which --sections takes some:

    speed   images a second of whole training steps, both stems, batches of 64 and 1024          about 1 minute
    waum    WAUM with epoch=tasks, batches of 64, T = 200; correlation with the entropy          about 1 minute
    votes   WAUM with epoch=votes, batches of 1024 and of 64, T = 50; rank correlations          about 1 and 10 minutes
    crowd   CrowdLayer and CoNAL, one run each                                                   about 5 minutes
    table   Table 2.3: MV, NS, DS, GLAD, WDS with and without WAUM and AUMC, --seeds of each     about 40 seconds a run

Results are in OUT.json, rewritten after each measurement, and the scores of the tasks in OUT.npz. The table goes seed
by seed from --first-seed on; run again with the same OUT, it goes on where it stopped. --tasks-epochs and
--votes-epochs change T for the sections `waum` and `votes`, and the output then says what T = 50 would take. --tiny
checks the script on a CPU.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr

from benchmark_utils.crowds.published.cifar10h import CLASSES, N_TRAIN, cifar10h_tasks, first_tasks, read_votes
from benchmark_utils.learning.classifier import Classifier
from benchmark_utils.learning.conal import CoNAL
from benchmark_utils.learning.crowd_layer import CrowdLayer
from benchmark_utils.learning.pruning import AUMC, EPOCHS_OVER_TASKS, WAUM
from benchmark_utils.learning.training.networks import build
from benchmark_utils.learning.training.recipe import published_recipe
from benchmark_utils.learning.training.tasks import Tasks, choose_device
from benchmark_utils.learning.training.trainer import PlainLoss, Trainer
from benchmark_utils.scoring.against_truth import score_test
from benchmark_utils.votes import normalise, sum_votes

T = 50  # epochs whose margins are recorded, as published
# Table 2.3: test accuracy in per cent, mean and deviation over five runs
PUBLISHED = {
    "MV": (69.53, 0.84), "MV + AUMC": (71.12, 1.12), "MV + WAUM": (72.34, 1.01),
    "NS": (72.14, 2.74), "NS + AUMC": (71.80, 2.12), "NS + WAUM": (72.21, 1.82),
    "DS": (70.26, 0.93), "DS + AUMC": (70.43, 1.10), "DS + WAUM": (72.71, 0.98),
    "GLAD": (70.28, 0.88), "GLAD + AUMC": (70.42, 1.23), "GLAD + WAUM": (71.93, 1.12),
    "WDS": (72.49, 0.48), "WDS + AUMC": (72.47, 0.45), "WDS + WAUM": (72.67, 0.59),
}  # fmt: skip


class Report:
    """Measurements by name, printed as they come and kept in a file."""

    def __init__(self, out):
        self.path, self.scores_path = Path(f"{out}.json"), Path(f"{out}.npz")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.values = json.loads(self.path.read_text()) if self.path.exists() else {}
        self.scores = {}

    def add(self, name, value):
        self.values[name] = value
        print(f"{name}: {json.dumps(value)}", flush=True)
        self.write()

    def write(self):
        self.path.write_text(json.dumps(self.values, indent=1))

    def add_scores(self, name, score):
        self.scores[name] = score
        np.savez_compressed(self.scores_path, **self.scores)


def synchronised(device):
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


class Timer:
    """Seconds and the most GPU memory reserved, in GiB, of a block."""

    def __init__(self, device):
        self.device = device

    def __enter__(self):
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        self.start = synchronised(self.device)
        return self

    def __exit__(self, *_):
        self.seconds = round(synchronised(self.device) - self.start, 2)
        self.gib = None
        if self.device.type == "cuda":
            self.gib = round(torch.cuda.max_memory_reserved() / 2**30, 2)


def measure_speed(report, votes, tasks, n_step):
    """Whole steps: gathering, augmentation, forward, backward, optimizer; after the recording."""
    for stem in ("imagenet", "cifar"):
        for batch in (64, 1024):
            recipe = published_recipe(tasks.shape, batch_size=batch)
            network = build("auto", tasks.shape, votes.n_class, stem)
            n = min(n_step * batch, votes.n_votes)
            picked = np.random.default_rng(0).permutation(votes.n_votes)[:n]
            examples = {"task": votes.task[picked].astype(np.int64), "target": votes.label[picked].astype(np.int64)}
            with Timer(tasks.device) as timer:
                trainer = Trainer(PlainLoss(network), tasks, examples, recipe, 2)
                trainer.train_epoch()
            first = timer.seconds
            start = synchronised(tasks.device)
            trainer.train_epoch()
            seconds = synchronised(tasks.device) - start
            report.add(
                f"speed, {stem} stem, batch {batch}",
                dict(
                    images_per_second=round(n / seconds),
                    first_epoch=first,
                    second_epoch=round(seconds, 2),
                    gib=timer.gib,
                ),
            )
            del trainer


def measure_waum(report, votes, tasks, truth, name, **options):
    strategy = WAUM(**options)
    n_epoch = published_recipe(tasks.shape, **strategy.recipe).margin_epochs
    with Timer(tasks.device) as timer:
        score = strategy.score_tasks(votes, tasks)
    report.add_scores(name, score)
    frequency = normalise(sum_votes(votes))
    entropy = -(frequency * np.log(np.where(frequency > 0, frequency, 1))).sum(axis=1)
    many = votes.votes_per_task >= 40
    result = dict(epochs=n_epoch, seconds=timer.seconds, seconds_per_epoch=round(timer.seconds / n_epoch, 2))
    if n_epoch != T:
        result[f"seconds of {T} epochs, extrapolated"] = round(timer.seconds / n_epoch * T)
    result.update(gib=timer.gib, spearman_entropy_40_votes=correlation(score[many], entropy[many]))
    worst = np.argsort(score)[: len(score) // 100]
    result["mean entropy, all and the worst hundredth"] = [round(float(e.mean()), 3) for e in (entropy, entropy[worst])]
    result["worst hundredth with less than 90 % agreement"] = round(
        float((frequency.max(axis=1) < 0.9)[worst].mean()), 3
    )
    for other, values in report.scores.items():
        if other != name:
            result[f"spearman with {other}"] = correlation(score, values)
    report.add(name, result)
    worst = {CLASSES[k]: np.flatnonzero(truth == k)[np.argsort(score[truth == k])[:10]].tolist() for k in range(10)}
    report.add(f"{name}, ten worst tasks by class", worst)
    return score


def correlation(a, b):
    return round(float(spearmanr(a, b).statistic), 3)


def measure_crowd(report, votes, tasks, data, recipe):
    for name, strategy in {
        "CrowdLayer": CrowdLayer(recipe=recipe),
        "CoNAL": CoNAL(recipe=recipe),
        "CoNAL(1e-4)": CoNAL(scale=1e-4, recipe=recipe),
    }.items():
        with Timer(tasks.device) as timer:
            learnt = strategy.fit(votes, tasks)
        scores = score_test(learnt.predict(data["test_tasks"]), data["test_truth"])
        report.add(
            name, dict(seconds=timer.seconds, gib=timer.gib, **{k: round(float(v), 4) for k, v in scores.items()})
        )


def measure_table(report, votes, tasks, data, seeds, recipe, prunings):
    """Each run trains one classifier; the scores of WAUM and AUMC are computed once for each seed."""
    pruning = {"none": None, "AUMC": AUMC(recipe=recipe), "WAUM": WAUM(recipe=recipe)}
    if report.values.setdefault("table recipe", recipe) != recipe:
        raise SystemExit(f"{report.path} has a table of {report.values['table recipe']}: give another --out")
    results = report.values.setdefault("table runs", {})  # those of an earlier run with the same OUT are kept
    for seed in seeds:
        for how in prunings:
            rows = {name if how == "none" else f"{name} + {how}": name for name in ("MV", "NS", "DS", "GLAD", "WDS")}
            done = {row for row in rows if seed in [run["seed"] for run in results.get(row, [])]}
            if done == set(rows):
                continue
            kept = votes
            if pruning[how]:
                kept = pruning[how].prune(votes, pruning[how].score_tasks(votes, tasks, seed), seed)
            for row in [row for row in rows if row not in done]:
                start = time.perf_counter()
                learnt = Classifier(labels=rows[row], recipe=recipe).fit(kept, tasks, seed)
                scores = score_test(learnt.predict(data["test_tasks"]), data["test_truth"])
                run = dict(seed=seed, seconds=time.perf_counter() - start, **{k: float(v) for k, v in scores.items()})
                results.setdefault(row, []).append(run)
                print(f"seed {seed}, {row}: {run['acc_test']:.4f} after {run['seconds']:.0f} s", flush=True)
                report.write()
    report.values["table"] = {row: summary(row, runs, data) for row, runs in results.items()}
    report.write()
    for row, values in report.values["table"].items():
        print(row.ljust(12), values)
    print_gains(results)


def print_gains(results):
    """What pruning adds to the plain labels, over seeds that have both: mean and standard error in points."""
    for row, runs in results.items():
        name, _, how = row.partition(" + ")
        plain = {run["seed"]: run["acc_test"] for run in results.get(name, [])}
        gain = [100 * (run["acc_test"] - plain[run["seed"]]) for run in runs if run["seed"] in plain]
        if how and len(gain) > 1:
            error = np.std(gain, ddof=1) / len(gain) ** 0.5
            print(f"{row.ljust(12)} {np.mean(gain):+.2f} +- {error:.2f} points over {len(gain)} seeds")


def summary(row, runs, data):
    accuracy = 100 * np.array([run["acc_test"] for run in runs])
    calibration = np.array([1 - run["ece_test"] for run in runs])
    p, n = accuracy.mean() / 100, len(data["test_truth"])
    return dict(
        accuracy=round(float(accuracy.mean()), 2),
        deviation=round(float(accuracy.std(ddof=1)), 2) if len(runs) > 1 else None,
        standard_error_of_images=round(float(100 * np.sqrt(p * (1 - p) / n)), 2),
        one_minus_ece=round(float(calibration.mean()), 3),
        published=PUBLISHED[row],
        seeds=len(runs),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--sections", nargs="+", default=["speed", "waum", "votes", "crowd", "table"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--prunings", nargs="+", default=["none", "AUMC", "WAUM"], help="of the table")
    parser.add_argument("--batch", type=int, default=64, help="of crowd and table; the published one is 64")
    parser.add_argument("--votes-batches", type=int, nargs="+", default=[1024, 64])
    parser.add_argument("--tasks-epochs", type=int, default=EPOCHS_OVER_TASKS)
    parser.add_argument("--votes-epochs", type=int, default=T)
    parser.add_argument("--stem", default="imagenet")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="100 tasks, one epoch")
    options = parser.parse_args()

    device = choose_device(options.device)
    report = Report(options.out)
    report.add("device", torch.cuda.get_device_name() if device.type == "cuda" else "CPU")
    report.add("torch", torch.__version__)
    votes, truth = first_tasks(*read_votes(options.data / "cifar10h-raw.zip"), 100 if options.tiny else N_TRAIN)
    data = cifar10h_tasks(options.data, votes.n_task)
    tasks = Tasks(data["tasks"], device)
    recipe = {"stem": options.stem}
    if options.tiny:
        recipe |= {"epochs": 1, "margin_epochs": 1}
        data = {**data, "test_tasks": data["test_tasks"][:100], "test_truth": data["test_truth"][:100]}
    report.add(
        "data", dict(tasks=votes.n_task, votes=votes.n_votes, workers=votes.n_worker, held_out=len(data["test_truth"]))
    )

    if "speed" in options.sections:
        measure_speed(report, votes, tasks, 2 if options.tiny else 500)
    if "waum" in options.sections:
        one = {"margin_epochs": options.tasks_epochs, **recipe}
        measure_waum(report, votes, tasks, truth, "WAUM, epoch=tasks, batch 64", recipe=one)
    if "votes" in options.sections:
        for batch in options.votes_batches:
            name = f"WAUM, epoch=votes, batch {batch}"
            one = {"margin_epochs": options.votes_epochs, **recipe, "batch_size": batch}
            measure_waum(report, votes, tasks, truth, name, epoch="votes", recipe=one)
    if "crowd" in options.sections:
        measure_crowd(report, votes, tasks, data, {**recipe, "batch_size": options.batch})
    if "table" in options.sections:
        seeds = range(options.first_seed, options.first_seed + options.seeds)
        measure_table(report, votes, tasks, data, seeds, {**recipe, "batch_size": options.batch}, options.prunings)


if __name__ == "__main__":
    main()
