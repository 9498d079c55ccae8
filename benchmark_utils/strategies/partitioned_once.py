"""The strategies on partitions that look at each task once or twice: MV, NS, TwoThird, WAWA and LA."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation, Strategy
from benchmark_utils.strategies.la import LA
from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.strategies.steps.known import clamp
from benchmark_utils.strategies.steps.known_in_parts import KnownInParts
from benchmark_utils.strategies.steps.la_stream import second_vote
from benchmark_utils.strategies.steps.partition_maps import map_votes, on_disk_in_order
from benchmark_utils.strategies.steps.partition_passes import Index
from benchmark_utils.strategies.steps.scratch import Scratch, share
from benchmark_utils.strategies.wawa import WAWA
from benchmark_utils.votes.partitions import PartitionedVotes


@dataclass
class OnePass:
    """A strategy whose label of a task depends on the votes of this task alone, and on no known truth.

    Parameters
    ----------
    strategy : Strategy
    scratch : path, optional
        The folder for temporary files, here and below; by default the system's.
    engine : callable, optional
        What goes over the partitions, here and below, in the place of Python's `map`.
    """

    strategy: Strategy
    scratch: Path | None = None
    engine: Callable = map

    def fit(self, votes: PartitionedVotes, seed=0) -> Aggregation:
        strategy = self.strategy

        def local(part, rng):
            found = strategy.fit(part, seed=rng)
            return found.labels, found.soft

        found = map_votes(local, votes, seed, self.engine)
        return Aggregation(*on_disk_in_order(found, votes, self.scratch))


@dataclass
class PartitionedMajorityVote:
    """MV in one pass."""

    scratch: Path | None = None
    engine: Callable = map

    def fit(self, votes: PartitionedVotes, seed=0, known=None) -> Aggregation:
        known = KnownInParts(known, votes, Scratch(self.scratch), self.engine)

        def local(part, rng):
            return MajorityVote().fit(part, rng, known.of(part.tasks)).labels, None

        found = map_votes(local, votes, seed, self.engine)
        return Aggregation(*on_disk_in_order(found, votes, self.scratch))


@dataclass
class PartitionedWAWA:
    """WAWA in two passes: the agreement with the majority vote, and the weighted vote."""

    scratch: Path | None = None
    engine: Callable = map

    def fit(self, votes: PartitionedVotes, seed=0, known=None) -> Aggregation:
        known = KnownInParts(known, votes, Scratch(self.scratch), self.engine)

        def agreeing(part, rng):
            """The workers who agree with the majority, and how often: few of all who are in the crowd."""
            n_agree = WAWA().count_agreeing(part, rng, known.of(part.tasks))
            workers = np.flatnonzero(n_agree)
            return workers, n_agree[workers]

        n_agree = np.zeros(votes.n_worker)
        for workers, n in map_votes(agreeing, votes, seed, self.engine):
            n_agree[workers] += n
        beta = n_agree / np.maximum(votes.votes_per_worker, 1)
        shared = share(beta, Scratch(self.scratch), self.engine)

        def local(part, rng):
            voted = WAWA().vote(part, shared[:], rng, known.of(part.tasks))
            return voted.labels, voted.soft

        found = map_votes(local, votes, seed, self.engine)
        labels, soft = on_disk_in_order(found, votes, self.scratch)
        return Aggregation(labels, soft=soft, worker_score=beta)


@dataclass
class PartitionedLA(LA):
    """LA in one pass or two. In the first each task waits for those before it, so that it is made here."""

    scratch: Path | None = None
    engine: Callable = map

    def learn(self, stream, votes: PartitionedVotes, known):
        known = KnownInParts(known, votes, Scratch(self.scratch))

        def local(part):
            of_part = known.of(part.tasks)
            return clamp(*stream.add(part, of_part), of_part)

        parts = (votes.partition(index, named=False) for index in range(len(votes)))
        return on_disk_in_order(map(local, parts), votes, self.scratch)

    def label(self, stream, votes: PartitionedVotes, known):
        index, seed = Index(votes, self.scratch, self.engine, known), stream.seed
        accuracy = index.share(stream.accuracy(votes.n_worker))

        def local(pairs):
            return clamp(*second_vote(pairs, accuracy[pairs.workers], seed), pairs.known)

        return on_disk_in_order(index.map(local), votes, self.scratch)
