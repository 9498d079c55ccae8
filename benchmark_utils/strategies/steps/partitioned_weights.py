"""Weighted votes over partitions on disk, in one pass each: IWMV, ZBS, CATD and CRH."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.steps.known import clamp_labels, clamp_soft
from benchmark_utils.strategies.steps.partition_maps import on_disk_in_order
from benchmark_utils.strategies.steps.partition_passes import Index, LabelsOnDisk
from benchmark_utils.votes.partitions import PartitionedVotes


class PartitionedWeightedVotes:
    """See `weighted_votes.WeightedVotes`."""

    def __init__(self, votes: PartitionedVotes, known, seed, scratch: Path | None = None, engine: Callable = map):
        self.votes, self.seed, self.scratch, self.index = votes, seed, scratch, Index(votes, scratch, engine, known)

    def count(self, scores_of, *by_worker) -> PartitionedOutcome:
        seed, by_worker = self.seed, [self.index.share(numbers) for numbers in by_worker]

        def of(pairs):
            """The scores in a partition, whose workers are those of the whole crowd that vote in it."""
            scores = scores_of(pairs, *(numbers[pairs.workers] for numbers in by_worker))
            return scores, clamp_labels(scores.labels(seed), pairs.known)

        def local(pairs):
            labels = of(pairs)[1]
            return labels, pairs.workers, pairs.sum_by_worker(pairs.is_label(labels).astype(float))

        all_labels, n_agree = LabelsOnDisk(self.scratch, np.int32), np.zeros(self.votes.n_worker)
        for labels, workers, n_agree_here in self.index.map(local):
            all_labels.append(labels)
            n_agree[workers] += n_agree_here  # whole numbers, whose sum is the same in any order
        return PartitionedOutcome(self, of, all_labels, n_agree)


@dataclass(frozen=True, eq=False)
class PartitionedOutcome:
    """See `weighted_votes.Outcome`: the labels are on disk, and `of` a partition gives its scores and labels."""

    model: PartitionedWeightedVotes
    of: Callable
    labels: LabelsOnDisk
    n_agree: np.ndarray

    def share_changed(self, before: PartitionedOutcome) -> float:
        return self.labels.share_changed(before.labels, self.model.votes)

    def answer(self, soft_of, **described) -> Aggregation:
        of, model = self.of, self.model

        def local(pairs):
            scores, labels = of(pairs)
            return labels, clamp_soft(soft_of(scores, labels), pairs.known)

        labels, soft = on_disk_in_order(model.index.map(local), model.votes, model.scratch)
        return Aggregation(labels, soft=soft, **described)
