"""What an iteration of DS reads of a partition beside its pairs: the triples of the votes that meet them."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.steps.dawid_skene_voted import told, triples_met
from benchmark_utils.strategies.steps.partition_passes import Index, number_keys


class ToldIndex(Index):
    """The index of votes in which each known task has one vote, for its class: see `dawid_skene_voted.told`."""

    def votes_of(self, index):
        part = super().votes_of(index)
        return told(part, self.known.of(part.tasks))


def write_triples(index: Index) -> np.ndarray:
    """Keep what `Met` reads; returns the triples of all partitions, sorted, (n_triples,)."""
    votes, scratch = index.votes, index.scratch

    def local(pairs):
        triple, pair_start = triples_met(votes.partition(pairs.index, named=False), pairs)
        triple, column = np.unique(triple, return_inverse=True)
        scratch.save(
            pairs.index,
            triple=triple,
            column=column.astype(np.int32),
            pair_start=pair_start.astype(np.int32),
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
