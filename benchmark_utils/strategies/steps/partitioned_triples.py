"""What an iteration of DS reads of a partition: its pairs, and the triples of the votes that meet them."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.steps.dawid_skene_voted import triples_met
from benchmark_utils.strategies.steps.partition_passes import Index, PartitionPairs, number_keys
from benchmark_utils.votes.counts import is_large


def write_triples(index: Index) -> np.ndarray:
    """Keep what `TriplePairs` and `Met` read; returns the triples of all partitions, sorted, (n_triples,)."""
    votes, scratch = index.votes, index.scratch

    def local(pairs):
        triple, pair_start = triples_met(votes.partition(pairs.index, named=False), pairs)
        triple, column = np.unique(triple, return_inverse=True)
        scratch.save(
            pairs.index,
            triple=triple,
            column=column.astype(np.int32),
            pair_start=pair_start.astype(np.int32),
            pair_label=pairs.label.astype(np.int32),
        )
        return pairs.index

    n_parts = len(list(index.map(local)))
    triples = number_keys(scratch, n_parts, "triple")
    for part in range(n_parts):
        place, column = scratch.load(part, "place", "column")
        scratch.save(part, column=place[column])
        for name in ("triple", "place"):
            scratch.remove(part, name)
    return triples


class TriplePairs(PartitionPairs):
    """The pairs of partition `index` without their votes, which the triples stand for."""

    def __init__(self, of: Index, index):
        first, self.n_task, _ = of.votes.ranges[index].tolist()
        label, self.row_start = of.scratch.load(index, "pair_label", "row_start")
        self.label, self.n_class, self.is_large = label.astype(np.intp), of.votes.n_class, is_large(of.votes)
        self.index, self.tasks = index, slice(first, first + self.n_task)
        self._index, self._places = of, of.places[index]
        self.group_by_task()

    def __reduce__(self):
        return TriplePairs, (self._index, self.index)

    @cached_property
    def n_votes(self):
        (first_vote,) = self._index.scratch.load(self.index, "first_vote")
        return np.diff(np.append(first_vote, self._index.votes.ranges[self.index, 2]))


class Met:
    """Which triples the votes on each pair of a partition are; see `dawid_skene_voted.VotedModel`.

    Parameters
    ----------
    scratch : Scratch
        Where they are kept.
    index : int
        Which partition it is.

    Attributes
    ----------
    column : int, (n_met,)
        The triple of each vote that meets a pair, one of all; a pair after another.
    pair_start : int, (n_pairs + 1,)
        The votes that meet pair p are pair_start[p] to pair_start[p + 1].
    """

    def __init__(self, scratch, index):
        self._where = scratch, index
        self.column, self.pair_start = scratch.load(index, "column", "pair_start")

    def __reduce__(self):
        return Met, self._where

    def sum(self, by_triple):
        """Sum over the votes that meet each pair of a number (n_triples,) of their triple, (n_pairs,)."""
        by_triple = by_triple[:]  # where it is `Shared`, its file
        start = self.pair_start.astype(self.column.dtype, copy=False)
        shape = len(start) - 1, len(by_triple)
        return sparse.csr_array((np.ones(len(self.column)), self.column, start), shape=shape) @ by_triple

    def add(self, total, per_pair):
        """Add each pair's number to the `total` (n_triples,) of the votes that meet it, one vote after another."""
        np.add.at(total, self.column.astype(np.intp, copy=False), np.repeat(per_pair, np.diff(self.pair_start)))
