"""The strategies that also run on votes in partitions on disk, for crowds larger than memory.

Each does what it does in one process, with the same equations, and gives the same bits for any number of partitions.
Labels, and soft labels where they are sparse, lie in temporary files, which go with the arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.aggregation import Aggregation, Strategy
from benchmark_utils.strategies.catd import CATD
from benchmark_utils.strategies.crh import CRH
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.fast_dawid_skene import FastDawidSkene
from benchmark_utils.strategies.glad import GLAD
from benchmark_utils.strategies.iwmv import IWMV
from benchmark_utils.strategies.la import LA
from benchmark_utils.strategies.mace import MACE
from benchmark_utils.strategies.majority_vote import MajorityVote, NaiveSoft
from benchmark_utils.strategies.one_coin import OneCoinDawidSkene
from benchmark_utils.strategies.plantnet import PlantNet
from benchmark_utils.strategies.steps.known import check_known
from benchmark_utils.strategies.steps.la_stream import second_vote
from benchmark_utils.strategies.steps.partition_maps import map_votes, on_disk_in_order
from benchmark_utils.strategies.steps.partition_passes import Index
from benchmark_utils.strategies.steps.partitioned_glad import PartitionedGLADSteps
from benchmark_utils.strategies.steps.partitioned_hard import PartitionedHardModel
from benchmark_utils.strategies.steps.partitioned_mace import PartitionedMACESteps
from benchmark_utils.strategies.steps.partitioned_models import (
    PartitionedPosterior,
    PartitionedVotedModel,
    refuse_known,
)
from benchmark_utils.strategies.steps.partitioned_plantnet import PartitionedBallot
from benchmark_utils.strategies.steps.partitioned_weights import PartitionedWeightedVotes
from benchmark_utils.strategies.steps.scratch import Scratch, share
from benchmark_utils.strategies.two_third import TwoThird
from benchmark_utils.strategies.wawa import WAWA
from benchmark_utils.strategies.weighted_dawid_skene import WeightedDawidSkene
from benchmark_utils.strategies.zbs import ZeroBasedSkill
from benchmark_utils.strategies.zc import ZC
from benchmark_utils.votes.partitions import PartitionedVotes


@dataclass
class OnePass:
    """A strategy whose label of a task depends on the votes of this task alone.

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
class PartitionedWAWA:
    """WAWA in two passes: the agreement with the majority vote, and the weighted vote."""

    scratch: Path | None = None
    engine: Callable = map

    def fit(self, votes: PartitionedVotes, seed=0) -> Aggregation:
        n_agree = np.zeros(votes.n_worker)
        for workers, n in map_votes(_agreeing, votes, seed, self.engine):
            n_agree[workers] += n
        beta = n_agree / np.maximum(votes.votes_per_worker, 1)
        shared = share(beta, Scratch(self.scratch), self.engine)

        def local(part, rng):
            voted = WAWA().vote(part, shared[:], rng)
            return voted.labels, voted.soft

        found = map_votes(local, votes, seed, self.engine)
        labels, soft = on_disk_in_order(found, votes, self.scratch)
        return Aggregation(labels, soft=soft, worker_score=beta)


def _agreeing(part, rng):
    """The workers who agree with the majority, and how often: few of all who are in the crowd."""
    n_agree = WAWA().count_agreeing(part, rng)
    workers = np.flatnonzero(n_agree)
    return workers, n_agree[workers]


@dataclass(frozen=True)
class PartitionedPlantNet(PlantNet):
    """PlantNet, with a pass over the partitions for each iteration, and one more for the labels.

    Once the weights stand still another pass finds whether the labels do.
    """

    scratch: Path | None = None
    engine: Callable = map

    def model(self, votes: PartitionedVotes, seed):
        return PartitionedBallot(votes, self.cast, seed, self.scratch, self.engine)

    def __getstate__(self):
        return vars(self) | {"engine": map}  # where it arrives it looks at one partition


@dataclass
class PartitionedGLAD(GLAD):
    """GLAD, with ten passes over the partitions or a few more for each iteration, and one more for the labels."""

    scratch: Path | None = None
    engine: Callable = map

    def model(self, votes: PartitionedVotes, known):
        return PartitionedGLADSteps(votes, known, self.scratch, self.engine)


@dataclass
class PartitionedLA(LA):
    """LA in one pass or two. In the first each task waits for those before it, so that it is made here."""

    scratch: Path | None = None
    engine: Callable = map

    def learn(self, stream, votes: PartitionedVotes, known):
        refuse_known(known)
        found = (stream.add(votes.partition(index, named=False)) for index in range(len(votes)))
        return on_disk_in_order(found, votes, self.scratch)

    def label(self, stream, votes: PartitionedVotes):
        index, seed = Index(votes, self.scratch, self.engine), stream.seed
        accuracy = index.share(stream.accuracy(votes.n_worker))
        found = index.map(lambda pairs: second_vote(pairs, accuracy[pairs.workers], seed))
        return on_disk_in_order(found, votes, self.scratch)


