"""The steps of two EMs over partitions on disk: the equations are those of one process, partition by partition.

A posterior is not kept. It follows from the parameters, so it is a recipe, which each pass follows anew, with the sums
that the M-step needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.steps.dawid_skene_voted import VotedModel, naive_shares, triples_met
from benchmark_utils.strategies.steps.em import all_and_unvoted
from benchmark_utils.strategies.steps.partition_passes import (
    Index,
    LabelsOnDisk,
    SoftOnDisk,
    add_in_order,
    as_float,
    whole_sum,
)
from benchmark_utils.strategies.steps.voted_posterior import naive_posterior, posterior_and_evidence
from benchmark_utils.votes import hard_labels
from benchmark_utils.votes.partitions import PartitionedVotes


@dataclass
class Recipe:
    """A posterior: how it follows for a partition, and its sums over the whole crowd.

    Attributes
    ----------
    of : callable
        From a partition, and of DS which triples it meets, to its posterior and the log evidence of its tasks,
        (n_filled,).
    by_key : float, (n_worker,) or (n_triples,)
        sum_i T_i,y_ij by worker, or the counts of the triples.
    by_class : float, (n_class,)
    log_evidence : float
    soft : csr_array or float (n_task, n_class), or None
        The soft labels, once the labels have been asked for.
    """

    of: Callable[..., tuple]
    by_key: np.ndarray
    by_class: np.ndarray
    log_evidence: float
    soft: np.ndarray | sparse.csr_array | None = None


class PartitionedPosterior:
    """The one-coin model's posterior: see `one_coin_posterior.VotedPosterior`."""

    def __init__(self, votes: PartitionedVotes, scratch: Path | None = None):
        self.votes, self.scratch, self.index = votes, scratch, Index(votes, scratch)

    def start(self):
        uniform = np.full(self.votes.n_class, 1 / self.votes.n_class)
        return self._pass(lambda pairs: (naive_posterior(pairs), np.zeros(0)), uniform)

    def expect(self, log_odds, prevalence):
        def of(pairs):
            return posterior_and_evidence(pairs, pairs.sum_workers(log_odds[pairs.workers]), prevalence)

        posterior = self._pass(of, prevalence)
        return posterior, posterior.log_evidence

    def _pass(self, of, prevalence):
        n_right = np.zeros(self.votes.n_worker)
        voted, scale_where_voted = np.zeros((2, self.votes.n_class))
        scale = log_evidence = 0
        for pairs in self.index:
            scores, evidence = of(pairs)
            pairs.add_by_worker(n_right, scores.voted)
            np.add.at(voted, pairs.label, scores.voted)
            np.add.at(scale_where_voted, pairs.label, pairs.spread(scores.scale))
            scale, log_evidence = scale + whole_sum(scores.scale), log_evidence + whole_sum(evidence)
        by_class = all_and_unvoted(voted, scale_where_voted, as_float(scale), prevalence)
        return Recipe(of, n_right, by_class, as_float(log_evidence))

    def clamp(self, posterior, known):
        return posterior, 0.0

    def unseen(self, known):
        refuse_known(known)
        return np.zeros(self.votes.n_class)

    def n_right(self, posterior):
        return posterior.by_key

    def class_totals(self, posterior):
        return posterior.by_class

    def labels(self, posterior, seed):
        """The labels; the soft labels are made in the same pass."""
        labels, soft = LabelsOnDisk(self.scratch), SoftOnDisk(self.votes, self.scratch)
        for pairs in self.index:
            scores, _ = posterior.of(pairs)
            found = scores.labels(seed)
            labels.append(found)
            soft.append(scores.soft(found))
        posterior.soft = soft.whole()
        return labels.whole()

    def soft(self, posterior, labels):
        return posterior.soft


def refuse_known(known):
    """No partition is told a truth yet."""
    if (known >= 0).any():
        raise ValueError("known truths need the votes in one process")


