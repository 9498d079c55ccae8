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

from benchmark_utils.strategies.steps.dawid_skene_voted import VotedModel, naive_shares
from benchmark_utils.strategies.steps.em import all_and_unvoted
from benchmark_utils.strategies.steps.known import clamp_tasks, labels_and_soft
from benchmark_utils.strategies.steps.one_coin_posterior import without_a_place
from benchmark_utils.strategies.steps.partition_maps import on_disk_in_order
from benchmark_utils.strategies.steps.partition_passes import (
    Index,
    as_float,
    whole_sum,
)
from benchmark_utils.strategies.steps.partitioned_triples import Met, ToldIndex, write_triples
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
    log_known : float
        log p(known | votes).
    soft : csr_array or float (n_task, n_class), or None
        The soft labels, once the labels have been asked for.
    """

    of: Callable[..., tuple]
    by_key: np.ndarray
    by_class: np.ndarray
    log_evidence: float
    log_known: float = 0.0
    soft: np.ndarray | sparse.csr_array | None = None


class PartitionedPosterior:
    """The one-coin model's posterior: see `one_coin_posterior.VotedPosterior`."""

    def __init__(self, votes: PartitionedVotes, known, scratch: Path | None = None, engine: Callable = map):
        self.votes, self.scratch, self.index = votes, scratch, Index(votes, scratch, engine, known)
        self.unseen = self.unasked = np.zeros(votes.n_class)
        if self.index.known:
            of_parts = self.index.map(lambda pairs: without_a_place(pairs, pairs.known))
            self.unseen, self.unasked = map(sum, zip(*of_parts, strict=True))

    def start(self):
        uniform = np.full(self.votes.n_class, 1 / self.votes.n_class)
        return self._pass(lambda pairs: (naive_posterior(pairs), np.zeros(0)), uniform)

    def expect(self, log_odds, prevalence):
        log_odds = self.index.share(log_odds)

        def of(pairs):
            return posterior_and_evidence(pairs, pairs.sum_workers(log_odds[pairs.workers]), prevalence)

        posterior = self._pass(of, prevalence)
        return posterior, posterior.log_evidence

    def _pass(self, of, prevalence):
        def local(pairs):
            scores, evidence = of(pairs)
            scores, log_known = clamp_tasks(scores, pairs.known)
            of_tasks = scores.scale, evidence, log_known
            return pairs, scores.voted, scores.scale, *map(whole_sum, of_tasks)

        n_right = np.zeros(self.votes.n_worker)
        voted, scale_where_voted = np.zeros((2, self.votes.n_class))
        scale = log_evidence = log_known = 0
        for pairs, of_pairs, of_tasks, all_tasks, evidence, of_known in self.index.map(local):
            pairs.add_by_worker(n_right, of_pairs)
            np.add.at(voted, pairs.label, of_pairs)
            np.add.at(scale_where_voted, pairs.label, pairs.spread(of_tasks))
            scale, log_evidence, log_known = scale + all_tasks, log_evidence + evidence, log_known + of_known
        by_class = all_and_unvoted(voted, scale_where_voted, as_float(scale), prevalence)
        return Recipe(of, n_right, by_class, as_float(log_evidence), as_float(log_known))

    def clamp(self, posterior):
        """A recipe is certain of the known tasks already."""
        return posterior, posterior.log_known

    def n_right(self, posterior):
        return posterior.by_key

    def class_totals(self, posterior):
        return posterior.by_class

    def labels(self, posterior, seed):
        """The labels; the soft labels are made in the same pass."""
        of = posterior.of

        def local(pairs):
            scores, _ = of(pairs)
            return labels_and_soft(scores, pairs.known, seed)

        labels, posterior.soft = on_disk_in_order(self.index.map(local), self.votes, self.scratch)
        return labels

    def soft(self, posterior, labels):
        return posterior.soft


class PartitionedVotedModel(VotedModel):
    """Dawid and Skene's EM with the posterior confined to the voted classes: see `dawid_skene_voted.VotedModel`.

    The triples of all partitions are in memory, the votes that meet them on disk.
    """

    def __init__(self, votes: PartitionedVotes, smoothing, known, scratch: Path | None = None, engine: Callable = map):
        self.votes, self.smoothing, self.scratch = votes, smoothing, scratch
        self.index = ToldIndex(votes, scratch, engine, known)
        self.index.scratch.save("all", triple=write_triples(self.index))
        self._find_rows()

    @property
    def triple(self):
        """On disk, since an iteration does not need them. What is read of it is in memory as long as it is used."""
        return self.index.scratch.mapped("all", "triple")

    def _map(self, local):
        """`local` of the pairs of each partition, and of the triples that they meet."""
        scratch = self.index.scratch
        return self.index.map(lambda pairs: local(pairs, Met(scratch, pairs.index)))

    def start(self):
        return self._pass(lambda pairs, met: (naive_shares(pairs), np.zeros(0)))

    def maximise(self, posterior):
        return self._divide(posterior.by_key, posterior.by_class)

    def expect(self, parameters):
        posterior = self._pass(self._posterior_of(parameters))
        return posterior, np.float64(posterior.log_evidence)

    def _posterior_of(self, parameters):
        log_confusion, log_prevalence, _ = parameters
        log_confusion = self.index.share(log_confusion)

        def of(pairs, met):
            log_joint = met.sum(log_confusion)
            log_joint += log_prevalence[pairs.label]
            return pairs.normalise(log_joint)

        return of

    def _pass(self, of):
        def local(pairs, met):
            posterior, evidence = of(pairs, met)
            return pairs, met, posterior, whole_sum(evidence)

        return Recipe(of, *self._sums(self._map(local)))

    def _sums(self, found):
        """The sums of a `Recipe`, from each partition, its triples, its posterior and its log evidence."""
        count, by_class, log_evidence = np.zeros(len(self.triple)), np.zeros(self.votes.n_class), 0
        for pairs, met, posterior, evidence in found:
            met.add(count, posterior)
            np.add.at(by_class, pairs.label, posterior)
            log_evidence += evidence
        return count, by_class, as_float(log_evidence)

    def labels(self, posterior, seed):
        """The labels; the soft labels are made in the same pass."""
        of = posterior.of

        def local(pairs, met):
            matrix = pairs.matrix(of(pairs, met)[0])
            labels = hard_labels(matrix, pairs.has_vote, pairs.generator(seed))
            return labels, matrix if pairs.is_large else matrix.toarray()

        labels, posterior.soft = on_disk_in_order(self._map(local), self.votes, self.scratch)
        return labels

    def soft(self, posterior):
        return posterior.soft
