"""A table with a row per task and a column per worker; an empty field where the worker did not answer."""

from __future__ import annotations

import pandas as pd

from benchmark_utils.crowds.formats.columns import candidates
from benchmark_utils.crowds.formats.declared import count
from benchmark_utils.crowds.formats.found import Found
from benchmark_utils.crowds.formats.label_csv import declared_truth, unused_truth
from benchmark_utils.votes.ids import encode_ids
from benchmark_utils.votes.refusals import raise_rows


def recognises(table, declared) -> bool:
    """A table without columns of workers and labels, one row per task, whose other columns hold the same labels."""
    tasks, workers = _parts(table, declared)
    named = any(kind in declared.columns or candidates(table, kind) for kind in ("worker", "label"))
    if len(tasks) != 1 or len(workers) < 2 or named:
        return False
    if len(set(table.header)) < len(table.header) or table.rows[tasks[0]].duplicated().any() or len(table.rows) < 2:
        return False
    given = [set(table.rows[place]) - {""} for place in workers]
    n_columns = pd.Series([label for labels in given for label in labels]).value_counts()
    return all(labels and any(n_columns[label] > 1 for label in labels) for labels in given)


def read(table, declared) -> Found:
    (task,), workers = _parts(table, declared)
    rows = table.take({task: "task"} | {place: place for place in workers})
    raise_rows(rows["task"] == "", None, "a task has no name", "fill it in or remove the row", rows.index)
    row = rows.index.name
    long = rows.reset_index().melt([row, "task"], var_name="worker", value_name="label")
    long["worker"] = long["worker"].map(dict(enumerate(table.header)))
    long.index = pd.Index(long.pop(row), name=row)
    found = Found(long[long["label"] != ""], tasks=encode_ids(rows["task"], None, "task", rows.index)[1])
    names = ", ".join(repr(table.header[place][:40]) for place in workers[:5]) + (", ..." if len(workers) > 5 else "")
    found.notes.append(f"a table with {count(len(workers), 'column')} of workers: {names}")
    found.notes += unused_truth(table, declared)
    if "truth" in declared.columns:
        found.truth = declared_truth(table, declared, rows["task"])
    return found


def _parts(table, declared):
    """The columns that may hold the tasks, and those of the workers."""
    said = {kind: declared.columns.get(kind, "").strip() for kind in ("task", "truth")}
    tasks = [place for place, name in enumerate(table.header) if name == said["task"]] if said["task"] else []
    if not said["task"]:
        tasks = candidates(table, "task") or [place for place, name in enumerate(table.header[:1]) if name == ""]
    others = {*tasks, *candidates(table, "truth"), *(i for i, name in enumerate(table.header) if name == said["truth"])}
    return tasks, [place for place in range(len(table.header)) if place not in others]
