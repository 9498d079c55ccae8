"""What the iterations of Pl@ntNet's strategy count in the votes: weighted majorities, and species by user."""

import numpy as np
from scipy import sparse

from benchmark_utils.votes import Votes, hard_labels
from benchmark_utils.votes.counts import support


class Ballot:
    """The votes and what the iterations need of them, indexed once, so that an iteration neither sorts nor searches.

    Attributes
    ----------
    votes : Votes
    by_author : bool, (n_votes,)
        Whether the voter is the author of the observation.
    pair : int, (n_votes,)
        The (user, species) pair of each vote, numbered over the pairs that occur.
    pair_user : int, (n_pair,)
        The user of each pair.
    n_proposed : int, (n_worker,)
        How many species each user proposed.
    given : csr_array (n_task, n_worker)
        How many votes each user gave each task.
    """

    def __init__(self, votes: Votes, seed):
        self.votes, self.seed = votes, seed
        self.by_author = np.zeros(votes.n_votes, dtype=bool)
        if votes.author is not None:
            self.by_author = votes.author[votes.task] == votes.worker
        keys, pair = np.unique(votes.worker_and_label, return_inverse=True)
        self.pair = pair.astype(votes.worker.dtype)
        self.pair_user = (keys // votes.n_class).astype(votes.worker.dtype)
        self.n_proposed = np.bincount(self.pair_user, minlength=votes.n_worker)
        row_start = votes.task_start
        self.given = sparse.csr_array((np.ones(votes.n_votes), votes.worker, row_start), (votes.n_task, votes.n_worker))
        self._find_contested()

    def _find_contested(self):
        """Set the contested tasks, those with several answers, apart: elsewhere no weight changes the label."""
        votes = self.votes
        first, row_start = support(votes)
        self.unanimous = np.full(votes.n_task, -1, dtype=np.int64)
        self.unanimous[votes.task[first]] = votes.label[first]
        n_answers = np.diff(row_start)
        self.contested = np.flatnonzero(n_answers > 1)
        among = np.flatnonzero(n_answers[votes.task] > 1)  # their votes
        self.contested_worker, self.contested_label = votes.worker[among], votes.label[among]
        self.contested_row = np.searchsorted(self.contested, votes.task[among])
        is_first = np.zeros(votes.n_votes, dtype=bool)
        is_first[first] = True
        self.answer_start = np.flatnonzero(is_first[among])
        self.answer_row_start = np.append(0, np.cumsum(n_answers[self.contested]))

    def weighted_majority(self, weight):
        """Line 13: argmax_k sum_j w_j 1(y_ij = k), (n_task,), -1 without votes."""
        labels = self.unanimous.copy()
        if len(self.contested):
            total = np.add.reduceat(weight[self.contested_worker], self.answer_start)
            answers = (total, self.contested_label[self.answer_start], self.answer_row_start)
            scores = sparse.csr_array(answers, shape=(len(self.contested), self.votes.n_class))
            labels[self.contested] = hard_labels(scores, np.ones(len(self.contested), dtype=bool), self.seed)
        return labels

    def confidence(self, labels, weight):
        """conf_i of the labels and the weight of all votes, (n_task,) each."""
        total = self.given @ weight
        confidence = total.copy()
        backs = self.contested_label == labels[self.contested][self.contested_row]
        cast = weight[self.contested_worker] * backs
        confidence[self.contested] = np.bincount(self.contested_row, cast, len(self.contested))
        return confidence, total

    def is_right(self, labels):
        """Whether each vote equals its task's label, (n_votes,)."""
        return self.votes.label == labels[self.votes.task]

    def agreement(self, right, among=None):
        """The share of each user's votes that are right, (n_worker,), among some tasks; 1 where there are none."""
        counted = np.ones(len(right), dtype=bool) if among is None else among[self.votes.task]
        n_counted = np.bincount(self.votes.worker[counted], minlength=self.votes.n_worker)
        n_right = np.bincount(self.votes.worker[counted & right], minlength=self.votes.n_worker)
        return np.divide(n_right, n_counted, out=np.ones(self.votes.n_worker), where=n_counted > 0)

    def count_species(self, chosen, valid):
        """Lines 9 to 11 for the chosen votes: round(n_author + n_vote / 10), (n_worker,).

        A species that a user identified as an author is not counted again as a vote.
        """
        as_author = self._occurs(chosen & self.by_author & valid[self.votes.task])
        as_voter = self._occurs(chosen & ~self.by_author) & ~as_author
        return np.round(self._per_user(as_author) + self._per_user(as_voter) / 10)

    def _occurs(self, chosen):
        """Which pairs have a chosen vote."""
        occurs = np.zeros(len(self.pair_user), dtype=bool)
        occurs[self.pair[chosen]] = True
        return occurs

    def _per_user(self, pairs):
        return np.bincount(self.pair_user[pairs], minlength=self.votes.n_worker)


def add_voter(votes: Votes, answers) -> Votes:
    """The votes with one more worker, the last, who answers task i with answers[i]; -1 is no answer.

    Tasks that nobody voted on stay without votes.
    """
    task = np.flatnonzero((answers >= 0) & votes.has_vote)
    cell = votes.task_and_label
    place = np.searchsorted(cell, task * votes.n_class + answers[task], side="right")  # keeps the votes sorted
    return Votes(
        np.insert(votes.task, place, task),
        np.insert(votes.worker, place, votes.n_worker),
        np.insert(votes.label, place, answers[task]),
        votes.n_task,
        votes.n_worker + 1,
        votes.n_class,
        author=votes.author,
    )
