"""Toloka's table of assignments: `INPUT:*`, `OUTPUT:*`, `GOLDEN:*` and `ASSIGNMENT:*` columns, between tabs."""

from __future__ import annotations

from benchmark_utils.crowds.formats.found import Found
from benchmark_utils.crowds.formats.left_out import leave_out, one_column, with_prefix


def recognises(table, declared) -> bool:
    return "ASSIGNMENT:worker_id" in table.header and bool(with_prefix(table, "OUTPUT:"))


def read(table, declared) -> Found:
    """A task is what the only input says; the golden answers are the truth; rejected answers are no votes."""
    tasks = with_prefix(table, "INPUT:")
    if len(tasks) > 1 and "ASSIGNMENT:task_id" in table.header:
        tasks = [table.header.index("ASSIGNMENT:task_id")]
    label = one_column(table, declared, "label", with_prefix(table, "OUTPUT:"))
    places = {
        one_column(table, declared, "task", tasks): "task",
        one_column(table, declared, "worker", [table.header.index("ASSIGNMENT:worker_id")]): "worker",
        label: "label",
    }
    found = Found(table.take(places))
    golden = [table.header[label].replace("OUTPUT:", "GOLDEN:", 1)]
    if "truth" in declared.columns or golden[0] in table.header:
        place = one_column(table, declared, "truth", [i for i, name in enumerate(table.header) if name in golden])
        found.truth = found.rows[["task"]].assign(truth=table.take({place: "truth"})["truth"])
    if "ASSIGNMENT:status" in table.header:
        status = table.rows[table.header.index("ASSIGNMENT:status")]
        wrong = status.isin(["REJECTED", "EXPIRED", "SKIPPED"])
        found.rows = leave_out(found.rows, wrong, "rejected, expired or skipped answer", found.notes)
    return found
