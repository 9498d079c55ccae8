"""What the iterations of Pl@ntNet's strategy count in the votes: weighted majorities, and species by user."""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from benchmark_utils.votes import Votes, hard_labels
from benchmark_utils.votes.counts import support


class Contested(NamedTuple):
    """The tasks with several answers, and their votes: elsewhere no weight changes the label.

    Attributes
    ----------
    unanimous : int64, (n_task,)
        The answer of a task that has one, and any of them where it has several; -1 without votes.
    task : int, (n_contested,)
    worker, label, row : int, (n_contested_votes,)
        `row` is the place of the vote's task in `task`.
    answer_start, answer_row_start : int, (n_answer,) and (n_contested + 1,)
        Where the votes for each answer to a task begin, and the answers to each task.
    """

    unanimous: np.ndarray
    task: np.ndarray
    worker: np.ndarray
    label: np.ndarray
    row: np.ndarray
    answer_start: np.ndarray
    answer_row_start: np.ndarray

    @classmethod
    def of(cls, votes: Votes):
        first, row_start = support(votes)
        unanimous = np.full(votes.n_task, -1, dtype=np.int64)
        unanimous[votes.task[first]] = votes.label[first]
        n_answers = np.diff(row_start)
        task = np.flatnonzero(n_answers > 1)
        among = np.flatnonzero(n_answers[votes.task] > 1)  # their votes
        is_first = np.zeros(votes.n_votes, dtype=bool)
        is_first[first] = True
        answer_start, answer_row_start = np.flatnonzero(is_first[among]), np.append(0, np.cumsum(n_answers[task]))
        row = np.searchsorted(task, votes.task[among])
        return cls(unanimous, task, votes.worker[among], votes.label[among], row, answer_start, answer_row_start)


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
    contested : Contested
    given : csr_array (n_task, n_worker)
        How many votes each user gave each task.
    """

    def __init__(self, votes: Votes, seed):
        self.votes, self.seed, self.by_author = votes, seed, by_author(votes)
        keys, pair = np.unique(votes.worker_and_label, return_inverse=True)
        self.n_pair, self.pair = len(keys), pair.astype(votes.worker.dtype)
        self.pair_user = (keys // votes.n_class).astype(votes.worker.dtype)
        self.n_proposed = np.bincount(self.pair_user, minlength=votes.n_worker)
        self.contested, self.given = Contested.of(votes), given(votes, votes.task_start)

    def sum(self, count, labels, weight):
        """What `count` finds: marks of pairs, (n_pair,) each, and numbers of users, (n_worker,) each."""
        return count(self, labels, weight)

    def gather(self, of_tasks, labels, weight):
        """What `of_tasks` finds: labels, soft labels, and other arrays over the tasks by name."""
        return of_tasks(self, labels, weight)

    def are_same(self, labels, others) -> bool:
        return np.array_equal(labels, others)

    def weighted_majority(self, weight):
        """Line 13: argmax_k sum_j w_j 1(y_ij = k), (n_task,), -1 without votes."""
        contested = self.contested
        labels = contested.unanimous.copy()
        if len(contested.task):
            total = np.add.reduceat(weight[contested.worker], contested.answer_start)
            answers = (total, contested.label[contested.answer_start], contested.answer_row_start)
            scores = sparse.csr_array(answers, shape=(len(contested.task), self.votes.n_class))
            labels[contested.task] = hard_labels(scores, np.ones(len(contested.task), dtype=bool), self.seed)
        return labels

    def confidence(self, labels, weight):
        """conf_i of the labels and the weight of all votes, (n_task,) each."""
        contested = self.contested
        total = self.given @ weight
        confidence = total.copy()
        backs = contested.label == labels[contested.task][contested.row]
        cast = weight[contested.worker] * backs
        confidence[contested.task] = np.bincount(contested.row, cast, len(contested.task))
        return confidence, total

    def is_right(self, labels):
        """Whether each vote equals its task's label, (n_votes,)."""
        return self.votes.label == labels[self.votes.task]

    def count_right(self, right, among=None):
        """How many of each user's votes are right, and how many there are, among some tasks, (n_worker,) each."""
        counted = np.ones(len(right), dtype=bool) if among is None else among[self.votes.task]
        n_counted = np.bincount(self.votes.worker[counted], minlength=self.votes.n_worker)
        return np.bincount(self.votes.worker[counted & right], minlength=self.votes.n_worker), n_counted

    def identified(self, chosen, valid):
        """Which pairs have a chosen vote of the author of a valid observation, and which one of another's."""
        as_author = self._occurs(chosen & self.by_author & valid[self.votes.task])
        return as_author, self._occurs(chosen & ~self.by_author)

    def count_species(self, as_author, as_voter):
        """Lines 9 to 11 from the pairs identified: round(n_author + n_vote / 10), (n_worker,).

        A species that a user identified as an author is not counted again as a vote.
        """
        return np.round(self._per_user(as_author) + self._per_user(as_voter & ~as_author) / 10)

    def _occurs(self, chosen):
        """Which pairs have a chosen vote."""
        occurs = np.zeros(self.n_pair, dtype=bool)
        occurs[self.pair[chosen]] = True
        return occurs

    def _per_user(self, pairs):
        return np.bincount(self.pair_user[pairs], minlength=self.votes.n_worker)


def given(votes: Votes, task_start):
    """How many votes each user gave each task, (n_task, n_worker), of the place where each task's votes begin."""
    return sparse.csr_array((np.ones(votes.n_votes), votes.worker, task_start), (votes.n_task, votes.n_worker))


def by_author(votes: Votes):
    """Whether each vote is of the author of its observation, (n_votes,)."""
    if votes.author is None:
        return np.zeros(votes.n_votes, dtype=bool)
    return votes.author[votes.task] == votes.worker


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
