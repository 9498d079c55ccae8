"""Votes on disk in partitions by ranges of tasks, for crowds that one process should not hold at once.

A folder of partitions holds

- `manifest.json`: the sizes, the range of tasks of each partition, and the SHA-256 of every other file;
- `votes-00000.parquet`, ...: task, worker, label of each vote, as codes over the whole crowd, sorted as `Votes` are;
- `tasks-00000.parquet`, ...: a row per task of the partition, with its truth (-1 unknown) and, where there are any,
  the user's own id, the author, and the machine's label and score;
- `workers.parquet` and `classes.parquet`: a row per code, with the votes it has and the user's own id.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmark_utils.votes.ids import Encoding
from benchmark_utils.votes.refusals import VotesError
from benchmark_utils.votes.votes import Votes

MANIFEST = "manifest.json"
FORMAT = "partitioned votes, version 1"


@dataclass(frozen=True, eq=False)
class Partition(Votes):
    """The votes of a range of tasks: task codes count from 0 in it, workers and classes are those of the whole crowd.

    Attributes
    ----------
    whole : PartitionedVotes
        Soft labels are sparse where those of the whole crowd are.
    first_task : int
        The code of its task 0 in the whole crowd.
    """

    whole: PartitionedVotes | None = None
    first_task: int = 0

    @property
    def tasks(self) -> slice:
        """Its tasks in the whole crowd."""
        return slice(self.first_task, self.first_task + self.n_task)


@dataclass(frozen=True, eq=False)
class PartitionedVotes:
    """The votes of a crowd in a folder, read one partition at a time: iterate over it, in the order of the tasks.

    Attributes
    ----------
    folder : Path
    n_task, n_worker, n_class, n_votes, n_repeated, repeats
        As in `Votes`, of the whole crowd.
    ranges : int64, (n_partition, 3)
        The first task, the number of tasks and the number of votes of each partition.
    checksums : dict of str
        The SHA-256 of each file, by name. A file is checked each time it is read.
    """

    folder: Path
    n_task: int
    n_worker: int
    n_class: int
    n_votes: int
    n_repeated: int
    repeats: str
    ranges: np.ndarray
    checksums: dict

    @classmethod
    def open(cls, folder: Path) -> PartitionedVotes:
        """The crowd in a folder that `write_partitions` wrote.

        Raises
        ------
        VotesError
            No manifest, one that is damaged, or a file that it lists and that is not there.
        """
        folder = Path(folder)
        try:
            said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            if said["format"] != FORMAT:
                raise VotesError(f"{folder / MANIFEST} says {said['format']!r}, and only {FORMAT!r} can be read")
            ranges = np.array(said["partitions"], dtype=np.int64).reshape(-1, 3)
            sizes = {name: said[name] for name in ("n_task", "n_worker", "n_class", "n_votes", "n_repeated", "repeats")}
            votes = cls(folder, **sizes, ranges=ranges, checksums=dict(said["sha256"]))
        except FileNotFoundError:
            raise VotesError(f"{folder} holds no {MANIFEST}, so it is no folder of partitioned votes") from None
        except (ValueError, KeyError, TypeError) as error:
            if isinstance(error, VotesError):
                raise
            raise VotesError(f"{folder / MANIFEST} is damaged ({error!r}): write the partitions again") from None
        absent = [name for name in votes.checksums if not (folder / name).is_file()]
        if absent:
            raise VotesError(f"{', '.join(absent[:5])} missing in {folder}: write the partitions again")
        return votes

    def __len__(self) -> int:
        return len(self.ranges)

    def __iter__(self) -> Iterator[Partition]:
        return map(self.partition, range(len(self)))

    def __reduce__(self):  # without what has been read, which may be large: it is read anew where it is needed
        return PartitionedVotes, tuple(getattr(self, field.name) for field in fields(self))

    def partition(self, index: int, named: bool = True) -> Partition:
        """The votes of partition `index`, with the user's own ids of its tasks, and of all workers, where `named`.

        Raises
        ------
        VotesError
            A file that is missing, damaged, or not of the size that the manifest says: by name.
        """
        first_task, n_task, n_votes = self.ranges[index].tolist()
        name, columns = f"votes-{index:05}.parquet", self._read(f"votes-{index:05}.parquet")
        tasks = self._read(f"tasks-{index:05}.parquet")
        if len(columns["task"]) != n_votes or len(tasks["truth"]) != n_task:
            raise VotesError(
                f"{self.folder / name} has {len(columns['task'])} votes, and not the {n_votes} of {MANIFEST}"
            )
        return Partition(
            columns["task"] - first_task,
            columns["worker"],
            columns["label"],
            n_task,
            self.n_worker,
            self.n_class,
            **{name: tasks.get(name) for name in ("author", "machine_label", "machine_score")},
            encoding=Encoding(tasks["id"], *self._names) if named and "id" in tasks else None,
            repeats=self.repeats,
            whole=self,
            first_task=first_task,
        )

    def truth(self, index: int) -> np.ndarray:
        """The truth of the tasks of partition `index`, int64, -1 where it is not known."""
        return self._read(f"tasks-{index:05}.parquet")["truth"].astype(np.int64)

    @property
    def has_vote(self) -> np.ndarray:
        """Whether a task has a vote, (n_task,) bool."""
        return np.concatenate([self.partition(index, named=False).has_vote for index in range(len(self))])

    @cached_property
    def votes_per_worker(self) -> np.ndarray:
        """Workload, (n_worker,)."""
        return self._read("workers.parquet")["votes"]

    @cached_property
    def _names(self):
        """The user's own ids of workers and classes."""
        return self._read("workers.parquet")["id"], self._read("classes.parquet")["id"]

    def _read(self, name) -> dict:
        """The columns of a file as arrays, by name."""
        import pyarrow.parquet  # here, since every command loads this module

        path = self.folder / name
        if name not in self.checksums:
            raise VotesError(f"{path} is not in {MANIFEST}: write the partitions again")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise VotesError(f"{path} cannot be read ({error}): write the partitions again") from None
        if hashlib.sha256(content).hexdigest() != self.checksums[name]:
            raise VotesError(f"{path} is damaged: its SHA-256 is not the one in {MANIFEST}; write the partitions again")
        table = pyarrow.parquet.read_table(io.BytesIO(content), use_threads=False)
        return {column: table[column].to_numpy() for column in table.column_names}


def is_partitioned(folder: Path) -> bool:
    """Whether a folder says that it holds partitioned votes."""
    try:
        return json.loads((Path(folder) / MANIFEST).read_text(encoding="utf-8"))["format"].startswith(
            "partitioned votes"
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
