"""Tables of votes: what they need, names and gaps, and which of a worker's contradicting rows count."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark_utils.votes.ids import is_missing
from benchmark_utils.votes.refusals import VotesError, raise_rows


def check_columns(frame, columns):
    """Refuse a table of votes that lacks one of the columns or a value in it, or that has no rows."""
    for column in columns:
        if column not in frame.columns:
            raise VotesError(
                f"column {column!r} is missing; the table has {list(frame.columns)}: rename a column, "
                "or say which column holds the tasks, the workers and the labels"
            )
    if len(frame) == 0:
        raise VotesError("the table of votes is empty: it needs one row per vote (task, worker, label)")
    for column in columns:
        missing = is_missing(frame[column])
        raise_rows(missing, None, f"column {column!r} has no value", "fill it in or remove the row", frame.index)


def votes_of_table(matrix, classes):
    """One row per vote of a DataFrame of tasks by workers, its index the task's name."""
    for what, names in (("task", matrix.index), ("worker", matrix.columns)):
        repeated = names[names.duplicated()]
        if len(repeated):
            raise VotesError(f"the {what} {repeated[0]!r} occurs twice in the table: rename or remove one of them")
    missing = matrix.apply(is_missing)
    task, worker = np.nonzero(~missing.to_numpy(dtype=bool))
    if not len(task):
        raise VotesError("the table holds no vote: every cell is empty")
    label = pd.Series(matrix.to_numpy(dtype=object)[task, worker]).infer_objects()
    if classes is None and label.dtype.kind in "if" and (label == -1).any():
        raise VotesError(
            "a label is -1, which could be a class or no vote: leave a cell without a vote empty, as "
            "table.where(table != -1) does, or name the classes, classes=[-1, ...]"
        )
    rows = {"task": matrix.index[task], "worker": matrix.columns[worker], "label": label.to_numpy()}
    return pd.DataFrame(rows, index=pd.Index(matrix.index[task], name="task"))


def of_one_answer(task, worker, label, which):
    """Which rows say what the first (the last) of their worker's rows on their task says, (n,) bool."""
    if which not in ("first", "last"):
        raise VotesError(f"contradictions is {which!r}: it is 'all', 'first' or 'last'")
    rows = pd.DataFrame({"task": task, "worker": worker, "label": label})
    return (rows.groupby(["task", "worker"])["label"].transform(which) == rows["label"]).to_numpy()
