"""The E-step of MACE over partitions on disk: the equations are those of one process, see `steps/mace`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.steps.mace import Steps
from benchmark_utils.strategies.steps.partition_maps import on_disk_in_order
from benchmark_utils.strategies.steps.partition_passes import Index, add_in_order, as_float, number_keys, whole_sum
from benchmark_utils.strategies.steps.partitioned_models import refuse_known
from benchmark_utils.strategies.steps.voted_posterior import posterior_and_evidence
from benchmark_utils.votes.partitions import PartitionedVotes


@dataclass
class Posterior:
    """T: it follows from what a vote of each cell says for its class, `log_odds` (n_cell,)."""

    model: PartitionedMACESteps
    log_odds: np.ndarray
    _soft: np.ndarray | sparse.csr_array | None = None

    def labels(self, seed):
        """The labels; the soft labels are made in the same pass."""

        def local(pairs, scores, *_):
            labels = scores.labels(seed)
            return labels, scores.soft(labels)

        model = self.model
        labels, self._soft = on_disk_in_order(model.map(local, self.log_odds), model.votes, model.scratch)
        return labels

    def soft(self, labels):
        return self._soft


class PartitionedMACESteps(Steps):
    """The cells of all partitions are in memory, which cell each vote is of on disk."""

    def __init__(
        self, votes: PartitionedVotes, variational, known, scratch: Path | None = None, engine: Callable = map
    ):
        refuse_known(known)
        self.scratch, self.index = scratch, Index(votes, scratch, engine)
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
        """`local` of the pairs of each partition, their scores, the log evidence of its tasks, and its cells."""
        store, prevalence, log_odds = self.index.scratch, self.prevalence, self.index.share(log_odds)

        def of_part(pairs):
            place, cell = store.load(pairs.index, "place", "cell")
            scores, evidence = posterior_and_evidence(
                pairs, pairs.of_votes(cell, len(place)) @ log_odds[place], prevalence
            )
            return local(pairs, scores, evidence, place, cell)

        return self.index.map(of_part)

    def _posterior(self, log_odds):
        def local(pairs, scores, evidence, place, cell):
            return place, cell, np.repeat(scores.voted, pairs.n_votes), whole_sum(evidence)

        n_right, log_likelihood = np.zeros(len(self.worker)), 0
        for place, cell, of_votes, evidence in self.map(local, log_odds):
            add_in_order(n_right, place, cell, of_votes)
            log_likelihood += evidence
        return Posterior(self, log_odds), n_right, as_float(log_likelihood), 0.0
