"""Zooniverse's export of classifications: a row per classification, whose annotations are JSON."""

from __future__ import annotations

import json

from benchmark_utils.crowds.formats.columns import say
from benchmark_utils.crowds.formats.found import Found
from benchmark_utils.crowds.formats.left_out import leave_out, one_column
from benchmark_utils.crowds.formats.text_files import parse_json
from benchmark_utils.votes import VotesError
from benchmark_utils.votes.refusals import short


def recognises(table, declared) -> bool:
    is_export = {"user_name", "annotations", "subject_ids"} <= set(table.header)
    return is_export and declared.columns.get("label", "annotations") not in set(table.header) - {"annotations"}


def read(table, declared) -> Found:
    """A task is a subject, a worker a user's name, a label the answer to the only question, as T0, or the declared."""
    usual = {kind: [table.header.index(name)] for kind, name in (("task", "subject_ids"), ("worker", "user_name"))}
    places = {one_column(table, declared, kind, place): kind for kind, place in usual.items()}
    found = Found(table.take(places | {table.header.index("annotations"): "label"}))
    if "workflow_id" in table.header and table.rows[table.header.index("workflow_id")].nunique() > 1:
        raise VotesError("it holds several workflows (workflow_id): keep the rows of one")
    answers = [_answers(text, line) for line, text in found.rows["label"].items()]
    questions = sorted({name for given in answers for name in given})
    wanted = declared.columns.get("label", questions[0] if len(questions) == 1 else None)
    if wanted not in questions:
        shown = ", ".join(questions[:8])
        raise VotesError(f"annotations answer the questions {shown}: {say({'label': (questions or ['T0'])[0]})}")
    found.rows["label"] = [given.get(wanted, "") for given in answers]
    found.rows = leave_out(found.rows, found.rows["label"] == "", "classification without an answer", found.notes)
    return found


def _answers(text, line):
    """{question: answer}, as text."""
    try:
        given = parse_json(text)
        return {entry["task"]: _answer(entry["value"]) for entry in given}
    except (VotesError, TypeError, KeyError, AttributeError):
        raise VotesError(f"the annotations in line {line} are {short(text)}: they need [{{task, value}}]") from None


def _answer(value):
    if isinstance(value, list) and len(value) <= 1:  # a question with several answers, or a survey
        value = value[0] if value else ""
    if isinstance(value, dict) and "choice" in value:
        value = value["choice"]
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value).strip()
