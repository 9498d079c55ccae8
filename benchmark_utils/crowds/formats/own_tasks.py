"""Somebody's own tasks beside their votes, for the strategies that look at tasks: features, or a folder of images.

- `features.npy`, a row of numbers per task. `tasks.csv` names the task of each row, in a column task; without it the
  rows are those of tasks 0, 1, 2, ...
- `features.npz`, the same with the names inside: arrays `tasks` and `features`.
- `images/`, a file per task, whose name, with or without its ending, is the task's, or the last part of it where a
  task is a path or an address. They are cut to a square and brought to 32 x 32 pixels, as those of CIFAR-10.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark_utils.crowds.formats.columns import find_columns
from benchmark_utils.crowds.formats.declared import Declared
from benchmark_utils.crowds.formats.text_files import naming, parse_table, read_text
from benchmark_utils.votes import Votes, VotesError
from benchmark_utils.votes.ids import encode_ids
from benchmark_utils.votes.refusals import short

FEATURES, NAMED, ORDER, IMAGES = "features.npy", "features.npz", "tasks.csv", "images"
SIDE = 32  # pixels
_SHOWN = 5


def task_files(folder: Path) -> list[Path]:
    """The files of a folder of votes that the tasks are read from; none where there are no tasks.

    Raises
    ------
    VotesError
        The tasks are there twice.
    """
    folder = Path(folder)
    found = [folder / name for name in (FEATURES, NAMED) if (folder / name).is_file()]
    images = sorted(path for path in (folder / IMAGES).iterdir() if _is_image(path)) if _is_folder(folder) else []
    if len(found) + bool(images) > 1:
        both = " and ".join([*(path.name for path in found), *[f"{IMAGES}/"] * bool(images)])
        raise VotesError(f"{folder} holds the tasks twice, in {both}: keep one of them")
    if found and found[0].name == FEATURES and (folder / ORDER).is_file():
        found.append(folder / ORDER)
    return found + images


def read_tasks(folder: Path, votes: Votes) -> np.ndarray | None:
    """Features (n_task, ...), float32, or images (n_task, 3, 32, 32), bytes, in the order of the votes' task codes.

    Raises
    ------
    VotesError
        A row, or an image, too many or too few, a task that nobody was asked about, what is no number or no image.
    """
    files = task_files(folder)
    if not files:
        return None
    if files[0].name not in (FEATURES, NAMED):
        return _read_images(files, votes)
    with naming(files[0]):
        arrays = _load(files[0])
        values = _check_features(arrays["features"])
        names = arrays.get("tasks")
        if names is not None and (names.ndim != 1 or len(names) != len(values)):
            raise VotesError(f"it has {len(values)} rows of features and {names.size} tasks: it needs a task for each")
        if names is None and len(files) == 1:
            return _in_order(values, votes)
    if names is None:
        with naming(files[1]):
            names = _read_order(files[1], len(values))
    with naming(files[-1]):
        return values[_places(names, votes)]


def _is_folder(folder):
    return (folder / IMAGES).is_dir()


def _is_image(path):
    return path.is_file() and not path.name.startswith(".")


def _load(path):
    try:
        loaded = np.load(path, mmap_mode=None if path.suffix == ".npz" else "r")  # a header may announce too much
        if path.suffix != ".npz":
            return {"features": loaded}
        with loaded:
            if not {"features", "tasks"} <= set(loaded.files):
                raise VotesError(f"it holds the arrays {loaded.files[:8]}: it needs two, features and tasks")
            return {name: loaded[name] for name in ("features", "tasks")}
    except (OSError, VotesError):
        raise
    except Exception as error:  # numpy's reader raises all kinds
        raise VotesError(f"it holds no array that can be read ({type(error).__name__}): write it with numpy") from None


def _check_features(values):
    if not isinstance(values, np.ndarray) or values.ndim not in (2, 4) or values.dtype.kind not in "biuf":
        what = f"shape {values.shape} and type {values.dtype}" if isinstance(values, np.ndarray) else "no shape"
        raise VotesError(f"the features have {what}: they need a row of numbers for each task, (n_task, n_feature)")
    if values.ndim == 4 and values.dtype == np.uint8:
        return np.array(values)
    values = np.array(values, dtype=np.float32)
    wrong = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
    if len(wrong):
        raise VotesError(f"row {wrong[0]} (of 0 to {len(values) - 1}) holds NaN or an infinite number: mend it")
    return values


def _in_order(values, votes):
    if not np.array_equal(votes.encoding.tasks, np.arange(votes.n_task)):
        raise VotesError(f"the tasks are not 0, 1, 2, ..., so name the task of each row in {ORDER}, in a column task")
    if len(values) != votes.n_task:
        raise VotesError(f"it has {len(values)} rows and there are {votes.n_task} tasks: it needs one for each")
    return values


def _read_order(path, n_row):
    table = parse_table(read_text(path), "task")
    names = table.take(find_columns(table, Declared(), ("task",)))["task"]
    if len(names) != n_row:
        raise VotesError(f"it names {len(names)} tasks, and {FEATURES} has {n_row} rows: it needs one for each")
    return names


def _places(names, votes):
    """The row of each task."""
    names = pd.Series(names).reset_index(drop=True)
    rows = pd.RangeIndex(len(names), name="row")
    codes, _ = encode_ids(names, votes.encoding.tasks, "task", rows)
    repeated = names[pd.Series(codes).duplicated().to_numpy()]
    if len(repeated):
        raise VotesError(f"the task {short(repeated.iloc[0])} occurs twice: keep one of them")
    place = np.full(votes.n_task, -1)
    place[codes] = np.arange(len(codes))
    _refuse_absent(votes.encoding.tasks[place < 0])
    return place


def _refuse_absent(tasks):
    if len(tasks):
        shown = ", ".join(map(short, tasks[:_SHOWN].tolist())) + ", ..." * (len(tasks) > _SHOWN)
        raise VotesError(f"{len(tasks):,} of the tasks that have votes are not there: {shown}: add them")


def _read_images(files, votes):
    if find_spec("PIL") is None:
        raise VotesError(f"{files[0].parent}: images are read with Pillow, which is not installed: pip install pillow")
    by_name = {path.name: path for path in files}
    stems = pd.Series([path.stem for path in files])
    by_name |= {path.stem: path for path in files if (stems == path.stem).sum() == 1 and path.stem not in by_name}
    tasks = [str(task) for task in votes.encoding.tasks]
    found = [by_name.get(task, by_name.get(task.rstrip("/").rpartition("/")[2])) for task in tasks]
    with naming(files[0].parent):
        _refuse_absent(votes.encoding.tasks[[path is None for path in found]])
        more = sorted({path.name for path in files} - {path.name for path in found})
        if more:
            shown = ", ".join(more[:_SHOWN]) + ", ..." * (len(more) > _SHOWN)
            raise VotesError(f"{len(more):,} images are of no task that has votes, {shown}: move them away")
    return np.stack([_read_image(path) for path in found])


def _read_image(path):
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # one is of images that would fill the memory
            with Image.open(path) as image:
                small = ImageOps.fit(image.convert("RGB"), (SIDE, SIDE))
    except Exception as error:  # Pillow raises all kinds
        raise VotesError(f"{path}: it is no image that can be read ({short(str(error))}): mend or replace it") from None
    return np.asarray(small).transpose(2, 0, 1)
