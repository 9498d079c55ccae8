"""Scores of workers that can be read off their confusion matrices, and how well a strategy's own rank the workers."""

import numpy as np
from scipy import sparse

from benchmark_utils.votes import Votes

LEAST_MET = 0.5  # tasks of a class, in expectation: with fewer it is likelier than not that the worker met none


def spammer_score(confusion, met=None) -> np.ndarray:
    """How far each worker's answers depend on the true class: 0 for a spammer, 1 for who never errs.

    A spammer answers independently of the truth: the rows of their confusion matrix are alike, that is, its rank is
    one. The score is the squared Frobenius distance to the nearest such matrix, scaled to [0, 1]:

        s_j = 1 / (K (K - 1)) sum_{k < k'} sum_l (pi^j_kl - pi^j_k'l)^2

    over all K classes. A pair of rows counts as nothing where one of them is not known, since it tells nothing: only
    who is known on every class can have 1. A worker who is always wrong in the same way also has 1: their votes tell
    the truth to who knows their matrix.

    V. C. Raykar and S. Yu, "Ranking annotators for crowdsourced labeling tasks", NeurIPS (2011); thesis,
    section 3.1.5.

    Parameters
    ----------
    confusion : float array, (n_worker, n_class, n_class)
        Rows by true class, each summing to one, or to zero where the worker met no task of the class.
    met : float array, (n_worker, n_class), optional
        How many tasks of each class the worker met, in expectation: `tasks_met`. EM leaves no posterior at zero, so
        that a row may rest on a mass of 1e-30: one that rests on less than half a task is not known.

    Returns
    -------
    float, (n_worker,)
        Zero where fewer than two rows are known.

    Raises
    ------
    ValueError
        Another shape.
    """
    confusion = np.asarray(confusion, dtype=float)
    if confusion.ndim != 3 or confusion.shape[1] != confusion.shape[2]:
        raise ValueError(f"confusion has shape {confusion.shape}: it needs (n_worker, n_class, n_class)")
    n_class = confusion.shape[1]
    if met is not None:
        met = np.asarray(met)
        if met.shape != confusion.shape[:2]:
            raise ValueError(f"met has shape {met.shape}: it needs (n_worker, n_class), {confusion.shape[:2]}")
        confusion = confusion * (met >= LEAST_MET)[:, :, None]
    n_known = np.count_nonzero(confusion.sum(axis=2), axis=1)
    # sum_{k < k'} |a_k - a_k'|^2 = K sum_k |a_k|^2 - |sum_k a_k|^2, in which rows of zeros only count in K
    distance = n_known * (confusion**2).sum(axis=(1, 2)) - (confusion.sum(axis=1) ** 2).sum(axis=1)
    return np.maximum(distance, 0) / max(n_class * (n_class - 1), 1)


def tasks_met(votes: Votes, soft) -> np.ndarray:
    """How many tasks of each class each worker voted on, in expectation over soft labels, (n_worker, n_class)."""
    cast = sparse.csr_array((np.ones(votes.n_votes), (votes.worker, votes.task)), shape=(votes.n_worker, votes.n_task))
    met = cast @ soft
    return met.toarray() if sparse.issparse(met) else met


def skill_correlation(votes: Votes, confusion, worker_score) -> float:
    """How well a strategy ranks the workers: Spearman's correlation of its scores with their true skill.

    The true skill of worker j is trace(pi^j) / K, the mean diagonal of the true confusion matrix: the thesis's ability
    (section 3.1.5), and what a strategy with confusion matrices gives as its score. All classes count alike, however
    rare. It is thus a trait of the worker, not of the tasks that they happened to meet. Where the classes are out of
    balance, a strategy that estimates the share of a worker's right votes estimates another quantity, and cannot reach
    1. Nor can any strategy whose scores differ where the workers are equally skilled, as hammers and spammers are.

    Parameters
    ----------
    votes : Votes
    confusion : float array, (n_worker, n_class, n_class), or None
        The true confusion matrices, rows by true class; None where nobody knows them.
    worker_score : float array, (n_worker,), or None
        Higher is better; NaN for a worker whom the strategy does not score, who does not count.

    Returns
    -------
    float
        Over the workers who voted. NaN where either is None, where fewer than two workers have both, or where either
        is the same for all of them.
    """
    if confusion is None or worker_score is None:
        return np.nan
    scored = (votes.votes_per_worker > 0) & ~np.isnan(worker_score)
    skill = np.trace(np.asarray(confusion), axis1=1, axis2=2) / votes.n_class
    return rank_correlation(skill[scored], np.asarray(worker_score)[scored])


def rank_correlation(x, y) -> float:
    """Spearman's correlation of two arrays (n,), ties having their mean rank; NaN where one of them is constant."""
    x, y = (_ranks(values) - (len(values) + 1) / 2 for values in (x, y))
    spread = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / spread) if spread > 0 else np.nan


def _ranks(values):
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (count.cumsum() - (count - 1) / 2)[place]
