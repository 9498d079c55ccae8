"""AudioBirds: a table of answers and one of the users, some of whom are professionals."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from benchmark_utils.crowds.formats.text_files import naming, read_table
from benchmark_utils.votes import Votes
from benchmark_utils.votes.ids import comparable, encode_ids
from benchmark_utils.votes.refusals import raise_rows

PROFESSIONAL = "4"  # "I am a bird researcher or professional birdwatcher"
_LEVELS = ("1", "2", "3", PROFESSIONAL)
_ANSWERS = {"candidate_id": "task", "user_id": "worker", "annotation": "label"}
_USERS = {"user_id": "user", "birdwatching_activity_level": "level"}


def read_votes(answers_path, users_path) -> tuple[Votes, np.ndarray]:
    """The votes and the truth, (n_task,): the answer of a professional, the last one in the file, else -1.

    Professionals who differ are counted in a warning.

    Raises
    ------
    VotesError
        With the file and the line: an empty field, an answer other than 0 and 1, a level other than 1 to 4, a user who
        is twice in the table of users or is not in it.
    """
    users = _read_users(users_path)
    with naming(answers_path):
        rows = read_table(answers_path, _ANSWERS, separator="\t")
        votes = Votes.from_frame(rows, classes=[0, 1])
        unknown = ~rows["worker"].isin(users["user"])
        raise_rows(
            unknown, rows["worker"], f"a user is not in {users_path.name}", "add or correct the user", rows.index
        )
    by_expert = rows[rows["worker"].isin(users["user"][users["level"] == PROFESSIONAL])]
    task, _ = encode_ids(rows["task"], None, "task", rows.index)
    task = pd.Series(task, index=rows.index)[by_expert.index].to_numpy()
    label = (by_expert["label"].astype(float) == 1).to_numpy(dtype=int)
    truth = np.full(votes.n_task, -1)
    truth[task] = label  # the last one stays
    n_differ = len(np.unique(task[label != truth[task]]))
    if n_differ:
        warnings.warn(f"{answers_path}: professionals differ on {n_differ} tasks; the last one counts", stacklevel=2)
    return votes, truth


def are_experts(workers, users_path) -> np.ndarray:
    """Whether each of the workers is a professional, (n_worker,) bool."""
    users = _read_users(users_path)
    experts = users["user"][users["level"] == PROFESSIONAL]
    known, experts = comparable(pd.Series(workers), experts, "user")
    return known.isin(experts).to_numpy()


def _read_users(path):
    with naming(path):
        users = read_table(path, _USERS, separator="\t")
        wrong = ~users["level"].isin(_LEVELS)
        raise_rows(wrong, users["level"], "a level is not 1, 2, 3 or 4", "correct it", users.index)
        twice = users["user"].duplicated(keep=False) | (users["user"] == "")
        raise_rows(twice, users["user"], "a user is empty or occurs twice", "keep one row per user", users.index)
    return users
