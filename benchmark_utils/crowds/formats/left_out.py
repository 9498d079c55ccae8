"""Rows that a platform marks as no votes, and the one column that is meant where names differ from job to job."""

from __future__ import annotations

from benchmark_utils.crowds.formats.columns import MANY, find_column, say
from benchmark_utils.crowds.formats.declared import count
from benchmark_utils.votes import VotesError


def leave_out(rows, wrong, what, notes):
    """The rows that are not `wrong`; how many are is noted."""
    if wrong.any():
        notes.append(f"{count(int(wrong.sum()), what)}: left out")
    if wrong.all():
        raise VotesError(f"every vote is left out ({count(int(wrong.sum()), what)}): there must be one")
    return rows[~wrong]


def with_prefix(table, prefix):
    return [place for place, name in enumerate(table.header) if name.startswith(prefix)]


def one_column(table, declared, kind, places):
    """The declared column, else the only one of `places`; several, or none, are a question."""
    if kind in declared.columns or len(places) == 1:
        return find_column(table, declared, kind) if kind in declared.columns else places[0]
    names = [table.header[place] for place in places] or table.header
    shown = ", ".join(repr(name[:40]) for name in names[:8]) + (", ..." if len(names) > 8 else "")
    raise VotesError(
        f"columns {shown} could hold the {MANY[kind]} in {table.place.partition(',')[0]}: {say({kind: names[0]})}"
    )
