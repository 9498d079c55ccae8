"""Tasks whose truth is known: the start and the E-steps of a strategy that is told some truths."""

import numpy as np

from benchmark_utils.strategies.steps.known import check_known
from benchmark_utils.votes import Votes
from benchmark_utils.votes.labels import naive_soft


def start_from(votes: Votes, known=None):
    """The naive soft labels, certain where the truth is known.

    Parameters
    ----------
    votes : Votes
    known : int64, (n_task,), optional
        The known truths, -1 where the truth is not known.

    Returns
    -------
    posterior : (n_task, n_class)
    log_possible : (n_task, n_class), or 0.0 where nothing is known
        0 for a class that the task may have, -inf for any other than the known one. Added to the log-likelihood of an
        E-step it clamps the posterior, and the evidence of the task becomes its joint probability with the truth.
    has_posterior : bool, (n_task,)
        Whether the task has a vote or a known truth.
    """
    posterior, has_vote = naive_soft(votes), votes.has_vote
    if known is None:
        return posterior, 0.0, has_vote
    known = check_known(known, votes)
    is_truth = known[:, None] == np.arange(votes.n_class)
    posterior = np.where((known >= 0)[:, None], is_truth, posterior)
    log_possible = np.where((known >= 0)[:, None] & ~is_truth, -np.inf, 0.0)
    return posterior, log_possible, has_vote | (known >= 0)
