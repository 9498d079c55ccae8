"""What stands beside the votes: the truth, and metadata that declares the classes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark_utils.crowds.formats.text_files import read_json, read_table, read_text
from benchmark_utils.votes import VotesError, encode_truth
from benchmark_utils.votes.refusals import raise_rows

METADATA_FILE = "metadata.json"
_NO_ANSWER = ("NA", "N/A", "NaN", "nan", "null", "NULL")  # as R, pandas and databases write a missing value


def read_metadata(path):
    """The arguments of `Votes.from_frame` that declare the classes."""
    metadata = read_json(path)
    if not isinstance(metadata, dict):
        raise VotesError('it needs a map, as {"n_classes": 5}')
    classes, n_class = metadata.get("classes"), metadata.get("n_classes")
    if classes is not None:
        are_names = isinstance(classes, list) and {type(name) for name in classes} in ({str}, {int})
        if not are_names or len(set(classes)) < len(classes) or n_class not in (None, len(classes)):
            raise VotesError(f'"classes" is {classes!r}: it needs a list of different names, n_classes of them')
        return {"classes": classes}
    if n_class is None:
        return {}
    if type(n_class) is not int or n_class < 1:
        raise VotesError(f'"n_classes" is {n_class!r}: it needs a whole number from 1')
    return {"n_class": n_class}


def check_declared(votes, declared):
    n_class = declared.get("n_class", votes.n_class)
    if n_class != votes.n_class:
        raise VotesError(
            f"{METADATA_FILE} declares n_classes = {n_class} and the labels are {votes.n_class} words: "
            f'name all the classes in {METADATA_FILE}, {{"classes": [...]}}'
        )
    return votes


def refuse_no_answer(values, classes):
    wrong = values.isin([word for word in _NO_ANSWER if word not in classes])
    mend = f"leave the row out if there is no answer, or declare it as a class in {METADATA_FILE}"
    raise_rows(wrong, values, f"column {values.name!r} says that there is no value", mend, values.index)


def truth_from_csv(path, votes):
    table = read_table(path, {"item": "item", "task": "item", "truth": "truth", "label": "truth"})
    refuse_no_answer(table["truth"], votes.encoding.classes.tolist())
    return _encode(table["item"], table["truth"], votes, table.index)


def truth_from_txt(path, votes):
    values = pd.Series(read_text(path).splitlines(), dtype=str).str.strip()
    numbers = pd.to_numeric(values, errors="coerce")
    rows = pd.RangeIndex(1, len(values) + 1, name="line")
    return _truth_by_number(values if numbers.isna().any() else numbers, votes, rows)


def truth_from_npy(path, votes):
    try:
        values = np.load(path, allow_pickle=False)
    except (ValueError, EOFError):
        values = None
    if not isinstance(values, np.ndarray) or values.ndim != 1 or values.dtype.kind not in "iufU":
        raise VotesError("it is not an array of class numbers, (n_task,): write one with np.save")
    return _truth_by_number(pd.Series(values), votes, pd.RangeIndex(1, len(values) + 1, name="entry"))


def _truth_by_number(values, votes, rows):
    tasks = votes.encoding.tasks
    if not np.array_equal(tasks, np.arange(votes.n_task)):
        raise VotesError("it goes by the number of the task, and the tasks are not 0, 1, ...: write truth.csv instead")
    if len(values) != votes.n_task:
        raise VotesError(f"it has {len(values)} entries for {votes.n_task} tasks: it needs one each, -1 if unknown")
    if values.dtype.kind == "f":
        fractional = ~np.isfinite(values) | (values != np.floor(values))
        raise_rows(fractional, values, "a truth is fractional", "classes are whole numbers or words", rows)
        values = values.astype(np.int64)
    known = (values.astype(str) != "-1").to_numpy()
    return _encode(tasks[known], values[known], votes, rows[known])


def _encode(ids, values, votes, rows):
    try:
        return encode_truth(ids, values, votes, rows)
    except VotesError as error:
        if "unknown truth" not in str(error):
            raise
        declare = (
            f'if nobody voted for that class, declare it in {METADATA_FILE}: {{"classes": [...]}}, {{"n_classes": N}}'
        )
        raise VotesError(f"{error}; {declare}") from None
