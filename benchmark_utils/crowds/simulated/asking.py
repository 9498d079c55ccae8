"""Who is asked about which task."""

from __future__ import annotations

import numpy as np

from benchmark_utils.votes import VotesError


def assign(rng, n_votes, n_worker) -> tuple[np.ndarray, np.ndarray]:
    """For each task, `n_votes` (n_task,) different workers out of `n_worker`, every such set equally likely.

    Returns
    -------
    task, worker : int64, (n_votes.sum(),)
        In time and memory proportional to the number of votes.

    Raises
    ------
    VotesError
        More votes for a task than there are workers.
    """
    if (n_votes > n_worker).any():
        raise VotesError(
            f"{n_votes.max()} votes per task need as many workers, and there are {n_worker}: "
            "lower feedback or raise n_worker"
        )
    # A task that asks half of the workers or more shuffles them all, which is at most twice its votes.
    crowded = 2 * n_votes >= n_worker
    shuffled = rng.permuted(np.tile(np.arange(n_worker), (crowded.sum(), 1)), axis=1)
    asked = np.arange(n_worker) < n_votes[crowded, None]
    crowded_task = np.repeat(np.flatnonzero(crowded), n_votes[crowded])
    # The others draw until nobody repeats: each draw is new with a probability above one half.
    wanted = np.where(crowded, 0, n_votes)
    missing, pairs = wanted, np.empty(0, dtype=np.int64)
    while missing.any():
        task = np.repeat(np.arange(len(wanted)), missing)
        pairs = np.sort(np.concatenate([pairs, task * n_worker + rng.integers(n_worker, size=len(task))]))
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]  # np.unique hashes first: 20 times slower here
        missing = wanted - np.bincount(pairs // n_worker, minlength=len(wanted))
    return (
        np.concatenate([crowded_task, pairs // n_worker]),
        np.concatenate([shuffled[asked], pairs % n_worker]),
    )


def each_once(rng, weight, n) -> np.ndarray:
    """`n` draws of 0, ..., len(weight) - 1 in random order: each of them once, the rest in proportion to weight."""
    more = rng.choice(len(weight), size=n - len(weight), p=weight / weight.sum())
    return rng.permutation(np.concatenate([np.arange(len(weight)), more]))
