"""The E-step of MACE over partitions on disk: the equations are those of one process, see `steps/mace`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmark_utils.strategies.steps.known import clamp_tasks, labels_and_soft
from benchmark_utils.strategies.steps.mace import Steps
from benchmark_utils.strategies.steps.partition_maps import on_disk_in_order
from benchmark_utils.strategies.steps.partition_passes import Index, add_in_order, as_float, number_keys, whole_sum
from benchmark_utils.strategies.steps.voted_posterior import posterior_and_evidence
from benchmark_utils.votes.partitions import PartitionedVotes


class PartitionedMACESteps(Steps):
    """The cells of all partitions are in memory, which cell each vote is of on disk.

    A posterior follows from what a vote of each cell says for its class, (n_cell,), and is kept as that.
    """

    def __init__(
        self, votes: PartitionedVotes, variational, known, scratch: Path | None = None, engine: Callable = map
    ):
        self.scratch, self.index = scratch, Index(votes, scratch, engine, known)
        store = self.index.scratch

        def write_cells(pairs):
            votes_of_part = pairs.columns
            n_class = votes_of_part.n_class
            key = pairs.workers.astype(np.int64)[votes_of_part.worker] * n_class + votes_of_part.label
            key, cell, n_vote = np.unique(key, return_inverse=True, return_counts=True)
            store.save(pairs.index, key=key, cell=cell.astype(np.int32), n_vote=n_vote)
            return pairs.index

        n_parts = len(list(self.index.map(write_cells)))
        key = number_keys(store, n_parts, "key")
        n_vote = np.zeros(len(key), dtype=np.int64)
        for index in range(n_parts):
            place, of_part = store.load(index, "place", "n_vote")
            n_vote[place] += of_part
        self._prepare(votes, variational, key, n_vote)

    def map(self, local, log_odds):
        """`local` of the pairs of each partition, their scores, log p(votes), log p(known) by task, and its cells."""
        store, prevalence, log_odds = self.index.scratch, self.prevalence, self.index.share(log_odds)

        def of_part(pairs):
            place, cell = store.load(pairs.index, "place", "cell")
            scores, evidence = posterior_and_evidence(
                pairs, pairs.of_votes(cell, len(place)) @ log_odds[place], prevalence
            )
            scores, log_known = clamp_tasks(scores, pairs.known)
            return local(pairs, scores, (evidence, log_known), place, cell)

        return self.index.map(of_part)

    def _posterior(self, log_odds):
        def local(pairs, scores, evidence, place, cell):
            return place, cell, np.repeat(scores.voted, pairs.n_votes), *map(whole_sum, evidence)

        n_right, log_likelihood, log_known = np.zeros(len(self.worker)), 0, 0
        for place, cell, of_votes, of_part, of_known in self.map(local, log_odds):
            add_in_order(n_right, place, cell, of_votes)
            log_likelihood, log_known = log_likelihood + of_part, log_known + of_known
        return log_odds, n_right, as_float(log_likelihood), as_float(log_known)

    def answer(self, log_odds, seed):
        def local(pairs, scores, *_):
            return labels_and_soft(scores, pairs.known, seed)

        return on_disk_in_order(self.map(local, log_odds), self.votes, self.scratch)
