"""Features of the tasks of LabelMe and Music, with a held-out part to test classifiers on.

Each function returns `tasks`, `test_tasks` and `test_truth`, rows of `tasks` in the order of the votes' task codes,
or an empty dict where the files are absent.
"""

import numpy as np
import pandas as pd

from benchmark_utils.crowds.formats.text_files import naming, read_table, read_text
from benchmark_utils.crowds.published.labelme import CLASSES as LABELME_CLASSES
from benchmark_utils.votes import VotesError
from benchmark_utils.votes.refusals import raise_rows, short

AGAIN = "correct it, or move the file away and fetch it again"

LABELME_OFFICIAL = [f"LabelMe/prepared/{name}.npy" for name in ("data_train_vgg16", "data_test_vgg16", "labels_test")]
LABELME_AVERAGED = "features/vgg16_avg.npz"
MUSIC_FILES = [f"music_genre_classification/music_genre_{part}.csv" for part in ("gold", "test")]


def labelme_tasks(folder, n_task) -> dict:
    """VGG-16 features of the photographs: the `n_task` tasks and 1,188 held-out photographs, in the archive's order.

    Those of the official archive, LabelMe/prepared/data_*_vgg16.npy, flattened, where they are; else the averaged ones
    of features/vgg16_avg.npz.

    Raises
    ------
    VotesError
        A file is no array, or the arrays are not of equal lengths, or hold what is not a number or not a class.
    """
    official, averaged = [folder / file for file in LABELME_OFFICIAL], folder / LABELME_AVERAGED
    if all(path.is_file() for path in official):
        train, test, truth = map(_load, official)
        place = official[0].parent
    elif averaged.is_file():
        train, test, truth = (_load(averaged, name) for name in ("X_train", "X_test", "y_test"))
        place = averaged
    else:
        return {}
    if len(train) != n_task:
        raise VotesError(f"{place}: it has features of {len(train)} photographs, and there are {n_task} tasks: {AGAIN}")
    if len(test) != len(truth) or len(test) == 0 or np.shape(truth) != (len(test),):
        raise VotesError(f"{place}: it holds out {len(test)} photographs and {len(truth)} classes: {AGAIN}")
    whole = truth.dtype.kind in "iu" or (truth.dtype.kind == "f" and (truth == np.floor(truth)).all())
    if not whole or truth.min() < 0 or truth.max() >= len(LABELME_CLASSES):
        raise VotesError(f"{place}: a held-out class is not in 0 to {len(LABELME_CLASSES) - 1}: {AGAIN}")
    train, test = train.reshape(len(train), -1), test.reshape(len(test), -1)
    if train.shape[1] != test.shape[1] or not all(map(_are_numbers, (train, test))):
        raise VotesError(f"{place}: the features are not numbers, as many for each photograph: {AGAIN}")
    return held_out(train, test, truth)


def _load(path, name=None):
    """An array of a .npy, or of this name of a .npz."""
    try:
        if name is None:
            found = np.array(np.load(path, mmap_mode="r"))  # mapped: the header may announce more than the file holds
        else:
            with np.load(path) as arrays:
                found = arrays[name]
    except OSError:
        raise
    except Exception as error:  # numpy's reader raises all kinds
        what = f"no array {name}" if name else "no array"
        raise VotesError(f"{path}: it holds {what} ({type(error).__name__}): {AGAIN}") from None
    if not isinstance(found, np.ndarray) or found.ndim == 0:
        raise VotesError(f"{path}: it holds no array: {AGAIN}")
    return found


def _are_numbers(array):
    return array.dtype.kind in "iuf" and bool(np.isfinite(array).all())


def music_tasks(folder, votes) -> dict:
    """The 124 audio features of 700 extracts, by the ids of the votes, and of 300 held-out ones.

    Raises
    ------
    VotesError
        With the file and the line: an extract without features, twice, with a feature that is no number, or of a genre
        that is none of the ten.
    """
    files = [folder / file for file in MUSIC_FILES]
    if not all(path.is_file() for path in files):
        return {}
    (gold, columns), (test, test_columns) = map(_read_features, files)
    if columns != test_columns:
        raise VotesError(f"{files[1]}: its features are not those of {files[0].name}: {AGAIN}")
    place = pd.Index(gold["id"]).get_indexer(votes.encoding.tasks)
    if (place < 0).any():
        raise VotesError(f"{files[0]}: it has no features of {short(str(votes.encoding.tasks[place < 0][0]))}: {AGAIN}")
    truth = pd.Index(votes.encoding.classes).get_indexer(test["class"])
    with naming(files[1]):
        raise_rows(truth < 0, test["class"], "a genre is none of the ten", AGAIN, test.index)
    return held_out(gold[columns].to_numpy(float)[place], test[columns].to_numpy(float), truth)


def _read_features(path):
    """The table of extracts, its features as numbers, and the names of these."""
    with naming(path):
        header = read_text(path).lstrip().partition("\n")[0].strip().split(",")
        columns = [name for name in header if name.startswith("feature")]
        table = read_table(path, {name.lower(): name for name in ("id", "class", *columns)})
        raise_rows(table["id"].duplicated(keep=False), table["id"], "an extract occurs twice", AGAIN, table.index)
        for name in columns:
            numbers = pd.to_numeric(table[name], errors="coerce").astype(float)
            wrong = ~np.isfinite(numbers)
            raise_rows(wrong, table[name], f"{name} is no number", AGAIN, table.index)
            table[name] = numbers
    return table, columns


def held_out(tasks, test_tasks, test_truth) -> dict:
    if tasks.dtype != np.uint8:
        tasks, test_tasks = tasks.astype(np.float32), test_tasks.astype(np.float32)
    return dict(tasks=tasks, test_tasks=test_tasks, test_truth=np.asarray(test_truth, dtype=np.int64))
