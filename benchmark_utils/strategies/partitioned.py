"""The strategies that also run on votes in partitions on disk, for crowds larger than memory.

Each does what it does in one process, with the same equations, and gives the same bits for any number of partitions.
Labels, and soft labels where they are sparse, lie in temporary files, which go with the arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation, Strategy
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.majority_vote import MajorityVote, NaiveSoft
from benchmark_utils.strategies.one_coin import OneCoinDawidSkene
from benchmark_utils.strategies.steps.known import check_known
from benchmark_utils.strategies.steps.partition_passes import LabelsOnDisk, SoftOnDisk
from benchmark_utils.strategies.steps.partitioned_models import PartitionedPosterior, PartitionedVotedModel
from benchmark_utils.strategies.two_third import TwoThird
from benchmark_utils.strategies.wawa import WAWA
from benchmark_utils.votes.partitions import PartitionedVotes


@dataclass
class OnePass:
    """A strategy whose label of a task depends on the votes of this task alone.

    Parameters
    ----------
    strategy : Strategy
    scratch : path, optional
        The folder for temporary files, here and below; by default the system's.
    """

    strategy: Strategy
    scratch: Path | None = None

    def fit(self, votes: PartitionedVotes, seed=0) -> Aggregation:
        labels, rng = LabelsOnDisk(self.scratch), np.random.default_rng(seed)
        soft, has_soft = SoftOnDisk(votes, self.scratch), False
        for part in votes:
            found = self.strategy.fit(part, seed=rng)
            labels.append(found.labels)
            if found.soft is not None:
                has_soft = True
                soft.append(found.soft)
        return Aggregation(labels.whole(), soft=soft.whole() if has_soft else None)


@dataclass
class PartitionedWAWA:
    """WAWA in two passes: the agreement with the majority vote, and the weighted vote."""

    scratch: Path | None = None

    def fit(self, votes: PartitionedVotes, seed=0) -> Aggregation:
        n_agree, rng = np.zeros(votes.n_worker), np.random.default_rng(seed)
        for part in votes:
            n_agree += WAWA().count_agreeing(part, rng)
        beta = n_agree / np.maximum(votes.votes_per_worker, 1)
        labels, soft, rng = LabelsOnDisk(self.scratch), SoftOnDisk(votes, self.scratch), np.random.default_rng(seed)
        for part in votes:
            voted = WAWA().vote(part, beta, rng)
            labels.append(voted.labels)
            soft.append(voted.soft)
        return Aggregation(labels.whole(), soft=soft.whole(), worker_score=beta)


@dataclass
class PartitionedOneCoin(OneCoinDawidSkene):
    """OneCoinDS, with a pass over the partitions for each iteration, and one more for the labels.

    The posterior is the one over voted classes. One process takes a dense one where most classes of most tasks were
    voted for: there it breaks ties by other draws.
    """

    scratch: Path | None = None

    def model(self, votes: PartitionedVotes):
        return PartitionedPosterior(votes, self.scratch)


@dataclass
class PartitionedDawidSkene(DawidSkene):
    """DS with `support="voted"`, with a pass over the partitions for each iteration, and one more for the labels."""

    support: str = "voted"
    scratch: Path | None = None

    def model(self, votes: PartitionedVotes, known=None):
        if self.support != "voted":
            raise ValueError(f"support is {self.support!r}: partitions need 'voted'")
        return PartitionedVotedModel(votes, self.smoothing, check_known(known, votes), self.scratch)


PARTITIONED = {
    "MV": partial(OnePass, MajorityVote()),
    "NS": partial(OnePass, NaiveSoft()),
    "TwoThird": partial(OnePass, TwoThird()),
    "WAWA": PartitionedWAWA,
    "OneCoinDS": PartitionedOneCoin,
    "DS": PartitionedDawidSkene,
}
