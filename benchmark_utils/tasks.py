"""The tasks of the datasets whose features or images are at hand, with a held-out part to test classifiers on.

Each function returns `tasks`, `test_tasks` and `test_truth`, rows of `tasks` in the order of the votes' task codes,
or an empty dict where the files are absent.
"""

import io
import pickle
import tarfile

import numpy as np
import pandas as pd

from benchmark_utils.votes import VotesError


def labelme_tasks(folder) -> dict:
    """VGG-16 features of the photographs: 1,000 tasks and 1,188 held-out photographs, in the archive's order.

    Those of the official archive, LabelMe/prepared/data_*_vgg16.npy, flattened, where they are; else the averaged ones
    of features/vgg16_avg.npz.
    """
    prepared = folder / "LabelMe" / "prepared"
    official = [prepared / name for name in ("data_train_vgg16.npy", "data_test_vgg16.npy", "labels_test.npy")]
    if all(path.is_file() for path in official):
        train, test, truth = (np.load(path) for path in official)
        return held_out(train.reshape(len(train), -1), test.reshape(len(test), -1), truth)
    averaged = folder / "features" / "vgg16_avg.npz"
    if averaged.is_file():
        with np.load(averaged) as features:
            return held_out(features["X_train"], features["X_test"], features["y_test"])
    return {}


def music_tasks(folder, votes) -> dict:
    """The 124 audio features of 700 extracts, by the ids of the votes, and of 300 held-out ones."""
    files = [folder / "music_genre_classification" / f"music_genre_{part}.csv" for part in ("gold", "test")]
    if not all(path.is_file() for path in files):
        return {}
    gold, test = (pd.read_csv(path) for path in files)
    columns = [name for name in gold.columns if name.startswith("feature")]
    rows = gold.set_index("id")[columns].reindex(votes.encoding.tasks)
    if rows.isna().to_numpy().any():
        raise VotesError(f"{files[0].name} has no features for {rows.index[rows.isna().any(axis=1)][0]!r}")
    truth = pd.Index(votes.encoding.classes).get_indexer(test["class"])
    return held_out(rows.to_numpy(), test[columns].to_numpy(), truth)


def cifar10h_tasks(folder, n_task) -> dict:
    """The first `n_task` test images of CIFAR-10 and, held out, the training images that the archive holds.

    Bytes of shape (3, 32, 32). The official archive has 50,000 training images in five batches.
    """
    path = folder / "cifar-10-python.tar.gz"
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


def held_out(tasks, test_tasks, test_truth) -> dict:
    if tasks.dtype != np.uint8:
        tasks, test_tasks = tasks.astype(np.float32), test_tasks.astype(np.float32)
    return dict(tasks=tasks, test_tasks=test_tasks, test_truth=np.asarray(test_truth, dtype=np.int64))


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
