from dataclasses import replace
from zipfile import ZipFile

import numpy as np
import pandas as pd

from benchmark_utils.harness.dataset import CrowdDataset
from benchmark_utils.sources import Source
from benchmark_utils.tasks import cifar10h_tasks
from benchmark_utils.votes import Encoding, Votes

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
N_TRAIN = 9_500  # the images after these are held out, to test what learns from the votes


class Dataset(CrowdDataset):
    """Which of ten things does an image show? The 10,000 test images of CIFAR-10, about 51 answers each.

    Peterson, Battleday, Griffiths and Russakovsky, "Human uncertainty makes classification more robust", ICCV 2019.
    A task is the number of the image in the test set; attention checks are left out. `split=train` keeps the first
    9,500 tasks.
    """

    name = "cifar10h"
    parameters = {"split": ["all"]}
    sources = [
        Source(
            "https://github.com/jcpeterson/cifar-10h/raw/master/data/cifar10h-raw.zip",
            "cifar10h-raw.zip",
            "git:cebb7e0a1f561fe4d6db115c788f8a12c7a831a4",
        )
    ]
    files = ["cifar10h-raw.zip"]

    @classmethod
    def get_all_parameter_values(cls, name):
        return ["all", "train"] if name == "split" else None

    def read(self, folder):
        columns = ["annotator_id", "is_attn_check", "true_label", "chosen_label", "cifar10_test_test_idx"]
        with ZipFile(folder / self.files[0]) as archive, archive.open("cifar10h-raw.csv") as file:
            rows = pd.read_csv(file, usecols=columns)
        rows = rows[rows["is_attn_check"] == 0].astype(int)
        task = rows["cifar10_test_test_idx"].to_numpy()
        worker, workers = pd.factorize(rows["annotator_id"], sort=True)
        n_task = task.max() + 1
        truth = np.full(n_task, -1)
        truth[task] = rows["true_label"]
        encoding = Encoding(np.arange(n_task), np.asarray(workers), np.array(CLASSES))
        votes = Votes(task, worker, rows["chosen_label"], int(n_task), len(workers), len(CLASSES), encoding=encoding)
        return votes, truth

    def select(self, votes, truth):
        if self.split == "all":
            return votes, truth
        kept = votes.task < N_TRAIN
        votes = replace(
            votes,
            **{name: getattr(votes, name)[kept] for name in ("task", "worker", "label")},
            n_task=N_TRAIN,
            encoding=replace(votes.encoding, tasks=votes.encoding.tasks[:N_TRAIN]),
        )
        return votes, truth[:N_TRAIN]

    def read_tasks(self, folder, votes):
        return cifar10h_tasks(folder, votes.n_task) if self.split == "train" else {}
