"""Passes over the partitions of a crowd on disk, in their order, with the same bits for any number of partitions.

Sums by worker, by class and by triple go from vote to vote in the order of the whole crowd, on top of what the
partitions before have added. Sums over all tasks are of whole numbers, see `whole_sum`. Numbers that break ties are
drawn by position in the whole crowd.

A pass is a `map` over the partitions: what one partition gives by itself is a function of it, and the sums are made of
the results, which come in the order of the partitions. So this function may run elsewhere: an argument `engine` takes
the place of Python's `map`. What lies on disk then travels as its place there, and is read anew where it arrives.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from benchmark_utils.strategies.steps.draws import generator_at
from benchmark_utils.strategies.steps.known_in_parts import KnownInParts
from benchmark_utils.strategies.steps.pairs import Pairs
from benchmark_utils.strategies.steps.scratch import Scratch, share
from benchmark_utils.votes.counts import is_large, support
from benchmark_utils.votes.labels import SparseSoft
from benchmark_utils.votes.partitions import PartitionedVotes

_COARSE, _FINE = 2.0**20, 2.0**36  # a number is so many whole parts, and parts of them
_BLOCK = 2**16


@dataclass(frozen=True, eq=False)
class Columns:
    """The votes of a partition as they lie in the index: the workers are numbered within the partition."""

    task: np.ndarray
    worker: np.ndarray
    label: np.ndarray
    n_task: int
    n_worker: int
    n_class: int
    whole: PartitionedVotes

    @property
    def n_votes(self):
        return len(self.task)


class PartitionPairs(Pairs):
    """The pairs of a partition, see `Pairs`. What a pass does not use of them is not read.

    Attributes
    ----------
    columns : Columns
    index : int
        Which partition it is.
    tasks : slice
        Its tasks in the whole crowd.
    workers : int, (n_local,)
        The workers who vote in it, in the whole crowd; they are 0, 1, ... here.
    has_vote : bool, (n_task,)
    """

    def __init__(self, of: Index, index):
        self.n_class, self.is_large, self.index, self._index = of.votes.n_class, is_large(of.votes), index, of
        first, self.n_task, _ = of.votes.ranges[index].tolist()
        self.tasks = slice(first, first + self.n_task)
        label, self.row_start = of.scratch.load(index, "pair_label", "row_start")
        self.label = label.astype(np.intp)
        self.group_by_task()

    def __reduce__(self):
        return PartitionPairs, (self._index, self.index)

    def _load(self, *names):
        return self._index.scratch.load(self.index, *names)

    @cached_property
    def vote_start(self):
        return self._load("vote_start")[0]

    @cached_property
    def workers(self):
        return self._load("workers")[0]

    @cached_property
    def _workers(self):
        return self.of_votes(*self._load("worker"), len(self.workers))

    @cached_property
    def columns(self) -> Columns:
        votes = self._index.votes
        return Columns(*self._load("task", "worker", "label"), self.n_task, len(self.workers), self.n_class, votes)

    @property
    def _places(self):
        return self._index.places[self.index]

    @property
    def has_vote(self):
        return np.diff(self.row_start) > 0

    @cached_property
    def known(self):
        """The known class of each task, int64 (n_task,), -1 where it is not known."""
        return self._index.known.of(self.tasks)

    def generator(self, seed):
        """What draws for the pairs, after those of the partitions before, as one generator draws for all of them."""
        return generator_at(seed, self._places[0])

    def add_by_worker(self, total, per_pair):
        """Add a number of each vote's pair to the `total` of its worker, (n_worker,) in the whole crowd."""
        add_in_order(total, self.workers, self._workers.indices, np.repeat(per_pair, self.n_votes))


class Index:
    """What the passes need of the votes, on disk: 12 bytes a vote, 8 a pair and 4 a task; and where draws begin.

    Parameters
    ----------
    votes : PartitionedVotes
    parent : path, optional
        The folder for temporary files.
    engine : callable
        Applies a function to the number of each partition: `map`, or what gives the same results in the same order.
    known : int, (n_task,), optional
        The true class of tasks where it is known, else -1. `VotesError` as in `KnownInParts`.
    """

    def __init__(self, votes: PartitionedVotes, parent: Path | None = None, engine: Callable = map, known=None):
        self.votes, self.scratch, self._engine = votes, Scratch(parent), engine
        self.known = KnownInParts(known, votes, self.scratch, engine)
        sizes = list(engine(partial(_write_columns, self.votes_of, self.scratch), range(len(votes))))
        n_pairs, n_filled = np.array(sizes).T
        all_pairs, all_filled = n_pairs.sum(), n_filled.sum()
        pair, filled = np.cumsum(n_pairs) - n_pairs, np.cumsum(n_filled) - n_filled
        self.places = np.column_stack([pair, all_pairs + filled, all_pairs + all_filled + filled]).tolist()

    def __getstate__(self):
        return vars(self) | {"_engine": map}  # a partition that is read elsewhere is one of many already

    def votes_of(self, index):
        """The votes of a partition that are indexed."""
        return self.votes.partition(index, named=False)

    def read(self, index) -> PartitionPairs:
        """The pairs of a partition, by its number."""
        return PartitionPairs(self, index)

    def __iter__(self) -> Iterator[PartitionPairs]:
        return map(self.read, range(len(self.votes)))

    def map(self, local: Callable) -> Iterator:
        """`local` of the pairs of each partition, in their order.

        It may run elsewhere, see `engine`: it needs what its pairs give, and what it returns travels.
        """
        return self._engine(lambda index: local(self.read(index)), range(len(self.votes)))

    def share(self, array):
        """An array that `local` takes the entries of its partition from, in such a form that it need not travel."""
        return share(array, self.scratch, self._engine)


