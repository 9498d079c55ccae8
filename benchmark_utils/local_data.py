"""Read somebody's own votes from a folder, in one of three layouts.

- `label.csv` with the columns item, worker, label (or task, worker, label);
- `answers.json`, peerannot's `{task: {worker: label}}`;
- either of them with an optional truth: `truth.csv` with the columns item, truth (or task, label), or one class number
  per task, in the order of the task numbers and -1 where it is unknown, in `truth.txt` or `ground_truth.npy`;
- and with an optional `metadata.json`, which declares classes that nobody may have voted for: `{"n_classes": 5}` or
  `{"classes": ["cat", "dog"]}`.

Labels are class numbers or words. What cannot be read is refused with the file, the line and how to mend it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark_utils.votes import Votes, VotesError, encode_truth
from benchmark_utils.votes.refusals import raise_rows

METADATA_FILE = "metadata.json"
_QUOTE = "quote a name that holds a comma, or remove what is too much"
_NO_ANSWER = ("NA", "N/A", "NaN", "nan", "null", "NULL")  # as R, pandas and databases write a missing value


def find_files(folder: Path) -> list[Path]:
    """The files of `folder` that hold votes, truth and metadata: at most one of each.

    Raises
    ------
    VotesError
        The folder does not exist or has no votes; two files hold the votes, or the truth.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise VotesError(f"{folder} is not a folder: give one that holds label.csv (item, worker, label)")
    found = []
    for what, names in (("votes", _READ_VOTES), ("truth", _READ_TRUTH), ("metadata", (METADATA_FILE,))):
        present = [folder / name for name in names if (folder / name).is_file()]
        if len(present) > 1:
            both = " and ".join(path.name for path in present)
            raise VotesError(f"{folder} holds the {what} twice, in {both}: keep one of them")
        if what == "votes" and not present:
            raise VotesError(
                f"{folder} holds no votes: put a file label.csv (item, worker, label) or answers.json into it"
            )
        found += present
    return found


def read_folder(folder: Path) -> tuple[Votes, np.ndarray]:
    """The votes and the truth, (n_task,) int64, -1 where it is unknown.

    Raises
    ------
    VotesError
        With the file, the line (of a JSON file: the task and the worker), and how to mend it.
    """
    paths = {path.name: path for path in find_files(folder)}
    declared = _naming(paths[METADATA_FILE], _read_metadata) if METADATA_FILE in paths else {}
    votes_file, truth_file = (next((n for n in names if n in paths), None) for names in (_READ_VOTES, _READ_TRUTH))
    votes = _naming(paths[votes_file], _READ_VOTES[votes_file], declared)
    if truth_file is None:
        return votes, np.full(votes.n_task, -1, dtype=np.int64)
    return votes, _naming(paths[truth_file], _READ_TRUTH[truth_file], votes)


def _naming(path, read, *arguments):
    """`read(path, *arguments)`, whose errors name the file."""
    try:
        return read(path, *arguments)
    except VotesError as error:
        raise VotesError(f"{path}: {error}") from None
    except OSError as error:
        raise VotesError(f"{path}: cannot be read ({error})") from None


# Votes


def _votes_from_csv(path, declared):
    table = _read_table(path, {"item": "item", "task": "item", "worker": "worker", "label": "label"})
    for column in ("worker", "label"):
        _refuse_no_answer(table[column], declared.get("classes", []))
    return _check_declared(Votes.from_frame(table, "item", "worker", "label", **declared), declared)


def _votes_from_json(path, declared):
    answers = _read_json(path)
    if not isinstance(answers, dict) or not answers:
        raise VotesError("it holds no map of answers: it needs {task: {worker: label}}")
    for task, given in answers.items():
        if not isinstance(given, dict):
            raise VotesError(f"task {task!r} has {given!r}, not a map of answers: it needs {{worker: label}}")
    rows = [(task, worker, label) for task, given in answers.items() for worker, label in given.items()]
    for task, worker, label in rows:
        if type(label) not in (int, float, str):
            raise VotesError(f"task {task!r}, worker {worker!r}: {label!r} is no number or word")
    numbered = set(answers) == set(map(str, range(len(answers))))
    tasks = np.arange(len(answers)) if numbered else np.array(list(answers))
    table = pd.DataFrame(rows, columns=["item", "worker", "label"])
    try:
        votes = Votes.from_frame(table, "item", "worker", "label", tasks=tasks, **declared)
    except VotesError:  # once more, to name the votes in the user's own words
        table.index = pd.Index([f"task {task!r} worker {worker!r}" for task, worker, _ in rows], name="the vote of")
        votes = Votes.from_frame(table, "item", "worker", "label", tasks=tasks, **declared)
    return _check_declared(votes, declared)


def _read_metadata(path):
    """The arguments of `Votes.from_frame` that declare the classes."""
    metadata = _read_json(path)
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


def _check_declared(votes, declared):
    n_class = declared.get("n_class", votes.n_class)
    if n_class != votes.n_class:
        raise VotesError(
            f"{METADATA_FILE} declares n_classes = {n_class} and the labels are {votes.n_class} words: "
            f'name all the classes in {METADATA_FILE}, {{"classes": [...]}}'
        )
    return votes


