"""What the strategies share: the result they return, sums of votes, hard labels, the stopping rule.

A soft label is one row of scores over the classes. Soft labels are a dense array (n_task, n_class) while that is
small, and else a `scipy.sparse.csr_array` that stores the classes a task received votes for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from benchmark_utils.votes import Votes

DENSE_ENTRIES = 20_000_000  # above this many tasks x classes, soft labels are sparse (160 MB of float64)
FEW_ENTRIES = 1_000_000  # from here on they are also sparse where hardly any entry has a vote, since it is quicker
_TIE = 1e-9  # scores closer than this share of the largest are equal: sums of weights depend on their order


@dataclass(frozen=True, eq=False)
class Aggregation:
    """What a strategy makes of the votes.

    Attributes
    ----------
    labels : int64, (n_task,)
        The aggregated label, -1 where the strategy calls the task not valid.
    soft : float array (n_task, n_class) or csr_array of this shape, or None
        Rows sum to one, rows without votes to zero; None where the strategy gives hard labels only.
    n_iter : int
        Iterations done.
    converged : bool
        Whether the strategy met its own stopping rule.
    history : list of float
        The strategy's own objective, one value per iteration.
    worker_score : float, (n_worker,), or None
        How much the strategy trusts each worker, higher is better.
    parameters : dict of arrays
        What the strategy estimated, by name: `confusion` (n_worker, n_class, n_class), `prevalence` (n_class,), ...
    """

    labels: np.ndarray
    soft: np.ndarray | sparse.csr_array | None = None
    n_iter: int = 0
    converged: bool = True
    history: list = field(default_factory=list)
    worker_score: np.ndarray | None = None
    parameters: dict = field(default_factory=dict)


def is_large(votes: Votes) -> bool:
    """Whether soft labels of these votes are sparse."""
    entries = votes.n_task * votes.n_class
    return entries > DENSE_ENTRIES or entries > max(FEW_ENTRIES, 50 * votes.n_votes)


def sum_votes(votes: Votes, weight=None):
    """Sum over the votes of each task and class of their weights, sum_j w_ij 1(y_ij = k).

    Parameters
    ----------
    votes : Votes
    weight : float, (n_votes,), optional
        One by default.

    Returns
    -------
    float array (n_task, n_class), or csr_array of this shape where that is large.
    """
    if not is_large(votes):
        cell = votes.task.astype(np.int64) * votes.n_class + votes.label
        total = np.bincount(cell, weights=weight, minlength=votes.n_task * votes.n_class)
        return total.reshape(votes.n_task, votes.n_class).astype(float)
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


def hard_labels(scores, voted, seed) -> np.ndarray:
    """The class with the highest score, ties uniformly at random from the seed; -1 for tasks without votes.

    Parameters
    ----------
    scores : float array (n_task, n_class) or csr_array
        Classes that a csr_array does not store are never chosen.
    voted : bool, (n_task,)
        Whether the task has a vote.
    seed : int

    Returns
    -------
    int64, (n_task,)
    """
    rng = np.random.default_rng(seed)
    if sparse.issparse(scores):
        return _hard_labels_sparse(scores, voted, rng)
    best = scores.max(axis=1, keepdims=True)
    labels = scores.argmax(axis=1)
    top = scores >= best - _TIE * np.abs(best)
    tied = np.flatnonzero(voted & (np.count_nonzero(top, axis=1) > 1))
    if len(tied):
        labels[tied] = np.where(top[tied], rng.random((len(tied), scores.shape[1])), -1).argmax(axis=1)
    return np.where(voted, labels, -1).astype(np.int64)


def _hard_labels_sparse(scores, voted, rng):
    labels = np.full(scores.shape[0], -1, dtype=np.int64)
    filled = np.flatnonzero(np.diff(scores.indptr))
    if not len(filled):
        return labels
    start = scores.indptr[filled]
    length = np.diff(scores.indptr)[filled]
    best = np.repeat(np.maximum.reduceat(scores.data, start), length)
    top = scores.data >= best - _TIE * np.abs(best)
    # among the top entries of a row the one with the largest random number wins
    draw = np.where(top, rng.random(len(top)), -1)
    wins = draw == np.repeat(np.maximum.reduceat(draw, start), length)
    labels[np.repeat(filled, length)[wins]] = scores.indices[wins]
    return np.where(voted, labels, -1)


def softmax(log_likelihood, log_prior, voted) -> tuple[np.ndarray, np.ndarray]:
    """The E-step's last line: the posterior over classes and the evidence of each task.

    Parameters
    ----------
    log_likelihood : float array, (n_task, n_class)
        log p(votes of the task | class).
    log_prior : float array, (n_class,)
        log p(class). A sum of -inf is allowed, though not for a whole row.
    voted : bool, (n_task,)
        Whether the task has a vote.

    Returns
    -------
    posterior : (n_task, n_class)
        The joint probability over its row sum; zero for tasks without votes, so that no sum over tasks counts them.
    log_evidence : (n_task,)
        log p(votes of the task); zero for tasks without votes.
    """
    by_class = np.ascontiguousarray(log_likelihood.T)  # numpy reduces long rows much faster than short ones
    by_class += log_prior[:, None]
    highest = by_class.max(axis=0)
    by_class -= highest
    np.exp(by_class, out=by_class)
    total = by_class.sum(axis=0)
    by_class *= voted / total
    return np.ascontiguousarray(by_class.T), voted * (highest + np.log(total))


def class_totals(posterior) -> np.ndarray:
    """Sum over the tasks, (n_class,); a product, since numpy is slow to sum over short rows."""
    return np.ones(len(posterior)) @ posterior


def stands_still(history, tol) -> bool:
    """Whether the last step changed the objective by at most tol, relative to its value."""
    if len(history) < 2:
        return False
    return bool(abs(history[-1] - history[-2]) <= tol * max(abs(history[-1]), 1e-12))
