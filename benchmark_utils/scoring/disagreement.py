"""How near soft labels come to the distribution of the votes: for crowds whose truth is that people disagree.

On some tasks no answer is right: is this post offensive, is this figure a cat or a dog? There the share of people who
give each answer is what a soft label should say (Uma et al., "Learning from disagreement: a survey", JAIR 2021).
"""

from __future__ import annotations

import numpy as np

from benchmark_utils.scoring.calibration import mean_or_nan
from benchmark_utils.scoring.truth_free import stored_and_rest
from benchmark_utils.votes import Votes
from benchmark_utils.votes.counts import support
from benchmark_utils.votes.labels import entries, one_hot

_LOWEST_PROBABILITY = 1e-12  # as in the log loss


def disagreement_scores(seen: Votes, target: Votes, labels, soft=None, given=None) -> dict[str, float]:
    """Two distances of soft labels p from the distribution of votes q, means over tasks, in memory of the votes.

        votes_cross_entropy = - sum_k q_ik log p_ik,      with p clipped at 1e-12
        votes_manhattan     =   sum_k |q_ik - p_ik|,      from 0 to 2

    The first is lowest at p = q, where it is the entropy of the votes; the second is 0 there. Without soft labels the
    labels count as certain. What a row lacks to one belongs to the classes that it does not store, as everywhere; a row
    of zeros lacks all.

    Parameters
    ----------
    seen, target : Votes
        What the strategy saw, and what it is compared with: the same votes, or withheld ones. Where both are the same,
        NS answers q itself and has the best score by construction.
    labels : int array, (n_task,)
    soft : float array or csr_array, (n_task, n_class), optional
    given : int array, (n_task,), optional
        The truths that the strategies were given, -1 elsewhere: those tasks are left out.

    Returns
    -------
    dict of float
        Means over the tasks with a seen vote and a target vote; NaN where there are none.
    """
    stored, rest, q = stored_and_rest(one_hot(np.asarray(labels), seen.n_class) if soft is None else soft)
    first, _ = support(target)
    task, label = target.task[first], target.label[first]
    share = np.diff(np.append(first, target.n_votes)) / target.votes_per_task[task]
    probability = entries(stored, task, label) + rest[task] * q[label]
    total = stored @ np.ones(seen.n_class) + rest * q.sum()

    def sums(values):
        return np.bincount(task, values, seen.n_task)

    counts = (seen.votes_per_task > 0) & (target.votes_per_task > 0)
    if given is not None:
        counts &= given < 0
    cross_entropy = sums(-share * np.log(probability.clip(_LOWEST_PROBABILITY, 1)))
    unvoted = (total - sums(probability)).clip(0)  # the classes without a vote
    manhattan = sums(np.abs(share - probability)) + unvoted
    return dict(
        votes_cross_entropy=mean_or_nan(cross_entropy[counts]),
        votes_manhattan=mean_or_nan(manhattan[counts]),
    )
