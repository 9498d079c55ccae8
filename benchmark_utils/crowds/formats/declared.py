"""What stands beside the votes: the truth, and metadata that declares the classes."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from benchmark_utils.crowds.formats.columns import USUAL, find_columns
from benchmark_utils.crowds.formats.text_files import parse_table, plain_number, read_json, read_lines, read_text
from benchmark_utils.votes import VotesError, encode_truth
from benchmark_utils.votes.ids import comparable
from benchmark_utils.votes.refusals import UnknownClassError, check_n_class, raise_rows, short

METADATA_FILE = "metadata.json"
# as R, spreadsheets, databases and Python write a missing value: pandas' own list, without the empty text
_NO_ANSWER = (
    *("#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA"),
    *("NULL", "NaN", "None", "n/a", "nan", "null"),
)
_CHOICES = {
    "repeats": (("drop", "keep"), '"drop", or "keep" where a repeated row is another vote'),
    "contradictions": (("all", "first", "last"), '"all", "first" or "last", the answers that count'),
}


@dataclass(frozen=True)
class Declared:
    """What metadata.json declares.

    Attributes
    ----------
    classes : list, optional
        Names of all the classes, in the order of their codes.
    n_class : int, optional
        How many classes there are, where labels are class numbers.
    columns : dict
        Which column holds what: {"task": ..., "worker": ..., "label": ..., "truth": ...}, any of them.
    no_answer : tuple of str
        Labels that are no answers.
    repeats, contradictions : str
        As in `Votes.from_frame`.
    """

    classes: list | None = None
    n_class: int | None = None
    columns: dict = field(default_factory=dict)
    no_answer: tuple = ()
    repeats: str = "drop"
    contradictions: str = "all"

    def for_votes(self):
        names = ("classes", "n_class", "repeats", "contradictions")
        return {name: getattr(self, name) for name in names}


def read_metadata(path) -> Declared:
    metadata = read_json(path)
    if not isinstance(metadata, dict):
        raise VotesError('it needs a map, as {"n_classes": 5}')
    columns, no_answer = metadata.get("columns", {}), metadata.get("no_answer", [])
    kinds = ("task", "worker", "label", "truth")
    if not isinstance(columns, dict) or any(k not in kinds or type(name) is not str for k, name in columns.items()):
        raise VotesError(
            f'"columns" is {short(columns)}: it needs {{"task": COLUMN, "worker": COLUMN, "label": COLUMN}}'
        )
    if not isinstance(no_answer, list) or any(type(name) is not str for name in no_answer):
        raise VotesError(f'"no_answer" is {short(no_answer)}: it needs a list of labels in quotes, as ["unsure"]')
    choices = {}
    for name, (known, said) in _CHOICES.items():
        choices[name] = metadata.get(name, known[0])
        if choices[name] not in known:
            raise VotesError(f'"{name}" is {short(choices[name])}: it needs {said}')
    return Declared(**_classes(metadata), columns=columns, no_answer=tuple(no_answer), **choices)


def _classes(metadata):
    classes, n_class = metadata.get("classes"), metadata.get("n_classes")
    if classes is not None:
        kinds = {type(name) for name in classes} if isinstance(classes, list) else set()
        are_names = kinds and any(kinds <= same for same in ({str}, {int, float}, {bool}))
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
    n_class = declared.n_class or votes.n_class
    if n_class != votes.n_class:
        raise VotesError(
            f"{METADATA_FILE} declares n_classes = {n_class} and the labels are {votes.n_class} words: "
            f'name all the classes in {METADATA_FILE}, {{"classes": [...]}}'
        )
    return votes


def refuse_no_answer(values, declared=None):
    """Refuse labels, or ids where `declared` is None, that say that there is no value."""
    wrong = is_no_answer(values, declared.classes or [] if declared else [])
    mend = "leave the row out if there is no answer, "
    if declared is None:
        mend += "or write the name in another way"
    else:
        words = [*declared.no_answer, *pd.unique(values[wrong | (values == "")])]
        none = f'in {METADATA_FILE} as no answer, {{"no_answer": {json.dumps(words, ensure_ascii=False)}}}'
        blank = f"fill it in or remove the row, or declare it {none}"
        raise_rows(values == "", None, f"column {values.name!r} has no value", blank, values.index)
        mend += f"or declare it as a class in {METADATA_FILE}, or {none}"
    raise_rows(wrong, values, f"column {values.name!r} says that there is no value", mend, values.index)


def is_no_answer(values, classes):
    return values.isin([word for word in _NO_ANSWER if word not in classes])


def truth_from_csv(path, votes, notes):
    """Truth by the id of the task. It may be blank, and about a task without votes: both are counted in `notes`."""
    table = parse_table(read_text(path), "item,truth")
    usual = USUAL | {"truth": USUAL["truth"] + USUAL["label"]}
    rows = table.take(find_columns(table, Declared(), ("task", "truth"), usual))
    refuse_no_answer(rows["task"].rename("item"))
    return truth_of(rows, votes, notes)


def truth_of(rows, votes, notes):
    """Truth from a table task, truth. A blank one and one about a task without votes are counted in `notes`."""
    raise_rows(rows["task"] == "", None, "the truth has an empty task", "fill it in or remove the row", rows.index)
    blank = (rows["truth"] == "") | is_no_answer(rows["truth"], [str(name) for name in votes.encoding.classes.tolist()])
    known, tasks = comparable(pd.Series(votes.encoding.tasks), rows["task"], "task of the truth")
    unvoted = ~tasks.isin(known).to_numpy() & ~blank
    if (blank | unvoted).all():
        unvoted[:] = False  # not one fits: they are refused, with what the tasks are called
    for which, what in ((blank, "without a value: unknown"), (unvoted, "of a task without votes: left out")):
        if which.any():
            notes.append(f"{count(which.sum(), 'truth')} {what}")
    rows = rows[~blank & ~unvoted]
    if len(rows) == 0:
        return np.full(votes.n_task, -1, dtype=np.int64)
    return _encode(rows["task"], rows["truth"], votes, rows.index)


def count(n, what):
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def truth_from_txt(path, votes, notes):
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


def truth_from_npy(path, votes, notes):
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
    except UnknownClassError as error:
        declare = (
            f'if nobody voted for that class, declare it in {METADATA_FILE}: {{"classes": [...]}}, {{"n_classes": N}}'
        )
        names = {same_name(name): name for name in votes.encoding.classes.tolist()}
        meant = [(value, names[same_name(value)]) for value in pd.unique(values) if same_name(value) in names]
        for value, name in [pair for pair in meant if str(pair[0]) != str(pair[1])][:1]:
            declare = f"write {short(value)} as the votes do, {short(name)}"
        raise VotesError(f"{error}; {declare}") from None


def same_name(name) -> str:
    """What names have in common that differ only by case, space or Unicode form."""
    return " ".join(unicodedata.normalize("NFKC", str(name)).casefold().split())
