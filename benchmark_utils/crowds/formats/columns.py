"""Which column of a table holds the tasks, the workers, the labels and the truth: by its usual name, or as declared."""

from __future__ import annotations

import json
import re
import shlex

from benchmark_utils.votes import VotesError
from benchmark_utils.votes.refusals import short

USUAL = {
    "task": ("task", "item", "question", "unit"),
    "worker": ("worker", "annotator", "rater", "performer", "user"),
    "label": ("label", "answer", "rating", "response"),
    "truth": ("truth", "gold", "groundtruth", "truelabel", "goldlabel", "goldstandard"),
}
SHOWN = {"task": "item", "worker": "worker", "label": "label", "truth": "truth"}  # the names of the README
MANY = {"task": "tasks", "worker": "workers", "label": "labels", "truth": "truth"}


def find_columns(table, declared, kinds=("task", "worker", "label"), usual=USUAL) -> dict[int, str]:
    """The positions of the columns that hold `kinds`, as `Table.take` needs them.

    Raises
    ------
    VotesError
        A column that is missing, and two that could both be meant: the message lists them and says how to choose.
    """
    return {find_column(table, declared, kind, usual, kinds): kind for kind in kinds}


def find_column(table, declared, kind, usual=USUAL, kinds=("task", "worker", "label")) -> int:
    wanted = declared.columns.get(kind)
    if wanted is not None:
        return _named(table, wanted, kind)
    found = candidates(table, kind, usual)
    if len(found) == 1:
        return found[0]
    if found:
        names = [table.header[place] for place in found]
        if len(set(names)) < len(names):
            raise VotesError(f"column {short(names[0])} occurs twice in {table.place}: rename or remove one of them")
        mend = say({kind: names[0]}) if "label" in kinds else "rename or remove one of them"
        raise VotesError(
            f"columns {' and '.join(map(repr, names))} could both hold the {MANY[kind]} in {table.place}: {mend}"
        )
    if len(table.header) == 1 and table.separator:
        mend = "part the columns with commas, semicolons or tabs, and "
        mend += f"name the columns {','.join(SHOWN[other] for other in kinds)} there"
        raise VotesError(f"column {SHOWN[kind]!r} is missing in {table.place}: {mend}")
    mend = f"name the columns {','.join(SHOWN[other] for other in kinds)} there"
    if "label" in kinds:
        missing = [other for other in kinds if other not in declared.columns and not candidates(table, other, usual)]
        mend += f", or {say(dict.fromkeys(missing, 'COLUMN'))}"
        if {"worker", "label"} <= set(missing):
            mend += ". A table with a column per worker needs no more than its column of tasks, --task COLUMN"
    raise VotesError(f"column {SHOWN[kind]!r} is missing in {table.place}: {mend}")


def say(columns: dict) -> str:
    """How to say which columns are meant, {kind: name}: to the command, or in a file."""
    columns = {kind: name if len(name) <= 100 else "COLUMN" for kind, name in columns.items()}
    options = " ".join(f"--{kind} {shlex.quote(name)}" for kind, name in columns.items())
    return f"say which, with {options} or in metadata.json, {json.dumps({'columns': columns}, ensure_ascii=False)}"


def candidates(table, kind, usual=USUAL) -> list[int]:
    """The positions of the columns whose name says `kind`: "Worker", "worker_id" and "workerId" say the same."""
    folded = [re.sub(r"[\s_.:-]", "", name.lower()) for name in table.header]
    return [place for place, name in enumerate(folded) if name in usual[kind] or name.removesuffix("id") in usual[kind]]


def _named(table, wanted, kind):
    places = [place for place, name in enumerate(table.header) if name == wanted.strip()]
    if len(places) == 1:
        return places[0]
    how_often = "occurs twice" if places else "is missing"
    raise VotesError(
        f"column {short(wanted)}, which --{kind} or metadata.json says to hold the {MANY[kind]}, {how_often} in "
        f'{table.place}: correct --{kind}, or "columns" in metadata.json'
    )
