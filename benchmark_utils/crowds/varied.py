"""A crowd with fewer votes per task, or with workers who answer at random: how much does a strategy need, and bear?

Both draw from a seed. The votes that are drawn for r votes per task are among those for r + 1, so that a curve over r
follows one crowd as it grows.
"""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral, Real

import numpy as np

from benchmark_utils.crowds.simulated.asking import assign
from benchmark_utils.votes import Votes, VotesError


def vary(votes: Votes, votes_per_task: int | None = None, spammer_share: float = 0, seed: int = 0) -> Votes:
    """The crowd with spammers added, then with at most so many votes of each task; 0 and None change nothing."""
    if spammer_share != 0:
        votes = add_spammers(votes, spammer_share, seed)
    return votes if votes_per_task is None else draw_votes(votes, votes_per_task, seed)


def draw_votes(votes: Votes, votes_per_task: int, seed: int) -> Votes:
    """At most `votes_per_task` votes of each task, every such set equally likely; tasks and workers keep their codes.

    Raises
    ------
    VotesError
        `votes_per_task` is not a whole number from 1.
    """
    if not isinstance(votes_per_task, Integral) or votes_per_task < 1:
        raise VotesError(f"votes_per_task is {votes_per_task!r}: it needs a whole number from 1, or None for all votes")
    draw = np.random.default_rng([seed, 0]).random(votes.n_votes)
    shuffled = np.lexsort((draw, votes.task))  # the votes of a task stay neighbours
    place = np.arange(votes.n_votes) - votes.task_start[votes.task]
    kept = np.zeros(votes.n_votes, dtype=bool)
    kept[shuffled[place < votes_per_task]] = True
    return votes.keep(kept)


def add_spammers(votes: Votes, share: float, seed: int) -> Votes:
    """The crowd and spammers, who make up this share of those who vote, to the nearest whole number of spammers.

    A spammer answers as many tasks as a worker of the crowd drawn at random does, so that spammers work no more than
    others. Every set of that many tasks, of those that have a vote, is equally likely, and so is every class. Spammers
    have the last codes and are called "spammer 1", "spammer 2", ...

    Raises
    ------
    VotesError
        `share` is not at least 0 and below 1.
    """
    if not isinstance(share, Real) or not 0 <= share < 1:
        raise VotesError(f"spammer_share is {share!r}: it needs a number from 0 that is below 1")
    rng = np.random.default_rng([seed, 1])
    pair = np.unique(votes.worker.astype(np.int64) * votes.n_task + votes.task)  # two answers to a task are one task
    workload = np.bincount(pair // votes.n_task)
    workload = workload[workload > 0]
    n_spammer = round(share / (1 - share) * len(workload))
    voted = np.flatnonzero(votes.votes_per_task)
    spammer, position = assign(rng, rng.choice(workload, n_spammer), len(voted))
    encoding = votes.encoding
    if encoding is not None:
        names = np.array([f"spammer {number + 1}" for number in range(n_spammer)], dtype=object)
        encoding = replace(encoding, workers=np.concatenate([encoding.workers.astype(object), names]))
    return replace(
        votes,
        task=np.concatenate([votes.task, voted[position]]),
        worker=np.concatenate([votes.worker, votes.n_worker + spammer]),
        label=np.concatenate([votes.label, rng.integers(votes.n_class, size=len(spammer))]),
        n_worker=votes.n_worker + n_spammer,
        encoding=encoding,
    )
