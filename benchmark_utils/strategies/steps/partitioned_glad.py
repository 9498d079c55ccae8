"""The steps of GLAD over partitions on disk: the equations are those of one process, see `steps/glad`.

The abilities are in memory. What there is per task and per vote, b and p, lies on disk: each step writes it anew, and
what nobody needs any more is removed. An M-step passes over the votes twice or more for the abilities, once to find the
step, and once for each time that it may have to be halved, and once for the difficulties, which are local.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark_utils.strategies.steps.glad import (
    climb_difficulties,
    derivatives,
    distances,
    gain,
    log_odds,
    log_probabilities,
    newton_step,
)
from benchmark_utils.strategies.steps.known import clamp_tasks, labels_and_soft
from benchmark_utils.strategies.steps.partition_passes import (
    Columns,
    Index,
    LabelsOnDisk,
    SoftOnDisk,
    add_in_order,
    as_float,
    whole_sum,
)
from benchmark_utils.strategies.steps.scratch import Scratch
from benchmark_utils.strategies.steps.voted_posterior import posterior_and_evidence
from benchmark_utils.votes.partitions import PartitionedVotes


@dataclass
class Posterior:
    """T: it follows from alpha and b. On disk, p of each pair."""

    alpha: np.ndarray
    b: Scratch
    p: Scratch


class PartitionedGLADSteps:
    """Steps over alpha (n_worker,), and b, a file per partition."""

    def __init__(self, votes: PartitionedVotes, known, scratch: Path | None = None, engine: Callable = map):
        self.votes, self.scratch, self._engine = votes, scratch, engine
        self.index = Index(votes, scratch, engine, known)
        store = self.index.scratch
        list(self.index.map(lambda pairs: store.save(pairs.index, n_votes=pairs.n_votes.astype(np.int32))))

    def prior_difficulties(self):
        b = Scratch(self.scratch)
        for index, (_, n_task, _) in enumerate(self.votes.ranges.tolist()):
            b.save(index, b=np.ones(n_task))
        return b

    def expect(self, alpha, b):
        p, shared = Scratch(self.scratch), self.index.share(alpha)

        def local(pairs):
            (of_tasks,) = b.load(pairs.index, "b")
            scores, *evidence = posterior_of(pairs, shared, of_tasks)
            p.save(pairs.index, p=scores.voted)
            return sum(map(whole_sum, evidence)), whole_sum(distances(of_tasks))

        log_likelihood, distance = map(sum, zip(*self.index.map(local), strict=True))
        objective = as_float(log_likelihood) - distances(alpha).sum() / 2 - as_float(distance) / 2
        return Posterior(alpha, b, p), objective

    def right(self, posterior):
        return posterior.p

    def climb_abilities(self, alpha, b, p):
        def sums(theta, per_vote):
            shared = self.index.share(theta)

            def local(votes, workers, of_tasks, p_of_votes):
                beta = np.exp(of_tasks).take(votes.task)
                x = beta * shared[workers].take(votes.worker)
                return workers, votes.worker, list(per_vote(x, beta, p_of_votes))

            totals = None
            for workers, worker, values in self._map(local, b, p):
                totals = np.zeros((len(values), len(theta))) if totals is None else totals
                for total, of_votes in zip(totals, values, strict=True):
                    add_in_order(total, workers, worker, of_votes)
            return totals

        return newton_step(
            alpha,
            lambda theta: sums(theta, derivatives),
            lambda theta: sums(theta, lambda x, _, p: [gain(x, p)])[0],
        )

    def climb_difficulties(self, alpha, b, p):
        new, shared = Scratch(self.scratch), self.index.share(alpha)

        def local(votes, workers, of_tasks, p_of_votes):
            return climb_difficulties(shared[workers], of_tasks, votes, p_of_votes)

        for index, of_tasks in enumerate(self._map(local, b, p)):
            new.save(index, b=of_tasks)
        return new

    def _map(self, local, b, p) -> Iterator:
        """`local` of the votes of each partition, its workers in the whole crowd, its b, and p of each vote."""
        crowd, store = self.votes, self.index.scratch

        def of_part(index):
            *columns, workers, n_votes = store.load(index, "task", "worker", "label", "workers", "n_votes")
            votes = Columns(*columns, int(crowd.ranges[index, 1]), len(workers), crowd.n_class, crowd)
            return local(votes, workers, *b.load(index, "b"), np.repeat(*p.load(index, "p"), n_votes))

        return self._engine(of_part, range(len(crowd)))

    def answer(self, posterior, b, seed):
        alpha, old = self.index.share(posterior.alpha), posterior.b

        def local(pairs):
            scores, *_ = posterior_of(pairs, alpha, *old.load(pairs.index, "b"))
            (of_tasks,) = b.load(pairs.index, "b")
            return *labels_and_soft(scores, pairs.known, seed), np.exp(of_tasks), np.exp(-of_tasks)

        labels, easiness, difficulty = (LabelsOnDisk(self.scratch, dtype) for dtype in (np.int64, float, float))
        soft = SoftOnDisk(self.votes, self.scratch)
        for found in self.index.map(local):
            for on_disk, values in zip((labels, soft, easiness, difficulty), found, strict=True):
                on_disk.append(values)
        return labels.whole(), soft.whole(), easiness.whole(), difficulty.whole()


def posterior_of(pairs, alpha, b):
    """T of a partition; log p of what its tasks received, of each vote if another class than its is true, of the known.

    These are relative to one another: their sum is log p(votes, known).
    """
    right, wrong = log_probabilities(log_odds(alpha[pairs.workers], b, pairs.columns), pairs.n_class)
    uniform = np.full(pairs.n_class, 1 / pairs.n_class)
    scores, evidence = posterior_and_evidence(pairs, pairs.sum_votes(right - wrong), uniform)
    scores, log_known = clamp_tasks(scores, pairs.known)
    return scores, evidence, wrong, log_known
