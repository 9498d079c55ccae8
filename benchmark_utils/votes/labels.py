"""Hard and soft labels: how they are made from scores, and what makes them sound.

A soft label is one row of scores over the classes. Soft labels are a dense array (n_task, n_class) while that is
small, and else a `scipy.sparse.csr_array` that stores the classes a task received votes for. What a row of it lacks to
one belongs to the other classes.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from benchmark_utils.votes.counts import sum_votes
from benchmark_utils.votes.votes import Votes

TIE = 1e-9  # scores closer than this share of the largest are equal: sums of weights depend on their order
_SUM_ROUNDING = 1e-3  # a row may sum to this much more than one: networks compute in single precision


class SparseSoft(sparse.csr_array):
    """Soft labels of many classes, of which those that a row does not store are not equally likely.

    Attributes
    ----------
    proportions : float, (n_class,), or None
        They share what the row lacks to one in these proportions; None, as for any other sparse array, in equal parts.
        What scipy makes of this array, a slice or a sum, is without them.
    """

    proportions = None


def normalise(scores):
    """Rows divided by their sum; rows that sum to zero stay as they are."""
    total = np.asarray(scores.sum(axis=1)).ravel()
    total[total == 0] = 1
    if sparse.issparse(scores):
        data = scores.data / np.repeat(total, np.diff(scores.indptr))
        return sparse.csr_array((data, scores.indices, scores.indptr), shape=scores.shape)
    return scores / total[:, None]


def naive_soft(votes: Votes) -> np.ndarray:
    """The frequency of each class among a task's votes, dense however large: (n_task, n_class)."""
    share = normalise(sum_votes(votes))
    return share.toarray() if sparse.issparse(share) else share


def hard_labels(scores, has_vote, seed) -> np.ndarray:
    """The class with the highest score, ties uniformly at random from the seed; -1 for tasks without votes.

    Parameters
    ----------
    scores : float array (n_task, n_class) or csr_array
        Classes that a csr_array does not store are never chosen.
    has_vote : bool, (n_task,)
        Whether the task has a vote.
    seed : int

    Returns
    -------
    int64, (n_task,)
    """
    if sparse.issparse(scores):
        return _hard_labels_sparse(scores, has_vote, np.random.default_rng(seed))
    by_class = np.ascontiguousarray(scores.T)  # numpy reduces long rows much faster than short ones
    best = by_class.max(axis=0)
    top = by_class >= best - TIE * np.abs(best)
    labels = top.argmax(axis=0)  # the only one, but for ties
    if np.count_nonzero(top) > len(labels):  # quicker than to count by task; tasks without votes tie too
        tied = np.flatnonzero(has_vote & (np.count_nonzero(top, axis=0) > 1))
        draw = np.random.default_rng(seed).random((len(tied), scores.shape[1]))
        labels[tied] = np.where(top[:, tied].T, draw, -1).argmax(axis=1)
    return np.where(has_vote, labels, -1).astype(np.int64, copy=False)


def _hard_labels_sparse(scores, has_vote, rng):
    labels = np.full(scores.shape[0], -1, dtype=np.int64)
    filled = np.flatnonzero(np.diff(scores.indptr))
    if not len(filled):
        return labels
    start = scores.indptr[filled]
    length = np.diff(scores.indptr)[filled]
    best = np.repeat(np.maximum.reduceat(scores.data, start), length)
    top = scores.data >= best - TIE * np.abs(best)
    # among the top entries of a row the one with the largest random number wins
    draw = np.where(top, rng.random(len(top)), -1)
    wins = draw == np.repeat(np.maximum.reduceat(draw, start), length)
    labels[np.repeat(filled, length)[wins]] = scores.indices[wins]
    return np.where(has_vote, labels, -1)


def one_hot(labels, n_class) -> sparse.csr_array:
    """Hard labels as certain soft labels, (n_task, n_class); rows of invalid tasks are zero."""
    valid = labels >= 0
    row_start = np.concatenate([[0], np.cumsum(valid)])
    return sparse.csr_array((np.ones(row_start[-1]), labels[valid], row_start), shape=(len(labels), n_class))


def entries(matrix: sparse.csr_array, row, column) -> np.ndarray:
    """matrix[row, column], each (n,), zero where nothing is stored; entries must not be stored twice."""
    matrix.sort_indices()
    key = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)) * matrix.shape[1] + matrix.indices
    if not len(key):
        return np.zeros(len(row))
    wanted = np.asarray(row, dtype=np.int64) * matrix.shape[1] + column
    place = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    return np.where(key[place] == wanted, matrix.data[place], 0.0)


