"""WDS: a vote weighted by the confusion matrices of Dawid and Skene (thesis, eq. 1.13)."""

from dataclasses import dataclass, replace

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.steps.known import check_known, clamp_labels, clamp_soft
from benchmark_utils.votes import Votes, hard_labels, normalise, sum_votes
from benchmark_utils.votes.counts import dense_entries


@dataclass
class WeightedDawidSkene(DawidSkene):
    """Each vote counts as much as its worker is right about the class voted: sum_j pi^j_kk 1(y_ij = k).

    The posterior of Dawid and Skene is nearly certain of every task; these soft labels keep the doubt. EM as there.
    """

    def answer(self, model, posterior, parameters, seed, note=""):
        """One weighted vote after Dawid and Skene's EM: its normalised sums are the soft labels of unknown tasks."""
        described = model.describe(parameters)
        voted = self.vote(model.votes, described["parameters"]["diagonal"], seed, model.known)
        return replace(voted, note=note, **described)

    def vote(self, votes, diagonal, seed, known=None) -> Aggregation:
        """The vote weighted by pi^j_kk, an array or csr_array (n_worker, n_class)."""
        known = check_known(known, votes)
        # a worker found wrong about a class keeps a trace of a voice: the label is always one that was voted
        weight = np.maximum(diagonal[votes.worker, votes.label], 1e-12)
        score = sum_votes(votes, weight)
        labels = clamp_labels(hard_labels(score, votes.has_vote, seed), known)
        return Aggregation(labels, soft=clamp_soft(normalise(score), known))

    def bytes_needed(self, votes: Votes) -> int:
        """Memory of Dawid and Skene's model, or where that is more, of the weighted vote with its copies."""
        return max(super().bytes_needed(votes), 8 * (5 * dense_entries(votes) + 2 * votes.n_votes))
