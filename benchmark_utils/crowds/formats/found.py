"""What a reader found in a file, and the votes that it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from benchmark_utils.crowds.formats.declared import check_declared, count, refuse_no_answer, same_name, truth_of
from benchmark_utils.votes import Votes, VotesError
from benchmark_utils.votes.ids import encode_ids
from benchmark_utils.votes.refusals import short

_LIST = re.compile(r"\[.*\]|\{.*\}|[^|]*[^|\s]\s*\|\s*[^|\s][^|]*(\|.*)?", re.DOTALL)


@dataclass
class Found:
    """What a reader found in a file.

    Attributes
    ----------
    rows : DataFrame
        One row per vote, with the columns task, worker, label; the index says where a row is in the file, and its name
        what that is.
    tasks : sequence, optional
        All the tasks, those without a vote included.
    truth : DataFrame, optional
        Columns task and truth, where the file of the votes holds a truth; "" where it is not known.
    notes : list of str
        What must not pass in silence, with counts.
    """

    rows: pd.DataFrame
    tasks: list | np.ndarray | None = None
    truth: pd.DataFrame | None = None
    notes: list = field(default_factory=list)


def to_votes(found, declared) -> tuple[Votes, np.ndarray | None]:
    """The votes, and the truth where the file holds one, (n_task,), -1 unknown. `found.notes` grows."""
    rows, tasks = found.rows.rename(columns={"task": "item"}), found.tasks
    unsaid = rows["label"].isin(declared.no_answer)
    if unsaid.any():
        refuse_no_answer(rows["item"])
        tasks = encode_ids(rows["item"], None, "task", rows.index)[1] if tasks is None else tasks
        found.notes.append(f"{count(unsaid.sum(), 'answer')} that metadata.json declares to be none: left out")
        rows = rows[~unsaid]
        if len(rows) == 0:
            raise VotesError('no vote is left, since every answer is one of "no_answer" in metadata.json: correct it')
    for column in ("item", "worker"):
        refuse_no_answer(rows[column])
    refuse_no_answer(rows["label"], declared)
    votes = Votes.from_frame(rows, "item", "worker", "label", tasks=tasks, **declared.for_votes())
    check_declared(votes, declared)
    if found.truth is None:
        return votes, None
    known = found.truth[found.truth["truth"] != ""].drop_duplicates()
    return votes, truth_of(known, votes, found.notes)


def rows_of(rows, columns=("task", "worker", "label")):
    """A table of text from tuples, numbered from 1."""
    if not rows:
        raise VotesError("it holds no vote: it needs at least one (task, worker, label)")
    return pd.DataFrame(rows, columns=list(columns), dtype=object, index=pd.RangeIndex(1, len(rows) + 1, name="vote"))


def task_names(data, numbers) -> list[str]:
    """What the only datum of each task says, where it tells the tasks apart, else their numbers."""
    values = [next(iter(datum.values())) if len(datum) == 1 else None for datum in data]
    if all(type(value) is str and value.strip() for value in values) and len(set(values)) == len(values):
        return [value.strip() for value in values]
    names = [str(number).strip() for number in numbers]
    if None in numbers or len(set(names)) < len(names):
        raise VotesError("its tasks have no numbers of their own: give each another id")
    return names


def notices(votes) -> list[str]:
    """What the votes themselves are that must not pass in silence, with counts."""
    notes = []
    classes = votes.encoding.classes.tolist()
    n_votes = np.bincount(votes.label, minlength=votes.n_class)
    alike = {}
    for code, name in enumerate(classes):
        alike.setdefault(same_name(name), []).append(code)
    for codes in [codes for codes in alike.values() if len(codes) > 1][:5]:
        names = ", ".join(f"{short(classes[code])} ({count(n_votes[code], 'vote')})" for code in codes[:5])
        notes.append(f"classes that differ only by case, space or Unicode form are separate: {names}")
    lists = [code for code, name in enumerate(classes) if _LIST.fullmatch(str(name))]
    if lists:
        names = ", ".join(short(classes[code]) for code in lists[:5])
        notes.append(
            f"{count(n_votes[lists].sum(), 'vote')} with a label that looks like a list, each a class: {names}"
        )
    n_contradictions = count_contradictions(votes)
    if n_contradictions:
        notes.append(
            f"{count(n_contradictions, 'vote')} of a worker who gave the task another answer too: each counts, unless "
            'metadata.json declares {"contradictions": "first"} or "last"'
        )
    if votes.n_repeated:
        notes.append(f"{count(votes.n_repeated, 'exact repeat')} of a vote: left out")
    return notes


def count_contradictions(votes) -> int:
    """How many votes are of a worker who gave the same task another label, too."""
    pair = votes.task.astype(np.int64) * votes.n_worker + votes.worker
    _, pair, n = np.unique(pair, return_inverse=True, return_counts=True)
    labels = np.unique(np.stack([pair, votes.label]), axis=1)[0]
    return int(n[np.bincount(labels, minlength=len(n)) > 1].sum())
