"""Known truths of a crowd in partitions: the known tasks and their classes, of which each partition reads its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmark_utils.strategies.steps.scratch import Scratch, share
from benchmark_utils.votes.partitions import PartitionedVotes
from benchmark_utils.votes.refusals import check_codes, check_per_task


class KnownInParts:
    """The known truths of the whole crowd, true where there is one; `of` some tasks they are as `check_known` has them.

    Parameters
    ----------
    known : int, (n_task,), or None
        The true class of tasks where it is known, else -1. It is read one partition at a time.
    votes : PartitionedVotes
    scratch : Scratch
    engine : callable
        See `partition_passes`.

    Raises
    ------
    VotesError
        Another length, or what is neither a class nor -1.
    """

    def __init__(self, known, votes: PartitionedVotes, scratch: Scratch, engine: Callable = map):
        found = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
        if known is not None:
            known = np.asarray(known)
            check_per_task(known, "known", votes.n_task)
            found += [_known_cells(known, first, n_task, votes.n_class) for first, n_task, _ in votes.ranges.tolist()]
        tasks, classes = map(np.concatenate, zip(*found, strict=True))
        self._n_known = len(tasks)
        self._tasks, self._classes = share(tasks, scratch, engine), share(classes, scratch, engine)

    def __bool__(self):
        return self._n_known > 0

    def of(self, tasks: slice) -> np.ndarray:
        """The known classes of these tasks, int64, -1 where the class is not known."""
        n_task = tasks.stop - tasks.start
        if not self:
            return np.broadcast_to(np.int64(-1), n_task)  # in the memory of one number
        first, past = np.searchsorted(self._tasks[:], (tasks.start, tasks.stop))
        known = np.full(n_task, -1)
        known[self._tasks[first:past] - tasks.start] = self._classes[first:past]
        return known


def _known_cells(known, first, n_task, n_class):
    """The known tasks among `n_task` from the `first` on, and their classes."""
    tasks = range(first, first + n_task)
    classes = check_codes(known[first : first + n_task], "known", n_class, "n_class", lowest=-1, rows=tasks)
    at = np.flatnonzero(classes >= 0)
    return first + at, classes[at].astype(np.int64)
