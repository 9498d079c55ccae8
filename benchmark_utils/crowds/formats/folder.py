"""Read somebody's own votes from a folder or a file; docs/formats.md has a recipe for each format.

- `label.csv` with the columns item, worker, label (or task, worker, label), or a platform's table;
- `answers.json`, peerannot's `{task: {worker: label}}`, or a platform's JSON;
- any of them with an optional truth: `truth.csv` with the columns item, truth (or task, label), or one class number
  per task, in the order of the task numbers and -1 where it is unknown, in `truth.txt` or `ground_truth.npy`;
- and with an optional `metadata.json`, which declares classes that nobody may have voted for: `{"n_classes": 5}` or
  `{"classes": ["cat", "dog"]}`, and `{"repeats": "keep"}` where a row that occurs again is another vote.

Labels are class numbers or words. What cannot be read is refused with the file, the line and how to mend it.
"""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmark_utils.crowds.formats import (
    answers_json,
    appen,
    doccano,
    label_csv,
    label_studio,
    mturk,
    prodigy,
    records,
    sagemaker,
    toloka,
    wide,
    zooniverse,
)
from benchmark_utils.crowds.formats.declared import (
    METADATA_FILE,
    Declared,
    read_metadata,
    truth_from_csv,
    truth_from_npy,
    truth_from_txt,
)
from benchmark_utils.crowds.formats.found import Found, notices, to_votes
from benchmark_utils.crowds.formats.own_tasks import task_files
from benchmark_utils.crowds.formats.text_files import naming, parse_json, parse_json_lines, parse_table, read_text
from benchmark_utils.votes import Votes, VotesError


def find_files(folder: Path) -> list[Path]:
    """The files of `folder` that hold votes, truth and metadata: at most one of each.

    Raises
    ------
    VotesError
        The folder does not exist or has no votes; two files hold the votes, or the truth.
    """
    folder = Path(folder)
    if not _is_folder(folder):
        raise VotesError(f"{folder} is not a folder: give one that holds label.csv (item, worker, label)")
    present = [folder / name for name in _VOTES if (folder / name).is_file()]
    if not present and (job := sagemaker.job_files(folder)):
        return [*job, *_beside(folder)]
    if not present:
        others = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.is_file())
        beside = {METADATA_FILE, *_READ_TRUTH, *(path.name for path in task_files(folder))}
        present = [path for path in others if path.name not in beside]
    if not present:
        raise VotesError(f"{folder} holds no votes: put a file label.csv (item, worker, label) or answers.json into it")
    if not all(path.suffix == ".jsonl" for path in present):  # which may be one for each user
        _refuse_two(folder, "votes", present[:2])
    return [*present, *_beside(folder)]


def read_folder(folder: Path) -> tuple[Votes, np.ndarray]:
    """The votes and the truth, (n_task,) int64, -1 where it is unknown.

    What must not pass in silence is said in one warning, with counts.

    Raises
    ------
    VotesError
        With the file, the line (of a JSON file: the task and the worker), and how to mend it.
    """
    return _say(*_read(find_files(folder)), folder)


def read_path(path: Path) -> tuple[Votes, np.ndarray]:
    """As `read_folder`, for a folder or for a file of votes under any name, with the truth and metadata beside it."""
    return _say(*read_noting(path), path)


def read_noting(path: Path, columns=None) -> tuple[Votes, np.ndarray, list[str]]:
    """As `read_path`, and what must not pass in silence, a note each, in the place of a warning.

    `columns`, {"task": NAME, "worker": NAME, "label": NAME, "truth": NAME} or any of them, goes before what
    metadata.json declares.
    """
    path = Path(path)
    if path.is_file():
        return _read([path, *_beside(path.parent)], columns)
    return _read(find_files(path), columns)


def read_votes(path: Path) -> Votes:
    """The votes of a folder, or of a file under any name with the metadata beside it; ids stay as they are written.

    pandas' own `read_csv` reads the workers 007 and 7 as one.

    Raises
    ------
    VotesError
        As `read_folder`.
    """
    path = Path(path)
    if path.is_dir():
        return read_folder(path)[0]
    return _say(*_read([path, *(file for file in _beside(path.parent) if file.name == METADATA_FILE)]), path)[0]


def _say(votes, truth, notes, place):
    if notes:
        warnings.warn(f"{place}: {'; '.join(notes)}", stacklevel=3)
    return votes, truth


def _is_folder(path):
    try:
        return path.is_dir()
    except OSError:  # a loop of links
        return False


def _beside(folder):
    """The truth and the metadata of a folder."""
    found = []
    for what, names in (("truth", _READ_TRUTH), ("metadata", (METADATA_FILE,))):
        present = [folder / name for name in names if (folder / name).is_file()]
        _refuse_two(folder, what, present)
        found += present
    return found


