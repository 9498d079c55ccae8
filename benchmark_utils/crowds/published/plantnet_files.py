"""The files of Pl@ntNet-CrowdSWE, read a piece at a time."""

from __future__ import annotations

import json
import re
import warnings

import numpy as np

from benchmark_utils.crowds.errors import SourceError
from benchmark_utils.crowds.formats.text_files import plain_number
from benchmark_utils.votes import VotesError
from benchmark_utils.votes.refusals import short

_CHUNK = 1 << 20  # bytes of a file in memory at a time; larger pieces are slower to parse
AGAIN = "delete it and prepare the dataset again"
_INNER = re.compile(rb',\s*"[^"]*"\s*:\s*\{')
_ODD_LINE = re.compile(r"^(?!(?:0|-?[1-9][0-9]{0,17})$).*$", re.MULTILINE)
_OVERLAP = 1 << 12  # bytes that are searched again for the end of an entry once more is read
_MAX_ENTRY = 1 << 26  # bytes of one observation's votes
_FLAT = re.compile(rb',\s*"[^"]*"\s*:')


def _pieces(path, boundary):
    """The entries of a JSON object, about a megabyte of the file at a time: pairs of a text and its dict.

    `boundary` matches from a comma between two entries on.
    """
    with open(path, "rb") as file:
        text = file.read(_CHUNK).lstrip()
        if text[:1] != b"{":
            raise SourceError(f"{path} is not a JSON object: it does not start with a brace: {AGAIN}")
        text, n_read, searched = text[1:], 0, 0
        while True:
            more = file.read(_CHUNK)
            cut = _last(boundary, text, searched) if more else None
            if not more:
                piece, text = b"{" + text, b""
            elif cut is None:
                searched = max(0, len(text) - _OVERLAP)
                text += more
                if len(text) > _MAX_ENTRY:
                    raise SourceError(f"{path} has an entry of more than {_MAX_ENTRY:,} bytes: {AGAIN}")
                continue
            else:
                piece, text = b"{" + text[:cut] + b"}", text[cut + 1 :] + more
                searched = 0
            try:
                entries = json.loads(piece)
            except (ValueError, RecursionError) as error:
                reason = "damaged" if more else "cut off"
                raise SourceError(
                    f"{path} cannot be read, it is {reason} after {n_read} entries ({error}): {AGAIN}"
                ) from None
            n_read += len(entries)
            yield piece, entries
            if not more:
                return


def _last(boundary, text, start):
    """The position from `start` on of the last comma that `boundary` matches at, None without one."""
    place = text.rfind(b",", start)
    while place > 0 and not boundary.match(text, place):
        place = text.rfind(b",", start, place)
    return place if place > 0 else None


def read_answers(path):
    """`{observation: {user: label}}` as observation ids and numbers of votes, and the votes' users and labels."""
    columns = [], [], [], []
    for piece, entries in _pieces(path, _INNER):
        if not all(type(given) is dict for given in entries.values()):
            raise VotesError(f"{path} must map each observation to a map from user to label: {AGAIN}")
        given = entries.values()
        users = [user for votes in given for user in votes]
        labels = [label for votes in given for label in votes.values()]
        if piece.count(b":") != len(entries) + len(users):
            raise VotesError(f"{path}: an observation, or a user within an observation, occurs twice: {AGAIN}")
        for column, values, what in (
            (columns[0], list(entries), "an observation"),
            (columns[1], [len(votes) for votes in given], "a number of votes"),
            (columns[2], users, "a user"),
            (columns[3], labels, "a label"),
        ):
            column.append(_integers(values, path, what))
    observation, n_given, user, label = (np.concatenate(column) for column in columns)
    if not len(label):
        raise VotesError(f"{path} holds no vote: {AGAIN}")
    check_unique(observation, path)
    return observation, n_given, user, label


