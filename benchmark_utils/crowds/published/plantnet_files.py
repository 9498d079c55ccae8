"""The files of Pl@ntNet-CrowdSWE, read a piece at a time."""

from __future__ import annotations

import json
import re
import warnings

import numpy as np

from benchmark_utils.crowds.errors import SourceError
from benchmark_utils.votes import VotesError

_CHUNK = 1 << 20  # bytes of a file in memory at a time; larger pieces are slower to parse
AGAIN = "delete it and prepare the dataset again"
_INNER = re.compile(rb',\s*"[^"]*"\s*:\s*\{')
_FLAT = re.compile(rb',\s*"[^"]*"\s*:')


def _pieces(path, boundary):
    """The entries of a JSON object, about a megabyte of the file at a time: pairs of a text and its dict.

    `boundary` matches from a comma between two entries on.
    """
    with open(path, "rb") as file:
        text = file.read(_CHUNK).lstrip()
        if text[:1] != b"{":
            raise SourceError(f"{path} is not a JSON object: it does not start with a brace: {AGAIN}")
        text, n_read = text[1:], 0
        while True:
            more = file.read(_CHUNK)
            cut = _last(boundary, text) if more else None
            if not more:
                piece, text = b"{" + text, b""
            elif cut is None:
                text += more
                continue
            else:
                piece, text = b"{" + text[:cut] + b"}", text[cut + 1 :] + more
            try:
                entries = json.loads(piece)
            except ValueError as error:
                reason = "damaged" if more else "cut off"
                raise SourceError(
                    f"{path} cannot be read, it is {reason} after {n_read} entries ({error}): {AGAIN}"
                ) from None
            n_read += len(entries)
            yield piece, entries
            if not more:
                return


def _last(boundary, text):
    """The position of the last comma that `boundary` matches at, None without one."""
    place = text.rfind(b",")
    while place > 0 and not boundary.match(text, place):
        place = text.rfind(b",", 0, place)
    return place if place > 0 else None


def read_answers(path):
    """`{observation: {user: label}}` as observation ids and numbers of votes, and the votes' users and labels."""
    columns = [], [], [], []
    for piece, entries in _pieces(path, _INNER):
        if not all(type(given) is dict for given in entries.values()):
            raise VotesError(f"{path} must map each observation to a map from user to label")
        given = entries.values()
        users = [user for votes in given for user in votes]
        labels = [label for votes in given for label in votes.values()]
        if piece.count(b":") != len(entries) + len(users):
            raise VotesError(f"{path}: an observation, or a user within an observation, occurs twice")
        for column, values, what in (
            (columns[0], list(entries), "an observation"),
            (columns[1], [len(votes) for votes in given], "a number of votes"),
            (columns[2], users, "a user"),
            (columns[3], labels, "a label"),
        ):
            column.append(_integers(values, path, what))
    observation, n_given, user, label = (np.concatenate(column) for column in columns)
    if not len(label):
        raise VotesError(f"{path} holds no vote")
    check_unique(observation, path)
    return observation, n_given, user, label


def read_values(path, dtype):
    """`{observation: value}` as ids and values; of two species the value is -1, counted in a warning."""
    keys, values, n_differ = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=dtype)], 0
    for piece, entries in _pieces(path, _FLAT):
        if piece.count(b":") != len(entries):
            raise VotesError(f"{path}: an observation occurs twice, or has more than a value")
        found = list(entries.values())
        if list in set(map(type, found)):
            n_differ += sum(_differ(value) for value in found)
            found = [_only(value) for value in found]
        keys.append(_integers(list(entries), path, "an observation"))
        values.append(_integers(found, path, "a class or user") if dtype.kind == "i" else _floats(found, path))
    _warn_contradictions(path, n_differ)
    ids = np.concatenate(keys)
    check_unique(ids, path)
    return ids, np.concatenate(values)


def read_lines(path):
    """One whole number a line, (n_line,) int64; a list of two species is -1, counted in a warning."""
    lines = path.read_text().split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    try:
        values = np.array(lines, dtype=float)
    except ValueError:
        try:
            found = [json.loads(line) for line in lines]
        except ValueError as error:
            raise VotesError(f"{path}: a line is not a whole number ({error})") from None
        _warn_contradictions(path, sum(map(_differ, found)))
        values = np.array(_integers([_only(value) for value in found], path, "a line"), dtype=float)
    wrong = values != np.floor(values)
    if wrong.any():
        line = np.flatnonzero(wrong)[0]
        raise VotesError(f"{path}: line {line + 1} is not a whole number: {lines[line]!r}")
    return values.astype(np.int64)


def _differ(value):
    return type(value) is list and len(set(value)) > 1


def _only(value):
    """The one species of a list; -1 where there is none, or more than one."""
    if type(value) is not list:
        return value
    return value[0] if len(set(value)) == 1 else -1


def _warn_contradictions(path, n_differ):
    if n_differ:
        warn(f"{path}: {n_differ} observations have a truth of several species; their truth counts as unknown")


def read_classes(path):
    """The names of `{name: class}` in the order of the classes."""
    try:
        classes = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SourceError(f"{path} cannot be read, it is cut off or damaged ({error}): {AGAIN}") from None
    if not isinstance(classes, dict) or sorted(classes.values(), key=str) != sorted(range(len(classes)), key=str):
        raise VotesError(f"{path} must map the names of the species to 0, 1, 2, ...")
    return sorted(classes, key=classes.get)


def _integers(values, path, what):
    """int64 of whole numbers or of strings of digits."""
    array = np.array(values) if values else np.zeros(0, dtype=np.int64)
    if array.dtype.kind == "U":
        try:
            array = np.fromiter(map(int, values), dtype=np.int64, count=len(values))
        except (ValueError, OverflowError) as error:
            raise VotesError(f"{path}: {what} is not a whole number ({error})") from None
    if array.dtype.kind != "i" or array.ndim != 1:
        odd = next((value for value in values if type(value) is not int), values[0])
        raise VotesError(f"{path}: {what} is not a whole number: {odd!r}")
    return array.astype(np.int64)


def _floats(values, path):
    try:
        return np.array(values, dtype=float)
    except (ValueError, TypeError) as error:
        raise VotesError(f"{path}: a score is not a number ({error})") from None


def check_unique(ids, path):
    ordered = np.sort(ids)
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(repeated):
        raise VotesError(f"{path}: {len(repeated)} observations occur twice, the first is {repeated[0]}")


def warn(text):
    warnings.warn(text, stacklevel=2)
