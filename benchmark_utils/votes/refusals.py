"""Votes that cannot be used, refused in words: what is wrong, in which rows, and how to mend it."""

from __future__ import annotations

import numpy as np
import pandas as pd

_SHOWN_ROWS = 5
_SHOWN_CHARACTERS = 40
MAX_CLASSES = 1_000_000  # some arrays have an entry for each class, voted or not; Pl@ntNet has 11,425


class VotesError(ValueError):
    """Votes or truth that cannot be used: the message says what is wrong, where, and how to mend it."""


class UnknownClassError(VotesError):
    """A truth that is not among the classes."""


def check_lengths(columns):
    if any(column.ndim != 1 for column in columns.values()):
        raise VotesError("task, worker and label must be one-dimensional, with one entry per vote")
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise VotesError(f"task, worker and label have unequal lengths {lengths}: each vote needs all three")
    if lengths["task"] == 0:
        raise VotesError("there are no votes: give at least one (task, worker, label)")


def short(value) -> str:
    """A value as a message shows it, however long it is."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}... ({len(text)} characters)"


def check_n_class(n_class):
    if n_class > MAX_CLASSES:
        raise VotesError(
            f"there would be {n_class:,} classes, and {MAX_CLASSES:,} is the most: "
            "give labels as words, or correct the number"
        )


def check_per_task(values, name, n_task):
    if values.shape != (n_task,):
        raise VotesError(f"{name} has shape {values.shape}: it needs one entry per task, ({n_task},)")


def check_codes(values, name, size, size_name, lowest=0, rows=None):
    """Integer codes of `values`, int32 where they fit, after a check of lowest <= code < size."""
    values = np.asarray(values)
    if values.dtype.kind not in "iub":
        if values.dtype.kind != "f":
            raise VotesError(f"{name} holds {values.dtype}: it needs integer codes; see Votes.from_frame for words")
        whole = (np.abs(values) < 2**53) & (values == np.floor(values))
        raise_rows(~whole, values, f"{name} is fractional or missing", "codes are integers", rows)
        values = values.astype(np.int64)
    raise_rows(values < lowest, values, f"{name} is below {lowest}", f"codes start at {lowest}", rows)
    if size is not None:
        raise_rows(
            values >= size, values, f"{name} is not below {size_name} = {size}", f"raise {size_name} or mend it", rows
        )
    fits = (size if size is not None else int(values.max(initial=0))) <= np.iinfo(np.int32).max
    return values.astype(np.int32 if fits else np.int64, copy=False)


def raise_rows(wrong, values, what, mend, rows=None, error=VotesError):
    """Raise an error that names the first rows that are `wrong`, (n,) bool, by the index `rows`; if any."""
    wrong = np.asarray(wrong)
    if not wrong.any():
        return
    positions = np.flatnonzero(wrong)
    shown = positions[:_SHOWN_ROWS]
    rows = pd.RangeIndex(len(wrong)) if rows is None else pd.Index(rows)
    places = ", ".join(str(row) for row in rows[shown])
    more = f" and {len(positions) - len(shown)} more" if len(positions) > len(shown) else ""
    found = "" if values is None else f" (found {', '.join(map(short, np.asarray(values)[shown].tolist()))})"
    raise error(f"{what} in {rows.name or 'row'} {places}{more}{found}: {mend}")
