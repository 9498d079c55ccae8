"""Known truths: what a strategy that takes `fit(votes, known=...)` does with them.

A known task keeps its class in every iteration, and has it as label in the end, whatever its votes say.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.steps.voted_posterior import Scores
from benchmark_utils.votes import Votes
from benchmark_utils.votes.labels import SparseSoft, naive_soft
from benchmark_utils.votes.refusals import check_codes, check_per_task

LEAST = 1e-300  # the logarithm of a probability that underflows


def check_known(known, votes: Votes) -> np.ndarray:
    """The known class of each task, int64 (n_task,), -1 where it is not known; None means that none is.

    Raises
    ------
    VotesError
        Another length, or what is neither a class nor -1.
    """
    if known is None:
        return np.broadcast_to(np.int64(-1), votes.n_task)  # in the memory of one number
    known = np.asarray(known)
    check_per_task(known, "known", votes.n_task)
    return check_codes(known, "known", votes.n_class, "n_class", lowest=-1).astype(np.int64)


def clamp_labels(labels, known) -> np.ndarray:
    """The labels, and the known classes where they are known; (n_task,)."""
    return np.where(known >= 0, known, labels) if (known >= 0).any() else labels


def known_cells(known) -> tuple[np.ndarray, np.ndarray]:
    """The known tasks and their classes, (n_known,) each."""
    tasks = np.flatnonzero(known >= 0)
    return tasks, known[tasks]


def start_from(votes: Votes, known=None):
    """Where a model over all classes starts: the naive soft labels, certain where the truth is known.

    Parameters
    ----------
    votes : Votes
    known : int64, (n_task,), optional
        The known truths, -1 where the truth is not known.

    Returns
    -------
    posterior : (n_task, n_class)
    cells : the `known_cells`, for `confine`
    has_posterior : bool, (n_task,)
        Whether the task has a vote or a known truth.
    """
    known = check_known(known, votes)
    return clamp_soft(naive_soft(votes), known), known_cells(known), votes.has_vote | (known >= 0)


def confine(log_likelihood, cells):
    """The log-likelihood of an E-step, with -inf for all classes of a known task but its own; overwrites it.

    The task's posterior is then certain of its class, and its evidence is log p(votes of the task, class).

    Parameters
    ----------
    log_likelihood : float, (n_task, n_class) or (n_task, n_class, n_subtype)
    cells : the `known_cells`
    """
    if len(cells[0]):
        of_truth = log_likelihood[cells]
        log_likelihood[cells[0]] = -np.inf
        log_likelihood[cells] = of_truth
    return log_likelihood


def clamp_posterior(posterior: Scores, known) -> tuple[Scores, float]:
    """T with certainty in the tasks whose class is known, (n_task,), -1 elsewhere, and log p(known | votes)."""
    posterior, log_known = clamp_tasks(posterior, known)
    return posterior, log_known.sum()


def clamp_tasks(posterior: Scores, known) -> tuple[Scores, np.ndarray]:
    """The same with log p(class | votes) of each known task that has a vote, (n,)."""
    if (known < 0).all():
        return posterior, np.zeros(0)
    pairs = posterior.pairs
    truth = known[pairs.filled]
    is_known, is_truth = truth >= 0, pairs.label == pairs.spread(truth)
    unvoted = posterior.scale * posterior.prevalence[truth]
    evidence = np.where(pairs.sum(is_truth), pairs.sum(posterior.voted * is_truth), unvoted)[is_known]
    voted = np.where(pairs.spread(is_known), is_truth, posterior.voted)
    clamped = replace(posterior, voted=voted, scale=np.where(is_known, 0, posterior.scale))
    return clamped, np.log(np.maximum(evidence, LEAST))


def clamp_soft(soft, known):
    """Soft labels (n_task, n_class), dense or sparse, with certainty in the rows of known tasks; the others stay."""
    tasks = np.flatnonzero(known >= 0)
    if not len(tasks):
        return soft
    if not sparse.issparse(soft):
        soft = soft.copy()
        soft[tasks] = np.eye(soft.shape[1])[known[tasks]]
        return soft
    length = np.where(known < 0, np.diff(soft.indptr), 1)
    row_start = np.append(0, np.cumsum(length))
    from_votes, stays = np.repeat(known < 0, length), np.repeat(known < 0, np.diff(soft.indptr))
    values, column = np.ones(row_start[-1]), np.empty(row_start[-1], soft.indices.dtype)
    values[from_votes], column[from_votes] = soft.data[stays], soft.indices[stays]
    column[~from_votes] = known[tasks]
    clamped = SparseSoft((values, column, row_start), shape=soft.shape)
    clamped.proportions = getattr(soft, "proportions", None)
    return clamped


def clamp(labels, soft, known):
    """Labels and soft labels with certainty in the known tasks."""
    return clamp_labels(labels, known), clamp_soft(soft, known)


def labels_and_soft(posterior: Scores, known, seed):
    """The labels and soft labels of a posterior, with certainty in the known tasks."""
    labels = posterior.labels(seed)
    return clamp(labels, posterior.soft(labels), known)