@dataclass
class Met:
    """Which triples the votes on each pair of a partition are; see `dawid_skene_voted.VotedModel`.

    Attributes
    ----------
    place : int, (n_local,)
        Where the triples that occur in the partition stand among all.
    column : int, (n_met,)
        The triple of each vote that meets a pair, one of 0, ..., n_local - 1; a pair after another.
    n_met : int, (n_pairs,)
        How many votes meet each pair.
    """

    place: np.ndarray
    column: np.ndarray
    n_met: np.ndarray

    def sum(self, by_triple):
        """Sum over the votes that meet each pair of a number of their triple, (n_pairs,)."""
        pair_start = np.append(0, np.cumsum(self.n_met)).astype(self.column.dtype)
        shape = len(self.n_met), len(self.place)
        met = sparse.csr_array((np.ones(len(self.column)), self.column, pair_start), shape=shape)
        return met @ by_triple[self.place]


class PartitionedVotedModel(VotedModel):
    """Dawid and Skene's EM with the posterior confined to the voted classes: see `dawid_skene_voted.VotedModel`.

    The triples of all partitions are in memory, the votes that meet them on disk.
    """

    def __init__(self, votes: PartitionedVotes, smoothing, known, scratch: Path | None = None):
        refuse_known(known)
        self.votes, self.smoothing, self.scratch = votes, smoothing, scratch
        self.index = Index(votes, scratch)
        store, found = self.index.scratch, []
        for pairs, part in zip(self.index, votes, strict=True):
            triple, pair_start = triples_met(part, pairs)
            triple, column = np.unique(triple, return_inverse=True)
            n_met = np.diff(pair_start).astype(np.int32)
            store.save(pairs.index, triple=triple, column=column.astype(np.int32), n_met=n_met)
            found.append(triple)
        found = np.concatenate(found)
        found.sort()  # np.unique hashes first: several times slower here
        self.triple = found[np.append(True, found[1:] != found[:-1])]
        del found
        smallest = np.int32 if len(self.triple) < 2**31 else np.int64
        for index in range(len(votes)):
            (triple,) = store.load(index, "triple")
            store.save(index, place=np.searchsorted(self.triple, triple).astype(smallest))
        self._find_rows()
        store.save("all", triple=self.triple)  # which an iteration does not need
        self.triple = store.mapped("all", "triple")

    def _partitions(self):
        for pairs in self.index:
            yield pairs, Met(*self.index.scratch.load(pairs.index, "place", "column", "n_met"))

    def start(self):
        return self._pass(lambda pairs, met: (naive_shares(pairs), np.zeros(0)))

    def maximise(self, posterior):
        return self._divide(posterior.by_key, posterior.by_class)

    def expect(self, parameters):
        log_confusion, log_prevalence, _ = parameters

        def of(pairs, met):
            log_joint = met.sum(log_confusion)
            log_joint += log_prevalence[pairs.label]
            return pairs.normalise(log_joint)

        posterior = self._pass(of)
        return posterior, np.float64(posterior.log_evidence)

    def _pass(self, of):
        count, by_class, log_evidence = np.zeros(len(self.triple)), np.zeros(self.votes.n_class), 0
        for pairs, met in self._partitions():
            posterior, evidence = of(pairs, met)
            add_in_order(count, met.place, met.column, np.repeat(posterior, met.n_met))
            np.add.at(by_class, pairs.label, posterior)
            log_evidence += whole_sum(evidence)
        return Recipe(of, count, by_class, as_float(log_evidence))

    def labels(self, posterior, seed):
        """The labels; the soft labels are made in the same pass."""
        labels, soft = LabelsOnDisk(self.scratch), SoftOnDisk(self.votes, self.scratch)
        rng = np.random.default_rng(seed)
        for pairs, met in self._partitions():
            matrix = pairs.matrix(posterior.of(pairs, met)[0])
            labels.append(hard_labels(matrix, pairs.has_vote, rng))
            soft.append(matrix if pairs.is_large else matrix.toarray())
        posterior.soft = soft.whole()
        return labels.whole()

    def soft(self, posterior):
        return posterior.soft
