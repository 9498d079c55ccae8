"""Which tasks to ask about again: by how much one more vote is expected to raise the chance that a label is right."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from benchmark_utils.votes import Votes
from benchmark_utils.votes.labels import entries


def expected_gain(votes: Votes, soft) -> np.ndarray:
    """Expected gain of one more vote, (n_task,), from the soft labels T and how good the workers are.

    A task's label is right with probability max_k T_ik. A further vote l, by worker j, changes T_i by Bayes' rule, and
    the label with it where another class is then ahead. Under the one-coin model, where j is right with probability
    a_j and each error has e_j = (1 - a_j) / (K - 1), the expected rise is, with t the label of task i,

        gain_ij = sum_l max_k T_ik p_j(l | k) - max_k T_ik = sum_{l != t} max(a_j T_il - e_j T_it, 0)

    for a_j >= e_j. A worker below chance counts as no gain. The gain of task i is the mean over the workers, each
    weighted by their votes: the next vote is as likely theirs as the last ones were. The skill

        a_j = (1 + sum_i T_i,y_ij) / (2 + n_j)

    is the posterior mean under a uniform prior, so that one right vote is no proof. A row of zeros is uniform.

    Parameters
    ----------
    votes : Votes
    soft : float array (n_task, n_class) or csr_array
        Classes that it does not store have no chance.
    """
    soft = sparse.csr_array(soft, dtype=float, copy=True)
    n_task, n_class = soft.shape
    if n_class == 1:
        return np.zeros(n_task)
    row = np.repeat(np.arange(n_task), np.diff(soft.indptr))
    highest = np.zeros(n_task)
    np.maximum.at(highest, row, soft.data)
    skill = _skill(votes, soft)
    by_ratio = _mean_over_workers(skill, (1 - skill) / (n_class - 1), votes.votes_per_worker)
    ratio = np.divide(soft.data, highest[row], out=np.zeros(len(row)), where=highest[row] > 0)
    # the label itself has ratio one and no part in the sum
    gain = highest * (np.bincount(row, by_ratio(ratio), n_task) - by_ratio(np.ones(1)))
    return np.where(highest > 0, gain.clip(0), (n_class - 1) / n_class * by_ratio(np.ones(1)))


def _skill(votes, soft):
    """a_j, (n_worker,)."""
    right = entries(soft, votes.task, votes.label)
    return (1 + np.bincount(votes.worker, right, votes.n_worker)) / (2 + votes.votes_per_worker)


def _mean_over_workers(skill, error, weight):
    """The function r -> mean_j max(a_j r - e_j, 0), for r in [0, 1]: linear between the workers' e_j / a_j."""
    order = np.argsort(error / skill)
    start = (error / skill)[order]
    slope, level = (np.append(0, np.cumsum((weight * value)[order])) / weight.sum() for value in (skill, error))

    def mean(ratio):
        n_above = np.searchsorted(start, ratio)  # workers whose vote would turn the label
        return slope[n_above] * ratio - level[n_above]

    return mean
