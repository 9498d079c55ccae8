"""Prodigy's JSON lines: an answer per line, accepted, rejected or ignored."""

from __future__ import annotations

from benchmark_utils.crowds.formats.declared import count
from benchmark_utils.crowds.formats.found import Found, rows_of
from benchmark_utils.crowds.formats.records import text
from benchmark_utils.votes import VotesError


def recognises(content) -> bool:
    return isinstance(content, list) and all(
        isinstance(row, dict) and row.get("answer") in ("accept", "reject", "ignore") for row in content
    )


def read(content, declared) -> Found:
    """Of choices, the chosen one is the label; of one label that is accepted or rejected, "accept" or "reject" is.

    Where several labels are accepted or rejected, a task is a pair of text and label.
    """
    questions = {text(row.get("label")) for row in content if "accept" not in row}
    rows, n_ignored, n_without = [], 0, 0
    for number, row in enumerate(content, 1):
        worker = text(row.get("_annotator_id") or row.get("_session_id"))
        if not worker:
            raise VotesError(
                f"row {number} has no _annotator_id and no _session_id, so nobody knows whose it is: add one"
            )
        task, chosen = _task(row, number), row.get("accept")
        if row["answer"] == "ignore" or (chosen is not None and row["answer"] == "reject"):
            n_ignored += 1
        elif chosen is not None:
            chosen = chosen if isinstance(chosen, list) else [chosen]
            n_without += not chosen
            rows += [(task, worker, text(chosen[0] if len(chosen) == 1 else chosen))] if chosen else []
        else:
            rows.append((f"{task} [{text(row.get('label'))}]" if len(questions) > 1 else task, worker, row["answer"]))
    found = Found(rows_of(rows))
    for n, what in ((n_ignored, "ignored or rejected question"), (n_without, "answer without a choice")):
        if n:
            found.notes.append(f"{count(n, what)}: left out")
    return found


def _task(row, number):
    for key in ("text", "image", "audio", "video", "_input_hash", "_task_hash"):
        name = text(row.get(key))
        if name and not name.startswith("data:"):  # the picture itself
            return name
    raise VotesError(f"row {number} has no text, image, audio, video or _input_hash: add one")
