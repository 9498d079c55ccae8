"""Write a crowd as partitions by ranges of tasks, from votes in memory or a stream of them: whole or not at all."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmark_utils.votes.partitions import FORMAT, MANIFEST, PartitionedVotes
from benchmark_utils.votes.refusals import VotesError
from benchmark_utils.votes.votes import Votes

VOTES_PER_PARTITION = 1_000_000  # a pass over one takes some 100 MB, and a second partition costs milliseconds
Chunk = tuple[Votes, np.ndarray | None]


def write_partitions(
    chunks: Votes | Iterable[Chunk], folder: Path, truth=None, votes_per_partition=VOTES_PER_PARTITION
) -> PartitionedVotes:
    """Write a crowd to a new folder.

    The files are written beside `folder`, under a hidden name, and take its name once all are there: an interrupted
    writing leaves nothing under it.

    Parameters
    ----------
    chunks : Votes, or iterable of (Votes, truth)
        The whole crowd; or ranges of its tasks one after another, whose task codes count from 0 in each, and whose
        workers, classes, and way with repeats are those of the whole crowd. A truth is int (n_task,), -1 unknown, or
        None.
    folder : Path
    truth : int, (n_task,), optional
        Where `chunks` is Votes.
    votes_per_partition : int
        About how many; the votes of one task stay together.

    Raises
    ------
    VotesError
        The folder is there already, a chunk is of another crowd, or there is no chunk.
    """
    folder = Path(folder).absolute()
    check_new(folder)
    if isinstance(chunks, Votes):
        chunks = [(chunks, truth)]
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
        new = Path(temporary, "new")
        new.mkdir()
        _write(chunks, new, votes_per_partition)
        check_new(folder)  # another program may have made it meanwhile
        new.rename(folder)
    return PartitionedVotes.open(folder)


def check_new(folder: Path):
    """VotesError where a folder cannot be made: it is there already, or has no place."""
    if folder.exists():
        raise VotesError(f"{folder} is there already: choose another place, or remove it")
    if not folder.parent.is_dir():
        raise VotesError(f"{folder.parent} is not a folder, so {folder.name} cannot be made in it: make it first")


def _write(chunks, folder, votes_per_partition):
    whole, ranges, n_task, n_repeated, sha256 = None, [], 0, 0, {}
    for votes, truth in chunks:
        truth = np.full(votes.n_task, -1) if truth is None else np.asarray(truth)
        if truth.shape != (votes.n_task,):
            raise VotesError(f"the truth has shape {truth.shape}: it needs one entry per task, ({votes.n_task},)")
        if whole is None:
            whole = votes
            by_worker, by_class = np.zeros(votes.n_worker, dtype=np.int64), np.zeros(votes.n_class, dtype=np.int64)
        _refuse_another_crowd(votes, whole)
        for tasks, of_tasks in _cut(votes, votes_per_partition):
            files = _votes_table(votes, of_tasks, n_task), _tasks_table(votes, truth, tasks)
            for kind, columns in zip(("votes", "tasks"), files, strict=True):
                _save(columns, folder / f"{kind}-{len(ranges):05}.parquet", sha256)
            ranges.append([n_task + tasks.start, tasks.stop - tasks.start, of_tasks.stop - of_tasks.start])
        by_worker += votes.votes_per_worker
        by_class += np.bincount(votes.label, minlength=votes.n_class)
        n_task, n_repeated = n_task + votes.n_task, n_repeated + votes.n_repeated
    if whole is None:
        raise VotesError("there are no votes: give at least one (task, worker, label)")
    for kind, count in (("workers", by_worker), ("classes", by_class)):
        ids = {} if whole.encoding is None else {"id": getattr(whole.encoding, kind)}
        _save({"votes": count, **ids}, folder / f"{kind}.parquet", sha256)
    manifest = {
        "format": FORMAT,
        "n_task": n_task,
        "n_worker": whole.n_worker,
        "n_class": whole.n_class,
        "n_votes": int(by_class.sum()),
        "n_repeated": n_repeated,
        "repeats": whole.repeats,
        "partitions": ranges,
        "sha256": sha256,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def _refuse_another_crowd(votes, whole):
    for name in ("n_worker", "n_class", "repeats"):
        if getattr(votes, name) != getattr(whole, name):
            raise VotesError(f"{name} is {getattr(votes, name)} in one chunk and {getattr(whole, name)} in another")
    for name in ("author", "machine_label", "machine_score", "encoding"):
        if (getattr(votes, name) is None) != (getattr(whole, name) is None):
            raise VotesError(f"one chunk has {name} and another has none: give it in all of them or in none")


def _cut(votes, size):
    """Slices of the tasks and of the votes, about `size` votes in each; every one has a vote."""
    start, n_slices = votes.task_start, max(round(votes.n_votes / size), 1)
    size = -(-votes.n_votes // n_slices)
    cuts = np.searchsorted(start, np.arange(0, votes.n_votes, size))
    cuts = np.unique(np.append(0, cuts[start[cuts] < votes.n_votes]))
    for first, last in zip(cuts, np.append(cuts[1:], votes.n_task), strict=True):
        yield slice(int(first), int(last)), slice(int(start[first]), int(start[last]))


def _votes_table(votes, rows, first_task):
    task = votes.task[rows].astype(np.int64) + first_task
    return {"task": task, "worker": votes.worker[rows], "label": votes.label[rows]}


def _tasks_table(votes, truth, tasks):
    columns = {"truth": truth[tasks]}
    if votes.encoding is not None:
        columns["id"] = votes.encoding.tasks[tasks]
    for name in ("author", "machine_label", "machine_score"):
        if getattr(votes, name) is not None:
            columns[name] = getattr(votes, name)[tasks]
    return columns


def _save(columns, path, sha256):
    import pyarrow
    import pyarrow.parquet

    content = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.table(columns), content, compression="zstd")
    content = content.getvalue()
    path.write_bytes(content)
    sha256[path.name] = hashlib.sha256(content).hexdigest()
