"""Read Pl@ntNet-CrowdSWE in its two published layouts, a piece of a file at a time.

Version 1 numbers observations and users from 0; version 2 has the platform's own ids, and votes that are strings.
What is odd but usable is kept and counted in a warning; what is wrong is refused, with the file and the reason.
"""

from __future__ import annotations

import json
import re
import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark_utils.sources import SourceError, download, unpack
from benchmark_utils.votes import Encoding, Votes, VotesError

RECORDS = {"v1": "https://zenodo.org/api/records/10782465", "v2": "https://zenodo.org/api/records/17913995"}
FILES = {
    "v1": (
        "answers/answers.json",
        "answers/ground_truth.txt",
        "converters/classes.json",
        "aggregation/authors.txt",
        "aggregation/ai_classes.json",
        "aggregation/ai_answers.json",
        "aggregation/ai_scores.json",
    ),
    "v2": (
        "votes/human_votes.json",
        "votes/ground_truth.json",
        "converters/unified_classes.json",
        "converters/authors.json",
        "votes/ai_votes.json",
        "ai_scores/ai_scores.json",
    ),
}
N_USER_V1 = 823_251  # version 1 numbers its users 0 to 823,250
EXPERT_SHARE = 0.9  # of an expert's votes are the truth: all but those on the few observations where experts differ

_CHUNK = 1 << 20  # bytes of a file in memory at a time; larger pieces are slower to parse
_AGAIN = "delete it and prepare the dataset again"
_INNER = re.compile(rb',\s*"[^"]*"\s*:\s*\{')
_FLAT = re.compile(rb',\s*"[^"]*"\s*:')


def read(folder: Path, version: str) -> tuple[Votes, np.ndarray]:
    """The votes, with authors and the AI's answers and scores, and the truth, (n_task,) int64, -1 unknown.

    The AI's species that no user could name follow the users' classes. Workers are the users who voted or are
    authors, by their ids. Two experts' contradicting truths count as none (thesis, section 4.2.2).

    Raises
    ------
    SourceError
        A file is absent, cut off or not JSON.
    VotesError
        Something in a file is not what it should be.
    """
    for file in FILES[version]:
        if not (Path(folder) / file).is_file():
            raise SourceError(f"{file} is not in {folder}")
    return (read_v1 if version == "v1" else read_v2)(Path(folder))


def read_v1(folder: Path) -> tuple[Votes, np.ndarray]:
    """Version 1: observations are numbered, authors and truth have a line for each."""
    answers, ground_truth, classes, authors, ai_classes, ai_answers, ai_scores = (folder / f for f in FILES["v1"])
    truth = _read_lines(ground_truth)
    author = _read_lines(authors)
    n_task = len(truth)
    if len(author) != n_task:
        raise VotesError(f"{authors} has {len(author)} lines and {ground_truth} {n_task}: each observation needs one")
    observation, n_given, user, label = _read_answers(answers)
    _check_range(observation, n_task, answers, "observation", f"{ground_truth.name} has {n_task} lines")
    beyond = user >= N_USER_V1
    if beyond.any():
        _warn(f"{answers}: {beyond.sum()} votes are of users beyond the {N_USER_V1:,} of the table; they are kept")

    machine_label, machine_score = np.full(n_task, -1), np.full(n_task, np.nan)
    for path, values in ((ai_answers, machine_label), (ai_scores, machine_score)):
        ids, found = _read_values(path, values.dtype)
        _check_range(ids, n_task, path, "observation", f"{ground_truth.name} has {n_task} lines")
        values[ids] = found
    names = _read_classes(classes)
    n_named = len(names)  # by users; what only the AI names comes after
    names, machine_label = _join_classes(names, _read_classes(ai_classes), machine_label, ai_answers)
    columns = np.repeat(observation, n_given), user, label, truth, author, machine_label, machine_score
    return _assemble(folder, np.arange(n_task), *columns, names, n_named)


