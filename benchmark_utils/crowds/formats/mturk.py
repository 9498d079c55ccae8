"""The batch results of Amazon Mechanical Turk: a row per assignment, `Input.*` and `Answer.*` columns."""

from __future__ import annotations

from benchmark_utils.crowds.formats.found import Found
from benchmark_utils.crowds.formats.left_out import leave_out, one_column, with_prefix


def recognises(table, declared) -> bool:
    return {"HITId", "WorkerId", "AssignmentStatus"} <= set(table.header)


def read(table, declared) -> Found:
    """A task is what the only input says, or the HIT where there are several inputs; rejected answers are no votes."""
    inputs = with_prefix(table, "Input.")
    tasks = inputs if len(inputs) == 1 else [table.header.index("HITId")]
    worker, status = table.header.index("WorkerId"), table.header.index("AssignmentStatus")
    places = {
        one_column(table, declared, "task", tasks): "task",
        one_column(table, declared, "worker", [worker]): "worker",
        one_column(table, declared, "label", with_prefix(table, "Answer.")): "label",
    }
    found = Found(table.take(places))
    rejected = table.rows[status].str.lower() == "rejected"
    if "Reject" in table.header:  # what the requester writes to reject
        rejected |= table.rows[table.header.index("Reject")] != ""
    found.rows = leave_out(found.rows, rejected, "rejected assignment", found.notes)
    return found
