"""doccano's JSON lines: either annotations with their users, or one file for each user in a folder."""

from __future__ import annotations

from benchmark_utils.crowds.formats.declared import count
from benchmark_utils.crowds.formats.found import Found, rows_of, task_names
from benchmark_utils.crowds.formats.records import text
from benchmark_utils.votes import VotesError


def recognises(content) -> bool:
    return isinstance(content, list) and all(
        isinstance(row, dict) and ("text" in row or "data" in row) and (_users(row) or _labels(row)) for row in content
    )


def read(content, declared) -> Found:
    if not all(map(_users, content)):
        raise VotesError(
            "it does not say whose the labels are; doccano exports one file for each user: "
            "put them into one folder, without another file of votes, and give the folder"
        )
    names = _names(content)
    rows = [
        (name, text(one.get("user")), text(one.get("label")))
        for name, row in zip(names, content, strict=True)
        for one in row["annotations"]
    ]
    return Found(rows_of(rows), tasks=names)


def read_users(contents) -> Found:
    """{user: content of the file of the user}."""
    rows, n_without = [], 0
    for user, content in contents.items():
        for name, row in zip(_names(content), content, strict=True):
            n_without += not row["label"]
            if row["label"]:
                rows.append((name, user, text(row["label"][0] if len(row["label"]) == 1 else row["label"])))
    found = Found(rows_of(rows))
    found.notes += [f"{count(n_without, 'text')} without a label: left out"] if n_without else []
    return found


def _names(content):
    return task_names([{}] * len(content), [row.get("id", row.get("text", row.get("data"))) for row in content])


def _users(row):
    given = row.get("annotations")
    return isinstance(given, list) and all(isinstance(one, dict) and {"user", "label"} <= set(one) for one in given)


def _labels(row):
    return isinstance(row.get("label"), list)
