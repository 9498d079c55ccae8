"""Which column of a table holds the tasks, the workers, the labels and the truth: by its usual name, or as declared."""

from __future__ import annotations

import re

from benchmark_utils.votes import VotesError

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
        names = [table.header[place][:40] for place in found]
        if len(set(names)) < len(names):
            raise VotesError(f"column {names[0]!r} occurs twice in {table.place}: rename or remove one of them")
        raise VotesError(
            f"columns {' and '.join(map(repr, names))} could both hold the {MANY[kind]} in {table.place}: "
            f"{say(kind, names[0])}"
        )
    example = ", ".join(f'"{other}": COLUMN' for other in kinds)
    raise VotesError(
        f"column {SHOWN[kind]!r} is missing in {table.place}: name the columns "
        f"{','.join(SHOWN[other] for other in kinds)} there, or say in metadata.json which they are, "
        f'{{"columns": {{{example}}}}}'
    )


def say(kind, name):
    """How to say which column is meant."""
    return f'say which, in metadata.json: {{"columns": {{"{kind}": "{name}"}}}}'


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
        f"column {wanted!r}, which metadata.json declares to hold the {MANY[kind]}, {how_often} in {table.place}: "
        f'correct "columns" in metadata.json'
    )
