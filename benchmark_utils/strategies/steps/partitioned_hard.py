"""FDS over partitions on disk: Dawid and Skene's EM with labels in the E-step, in one pass for each iteration."""

from __future__ import annotations

import numpy as np

from benchmark_utils.strategies.steps.dawid_skene_voted import naive_shares
from benchmark_utils.strategies.steps.partition_passes import LabelsOnDisk, SoftOnDisk, whole_sum
from benchmark_utils.strategies.steps.partitioned_models import PartitionedVotedModel
from benchmark_utils.votes import hard_labels


class PartitionedHardModel(PartitionedVotedModel):
    """A posterior is a function of a partition's pairs and triples, which nothing has been summed over yet."""

    def start(self):
        return lambda pairs, met: (naive_shares(pairs), 0.0)

    def expect(self, parameters):
        return self._posterior_of(parameters), 0.0  # the evidence of a task comes with its posterior

    def classify(self, posterior, seed, hard):
        """The labels on disk, log p(votes, labels), and the M-step, which takes them for certain if `hard`."""
        kept = LabelsOnDisk(self.scratch)

        def local(pairs, met):
            shares, log_evidence = posterior(pairs, met)
            labels = hard_labels(pairs.matrix(shares), pairs.has_vote, pairs.generator(seed))
            log_joint = whole_sum(log_evidence + np.log(pairs.max(shares)))
            return labels, (pairs, met, pairs.is_label(labels).astype(float) if hard else shares, log_joint)

        def found():
            for labels, of_part in self._map(local):
                kept.append(labels)
                yield of_part

        count, by_class, log_likelihood = self._sums(found())
        return kept, log_likelihood, self._divide(count, by_class)

    def soft(self, posterior):
        def local(pairs, met):
            matrix = pairs.matrix(posterior(pairs, met)[0])
            return matrix if pairs.is_large else matrix.toarray()

        soft = SoftOnDisk(self.votes, self.scratch)
        for of_part in self._map(local):
            soft.append(of_part)
        return soft.whole()
