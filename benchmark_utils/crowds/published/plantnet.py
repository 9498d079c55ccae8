"""Read Pl@ntNet-CrowdSWE in its two published layouts, a piece of a file at a time.

Version 1 numbers observations and users from 0; version 2 has the platform's own ids, and votes that are strings.
What is odd but usable is kept and counted in a warning; what is wrong is refused, with the file and the reason.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmark_utils.crowds.errors import SourceError
from benchmark_utils.crowds.published.plantnet_files import (
    AGAIN,
    read_answers,
    read_classes,
    read_lines,
    read_values,
    warn,
)
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
    try:
        return (read_v1 if version == "v1" else read_v2)(Path(folder))
    except OSError as error:
        raise SourceError(f"{folder} cannot be read ({error}): {AGAIN}") from None


def read_v1(folder: Path) -> tuple[Votes, np.ndarray]:
    """Version 1: observations are numbered, authors and truth have a line for each."""
    answers, ground_truth, classes, authors, ai_classes, ai_answers, ai_scores = (folder / f for f in FILES["v1"])
    names = read_classes(classes)
    n_named = len(names)  # by users; what only the AI names comes after
    truth = read_lines(ground_truth, n_named)
    author = read_lines(authors)
    n_task = len(truth)
    if len(author) != n_task:
        raise VotesError(
            f"{authors} has {len(author)} lines and {ground_truth} {n_task}: each observation needs one: {AGAIN}"
        )
    observation, n_given, user, label = read_answers(answers)
    _check_range(observation, n_task, answers, "observation", f"{ground_truth.name} has {n_task} lines")
    beyond = user >= N_USER_V1
    if beyond.any():
        warn(f"{answers}: {beyond.sum()} votes are of users beyond the {N_USER_V1:,} of the table; they are kept")

    machine_names = read_classes(ai_classes)
    machine_label, machine_score = np.full(n_task, -1), np.full(n_task, np.nan)
    for path, values in ((ai_answers, machine_label), (ai_scores, machine_score)):
        ids, found = read_values(path, values.dtype, len(machine_names) if values is machine_label else None)
        _check_range(ids, n_task, path, "observation", f"{ground_truth.name} has {n_task} lines")
        values[ids] = found
    names, machine_label = _join_classes(names, machine_names, machine_label, ai_answers)
    columns = np.repeat(observation, n_given), user, label, truth, author, machine_label, machine_score
    return _assemble(folder, np.arange(n_task), *columns, names, n_named)


def read_v2(folder: Path) -> tuple[Votes, np.ndarray]:
    """Version 2: every file is a map from observation ids. Those without votes come last."""
    human_votes, ground_truth, classes, authors, ai_votes, ai_scores = (folder / f for f in FILES["v2"])
    observation, n_given, user, label = read_answers(human_votes)
    task = np.repeat(np.arange(len(observation)), n_given)
    names = read_classes(classes)
    whole = np.dtype(np.int64)
    with_truth, truth_values = read_values(ground_truth, whole, len(names))
    observation = np.concatenate([observation, with_truth[~np.isin(with_truth, observation)]])

    order = np.argsort(observation)
    ids = observation[order]

    def per_task(path, keys, values, absent):
        place = np.minimum(np.searchsorted(ids, keys), len(ids) - 1)
        known = ids[place] == keys
        if not known.all():
            warn(f"{path}: {(~known).sum()} entries are for observations without votes; they are left out")
        column = np.full(len(ids), absent, dtype=values.dtype)
        column[order[place[known]]] = values[known]
        return column

    truth = per_task(ground_truth, with_truth, truth_values, -1)
    author = per_task(authors, *read_values(authors, whole), -1)
    answered, answers = read_values(ai_votes, whole, len(names))
    _check_classes(ai_votes, "an answer of the AI", answers, -1, len(names))  # those left out, too
    machine_label = per_task(ai_votes, answered, answers, -1)
    machine_score = per_task(ai_scores, *read_values(ai_scores, np.dtype(float)), np.nan)
    columns = task, user, label, truth, author, machine_label, machine_score
    return _assemble(folder, observation, *columns, names, len(names))


def _assemble(folder, observation, task, user, label, truth, author, machine_label, machine_score, names, n_named):
    """Votes and truth: `task` is codes, `user` and `author` are ids, the first `n_named` classes are the users'."""
    for what, values, lowest, size in (
        ("a vote", label, 0, n_named),
        ("a truth", truth, -1, n_named),
        ("an answer of the AI", machine_label, -1, len(names)),
    ):
        _check_classes(folder, what, values, lowest, size)
    if (user < 0).any():
        raise VotesError(f"{folder}: {(user < 0).sum()} votes are of users with a negative id: {AGAIN}")
    if (author < -1).any():
        raise VotesError(f"{folder}: {(author < -1).sum()} authors have an id below -1, which is unknown: {AGAIN}")
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
        encoding=Encoding(observation, users, np.array(names, dtype=object)),
    )
    n_silent, n_unseen = (votes.votes_per_worker == 0).sum(), (votes.votes_per_task == 0).sum()
    if n_silent:
        warn(f"{folder}: {n_silent} authors never voted; they are workers without votes")
    if n_unseen:
        warn(f"{folder}: {n_unseen} observations have no vote; they stay, without a label")
    return votes, truth.astype(np.int64)


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


def _check_classes(place, what, values, lowest, size):
    wrong = (values < lowest) | (values >= size)
    if wrong.any():
        found = f"class {values[wrong][0]} ({wrong.sum()} such)"
        raise VotesError(f"{place}: {what} is {found}, and the classes are 0 to {size - 1}: {AGAIN}")


def _check_range(values, size, path, what, why, lowest=0):
    wrong = (values < lowest) | (values >= size)
    if wrong.any():
        raise VotesError(
            f"{path}: {what} {values[wrong][0]} ({wrong.sum()} such) is beyond the last, since {why}: {AGAIN}"
        )
