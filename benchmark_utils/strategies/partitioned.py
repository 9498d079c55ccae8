"""The strategies that also run on votes in partitions on disk, for crowds larger than memory.

Each does what it does in one process, with the same equations, and gives the same bits for any number of partitions.
Labels, and soft labels where they are sparse, lie in temporary files, which go with the arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scipy import sparse

from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.catd import CATD
from benchmark_utils.strategies.crh import CRH
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.fast_dawid_skene import FastDawidSkene
from benchmark_utils.strategies.glad import GLAD
from benchmark_utils.strategies.iwmv import IWMV
from benchmark_utils.strategies.mace import MACE
from benchmark_utils.strategies.majority_vote import NaiveSoft
from benchmark_utils.strategies.one_coin import OneCoinDawidSkene
from benchmark_utils.strategies.partitioned_once import OnePass, PartitionedLA, PartitionedMajorityVote, PartitionedWAWA
from benchmark_utils.strategies.plantnet import PlantNet
from benchmark_utils.strategies.steps.partition_maps import map_votes, on_disk_in_order
from benchmark_utils.strategies.steps.partitioned_glad import PartitionedGLADSteps
from benchmark_utils.strategies.steps.partitioned_hard import PartitionedHardModel
from benchmark_utils.strategies.steps.partitioned_mace import PartitionedMACESteps
from benchmark_utils.strategies.steps.partitioned_models import PartitionedPosterior, PartitionedVotedModel
from benchmark_utils.strategies.steps.partitioned_plantnet import PartitionedBallot
from benchmark_utils.strategies.steps.partitioned_weights import PartitionedWeightedVotes
from benchmark_utils.strategies.steps.scratch import Scratch, share
from benchmark_utils.strategies.two_third import TwoThird
from benchmark_utils.strategies.weighted_dawid_skene import WeightedDawidSkene
from benchmark_utils.strategies.zbs import ZeroBasedSkill
from benchmark_utils.strategies.zc import ZC
from benchmark_utils.votes.partitions import PartitionedVotes


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

    def model(self, votes: PartitionedVotes, known):
        return PartitionedPosterior(votes, known, self.scratch, self.engine)


@dataclass
class PartitionedZC(ZC):
    """ZC, as OneCoinDS above."""

    scratch: Path | None = None
    engine: Callable = map

    def model(self, votes: PartitionedVotes, known):
        return PartitionedPosterior(votes, known, self.scratch, self.engine)


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
        return self.steps(votes, self.smoothing, known, self.scratch, self.engine)


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
        shape, known = diagonal.shape, model.index.known

        def local(part, rng):
            diagonal = sparse.csr_array(tuple(array[:] for array in arrays), shape=shape)
            voted = WeightedDawidSkene().vote(part, diagonal, rng, known.of(part.tasks))
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
    "MV": PartitionedMajorityVote,
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