def _refuse_no_answer(values, classes):
    wrong = values.isin([word for word in _NO_ANSWER if word not in classes])
    mend = f"leave the row out if there is no answer, or declare it as a class in {METADATA_FILE}"
    raise_rows(wrong, values, f"column {values.name!r} says that there is no value", mend, values.index)


# Truth


def _truth_from_csv(path, votes):
    table = _read_table(path, {"item": "item", "task": "item", "truth": "truth", "label": "truth"})
    _refuse_no_answer(table["truth"], votes.encoding.classes.tolist())
    return _encode(table["item"], table["truth"], votes, table.index)


def _truth_from_txt(path, votes):
    values = pd.Series(_read_text(path).splitlines(), dtype=str).str.strip()
    numbers = pd.to_numeric(values, errors="coerce")
    rows = pd.RangeIndex(1, len(values) + 1, name="line")
    return _truth_by_number(values if numbers.isna().any() else numbers, votes, rows)


def _truth_from_npy(path, votes):
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


_READ_VOTES = {"label.csv": _votes_from_csv, "answers.json": _votes_from_json}
_READ_TRUTH = {"truth.csv": _truth_from_csv, "truth.txt": _truth_from_txt, "ground_truth.npy": _truth_from_npy}


# Files


def _read_table(path, columns):
    """The rows of a CSV file as text without outer spaces; the index is the number of the line.

    `columns` maps the accepted names of columns to those of the result.
    """
    raw = _read_text(path).encode()
    wanted = ",".join(dict.fromkeys(columns.values()))
    first = re.search(rb"[^\r\n]*[^\s,][^\r\n]*", raw)
    if first is None:
        raise VotesError(f"the file is empty: it needs a first line {wanted}, and one row each after it")
    header_line, header = _line(raw, first.start()), _split_header(first.group().decode())
    found = [columns.get(name.strip().lower()) for name in header]
    for column in dict.fromkeys(columns.values()):
        if found.count(column) != 1:
            how_often = "occurs twice" if column in found else "is missing"
            raise VotesError(
                f"column {column!r} {how_often} in line {header_line}, which has {header}: "
                f"name the columns {wanted} there, with a comma between them"
            )
    table = _split_rows(raw, len(header)).iloc[header_line:]
    too_long = table[len(header)] != ""
    raise_rows(too_long, None, f"there are more than the header's {len(header)} fields", _QUOTE, table.index)
    table = table.apply(lambda column: column.str.strip())
    table = table[(table != "").any(axis=1)]  # blank lines hold nothing
    if len(table) == 0:
        raise VotesError(f"there is no row after the header in line {header_line}: add rows, or remove the file")
    names = {position: column for position, column in enumerate(found) if column is not None}
    return table[list(names)].rename(columns=names)


def _split_header(text):
    try:
        return next(csv.reader([text], skipinitialspace=True))
    except csv.Error:  # a field of more than 128 KiB
        return [text[:40]]


def _split_rows(raw, n_column):
    try:
        table = pd.read_csv(
            io.BytesIO(raw),
            header=None,
            names=range(n_column + 1),  # one more, to see the rows that are too long
            dtype=str,
            na_filter=False,
            skip_blank_lines=False,
            skipinitialspace=True,
        )
    except pd.errors.ParserError as error:
        number = int(re.search(r"(?:line|row) (\d+)", str(error)).group(1))
        if "EOF inside string" in str(error):
            raise VotesError(f"a quote opens in line {number + 1} and never closes: close or remove it") from None
        raise VotesError(f"line {number} has more than the header's {n_column} fields: {_QUOTE}") from None
    table.index = pd.RangeIndex(1, len(table) + 1, name="line")
    if b'"' in raw:
        broken = table.apply(lambda column: column.str.contains("[\r\n]")).any(axis=1)
        if broken.any():
            raise VotesError(f"a quote opens in line {broken.idxmax()} and closes in a later one: close or remove it")
    return table


def _read_json(path):
    def unique(pairs):
        distinct = dict(pairs)
        if len(distinct) < len(pairs):
            keys = [key for key, _ in pairs]
            repeated = next(key for position, key in enumerate(keys) if key in keys[:position])
            raise VotesError(f"the key {repeated!r} occurs twice in one map: keep one of them")
        return distinct

    text = _read_text(path)
    if not text.strip():
        raise VotesError("the file is empty")
    try:
        return json.loads(text, object_pairs_hook=unique, parse_int=lambda text: int(text) if len(text) < 19 else text)
    except json.JSONDecodeError as error:
        raise VotesError(f"line {error.lineno}, column {error.colno} is not JSON ({error.msg}): correct it") from None
    except RecursionError:
        raise VotesError("the JSON is nested too deeply") from None


def _read_text(path):
    """The text of a file, without the mark that some programs begin it with."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise VotesError(f"line {_line(raw, error.start)} is not UTF-8 text: save the file as UTF-8") from None
    if "\0" in text:
        raise VotesError(f"line {_line(raw, raw.index(0))} holds a zero byte, this is not a text file: replace it")
    return text


def _line(raw, position):
    """The number, from 1, of the line that holds a byte."""
    return len(re.findall(rb"\r\n|\r|\n", raw[:position])) + 1