def read_v2(folder: Path) -> tuple[Votes, np.ndarray]:
    """Version 2: every file is a map from observation ids. Those without votes come last."""
    human_votes, ground_truth, classes, authors, ai_votes, ai_scores = (folder / f for f in FILES["v2"])
    observation, n_given, user, label = _read_answers(human_votes)
    task = np.repeat(np.arange(len(observation)), n_given)
    with_truth, truth_values = _read_values(ground_truth, np.dtype(np.int64))
    observation = np.concatenate([observation, with_truth[~np.isin(with_truth, observation)]])

    order = np.argsort(observation)
    ids = observation[order]

    def per_task(path, keys, values, absent):
        place = np.minimum(np.searchsorted(ids, keys), len(ids) - 1)
        known = ids[place] == keys
        if not known.all():
            _warn(f"{path}: {(~known).sum()} entries are for observations without votes; they are left out")
        column = np.full(len(ids), absent, dtype=values.dtype)
        column[order[place[known]]] = values[known]
        return column

    truth = per_task(ground_truth, with_truth, truth_values, -1)
    author = per_task(authors, *_read_values(authors, np.dtype(np.int64)), -1)
    machine_label = per_task(ai_votes, *_read_values(ai_votes, np.dtype(np.int64)), -1)
    machine_score = per_task(ai_scores, *_read_values(ai_scores, np.dtype(float)), np.nan)
    names = _read_classes(classes)
    columns = task, user, label, truth, author, machine_label, machine_score
    return _assemble(folder, observation, *columns, names, len(names))


def _assemble(folder, observation, task, user, label, truth, author, machine_label, machine_score, names, n_named):
    """Votes and truth: `task` is codes, `user` and `author` are ids, the first `n_named` classes are the users'."""
    for what, values, lowest, size in (
        ("a vote", label, 0, n_named),
        ("a truth", truth, -1, n_named),
        ("an answer of the AI", machine_label, -1, len(names)),
    ):
        wrong = (values < lowest) | (values >= size)
        if wrong.any():
            found = f"class {values[wrong][0]} ({wrong.sum()} such)"
            raise VotesError(f"{folder}: {what} is {found}, and the classes are 0 to {size - 1}")
    if (user < 0).any():
        raise VotesError(f"{folder}: {(user < 0).sum()} votes are of users with a negative id")
    with_author = np.flatnonzero(author >= 0)
    codes, users = pd.factorize(np.concatenate([user, author[with_author]]), sort=True)
    author = np.full(len(observation), -1)
    author[with_author] = codes[len(user) :]
    votes = Votes(
        task,
        codes[: len(user)],
        label,
        len(observation),
        len(users),
        len(names),
        author=author,
        machine_label=machine_label,
        machine_score=machine_score,
        encoding=Encoding(observation, users, np.array(names)),
    )
    n_silent, n_unseen = (votes.votes_per_worker == 0).sum(), (votes.votes_per_task == 0).sum()
    if n_silent:
        _warn(f"{folder}: {n_silent} authors never voted; they are workers without votes")
    if n_unseen:
        _warn(f"{folder}: {n_unseen} observations have no vote; they stay, without a label")
    return votes, truth.astype(np.int64)


# Experts


def remove_experts(votes: Votes, truth) -> tuple[Votes, str]:
    """The votes without those of the experts on observations with a truth, and a sentence that counts them.

    The data do not name the experts, but the truth is their answer: an observation has a truth where an expert voted.
    So all but a few of an expert's votes are equal to a truth. Of the users of whom this holds, a user is an expert
    where a truth has no other source. Where a truth has several possible sources and none of them is known to be an
    expert, all of them are removed.
    """
    has_truth = truth[votes.task] >= 0
    right = votes.label == truth[votes.task]
    n_right = np.bincount(votes.worker[right], minlength=votes.n_worker)
    could_be = (n_right > 0) & (n_right >= EXPERT_SHARE * votes.votes_per_worker)
    source = right & could_be[votes.worker]
    n_source = np.bincount(votes.task[source], minlength=votes.n_task)
    expert = np.zeros(votes.n_worker, dtype=bool)
    expert[votes.worker[source & (n_source[votes.task] == 1)]] = True

    by_expert = has_truth & expert[votes.worker]
    explained = np.zeros(votes.n_task, dtype=bool)
    explained[votes.task[by_expert & right]] = True
    doubtful = source & ~explained[votes.task]
    removed = by_expert | doubtful
    kept = replace(votes, **{name: getattr(votes, name)[~removed] for name in ("task", "worker", "label")})
    known = truth >= 0
    report = (
        f"{removed.sum()} votes of {expert.sum()} experts on {known.sum()} observations with a truth removed; "
        f"{(known & (kept.votes_per_task == 0)).sum()} of these have no other vote"
    )
    if doubtful.any():
        report += f"; on {len(np.unique(votes.task[doubtful]))} the expert is one of several and all of them went"
    if (known & (n_source == 0) & ~explained).any():
        report += f"; on {(known & (n_source == 0) & ~explained).sum()} no user can be the expert"
    return kept, report


