"""A table with one row per vote: `label.csv`, or any other with a column of tasks, one of workers and one of labels."""

from __future__ import annotations

from benchmark_utils.crowds.formats.columns import candidates, find_column, find_columns, say
from benchmark_utils.crowds.formats.found import Found


def read(table, declared) -> Found:
    rows = table.take(find_columns(table, declared))
    rows["label"] = decimal_points(rows["label"], table, declared)
    found = Found(rows)
    found.notes += unused_truth(table, declared)
    return found


def unused_truth(table, declared) -> list[str]:
    if "truth" in declared.columns:
        return []
    names = [table.header[place] for place in candidates(table, "truth")]
    return [f"column {name!r} is not used; if it holds the truth: {say({'truth': name})}" for name in names]


def declared_truth(table, declared, tasks):
    """Truth by task from the declared column: a table task, truth; `tasks` has the rows of `table`, or some of them."""
    values = table.take({find_column(table, declared, "truth"): "truth"})["truth"]
    values = decimal_points(values, table, declared)
    return tasks.to_frame("task").assign(truth=values.reindex(tasks.index))


def decimal_points(values, table, declared):
    """Numbers with a decimal comma, which a table without commas between its columns can hold, with a point."""
    if table.separator in (",", "") or not values.str.contains(",").any():
        return values
    if not values.str.fullmatch(r"-?[0-9]+(,[0-9]+)?|").all() or values.isin(declared.classes or []).any():
        return values
    return values.str.replace(",", ".")
