"""WDS: a vote weighted by the confusion matrices of Dawid and Skene (thesis, eq. 1.13)."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.steps.known import check_known, clamp_labels, clamp_soft
from benchmark_utils.votes import Votes, hard_labels, normalise, sum_votes
from benchmark_utils.votes.counts import dense_entries, is_large


@dataclass
class WeightedDawidSkene(DawidSkene):
    """Each vote counts as much as its worker is right about the class voted: sum_j pi^j_kk 1(y_ij = k).

    The posterior of Dawid and Skene is nearly certain of every task; these soft labels keep the doubt. EM as there.
    """

    def model(self, votes, known=None):
        """The steps of EM, and what the votes of all the points of a curve share."""
        model = super().model(votes, known)
        model.cast = Cast(votes, model.known)
        return model

    def answer(self, model, posterior, parameters, seed, note=""):
        """One weighted vote after Dawid and Skene's EM: its normalised sums are the soft labels of unknown tasks."""
        described = model.describe(parameters)
        return replace(model.cast.vote(described["parameters"]["diagonal"], seed), note=note, **described)

    def vote(self, votes, diagonal, seed, known=None) -> Aggregation:
        """The vote weighted by pi^j_kk, an array or csr_array (n_worker, n_class)."""
        return Cast(votes, check_known(known, votes)).vote(diagonal, seed)

    def bytes_needed(self, votes: Votes) -> int:
        """Memory of Dawid and Skene's model, or where that is more, of the weighted vote with its copies."""
        return max(super().bytes_needed(votes), 8 * (5 * dense_entries(votes) + 2 * votes.n_votes))


class Cast:
    """Where each vote counts, and the known class of each task, (n_task,), -1 where it is not known."""

    def __init__(self, votes: Votes, known):
        self.votes, self.known, self.has_vote = votes, known, votes.has_vote
        self.cell = None if is_large(votes) else votes.task_and_label

    def vote(self, diagonal, seed) -> Aggregation:
        """The vote weighted by pi^j_kk, an array or csr_array (n_worker, n_class)."""
        votes = self.votes
        if sparse.issparse(diagonal):
            weight = diagonal[votes.worker, votes.label]
        else:
            weight = diagonal.take(votes.worker_and_label)  # quicker than both indices
        # a worker found wrong about a class keeps a trace of a voice: the label is always one that was voted
        score = sum_votes(votes, np.maximum(weight, 1e-12), self.cell)
        labels = clamp_labels(hard_labels(score, self.has_vote, seed), self.known)
        return Aggregation(labels, soft=clamp_soft(normalise(score), self.known))