def _refuse_two(folder, what, present):
    if len(present) > 1:
        both = " and ".join(path.name for path in present)
        raise VotesError(f"{folder} holds the {what} twice, in {both}: keep one of them")


def _read(paths, columns=None):
    beside = [path for path in paths[1:] if path.name in (METADATA_FILE, *_READ_TRUTH)]
    votes_files = [path for path in paths if path not in beside]
    votes_file, truth_file = votes_files[0], next((path for path in beside if path.name in _READ_TRUTH), None)
    declared, notes = Declared(), []
    for path in beside:
        if path.name == METADATA_FILE:
            with naming(path):
                declared = read_metadata(path)
    declared = replace(declared, columns=declared.columns | (columns or {}))
    with naming(votes_file if len(votes_files) == 1 else _common(votes_files)):
        found = _find(votes_file, declared) if len(votes_files) == 1 else _find_several(votes_files)
        votes, truth = to_votes(found, declared)
        if truth is not None and truth_file is not None:
            raise VotesError(f"it holds a truth, and so does {truth_file.name}: keep one of them")
    notes = found.notes
    if truth_file is not None:
        with naming(truth_file):
            truth = _READ_TRUTH[truth_file.name](truth_file, votes, notes)
    notes += notices(votes)
    return votes, np.full(votes.n_task, -1, dtype=np.int64) if truth is None else truth, notes


def _find(path, declared) -> Found:
    """What a file holds, read by the first format that recognises it."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _of_table(records.read_parquet(path), declared)
    text = read_text(path)
    if suffix in _JSON:
        return _of_json(_parse(text, suffix), declared)
    return _of_table(parse_table(text, "item,worker,label"), declared)


def _find_several(paths) -> Found:
    """SageMaker's files of one job, or doccano's folder of one file for each user."""
    contents = {}
    for path in paths:
        with naming(path.relative_to(_common(paths))):
            contents[path] = _parse(read_text(path), path.suffix.lower())
    if all(path.suffix == ".json" for path in paths):
        return _in_words("sagemaker", sagemaker.read_job, contents)
    if not all(map(doccano.recognises, contents.values())):
        _refuse_two(paths[0].parent, "votes", paths[:2])
    return _in_words("doccano", doccano.read_users, {path.stem: content for path, content in contents.items()})


def _in_words(name, read, *arguments):
    """What a platform's reader finds; a refusal where a part is not where the platform writes it."""
    try:
        return read(*arguments)
    except (AttributeError, KeyError, TypeError):
        raise VotesError(f"it is not as {name} writes it: export it again") from None


def _common(paths):
    return Path(os.path.commonpath([path.parent for path in paths]))


def _parse(text, suffix):
    is_lines = suffix in (".jsonl", ".ndjson", ".manifest") or re.match(r"\s*\{[^\r\n]*\}[ \t]*[\r\n]+[ \t]*\{", text)
    return parse_json_lines(text) if is_lines else parse_json(text)


def _of_json(content, declared):
    """A platform's JSON, or a map per vote, as which any list is read whose three columns are declared."""
    is_table = isinstance(content, list) and {"task", "worker", "label"} <= set(declared.columns)
    reader = None if is_table else next((one for one in _JSON_FORMATS if one.recognises(content)), None)
    if reader is None:
        return _of_table(records.to_table(content), declared)
    name = reader.__name__.rpartition(".")[2]
    unused = set(declared.columns) - ({"label"} if reader is label_studio else set())
    if unused:
        options = ", ".join(f"--{kind}" for kind in sorted(unused))
        raise VotesError(f'it is read as {name}, which has no such columns: leave out {options}, or "columns"')
    return _in_words(name, reader.read, content, declared)


def _of_table(table, declared):
    reader = next((one for one in _TABLE_FORMATS if one.recognises(table, declared)), label_csv)
    found = reader.read(table, declared)
    if "truth" in declared.columns and found.truth is None:
        found.truth = label_csv.declared_truth(table, declared, found.rows["task"])
    return found


_TABLE_FORMATS = (mturk, toloka, appen, zooniverse, wide)
_JSON_FORMATS = (sagemaker, answers_json, label_studio, prodigy, doccano)
_JSON = (".json", ".jsonl", ".ndjson", ".manifest")
_SUFFIXES = (".csv", ".tsv", ".parquet", *_JSON)
_VOTES = ("label.csv", "label.tsv", "label.parquet", "label.jsonl", "answers.json", "answers.jsonl")
_READ_TRUTH = {"truth.csv": truth_from_csv, "truth.txt": truth_from_txt, "ground_truth.npy": truth_from_npy}
