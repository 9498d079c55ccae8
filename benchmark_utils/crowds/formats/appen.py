"""Appen's (Figure Eight's, CrowdFlower's) full report: a row per judgment, a question `x` and its gold `x_gold`."""

from __future__ import annotations

from benchmark_utils.crowds.formats.found import Found
from benchmark_utils.crowds.formats.left_out import leave_out, one_column


def recognises(table, declared) -> bool:
    return {"_unit_id", "_worker_id"} <= set(table.header)


def read(table, declared) -> Found:
    """The label is the question with a gold; the gold is the truth; tainted judgments are no votes, as for Appen."""
    header = table.header
    questions = [place for place, name in enumerate(header) if f"{name}_gold" in header]
    label = one_column(table, declared, "label", questions or [i for i, n in enumerate(header) if n[:1] != "_"])
    places = {
        one_column(table, declared, "task", [header.index("_unit_id")]): "task",
        one_column(table, declared, "worker", [header.index("_worker_id")]): "worker",
        label: "label",
    }
    found = Found(table.take(places))
    gold = [place for place, name in enumerate(header) if name == f"{header[label]}_gold"]
    if "truth" in declared.columns or gold:
        place = one_column(table, declared, "truth", gold)
        values = table.rows[place]
        several = values.str.contains("[\r\n]")  # a gold with several right answers
        if several.any():
            n_tasks = found.rows["task"][several].nunique()
            found.notes.append(f"{n_tasks:,} tasks whose gold has several right answers: unknown truth")
        found.truth = found.rows[["task"]].assign(truth=values.mask(several, ""))
    if "_tainted" in header:
        tainted = table.rows[header.index("_tainted")].str.lower() == "true"
        found.rows = leave_out(found.rows, tainted, "tainted judgment", found.notes)
    return found
