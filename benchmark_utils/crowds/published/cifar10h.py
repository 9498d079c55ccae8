"""CIFAR-10H: its votes, and the images of CIFAR-10, of which some are held out to test classifiers on."""

import io
import pickle
import tarfile
from dataclasses import replace
from zipfile import ZipFile

import numpy as np
import pandas as pd

from benchmark_utils.crowds.published.features import held_out
from benchmark_utils.votes import Encoding, Votes, VotesError

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
N_TRAIN = 9_500  # the images after these are held out, to test what learns from the votes
IMAGES = "cifar-10-python.tar.gz"


def read_votes(path) -> tuple[Votes, np.ndarray]:
    """The votes of cifar10h-raw.zip without attention checks, and the truth, (n_task,), -1 unknown."""
    columns = ["annotator_id", "is_attn_check", "true_label", "chosen_label", "cifar10_test_test_idx"]
    with ZipFile(path) as archive, archive.open("cifar10h-raw.csv") as file:
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


def first_tasks(votes: Votes, truth, n_task=N_TRAIN) -> tuple[Votes, np.ndarray]:
    """The votes on the first `n_task` images, and their truth, (n_task,)."""
    encoding = replace(votes.encoding, tasks=votes.encoding.tasks[:n_task])
    return replace(votes.keep(votes.task < n_task), n_task=n_task, encoding=encoding), truth[:n_task]


def cifar10h_tasks(folder, n_task) -> dict:
    """The first `n_task` test images of CIFAR-10 and, held out, the training images that the archive holds.

    Bytes of shape (3, 32, 32). The official archive has 50,000 training images in five batches.
    """
    path = folder / IMAGES
    if not path.is_file():
        return {}
    with tarfile.open(path) as archive:
        names = sorted(member.name for member in archive.getmembers() if member.isfile())
        test_batch = [name for name in names if name.endswith("/test_batch")]
        training = [name for name in names if "/data_batch_" in name]
        if not test_batch or not training:
            raise VotesError(f"{path.name} holds no test_batch, or no data_batch: fetch it again")
        tasks, _ = read_batch(archive, test_batch[0])
        batches = [read_batch(archive, name) for name in training]
    if len(tasks) < n_task:
        raise VotesError(f"{path.name} holds {len(tasks)} test images and there are votes on {n_task}: fetch it again")
    return held_out(tasks[:n_task], *(np.concatenate(parts) for parts in zip(*batches, strict=True)))


def read_batch(archive, name):
    """Images uint8 (n, 3, 32, 32) and classes (n,) of one batch of the official archive."""
    batch = ArraysOnly(io.BytesIO(archive.extractfile(name).read()), encoding="bytes").load()
    return np.asarray(batch[b"data"], dtype=np.uint8).reshape(-1, 3, 32, 32), np.asarray(batch[b"labels"])


class ArraysOnly(pickle.Unpickler):
    """Reads pickles of numpy arrays and plain containers; a pickle that calls for anything else is refused."""

    allowed = frozenset(
        (module, name)
        for core in ("numpy.core.multiarray", "numpy._core.multiarray")
        for module, name in ((core, "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode"))
    )

    def find_class(self, module, name):
        if (module, name) not in self.allowed:
            raise VotesError(f"the archive's pickle asks for {module}.{name}, which is no array: do not trust the file")
        return super().find_class(module.replace("numpy.core", "numpy._core") if hasattr(np, "_core") else module, name)
