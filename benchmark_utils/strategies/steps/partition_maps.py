"""One partition after another: what a strategy makes of the votes of each, and their labels put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmark_utils.strategies.steps.draws import generator_at
from benchmark_utils.strategies.steps.partition_passes import LabelsOnDisk, SoftOnDisk, count_pairs
from benchmark_utils.votes.counts import is_large
from benchmark_utils.votes.partitions import PartitionedVotes


def map_votes(local: Callable, votes: PartitionedVotes, seed, engine: Callable = map) -> Iterator:
    """`local(part, generator)` of the votes of each partition, in their order.

    The generator goes on where that of the partition before has ended. Sparse labels draw a number for each pair, so
    that an `engine` needs one more pass, to count the pairs. Dense ones draw for ties alone, and nobody knows before
    how many there are: then the partitions are read here.
    """
    if engine is map or not is_large(votes):
        rng = np.random.default_rng(seed)
        return (local(votes.partition(index, named=False), rng) for index in range(len(votes)))
    sizes = list(engine(lambda index: count_pairs(votes.partition(index, named=False)), range(len(votes))))
    place = np.cumsum([0, *(n_pairs for n_pairs, _ in sizes)])

    def of_part(index):
        return local(votes.partition(index, named=False), generator_at(seed, place[index]))

    return engine(of_part, range(len(votes)))


def on_disk_in_order(found, votes: PartitionedVotes, parent: Path | None = None):
    """The labels and soft labels of one partition after another as arrays over temporary files.

    Parameters
    ----------
    found : iterable of (labels, soft)
        `soft` is None where there are none, and so is then that of the whole.
    """
    all_labels, all_soft, has_soft = LabelsOnDisk(parent), SoftOnDisk(votes, parent), False
    for labels, soft in found:
        all_labels.append(labels)
        if soft is not None:
            has_soft = True
            all_soft.append(soft)
    return all_labels.whole(), all_soft.whole() if has_soft else None
