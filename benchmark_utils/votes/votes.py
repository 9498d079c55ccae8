"""Votes: the one data structure that everything passes around.

A vote is a triple (task, worker, label). `Votes` holds them as three integer arrays, so that memory and time
follow the number of votes and never the number of tasks times workers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from benchmark_utils.votes.frames import check_columns, of_one_answer, votes_of_table
from benchmark_utils.votes.frozen import immutable
from benchmark_utils.votes.ids import Encoding, encode_ids, encode_labels
from benchmark_utils.votes.refusals import (
    VotesError,
    check_codes,
    check_lengths,
    check_n_class,
    check_per_task,
    raise_rows,
)


@dataclass(frozen=True, eq=False)
class Votes:
    """The votes of a crowd, sorted by task, then label, then worker, without exact repeats unless they are kept.

    Attributes
    ----------
    task, worker, label : int32 (int64 where it must), (n_votes,)
        Codes in [0, n_task), [0, n_worker) and [0, n_class). Votes for one class of one task are neighbours.
    n_task, n_worker, n_class : int
        Tasks and workers without votes count.
    author : int array, (n_task,), optional
        The worker who created the task, -1 where unknown.
    machine_label : int array, (n_task,), optional
        A model's answer, -1 where there is none.
    machine_score : float array, (n_task,), optional
        The model's confidence in its answer, in [0, 1], NaN where there is none.
    encoding : Encoding, optional
        The user's own ids.
    n_repeated : int
        How many exact repeats of (task, worker, label) were dropped. A worker's conflicting answers on one task
        are separate votes.
    repeats : "drop" or "keep"
        "keep" for a crowd whose workers saw a task several times, so that a repeat is a vote of its own.

    Raises
    ------
    VotesError
        Another word for `repeats`, arrays of unequal length, no votes, or a code that is fractional, negative or too
        large.
    """

    task: np.ndarray
    worker: np.ndarray
    label: np.ndarray
    n_task: int
    n_worker: int
    n_class: int
    author: np.ndarray | None = None
    machine_label: np.ndarray | None = None
    machine_score: np.ndarray | None = None
    encoding: Encoding | None = None
    n_repeated: int = 0
    repeats: str = "drop"

    def __post_init__(self):
        if self.repeats not in ("drop", "keep"):
            raise VotesError(f"repeats is {self.repeats!r}: it is 'drop' or 'keep'")
        columns = {name: np.asarray(getattr(self, name)) for name in ("task", "worker", "label")}
        check_lengths(columns)
        for name in ("n_task", "n_worker", "n_class"):
            object.__setattr__(self, name, int(getattr(self, name)))  # products of numpy's int32 overflow
        sizes = {"task": self.n_task, "worker": self.n_worker, "label": self.n_class}
        task, worker, label = (
            check_codes(column, name, sizes[name], "n_class" if name == "label" else f"n_{name}")
            for name, column in columns.items()
        )
        order = _sorting_order(task, label, worker, self.n_class, self.n_worker)
        if order is not None:
            task, worker, label = task[order], worker[order], label[order]
        repeated = np.zeros(len(task), dtype=bool)
        if self.repeats == "drop":
            repeated[1:] = (task[1:] == task[:-1]) & (label[1:] == label[:-1]) & (worker[1:] == worker[:-1])
        if repeated.any():
            task, worker, label = task[~repeated], worker[~repeated], label[~repeated]
        self._freeze(task=task, worker=worker, label=label)
        object.__setattr__(self, "n_repeated", int(self.n_repeated + repeated.sum()))
        self._check_task_attributes()

    def _freeze(self, **arrays):
        for name, array in arrays.items():
            object.__setattr__(self, name, immutable(array))  # a copy: the caller's array stays writeable

    def _check_task_attributes(self):
        sizes = {"author": ("n_worker", self.n_worker), "machine_label": ("n_class", self.n_class)}
        for name, (size_name, size) in sizes.items():
            values = getattr(self, name)
            if values is not None:
                values = np.asarray(values)
                check_per_task(values, name, self.n_task)
                self._freeze(**{name: check_codes(values, name, size, size_name, lowest=-1)})
        if self.machine_score is not None:
            score = np.asarray(self.machine_score, dtype=float)
            check_per_task(score, "machine_score", self.n_task)
            raise_rows((score < 0) | (score > 1), score, "machine_score is outside [0, 1]", "rescale it")
            self._freeze(machine_score=score)

    def __repr__(self):
        return (
            f"Votes({self.n_votes} votes, {self.n_task} tasks, {self.n_worker} workers, {self.n_class} classes, "
            f"{self.n_repeated} repeats dropped)"
        )

    @property
    def n_votes(self) -> int:
        return len(self.task)

    @property
    def votes_per_task(self) -> np.ndarray:
        """Feedback effort: the number of votes of each task, (n_task,)."""
        return np.bincount(self.task, minlength=self.n_task)

    @property
    def has_vote(self) -> np.ndarray:
        """Whether a task has a vote, (n_task,) bool."""
        return self.votes_per_task > 0

    @property
    def task_start(self) -> np.ndarray:
        """Votes task_start[i] to task_start[i + 1] are those of task i, (n_task + 1,)."""
        return np.append(0, np.cumsum(self.votes_per_task))

    @property
    def task_and_label(self) -> np.ndarray:
        """The number of each vote's cell in a table (n_task, n_class), int64, (n_votes,)."""
        return self.task.astype(np.int64) * self.n_class + self.label

    @property
    def worker_and_label(self) -> np.ndarray:
        """The number of each vote's cell in a table (n_worker, n_class), int64, (n_votes,)."""
        return self.worker.astype(np.int64) * self.n_class + self.label

    @property
    def votes_per_worker(self) -> np.ndarray:
        """Workload: the number of votes of each worker, (n_worker,)."""
        return np.bincount(self.worker, minlength=self.n_worker)

    def keep(self, mask) -> Votes:
        """The votes where `mask`, (n_votes,) bool, is true; tasks, workers, classes and what is known of them stay."""
        return replace(self, task=self.task[mask], worker=self.worker[mask], label=self.label[mask])

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        task="task",
        worker="worker",
        label="label",
        *,
        tasks=None,
        classes=None,
        n_class=None,
        encoding=None,
        repeats="drop",
        contradictions="all",
    ) -> Votes:
        """Votes from a table with one row per vote.

        Parameters
        ----------
        frame : DataFrame
            Columns of ids; labels may be words or class numbers. Errors name rows by the frame's index.
        task, worker, label : str
            The names of the three columns.
        tasks : sequence, optional
            Ids of all the tasks, those without a vote included; by default the ids that occur.
        classes : sequence, optional
            Names of all the classes, in the order of their codes.
        n_class : int, optional
            Number of classes, for labels that are class numbers. Without it and without `classes`, labels are
            names, sorted, whole numbers too: labels 0 and 2 are two classes. Give it where a class may have no vote.
        encoding : Encoding, optional
            That of older votes. Its ids keep their codes, also those that occur no more; new tasks and new workers get
            the codes after them. Labels are among its classes.
        repeats : "drop" or "keep"
            What becomes of a row that occurs again.
        contradictions : "all", "first" or "last"
            Which rows count where a worker gave one task several answers: all of them, or those that say what the
            first or the last of them says.

        Raises
        ------
        VotesError
            A missing column or value, an empty table, a fractional or negative label, a label that is not among
            the classes, a task that is not among the tasks.
        """
        check_columns(frame, (task, worker, label))
        workers = None
        if encoding is not None:
            if classes is not None or n_class is not None:
                raise VotesError("an encoding has its classes: leave out classes and n_class, or the encoding")
            tasks, workers, classes = encoding.with_more(frame[task] if tasks is None else tasks, frame[worker])
        task_code, task_ids = encode_ids(frame[task], tasks, "task", frame.index)
        worker_code, worker_ids = encode_ids(frame[worker], workers, "worker", frame.index)
        label_code, class_ids = encode_labels(frame[label], classes, n_class, frame.index)
        if contradictions != "all":
            kept = of_one_answer(task_code, worker_code, label_code, contradictions)
            task_code, worker_code, label_code = task_code[kept], worker_code[kept], label_code[kept]
        return cls(
            task_code,
            worker_code,
            label_code,
            n_task=len(task_ids),
            n_worker=len(worker_ids),
            n_class=len(class_ids),
            encoding=Encoding(task_ids, worker_ids, class_ids),
            repeats=repeats,
        )

    @classmethod
    def from_answers(cls, answers: Mapping, *, classes=None, n_class=None, encoding=None) -> Votes:
        """Votes from peerannot's `{task: {worker: label}}`; a task with an empty dict is a task without votes."""
        if not isinstance(answers, Mapping) or not all(isinstance(given, Mapping) for given in answers.values()):
            raise VotesError("answers must map each task to a map from worker to label: {task: {worker: label}}")
        rows = [(task, worker, label) for task, given in answers.items() for worker, label in given.items()]
        frame = pd.DataFrame(rows, columns=["task", "worker", "label"])
        return cls.from_frame(frame, tasks=list(answers), classes=classes, n_class=n_class, encoding=encoding)

    @classmethod
    def from_matrix(cls, matrix, *, classes=None, n_class=None) -> Votes:
        """Votes from a matrix (n_task, n_worker) of class numbers, -1 where the worker did not answer the task.

        Or from a DataFrame whose index names the tasks and whose columns name the workers: a cell without a vote is
        empty (NaN, None or ""), and labels may be words. `classes` and `n_class` are then as in `from_frame`.
        """
        if isinstance(matrix, pd.DataFrame):
            return cls.from_frame(votes_of_table(matrix, classes), tasks=matrix.index, classes=classes, n_class=n_class)
        if classes is not None:
            raise VotesError("a matrix without names holds class numbers: give a DataFrame, or leave out classes")
        matrix = np.asarray(matrix)
        if matrix.ndim != 2:
            raise VotesError(f"the matrix of votes has {matrix.ndim} dimensions: it needs two, (n_task, n_worker)")
        if not (matrix != -1).any():
            raise VotesError("the matrix holds no vote: every entry is -1")
        task, worker = np.nonzero(matrix != -1)
        label = check_codes(matrix[task, worker], "label", n_class, "n_class", rows=task)
        n_class = n_class or int(label.max()) + 1
        check_n_class(n_class)
        return cls(task, worker, label, n_task=matrix.shape[0], n_worker=matrix.shape[1], n_class=n_class)

    def to_frame(self) -> pd.DataFrame:
        """One row per vote: task, worker, label, in the user's own ids where there are any."""
        tasks, workers, classes = self._names()
        return pd.DataFrame({"task": tasks[self.task], "worker": workers[self.worker], "label": classes[self.label]})

    def to_answers(self) -> dict:
        """peerannot's `{task: {worker: label}}`, in the user's own ids; each task is there, voted or not.

        Raises
        ------
        VotesError
            A worker gave two answers to one task, which this format cannot hold.
        """
        tasks, workers, classes = (names.tolist() for names in self._names())
        answers = {task: {} for task in tasks}
        for i, j, k in zip(self.task.tolist(), self.worker.tolist(), self.label.tolist(), strict=True):
            given = answers[tasks[i]]
            if workers[j] in given:
                raise VotesError(
                    f"worker {workers[j]!r} gave two answers to task {tasks[i]!r}, and a map from worker to label "
                    "holds one: remove one of them or use to_frame"
                )
            given[workers[j]] = classes[k]
        return answers

    def named(self, labels) -> pd.Series:
        """Labels (n_task,) in the user's own names, indexed by the user's tasks; None where the label is -1."""
        tasks, _, classes = self._names()
        names = np.append(classes.astype(object), None)  # position -1 is the last
        return pd.Series(names[np.asarray(labels)], index=tasks, name="label", dtype=object)

    def _names(self):
        if self.encoding is None:
            return np.arange(self.n_task), np.arange(self.n_worker), np.arange(self.n_class)
        return self.encoding.tasks, self.encoding.workers, self.encoding.classes


def _sorting_order(task, label, worker, n_class, n_worker):
    """The permutation that sorts by task, label, worker; None where they are sorted already."""
    if (int(task.max()) + 1) * n_class * n_worker < 2**63:  # one key sorts several times faster than three
        key = (task.astype(np.int64) * n_class + label) * n_worker + worker
        return None if (key[1:] >= key[:-1]).all() else np.argsort(key, kind="stable")
    return np.lexsort((worker, label, task))
