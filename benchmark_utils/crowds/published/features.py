"""Features of the tasks of LabelMe and Music, with a held-out part to test classifiers on.

Each function returns `tasks`, `test_tasks` and `test_truth`, rows of `tasks` in the order of the votes' task codes,
or an empty dict where the files are absent.
"""

import numpy as np
import pandas as pd

from benchmark_utils.votes import VotesError

LABELME_OFFICIAL = [f"LabelMe/prepared/{name}.npy" for name in ("data_train_vgg16", "data_test_vgg16", "labels_test")]
LABELME_AVERAGED = "features/vgg16_avg.npz"
MUSIC_FILES = [f"music_genre_classification/music_genre_{part}.csv" for part in ("gold", "test")]


def labelme_tasks(folder) -> dict:
    """VGG-16 features of the photographs: 1,000 tasks and 1,188 held-out photographs, in the archive's order.

    Those of the official archive, LabelMe/prepared/data_*_vgg16.npy, flattened, where they are; else the averaged ones
    of features/vgg16_avg.npz.
    """
    official = [folder / file for file in LABELME_OFFICIAL]
    if all(path.is_file() for path in official):
        train, test, truth = (np.load(path) for path in official)
        return held_out(train.reshape(len(train), -1), test.reshape(len(test), -1), truth)
    averaged = folder / LABELME_AVERAGED
    if averaged.is_file():
        with np.load(averaged) as features:
            return held_out(features["X_train"], features["X_test"], features["y_test"])
    return {}


def music_tasks(folder, votes) -> dict:
    """The 124 audio features of 700 extracts, by the ids of the votes, and of 300 held-out ones."""
    files = [folder / file for file in MUSIC_FILES]
    if not all(path.is_file() for path in files):
        return {}
    gold, test = (pd.read_csv(path) for path in files)
    columns = [name for name in gold.columns if name.startswith("feature")]
    rows = gold.set_index("id")[columns].reindex(votes.encoding.tasks)
    if rows.isna().to_numpy().any():
        raise VotesError(f"{files[0].name} has no features for {rows.index[rows.isna().any(axis=1)][0]!r}")
    truth = pd.Index(votes.encoding.classes).get_indexer(test["class"])
    return held_out(rows.to_numpy(), test[columns].to_numpy(), truth)


def held_out(tasks, test_tasks, test_truth) -> dict:
    if tasks.dtype != np.uint8:
        tasks, test_tasks = tasks.astype(np.float32), test_tasks.astype(np.float32)
    return dict(tasks=tasks, test_tasks=test_tasks, test_truth=np.asarray(test_truth, dtype=np.int64))