def _write_columns(votes_of, scratch, index):
    """Write a partition's part of the index; returns how many pairs and how many tasks with a vote it has."""
    part = votes_of(index)
    workers, worker = np.unique(part.worker, return_inverse=True)
    scratch.save(index, task=part.task, worker=worker.astype(np.int32), label=part.label, workers=workers)
    first_vote, row_start = support(part)
    vote_start = np.append(first_vote, part.n_votes).astype(np.int32)
    scratch.save(index, vote_start=vote_start, row_start=row_start, pair_label=part.label[first_vote])
    return count_pairs(part)


def count_pairs(part) -> tuple[int, int]:
    """How many pairs of a task and a class, and how many tasks, have a vote."""
    new_task = np.diff(part.task, prepend=-1) > 0
    new_pair = new_task | (np.diff(part.label, prepend=-1) != 0)
    return np.count_nonzero(new_pair), np.count_nonzero(new_task)


def number_keys(store: Scratch, n_parts: int, name: str) -> np.ndarray:
    """The keys of all partitions, sorted, each once, from the files `name` of each partition's own, (n_keys,).

    Where each partition's keys stand among them is saved as `place`.
    """
    found = np.concatenate([store.mapped(index, name) for index in range(n_parts)])
    found.sort()  # np.unique hashes first: several times slower here
    keys = found[np.append(True, found[1:] != found[:-1])]
    del found
    smallest = np.int32 if len(keys) < 2**31 else np.int64
    for index in range(n_parts):
        store.save(index, place=np.searchsorted(keys, store.load(index, name)[0]).astype(smallest))
    return keys


class LabelsOnDisk:
    """Labels that come a partition at a time, and are an array (n_task,) in a temporary file in the end.

    With another `dtype` it is another number of each task.
    """

    def __init__(self, parent: Path | None = None, dtype=np.int64):
        self.dtype = dtype
        self.file = tempfile.TemporaryFile(dir=parent)  # noqa: SIM115, it lives as long as the labels

    def append(self, labels):
        self.file.write(labels.astype(self.dtype).tobytes())

    def of(self, first, n_task) -> np.ndarray:
        """The labels of the tasks from `first` on, and of no others in memory."""
        size = np.dtype(self.dtype).itemsize
        self.file.seek(first * size)
        return np.frombuffer(self.file.read(n_task * size), self.dtype)

    def share_changed(self, before: LabelsOnDisk, votes: PartitionedVotes) -> float:
        """The share of the labels that are others than before."""
        ranges = votes.ranges[:, :2].tolist()
        return sum(np.count_nonzero(self.of(*tasks) != before.of(*tasks)) for tasks in ranges) / votes.n_task

    def whole(self) -> np.ndarray:
        return on_disk(self.file, self.dtype)


class SoftOnDisk:
    """Soft labels that come a partition at a time: a csr_array over temporary files, or dense where that is small."""

    def __init__(self, votes: PartitionedVotes, parent: Path | None = None):
        self.votes, self.dense, self.n_stored = votes, [], 0
        self.is_large = is_large(votes)
        self.start_type = np.int32 if 2 * votes.n_votes < 2**31 else np.int64  # a vote's class, and the label
        self.proportions = None  # see `SparseSoft`
        self.data, self.column, self.start = (tempfile.TemporaryFile(dir=parent) for _ in range(3))  # noqa: SIM115
        self.start.write(np.zeros(1, self.start_type).tobytes())

    def append(self, soft):
        if not self.is_large:
            self.dense.append(soft)
            return
        self.proportions = getattr(soft, "proportions", None)
        self.data.write(soft.data.tobytes())
        self.column.write(soft.indices.astype(self.start_type).tobytes())
        self.start.write((soft.indptr[1:] + self.n_stored).astype(self.start_type).tobytes())
        self.n_stored += soft.nnz

    def whole(self):
        if not self.is_large:
            return np.concatenate(self.dense)
        parts = on_disk(self.data, float), on_disk(self.column, self.start_type), on_disk(self.start, self.start_type)
        soft = SparseSoft(parts, shape=(self.votes.n_task, self.votes.n_class))
        soft.proportions = self.proportions
        return soft


def on_disk(file, dtype) -> np.ndarray:
    """What was written to a file as an array, which is read when it is used; the file goes with it."""
    file.flush()
    return np.memmap(file, dtype, mode="r")


def add_in_order(total, keys, key, values):
    """Add each value to total[keys[key]], one after another: the same bits however the values are cut in pieces.

    Parameters
    ----------
    total : float, (n_total,)
    keys : int, (n_keys,)
        Positions in `total`, each once.
    key : int, (n,)
        Positions in `keys`.
    values : float, (n,)
    """
    so_far = total[keys]  # a few neighbours, where `total` may be far larger than the processor's cache
    np.add.at(so_far, key.astype(np.intp, copy=False), values)
    total[keys] = so_far


def whole_sum(values) -> int:
    """The sum of numbers below 2^16, (n,), in units of 2^-56, to which each is rounded.

    Whole numbers have one sum whatever their order. In floats the sum would depend on how it is cut in pieces.
    """
    total = 0
    for start in range(0, len(values), _BLOCK):  # few enough that no sum below is rounded
        part = values[start : start + _BLOCK] * _COARSE
        coarse = np.rint(part)
        part -= coarse
        part *= _FINE
        np.rint(part, out=part)
        total += int(coarse.sum()) * int(_FINE) + int(part.sum())
    return total


def as_float(total: int) -> float:
    """A `whole_sum` as a number."""
    return total / int(_COARSE * _FINE)
