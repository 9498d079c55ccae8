"""What every EM shares: the posterior, sums over tasks, the stopping rule."""

from __future__ import annotations

import numpy as np


def softmax(log_likelihood, log_prior, has_vote) -> tuple[np.ndarray, np.ndarray]:
    """The E-step's last line: the posterior over classes and the evidence of each task.

    Parameters
    ----------
    log_likelihood : float array, (n_task, n_class)
        log p(votes of the task | class).
    log_prior : float array, (n_class,)
        log p(class). A sum of -inf is allowed, though not for a whole row.
    has_vote : bool, (n_task,)
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
    by_class *= has_vote / total
    return np.ascontiguousarray(by_class.T), has_vote * (highest + np.log(total))


def class_totals(posterior) -> np.ndarray:
    """Sum over the tasks, (n_class,); a product, since numpy is slow to sum over short rows."""
    return np.ones(len(posterior)) @ posterior


def all_and_unvoted(voted, scale_where_voted, scale, prevalence):
    """Sum over the tasks, (n_class,), of scores that are scale * prevalence for a class that a task did not receive.

    `voted` and `scale_where_voted`, (n_class,), are sums over the tasks that received the class, of the scores and of
    the scales; `scale` is the sum of all scales.
    """
    return voted + prevalence * np.maximum(scale - scale_where_voted, 0)


def best_so_far(histories) -> list:
    """The best objective of several starts after each iteration; a start that has ended keeps its last value."""
    n_iter = max(map(len, histories))
    best = np.full(n_iter, -np.inf)
    for history in histories:
        best = np.maximum(best, np.pad(history, (0, n_iter - len(history)), mode="edge")) if history else best
    return best.tolist()


def stands_still(history, tol) -> bool:
    """Whether the last step changed the objective by at most `tol` nats.

    The objective is the log-likelihood, posterior density or evidence bound of all the votes together. Two models
    differ by as many nats as the votes prefer the one to the other, on a crowd of any size: at the default of 0.001
    the votes are exp(0.001) times as probable as a step before, which nobody could tell apart. A change relative to
    the objective, or per vote, loosens with the number of votes: at a millionth of its value, Dawid and Skene's EM
    ends 11 nats short on the 97,164 votes of s_rel. docs/convergence.md shows both rules on every crowd at hand.
    """
    return len(history) >= 2 and bool(abs(history[-1] - history[-2]) <= tol)