# Files


def fetch(record: str, folder: Path, files) -> None:
    """Download what of `files` is absent in `folder` from a Zenodo record, each file with its published MD5 sum.

    The record may hold the files themselves or archives of them.

    Raises
    ------
    SourceError
        The record or a file cannot be downloaded or is not what was published, or a file is not in the record.
    """
    folder = Path(folder)
    absent = [file for file in files if not (folder / file).is_file()]
    if not absent:
        return
    listing = download(record, folder / "record.json", trust=False)
    try:
        entries = json.loads(listing.read_text())["files"]
        published = {entry["key"]: (entry["links"]["self"], entry["checksum"]) for entry in entries}
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{record}: not the list of files that a Zenodo record has ({error!r})") from None
    finally:
        listing.unlink()
    by_name = {Path(file).name: file for file in absent}
    for key, (url, checksum) in published.items():
        if Path(key).name in by_name:
            download(url, folder / by_name[Path(key).name], checksum=checksum)
        elif key.endswith((".zip", ".tar.gz")) and any(not (folder / file).is_file() for file in absent):
            _fetch_archive(url, folder, Path(key).name, checksum, by_name)
    absent = [file for file in absent if not (folder / file).is_file()]
    if absent:
        raise SourceError(f"{record}: {', '.join(absent)} is not in the record, which has {', '.join(published)}")


def _fetch_archive(url, folder, name, checksum, by_name):
    archive = download(url, folder / name, checksum=checksum)
    unpacked = folder / ".unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    try:
        unpack(archive, unpacked)
        for path in sorted(unpacked.rglob("*")):
            if path.is_file() and path.name in by_name and "__MACOSX" not in path.parts:
                target = folder / by_name[path.name]
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
        archive.unlink()


def _pieces(path, boundary):
    """The entries of a JSON object, about a megabyte of the file at a time: pairs of a text and its dict.

    `boundary` matches from a comma between two entries on.
    """
    with open(path, "rb") as file:
        text = file.read(_CHUNK).lstrip()
        if text[:1] != b"{":
            raise SourceError(f"{path} is not a JSON object: it does not start with a brace: {_AGAIN}")
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
                    f"{path} cannot be read, it is {reason} after {n_read} entries ({error}): {_AGAIN}"
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


def _read_answers(path):
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
    _check_unique(observation, path)
    return observation, n_given, user, label


def _read_values(path, dtype):
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
    _check_unique(ids, path)
    return ids, np.concatenate(values)


def _read_lines(path):
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
        _warn(f"{path}: {n_differ} observations have a truth of several species; their truth counts as unknown")


def _read_classes(path):
    """The names of `{name: class}` in the order of the classes."""
    try:
        classes = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SourceError(f"{path} cannot be read, it is cut off or damaged ({error}): {_AGAIN}") from None
    if not isinstance(classes, dict) or sorted(classes.values(), key=str) != sorted(range(len(classes)), key=str):
        raise VotesError(f"{path} must map the names of the species to 0, 1, 2, ...")
    return sorted(classes, key=classes.get)


def _join_classes(names, machine_names, machine_label, path):
    """The classes of users and AI, and the AI's answers in them; of its own species only those that it answered."""
    if machine_names == names:
        return names, machine_label
    _check_range(machine_label, len(machine_names), path, "class", f"the AI has {len(machine_names)}", lowest=-1)
    code = {name: k for k, name in enumerate(names)}
    answered = np.unique(machine_label[machine_label >= 0])
    new = [machine_names[k] for k in answered.tolist() if machine_names[k] not in code]
    code |= {name: len(names) + k for k, name in enumerate(new)}
    translated = np.array([code.get(name, -1) for name in machine_names] + [-1])  # -1 stays -1
    return names + new, translated[machine_label]


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


def _check_unique(ids, path):
    ordered = np.sort(ids)
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(repeated):
        raise VotesError(f"{path}: {len(repeated)} observations occur twice, the first is {repeated[0]}")


def _check_range(values, size, path, what, why, lowest=0):
    wrong = (values < lowest) | (values >= size)
    if wrong.any():
        raise VotesError(f"{path}: {what} {values[wrong][0]} ({wrong.sum()} such) is beyond the last, since {why}")


def _warn(text):
    warnings.warn(text, stacklevel=2)