def read_values(path, dtype, n_class=None):
    """`{observation: value}` as ids and values.

    With `n_class`, a value may be a list of classes. Of two species it is -1, counted in a warning.
    """
    keys, values, n_differ = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=dtype)], 0
    for piece, entries in _pieces(path, _FLAT):
        if piece.count(b":") != len(entries):
            raise VotesError(f"{path}: an observation occurs twice, or has more than a value: {AGAIN}")
        found = list(entries.values())
        if n_class is not None and list in set(map(type, found)):
            found, differ = _only(found, path, n_class)
            n_differ += differ
        keys.append(_integers(list(entries), path, "an observation"))
        values.append(_integers(found, path, "a class or user") if dtype.kind == "i" else _floats(found, path))
    _warn_contradictions(path, n_differ)
    ids = np.concatenate(keys)
    check_unique(ids, path)
    return ids, np.concatenate(values)


def read_lines(path, n_class=None):
    """One whole number a line, (n_line,) int64; with `n_class`, a list of two species is -1, counted in a warning."""
    try:
        text = path.read_bytes().decode("utf-8").replace("\r\n", "\n").rstrip()
    except UnicodeDecodeError as error:
        raise VotesError(f"{path} is not text ({error.reason}): {AGAIN}") from None
    if text and not _ODD_LINE.search(text):
        return np.fromstring(text, dtype=np.int64, sep="\n")
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        try:
            value = json.loads(plain_number(line.strip()))
        except (ValueError, RecursionError):
            value = None
        if type(value) is not int and (n_class is None or type(value) is not list):
            raise VotesError(f"{path}: line {number} is not a whole number: {short(line)}: {AGAIN}")
        found.append(value)
    found, n_differ = _only(found, path, n_class)
    _warn_contradictions(path, n_differ)
    return _integers(found, path, "a line")


def _only(values, path, n_class):
    """Values, of a list its one species, -1 where there is none or more than one, and how many have more than one."""
    found, n_differ = [], 0
    for value in values:
        if type(value) is list:
            species = set(_integers(value, path, "a species of a list").tolist())
            wrong = [k for k in species if not 0 <= k < n_class]
            if wrong:
                raise VotesError(
                    f"{path}: a list has class {wrong[0]}, and the classes are 0 to {n_class - 1}: {AGAIN}"
                )
            n_differ += len(species) > 1
            value = species.pop() if len(species) == 1 else -1
        found.append(value)
    return found, n_differ


def _warn_contradictions(path, n_differ):
    if n_differ:
        warn(f"{path}: {n_differ} observations have a truth of several species; their truth counts as unknown")


def read_classes(path):
    """The names of `{name: class}` in the order of the classes."""
    try:
        pairs = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=lambda pairs: pairs)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} cannot be read, it is cut off or damaged ({error}): {AGAIN}") from None
    is_map = isinstance(pairs, list) and all(type(pair) is tuple and type(pair[1]) is int for pair in pairs)
    if not is_map or sorted(k for _, k in pairs) != list(range(len(pairs))):
        raise VotesError(f"{path} must map the names of the species to 0, 1, 2, ...: {AGAIN}")
    names = [name for name, _ in sorted(pairs, key=lambda pair: pair[1])]
    if len(set(names)) < len(names):
        raise VotesError(f"{path} has a species twice: {AGAIN}")
    return names


def _integers(values, path, what):
    """int64 of whole numbers or of strings of digits, each as it is usually written."""
    text = "\n".join(map(str, values)) if set(map(type, values)) <= {int, str} else None
    if text is None or (values and (text.count("\n") != len(values) - 1 or _ODD_LINE.search(text))):
        is_odd = (v for v in values if type(v) not in (int, str) or _ODD_LINE.search(str(v)) or "\n" in str(v))
        raise VotesError(f"{path}: {what} is not a whole number: {short(next(is_odd))}: {AGAIN}")
    return np.fromstring(text, dtype=np.int64, sep="\n") if values else np.zeros(0, dtype=np.int64)


def _floats(values, path):
    """Scores; null is none, NaN."""
    odd = next((value for value in values if type(value) not in (int, float, type(None))), None)
    if odd is not None:
        raise VotesError(f"{path}: a score is not a number: {short(odd)}: {AGAIN}")
    try:
        return np.array(values, dtype=float)
    except OverflowError as error:
        raise VotesError(f"{path}: a score is not a number ({error}): {AGAIN}") from None


def check_unique(ids, path):
    ordered = np.sort(ids)
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(repeated):
        raise VotesError(f"{path}: {len(repeated)} observations occur twice, the first is {repeated[0]}: {AGAIN}")


def warn(text):
    warnings.warn(text, stacklevel=2)
