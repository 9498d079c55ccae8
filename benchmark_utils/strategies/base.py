"""What the strategies share: the result they return, sums of votes, hard labels, the stopping rule.

A soft label is one row of scores over the classes. Soft labels are a dense array (n_task, n_class) while that is
small, and else a `scipy.sparse.csr_array` that stores the classes a task received votes for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse


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
