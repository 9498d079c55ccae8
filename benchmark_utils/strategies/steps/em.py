"""What every EM shares: the posterior, sums over tasks, the stopping rule."""

from __future__ import annotations

import numpy as np


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
