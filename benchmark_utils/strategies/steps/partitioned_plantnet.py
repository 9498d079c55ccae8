"""What the iterations of Pl@ntNet's strategy count in votes in partitions on disk: see `plantnet_ballot`.

Labels follow from the weights that the voters had, so that these weights stand for them, and each pass votes anew.
Everything that is summed over partitions is whole numbers, and which pairs occur: so the order does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmark_utils.strategies.steps.draws import generator_at
from benchmark_utils.strategies.steps.partition_passes import (
    LabelsOnDisk,
    SoftOnDisk,
    number_keys,
)
from benchmark_utils.strategies.steps.plantnet_ballot import Ballot, Contested, by_author, given
from benchmark_utils.strategies.steps.scratch import Scratch, share
from benchmark_utils.votes.partitions import Partition, PartitionedVotes


class PartitionBallot(Ballot):
    """The votes of one partition. Users and pairs are numbered within it.

    Attributes
    ----------
    users : int, (n_worker,)
        Who votes in it, in the whole crowd.
    """

    def __init__(self, votes, users, by_author, pair, n_pair, contested, given, seed, first_draw):
        self.votes, self.users, self.by_author, self.pair, self.n_pair = votes, users, by_author, pair, n_pair
        self.contested, self.given, self._seed, self._first_draw = contested, given, seed, first_draw

    @property
    def seed(self):
        """The generator that breaks ties, where that of the whole crowd would come to this partition."""
        return generator_at(self._seed, self._first_draw)


@dataclass(eq=False)
class Ballots:
    """The ballots of the partitions, on disk, about 17 bytes a vote and 12 a task, and what is contested.

    Attributes
    ----------
    votes : PartitionedVotes
        With the sizes that they have with the model's votes.
    first_draw : list of int
        How many numbers the partitions before draw.
    has_machine_label : bool
    """

    votes: PartitionedVotes
    store: Scratch
    seed: int
    first_draw: list
    has_machine_label: bool

    def read(self, index) -> PartitionBallot:
        names = "task", "worker", "label", "users", "by_author", "pair", "n_pair", "task_start"
        *columns, users, by_author, pair, n_pair, task_start = self.store.load(index, *names)
        contested = Contested(*self.store.load(index, *(f"contested_{name}" for name in Contested._fields)))
        machine = self.store.load(index, "machine_label")[0] if self.has_machine_label else None
        sizes = int(self.votes.ranges[index, 1]), len(users), self.votes.n_class
        votes = Partition(*columns, *sizes, machine_label=machine, repeats="keep", whole=self.votes)
        found = contested, given(votes, task_start)
        return PartitionBallot(votes, users, by_author, pair, int(n_pair), *found, self.seed, self.first_draw[index])


def _write(votes, cast, store, index):
    """Write a partition's ballot; returns its votes, voters of the crowd, draws, and whether it has machine_label."""
    part = cast(votes.partition(index, named=False))
    users, worker = np.unique(part.worker, return_inverse=True)
    key, pair = np.unique(part.worker_and_label, return_inverse=True)
    columns = dict(task=part.task, worker=worker.astype(np.int32), label=part.label, users=users)
    store.save(index, **columns, by_author=by_author(part), pair=pair.astype(np.int32), key=key, n_pair=len(key))
    contested = Contested.of(part)
    contested = contested._replace(worker=np.searchsorted(users, contested.worker).astype(np.int32))
    found = {f"contested_{name}": array for name, array in contested._asdict().items()}
    store.save(index, task_start=part.task_start, **found)
    if part.machine_label is not None:
        store.save(index, machine_label=part.machine_label)
    return part.n_votes, part.n_worker, int(contested.answer_row_start[-1]), part.machine_label is not None


class PartitionedBallot(Ballot):
    """The votes of all partitions. What stays in memory is of the size of the users, and a byte or two per pair.

    Parameters
    ----------
    votes : PartitionedVotes
    cast : callable
        From a partition to its votes with those of the model.
    seed : int
    scratch : path, optional
    engine : callable
        See `partition_passes.Index`.
    """

    def __init__(self, votes: PartitionedVotes, cast: Callable, seed, scratch: Path | None = None, engine=map):
        self.seed, self.scratch, self._engine, store = seed, scratch, engine, Scratch(scratch)
        written = list(engine(lambda index: _write(votes, cast, store, index), range(len(votes))))
        n_votes, n_worker, n_draws, has_machine_label = zip(*written, strict=True)
        self.votes = replace(votes, n_votes=sum(n_votes), n_worker=n_worker[0])
        first_draw = [0, *np.cumsum(n_draws).tolist()]
        self.ballots = Ballots(self.votes, store, seed, first_draw, has_machine_label[0])
        self._find_users(number_keys(store, len(votes), "key"))

    def _find_users(self, key):
        """Where the pairs of each user who has any begin."""
        user = key // self.votes.n_class
        self.n_pair, self.first_pair = len(key), np.flatnonzero(np.append(True, user[1:] != user[:-1]))
        self.pair_owner = user[self.first_pair]
        self.n_proposed = self._per_user(np.ones(self.n_pair, dtype=bool))

    def _map(self, local, *weights) -> Iterator:
        """`local` of each partition's ballot, and of the weights of its users."""
        read, weights = self.ballots.read, [share(weight, self.ballots.store, self._engine) for weight in weights]

        def of_part(index):
            part = read(index)
            return local(part, *(weight[part.users] for weight in weights))

        return self._engine(of_part, range(len(self.votes)))

    def weighted_majority(self, weight):
        """What stands for the labels: the weights, (n_worker,)."""
        return weight.copy()

    def sum(self, count, labels, weight):
        def local(part, labels, weight):
            return count(part, part.weighted_majority(labels), weight)

        sums = None
        for index, found in enumerate(self._map(local, labels, weight)):
            if sums is None:
                sums = np.zeros((len(found[0]), self.n_pair), bool), np.zeros((len(found[1]), len(weight)), np.int64)
            place, users = self.ballots.store.load(index, "place", "users")
            for of_pairs, more in zip(sums[0], found[0], strict=True):
                of_pairs[place[more]] = True
            for of_users, more in zip(sums[1], found[1], strict=True):
                of_users[users] += more
        return sums

    def gather(self, of_tasks, labels, weight):
        def local(part, labels, weight):
            return of_tasks(part, part.weighted_majority(labels), weight)

        on_disk, soft, estimated = LabelsOnDisk(self.scratch), SoftOnDisk(self.votes, self.scratch), {}
        for found, soft_of_part, others in self._map(local, labels, weight):
            on_disk.append(found)
            soft.append(soft_of_part)
            for name, values in others.items():
                estimated.setdefault(name, LabelsOnDisk(self.scratch, values.dtype)).append(values)
        return on_disk.whole(), soft.whole(), {name: values.whole() for name, values in estimated.items()}

    def are_same(self, labels, others):
        def local(part, labels, others):
            return np.array_equal(part.weighted_majority(labels), part.weighted_majority(others))

        return all(self._map(local, labels, others))

    def _per_user(self, pairs):
        total = np.zeros(self.votes.n_worker, dtype=np.int64)
        total[self.pair_owner] = np.add.reduceat(pairs, self.first_pair, dtype=np.int64)
        return total
