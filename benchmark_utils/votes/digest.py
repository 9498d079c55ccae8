"""A short text that says which votes and which truth these are."""

import hashlib

import numpy as np

from benchmark_utils.votes.votes import Votes


def digest(votes: Votes, truth) -> str:
    """16 hexadecimal digits of the SHA-256 of everything that a strategy sees and of what it is scored on.

    The types of the arrays do not matter, their values do. Two crowds under one name, or one crowd read in two ways,
    have two digests.

    Parameters
    ----------
    votes : Votes
    truth : int array, (n_task,)
        -1 where it is not known.
    """
    found = hashlib.sha256(f"{votes.n_task} {votes.n_worker} {votes.n_class}".encode())
    whole = dict(task=votes.task, worker=votes.worker, label=votes.label, truth=truth)
    whole |= dict(author=votes.author, machine_label=votes.machine_label)
    for name, values in whole.items():
        if values is not None:
            found.update(name.encode() + np.asarray(values).astype("<i8").tobytes())
    if votes.machine_score is not None:
        found.update(b"machine_score" + np.asarray(votes.machine_score).astype("<f8").tobytes())
    return found.hexdigest()[:16]
