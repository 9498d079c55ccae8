"""What workers answered beside the labels, and beside one another: agreement, confusions, spammer score.

Everything is in memory of the votes, for any number of workers and classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from benchmark_utils.votes import Votes


@dataclass(frozen=True, eq=False)
class Answers:
    """How often each worker gave each answer on tasks of each label, where that ever happened; sorted by worker.

    Attributes
    ----------
    worker, label, answer, count : int, (n,)
    n_worker, n_class : int
    """

    worker: np.ndarray
    label: np.ndarray
    answer: np.ndarray
    count: np.ndarray
    n_worker: int
    n_class: int

    @classmethod
    def of(cls, votes: Votes, labels) -> Answers:
        """From the votes on tasks that have a label, (n_task,), -1 where there is none."""
        label_of_vote = np.asarray(labels)[votes.task].astype(np.int64)
        labelled = label_of_vote >= 0
        row = votes.worker[labelled].astype(np.int64) * votes.n_class + label_of_vote[labelled]
        cell, count = np.unique(row * votes.n_class + votes.label[labelled], return_counts=True)
        row, answer = np.divmod(cell, votes.n_class)
        worker, label = np.divmod(row, votes.n_class)
        return cls(worker, label, answer, count, votes.n_worker, votes.n_class)

    def agreement(self) -> np.ndarray:
        """The share of a worker's votes that are the label, (n_worker,); NaN without votes on labelled tasks."""
        n_votes = np.bincount(self.worker, self.count, self.n_worker)
        n_right = np.bincount(self.worker, self.count * (self.answer == self.label), self.n_worker)
        return np.divide(n_right, n_votes, out=np.full(self.n_worker, np.nan), where=n_votes > 0)

    def spammer_score(self) -> np.ndarray:
        """`workers.spammer_score` of these confusions, (n_worker,), in memory of the votes.

        NaN where fewer than two rows of the confusion matrix are known: they cannot show what a spammer is.
        """
        row, row_of_cell = np.unique(self.worker * self.n_class + self.label, return_inverse=True)
        share = self.count / np.bincount(row_of_cell, self.count)[row_of_cell]
        column, column_of_cell = np.unique(self.worker * self.n_class + self.answer, return_inverse=True)
        sum_of_squares = np.bincount(self.worker, share**2, self.n_worker)
        square_of_sums = np.bincount(
            column // self.n_class, np.bincount(column_of_cell, share, len(column)) ** 2, self.n_worker
        )
        n_known = np.bincount(row // self.n_class, minlength=self.n_worker)
        distance = np.maximum(n_known * sum_of_squares - square_of_sums, 0)
        return np.where(n_known > 1, distance / max(self.n_class * (self.n_class - 1), 1), np.nan)

    def most_frequent_confusion(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The label and the other answer that a worker gave to it most often, and how often.

        Each (n_worker,); -1, -1 and 0 for a worker whose votes are all the label. Of equals the first in the order of
        the classes.
        """
        wrong = np.flatnonzero(self.answer != self.label)
        wrong = wrong[np.lexsort((-self.count[wrong], self.worker[wrong]))]  # stable: the first class stays first
        worker, first = np.unique(self.worker[wrong], return_index=True)
        label, answer, count = np.full((3, self.n_worker), np.array([[-1], [-1], [0]]))
        label[worker], answer[worker], count[worker] = (
            values[wrong[first]] for values in (self.label, self.answer, self.count)
        )
        return label, answer, count


def agreement_of_pairs(votes: Votes, workers) -> tuple[np.ndarray, np.ndarray]:
    """How often pairs of these workers agree on the tasks that they share, and how many pairs of votes say so.

    Both (n, n) for the codes of n workers; NaN where two share no task. Two answers of one worker are two votes.
    """
    workers = np.asarray(workers)
    place = np.full(votes.n_worker, -1)
    place[workers] = np.arange(len(workers))
    chosen = np.flatnonzero(place[votes.worker] >= 0)
    row, one = place[votes.worker[chosen]], np.ones(len(chosen))
    task = votes.task[chosen].astype(np.int64)
    _, answer = np.unique(task * votes.n_class + votes.label[chosen], return_inverse=True)
    by_task, by_answer = (
        sparse.csr_array((one, (row, column)), (len(workers), column.max() + 1)) for column in (task, answer)
    )
    shared, equal = (by_task @ by_task.T).toarray(), (by_answer @ by_answer.T).toarray()
    return np.divide(equal, shared, out=np.full(shared.shape, np.nan), where=shared > 0), shared
