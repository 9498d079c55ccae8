"""What stands beside the votes: the truth, and metadata that declares the classes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark_utils.crowds.formats.text_files import plain_number, read_json, read_lines, read_table
from benchmark_utils.votes import VotesError, encode_truth
from benchmark_utils.votes.refusals import check_n_class, raise_rows, short

METADATA_FILE = "metadata.json"
# as R, spreadsheets, databases and Python write a missing value: pandas' own list, without the empty text
_NO_ANSWER = (
    *("#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA"),
    *("NULL", "NaN", "None", "n/a", "nan", "null"),
)


def read_metadata(path):
    """The arguments of `Votes.from_frame` that are declared: the classes, and what becomes of repeated rows."""
    metadata = read_json(path)
    if not isinstance(metadata, dict):
        raise VotesError('it needs a map, as {"n_classes": 5}')
    repeats = metadata.get("repeats", "drop")
    if repeats not in ("drop", "keep"):
        raise VotesError(f'"repeats" is {repeats!r}: it needs "drop", or "keep" where a repeated row is another vote')
    return _classes(metadata) | {"repeats": repeats}


def _classes(metadata):
    classes, n_class = metadata.get("classes"), metadata.get("n_classes")
    if classes is not None:
        are_names = isinstance(classes, list) and {type(name) for name in classes} in ({str}, {int})
        if not are_names or len(set(classes)) < len(classes) or n_class not in (None, len(classes)):
            raise VotesError(f'"classes" is {short(classes)}: it needs a list of different names, n_classes of them')
        return {"classes": classes}
    if n_class is None:
        return {}
    if type(n_class) is not int or n_class < 1:
        raise VotesError(f'"n_classes" is {short(n_class)}: it needs a whole number from 1')
    check_n_class(n_class)
    return {"n_class": n_class}


def check_declared(votes, declared):
    n_class = declared.get("n_class", votes.n_class)
    if n_class != votes.n_class:
        raise VotesError(
            f"{METADATA_FILE} declares n_classes = {n_class} and the labels are {votes.n_class} words: "
            f'name all the classes in {METADATA_FILE}, {{"classes": [...]}}'
        )
    return votes


def refuse_no_answer(values, classes=None):
    """Refuse labels, or ids where `classes` is None, that say that there is no value."""
    wrong = values.isin([word for word in _NO_ANSWER if classes is None or word not in classes])
    mend = "leave the row out if there is no answer, "
    mend += "or write the name in another way" if classes is None else f"or declare it as a class in {METADATA_FILE}"
    raise_rows(wrong, values, f"column {values.name!r} says that there is no value", mend, values.index)


def truth_from_csv(path, votes):
    table = read_table(path, {"item": "item", "task": "item", "truth": "truth", "label": "truth"})
    refuse_no_answer(table["item"])
    refuse_no_answer(table["truth"], votes.encoding.classes.tolist())
    return _encode(table["item"], table["truth"], votes, table.index)


def truth_from_txt(path, votes):
    lines = pd.Series(read_lines(path), dtype=object)
    rows = pd.RangeIndex(1, len(lines) + 1, name="line")
    numbers = lines.map(plain_number)
    known = (numbers != "-1").to_numpy()
    if votes.encoding.classes.dtype.kind not in "iu":
        return _truth_by_number(lines, known, votes, rows)
    if pd.to_numeric(lines, errors="coerce").notna().all():
        fractional = ~numbers.str.fullmatch("-?[0-9]+")
        raise_rows(fractional, lines, "a truth is fractional", "classes are whole numbers or words", rows)
    return _truth_by_number(numbers, known, votes, rows)


def truth_from_npy(path, votes):
    try:
        # mapped, since the header may announce any size: one that the file does not have is an error
        mapped = np.load(path, allow_pickle=False, mmap_mode="r")
        is_list = isinstance(mapped, np.ndarray) and mapped.ndim == 1 and mapped.dtype.kind in "iufU"
        values = pd.Series(mapped.tolist(), dtype=None if mapped.dtype.kind != "U" else object) if is_list else None
    except OSError:
        raise
    except Exception:  # numpy's reader raises all kinds
        values = None
    if values is None:
        raise VotesError("it is not an array of class numbers, (n_task,): write one with np.save")
    rows = pd.RangeIndex(1, len(values) + 1, name="entry")
    if values.dtype.kind == "f":
        fractional = ~(values.abs() < 2**53) | (values != np.floor(values))
        raise_rows(fractional, values, "a truth is fractional", "classes are whole numbers or words", rows)
        values = values.astype(np.int64)
    return _truth_by_number(values, (values.astype(str) != "-1").to_numpy(), votes, rows)


def _truth_by_number(values, known, votes, rows):
    """Truth by the number of the task, where it is `known`; -1 says that it is not."""
    tasks = votes.encoding.tasks
    if not np.array_equal(tasks, np.arange(votes.n_task)):
        raise VotesError("it goes by the number of the task, and the tasks are not 0, 1, ...: write truth.csv instead")
    if "-1" in map(str, votes.encoding.classes.tolist()):
        raise VotesError("-1 is one of the classes and says here that there is no truth: write truth.csv instead")
    if len(values) != votes.n_task:
        raise VotesError(f"it has {len(values)} entries for {votes.n_task} tasks: it needs one each, -1 if unknown")
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