def check_labels(labels, name, n_task, n_class) -> np.ndarray:
    """Hard labels or truth as int64, (n_task,), in [-1, n_class).

    Raises
    ------
    ValueError
        With what is wrong, the first five tasks, and the mend.
    """
    labels = np.asarray(labels)
    if labels.shape != (n_task,):
        raise ValueError(f"{name} has shape {labels.shape}: it needs one entry per task, ({n_task},)")
    if labels.dtype.kind not in "iu":
        raise ValueError(f"{name} holds {labels.dtype}: it needs class numbers (int64), -1 where there is none")
    if labels.dtype.kind == "u":
        labels = labels.astype(np.int64)
    if labels.min(initial=0) < -1 or labels.max(initial=-1) >= n_class:
        wrong = np.flatnonzero((labels < -1) | (labels >= n_class))
        raise ValueError(
            f"{name} is outside [-1, {n_class}) for {_tasks(wrong)}, found {labels[wrong[:5]].tolist()}: "
            f"classes are 0 to {n_class - 1}, and -1 says that there is none"
        )
    return labels.astype(np.int64, copy=False)


def check_soft(soft, n_task, n_class, name="soft"):
    """Soft labels as a csr_array or a dense array, (n_task, n_class), of probabilities.

    Raises
    ------
    ValueError
        With what is wrong, the first five tasks, and the mend.
    """
    soft = soft if sparse.issparse(soft) else np.asarray(soft)
    if soft.shape != (n_task, n_class):
        raise ValueError(
            f"{name} has shape {soft.shape}: it needs one row per task and one column per class, ({n_task}, {n_class})"
        )
    if soft.dtype.kind not in "iufb":
        raise ValueError(f"{name} holds {soft.dtype}: it needs probabilities (float)")
    if sparse.issparse(soft):
        proportions = getattr(soft, "proportions", None)
        soft = _check_entries(soft, n_task, n_class, name)
        soft.proportions = _check_proportions(proportions, n_class, name)
        values = soft.data
    else:
        values = soft
    if not (values.min(initial=0) >= 0 and values.max(initial=0) <= 1 + _SUM_ROUNDING):  # NaN fails both
        wrong = ~((values >= 0) & (values <= 1 + _SUM_ROUNDING))
        row_of = np.repeat(np.arange(n_task), np.diff(soft.indptr) if sparse.issparse(soft) else n_class)
        tasks = np.unique(row_of[wrong.ravel()])
        raise ValueError(
            f"{name} is not in [0, 1] for {_tasks(tasks)}, found {values[wrong][:5].tolist()}: it needs probabilities, "
            "so exponentiate logarithms, divide counts by their sum, and give a task without votes a row of zeros"
        )
    total = soft @ np.ones(n_class)
    if total.max(initial=0) > 1 + _SUM_ROUNDING:
        wrong = np.flatnonzero(total > 1 + _SUM_ROUNDING)
        raise ValueError(
            f"{name} sums to more than one for {_tasks(wrong)}, found {total[wrong[:5]].tolist()}: divide each row by "
            "its sum"
        )
    return soft


def _check_entries(soft, n_task, n_class, name) -> SparseSoft:
    """An array over the same memory whose entries all lie in it: scipy's products read what the indices say."""
    if soft.format == "coo":
        return SparseSoft(sparse.coo_array((soft.data, soft.coords), shape=(n_task, n_class)))  # which checks them
    if soft.format != "csr":
        raise ValueError(f"{name} is a {soft.format} array: it needs a csr_array, by `.tocsr()`, or a dense array")
    start, column, values = (np.asarray(part) for part in (soft.indptr, soft.indices, soft.data))
    if start.dtype.kind not in "iu" or column.dtype.kind not in "iu":
        raise ValueError(f"{name} has indptr of {start.dtype} and indices of {column.dtype}: both need integers")
    if start.shape != (n_task + 1,) or column.ndim != 1 or column.shape != values.shape:
        shapes = f"indptr {start.shape}, indices {column.shape} and data {values.shape}"
        raise ValueError(f"{name} has {shapes}: it needs ({n_task + 1},) and twice the number of entries")
    wrong = np.flatnonzero((start[1:] < start[:-1]) | (start[1:] > len(column)))
    if start[0] != 0 or len(wrong):
        raise ValueError(f"{name}.indptr does not rise from 0 to at most {len(column)}: {_tasks(wrong)}")
    column, values = column[: start[-1]], values[: start[-1]]
    if column.min(initial=0) < 0 or column.max(initial=0) >= n_class:
        wrong = np.flatnonzero((column < 0) | (column >= n_class))
        tasks = np.unique(np.searchsorted(start, wrong, side="right") - 1)
        found = column[wrong[:5]].tolist()
        raise ValueError(
            f"{name}.indices is outside [0, {n_class}) for {_tasks(tasks)}, found {found}: columns are class numbers"
        )
    return SparseSoft((values, column, start), shape=(n_task, n_class))


def _check_proportions(proportions, n_class, name) -> np.ndarray | None:
    if proportions is None:
        return None
    found = np.asarray(proportions)
    if found.shape != (n_class,) or found.dtype.kind not in "iuf" or not (found.min() >= 0 and found.max() < np.inf):
        raise ValueError(f"{name}.proportions needs a number of at least zero for each of the {n_class} classes")
    return found.astype(float)


def _tasks(wrong) -> str:
    more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    return f"task {', '.join(map(str, wrong[:5]))}{more}"
