"""Sums over the votes of a task and class, which pairs were voted, and where votes differ."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from benchmark_utils.votes.votes import Votes

DENSE_ENTRIES = 20_000_000  # above this many tasks x classes, soft labels are sparse (160 MB of float64)
FEW_ENTRIES = 1_000_000  # from here on they are also sparse where hardly any entry has a vote, since it is quicker
EMPTY_ENTRIES = 50  # a vote stands among so many entries where hardly any has one


def is_large(votes: Votes) -> bool:
    """Whether soft labels of these votes are sparse; those of a partition are where the whole crowd's are."""
    votes = getattr(votes, "whole", votes)
    entries = votes.n_task * votes.n_class
    return entries > DENSE_ENTRIES or entries > max(FEW_ENTRIES, EMPTY_ENTRIES * votes.n_votes)


def dense_entries(votes: Votes) -> int:
    """The entries of dense soft labels; none where they are sparse."""
    return 0 if is_large(votes) else votes.n_task * votes.n_class


def sum_votes(votes: Votes, weight=None, cell=None):
    """Sum over the votes of each task and class of their weights, sum_j w_ij 1(y_ij = k).

    Parameters
    ----------
    votes : Votes
    weight : float, (n_votes,), optional
        One by default.
    cell : int, (n_votes,), optional
        `votes.task_and_label`, where it is known.

    Returns
    -------
    float array (n_task, n_class), or csr_array of this shape where that is large.
    """
    if not is_large(votes):
        cell = votes.task_and_label if cell is None else cell
        total = np.bincount(cell, weights=weight, minlength=votes.n_task * votes.n_class)
        return total.reshape(votes.n_task, votes.n_class).astype(float, copy=False)
    first, row_start = support(votes)
    n_votes = np.diff(np.append(first, votes.n_votes))
    data = n_votes.astype(float) if weight is None else np.add.reduceat(weight, first)
    return sparse.csr_array((data, votes.label[first], row_start), shape=(votes.n_task, votes.n_class))


def support(votes: Votes) -> tuple[np.ndarray, np.ndarray]:
    """The (task, class) pairs that received a vote, in order.

    Returns
    -------
    first : int, (n_pairs,)
        The first vote of each pair; the pair's votes are neighbours, since votes are sorted by task and label.
    row_start : int, (n_task + 1,)
        Pairs row_start[i] to row_start[i + 1] belong to task i.
    """
    new = np.ones(votes.n_votes, dtype=bool)
    new[1:] = (votes.task[1:] != votes.task[:-1]) | (votes.label[1:] != votes.label[:-1])
    first = np.flatnonzero(new)
    row_start = np.zeros(votes.n_task + 1, dtype=np.int32 if len(first) < 2**31 else np.int64)
    np.cumsum(np.bincount(votes.task[first], minlength=votes.n_task), out=row_start[1:])
    return first, row_start


def has_disagreement(votes: Votes) -> np.ndarray:
    """Whether a task received two different answers, (n_task,) bool."""
    # votes are sorted by task, then label: two answers of one task meet somewhere
    differs = (votes.task[1:] == votes.task[:-1]) & (votes.label[1:] != votes.label[:-1])
    disputed = np.zeros(votes.n_task, dtype=bool)
    disputed[votes.task[1:][differs]] = True
    return disputed