@dataclass
class PartitionedMACE(MACE):
    """MACE, with a pass over the partitions for each iteration of each restart, and one more for the labels."""

    scratch: Path | None = None
    engine: Callable = map

    def model(self, votes: PartitionedVotes, known):
        return PartitionedMACESteps(votes, self.variational, known, self.scratch, self.engine)


@dataclass
class PartitionedOneCoin(OneCoinDawidSkene):
    """OneCoinDS, with a pass over the partitions for each iteration, and one more for the labels.

    The posterior is the one over voted classes. One process takes a dense one where most classes of most tasks were
    voted for: there it breaks ties by other draws.
    """

    scratch: Path | None = None
    engine: Callable = map

    def model(self, votes: PartitionedVotes):
        return PartitionedPosterior(votes, self.scratch, self.engine)


@dataclass
class PartitionedZC(ZC):
    """ZC, as OneCoinDS above."""

    scratch: Path | None = None
    engine: Callable = map

    def model(self, votes: PartitionedVotes, known):
        refuse_known(known)
        return PartitionedPosterior(votes, self.scratch, self.engine)


@dataclass
class PartitionedDawidSkene(DawidSkene):
    """DS with `support="voted"`, with a pass over the partitions for each iteration, and one more for the labels."""

    support: str = "voted"
    scratch: Path | None = None
    engine: Callable = map
    steps = PartitionedVotedModel

    def model(self, votes: PartitionedVotes, known=None):
        if self.support != "voted":
            raise ValueError(f"support is {self.support!r}: partitions need 'voted'")
        return self.steps(votes, self.smoothing, check_known(known, votes), self.scratch, self.engine)


@dataclass
class PartitionedFastDawidSkene(PartitionedDawidSkene, FastDawidSkene):
    """FDS with `support="voted"`, the hybrid too: passes as in DS, and one more for the soft labels."""

    steps = PartitionedHardModel

    def classify(self, model, posterior, log_evidence, seed, hard):
        return model.classify(posterior, seed, hard)

    def share_changed(self, labels, before, votes):
        return labels.share_changed(before, votes)

    def answer_of_labels(self, labels, *parts):
        return super().answer_of_labels(labels.whole(), *parts)


@dataclass
class PartitionedWeightedDawidSkene(PartitionedDawidSkene, WeightedDawidSkene):
    """WDS with `support="voted"`: DS, and a pass for the weighted vote."""

    def answer(self, model, posterior, parameters, seed, note=""):
        described = model.describe(parameters)
        diagonal, scratch = described["parameters"]["diagonal"], Scratch(self.scratch)
        arrays = [share(a, scratch, self.engine) for a in (diagonal.data, diagonal.indices, diagonal.indptr)]
        shape = diagonal.shape

        def local(part, rng):
            diagonal = sparse.csr_array(tuple(array[:] for array in arrays), shape=shape)
            voted = WeightedDawidSkene().vote(part, diagonal, rng)
            return voted.labels, voted.soft

        labels, soft = on_disk_in_order(map_votes(local, model.votes, seed, self.engine), model.votes, self.scratch)
        return Aggregation(labels, soft=soft, note=note, **described)


@dataclass
class OnWeightedVotes:
    """What a strategy of weighted votes needs on partitions: a pass for each vote, and one more for the soft labels."""

    scratch: Path | None = None
    engine: Callable = map

    def model(self, votes: PartitionedVotes, known, seed):
        return PartitionedWeightedVotes(votes, known, seed, self.scratch, self.engine)


class PartitionedIWMV(OnWeightedVotes, IWMV):
    """IWMV on partitions, see `OnWeightedVotes`."""


class PartitionedZBS(OnWeightedVotes, ZeroBasedSkill):
    """ZBS on partitions, see `OnWeightedVotes`."""


class PartitionedCATD(OnWeightedVotes, CATD):
    """CATD on partitions, see `OnWeightedVotes`."""


class PartitionedCRH(OnWeightedVotes, CRH):
    """CRH on partitions, see `OnWeightedVotes`."""


PARTITIONED = {
    "MV": partial(OnePass, MajorityVote()),
    "NS": partial(OnePass, NaiveSoft()),
    "TwoThird": partial(OnePass, TwoThird()),
    "WAWA": PartitionedWAWA,
    "IWMV": PartitionedIWMV,
    "ZBS": PartitionedZBS,
    "CATD": PartitionedCATD,
    "CRH": PartitionedCRH,
    "PlantNet": PartitionedPlantNet,
    "GLAD": PartitionedGLAD,
    "LA-1": PartitionedLA,
    "LA-2": partial(PartitionedLA, passes=2),
    "MACE": PartitionedMACE,
    "OneCoinDS": PartitionedOneCoin,
    "ZC": PartitionedZC,
    "DS": PartitionedDawidSkene,
    "FDS": PartitionedFastDawidSkene,
    "FDS-hybrid": partial(PartitionedFastDawidSkene, hybrid=True),
    "WDS": PartitionedWeightedDawidSkene,
}
