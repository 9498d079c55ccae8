"""A table with one row per vote: `label.csv`, or any other with a column of tasks, one of workers and one of labels."""

from __future__ import annotations

from benchmark_utils.crowds.formats.columns import candidates, find_column, find_columns
from benchmark_utils.crowds.formats.found import Found


def read(table, declared) -> Found:
    rows = table.take(find_columns(table, declared))
    rows["label"] = decimal_points(rows["label"], table, declared)
    found = Found(rows)
    if "truth" in declared.columns:
        place = find_column(table, declared, "truth")
        found.truth = rows[["task"]].assign(
            truth=decimal_points(table.take({place: "truth"})["truth"], table, declared)
        )
    else:
        found.notes += unused_truth(table)
    return found


def unused_truth(table) -> list[str]:
    names = [table.header[place] for place in candidates(table, "truth")]
    return [f'column {n!r} is not used; as a truth: {{"columns": {{"truth": "{n}"}}}} in metadata.json' for n in names]


def decimal_points(values, table, declared):
    """Numbers with a decimal comma, which a table without commas between its columns can hold, with a point."""
    if table.separator in (",", "") or not values.str.contains(",").any():
        return values
    if not values.str.fullmatch(r"-?[0-9]+(,[0-9]+)?|").all() or values.isin(declared.classes or []).any():
        return values
    return values.str.replace(",", ".")
