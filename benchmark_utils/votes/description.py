"""Statistics of a set of votes: sizes, feedback effort, workload, disagreement, Krippendorff's alpha, entropy.

Memory and time are proportional to the votes and the classes.
"""

from __future__ import annotations

import numpy as np

from benchmark_utils.votes.counts import has_disagreement, support
from benchmark_utils.votes.votes import Votes

QUANTILES = {"min": 0.0, "q25": 0.25, "median": 0.5, "q75": 0.75, "max": 1.0}


def describe(votes: Votes, truth=None) -> dict[str, int | float]:
    """What the votes are like, in one flat dict.

    Parameters
    ----------
    votes : Votes
    truth : int array, (n_task,), optional
        -1 where it is not known.

    Returns
    -------
    dict
        `tasks`, `voted_tasks`, `workers` (those who voted), `votes`, `classes`, `voted_classes`, `repeats_dropped`;
        `feedback_effort_*`, votes per task that has any, and `workload_*`, votes per worker who voted: mean, min,
        quartiles, max; `disagreement`, the share of the voted tasks that received two different answers; `alpha`,
        Krippendorff's; `tasks_with_truth`.
    """
    effort, workload = votes.votes_per_task, votes.votes_per_worker
    effort, workload = effort[effort > 0], workload[workload > 0]
    return {
        "tasks": votes.n_task,
        "voted_tasks": len(effort),
        "workers": len(workload),
        "votes": votes.n_votes,
        "classes": votes.n_class,
        "voted_classes": int(np.count_nonzero(np.bincount(votes.label))),
        "repeats_dropped": votes.n_repeated,
        **_distribution("feedback_effort", effort),
        **_distribution("workload", workload),
        "disagreement": float(has_disagreement(votes).sum() / len(effort)),
        "alpha": krippendorff_alpha(votes),
        "tasks_with_truth": 0 if truth is None else int(np.count_nonzero(np.asarray(truth) >= 0)),
    }


def in_a_line(votes: Votes, truth) -> str:
    """What a page says of a crowd: its sizes, how much its workers agree, how much of the truth is known."""
    found = describe(votes, truth)
    share = 100 * found["tasks_with_truth"] / votes.n_task
    share = 100 if share == 100 else min(round(share, 1), 99.9)
    return (
        f"{votes.n_task:,} tasks, {votes.n_votes:,} votes of {found['workers']:,} workers, {votes.n_class:,} classes, "
        f"alpha {found['alpha']:.2f}, truth of {share:g} % of the tasks"
    )


def krippendorff_alpha(votes: Votes) -> float:
    """Krippendorff's alpha, 1 - observed / expected disagreement of pairs of votes (thesis, eq. 3.2 and 3.3).

        alpha = ((n - 1) sum_c o_cc - sum_c n_c (n_c - 1)) / (n (n - 1) - sum_c n_c (n_c - 1))

    Here n_c counts the votes for class c and o_cc the agreeing pairs, over the tasks with two votes or more: a vote
    alone on its task makes no pair. A worker's two answers to one task are two votes.

    Returns
    -------
    float
        1 where votes always agree, 0 where they agree as often as chance, negative below that. NaN where it is not
        defined: no task has two votes, or all the votes that make pairs are for one class, so that no disagreement
        is expected and agreement shows nothing.
    """
    count, task, label, n_votes = _pair_counts(votes)
    n_votes = n_votes[task]
    paired = n_votes >= 2
    count, label, n_votes = count[paired], label[paired], n_votes[paired]
    agreeing = (count * (count - 1) / (n_votes - 1)).sum()  # sum_c o_cc
    n_c = np.bincount(label, weights=count)
    n = n_c.sum()
    by_chance = (n_c * (n_c - 1)).sum()
    if by_chance == n * (n - 1):
        return np.nan
    return float(((n - 1) * agreeing - by_chance) / (n * (n - 1) - by_chance))


def entropy(votes: Votes) -> np.ndarray:
    """Entropy in nats of each task's distribution of votes, -sum_k p_k log p_k, (n_task,); NaN without votes."""
    count, task, _, n_votes = _pair_counts(votes)
    share = count / n_votes[task]
    result = np.bincount(task, weights=-share * np.log(share), minlength=votes.n_task)
    result[n_votes == 0] = np.nan
    return result


def _pair_counts(votes):
    """Votes, task and class of each (task, class) pair that was voted, and votes per task."""
    first, _ = support(votes)
    count = np.diff(np.append(first, votes.n_votes))
    return count, votes.task[first], votes.label[first], votes.votes_per_task


def _distribution(name, counts):
    quantiles = np.quantile(counts, list(QUANTILES.values()))
    return {
        f"{name}_mean": float(counts.mean()),
        **{f"{name}_{key}": float(value) for key, value in zip(QUANTILES, quantiles, strict=True)},
    }
