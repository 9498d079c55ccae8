"""The user's own ids and labels as codes: numbers, words, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmark_utils.votes.frozen import read_only
from benchmark_utils.votes.refusals import VotesError, raise_rows

if TYPE_CHECKING:
    from benchmark_utils.votes.votes import Votes


@dataclass(frozen=True, eq=False)
class Encoding:
    """The user's own ids: position c of each array holds the id that was given code c.

    Attributes
    ----------
    tasks : array, (n_task,)
    workers : array, (n_worker,)
    classes : array, (n_class,)
    """

    tasks: np.ndarray
    workers: np.ndarray
    classes: np.ndarray

    def __post_init__(self):
        for name in ("tasks", "workers", "classes"):
            object.__setattr__(self, name, read_only(getattr(self, name)))


def encode_truth(ids, values, votes: Votes, rows=None) -> np.ndarray:
    """Truth by task code, (n_task,) int64, -1 where it is not known.

    Parameters
    ----------
    ids, values : sequences of equal length
        The user's own ids of tasks and classes.
    votes : Votes
        With an encoding.
    rows : sequence, optional
        What errors call the entries, the lines of a file for instance.

    Raises
    ------
    VotesError
        A missing value, a task nobody was asked about, a class that is not among the classes, two truths for a task.
    """
    if len(ids) != len(values):
        raise VotesError(f"the truth has {len(ids)} tasks and {len(values)} labels: each task needs one label")
    rows = pd.RangeIndex(len(ids)) if rows is None else rows
    ids, values = pd.Series(ids).reset_index(drop=True), pd.Series(values).reset_index(drop=True)
    missing = is_missing(ids) | is_missing(values)
    raise_rows(missing, None, "the truth has an empty task or label", "fill it in or remove the row", rows)
    task, _ = encode_ids(ids, votes.encoding.tasks, "task of the truth", rows)
    label, _ = encode_ids(values, votes.encoding.classes, "truth", rows)
    first = pd.Series(task).duplicated(keep=False).to_numpy()
    raise_rows(first, ids, "a task has more than one truth", "keep one row per task", rows)
    truth = np.full(votes.n_task, -1, dtype=np.int64)
    truth[task] = label
    return truth


def encode_ids(values: pd.Series, known, what: str, rows) -> tuple[np.ndarray, np.ndarray]:
    """Codes (n,) of ids and the ids by code; `known` fixes the ids and their order, else they are sorted."""
    values = _as_numbers(values)
    if known is None:
        codes, ids = pd.factorize(values, sort=True)
        return codes, np.asarray(ids)
    known = np.asarray(known)
    keys = _as_numbers(pd.Series(known))
    if keys.dtype.kind != values.dtype.kind:
        keys, values = keys.astype(str), values.astype(str)
    if keys.duplicated().any():
        raise VotesError(f"{what} ids repeat in the list of those known: {known[keys.duplicated()][:5].tolist()}")
    codes = pd.Index(keys).get_indexer(values)
    shown = ", ".join(map(repr, known[:8].tolist())) + (", ..." if len(known) > 8 else "")
    raise_rows(codes < 0, values, f"unknown {what}", f"the known ones are {shown}: correct it or remove the row", rows)
    return codes, known


def encode_labels(values: pd.Series, classes, n_class, rows):
    numbers = _as_numbers(values)
    if numbers.dtype.kind == "f":
        fractional = (numbers != np.floor(numbers)) | np.isinf(numbers)
        raise_rows(fractional, values, "a label is fractional", "labels are class numbers or words", rows)
        numbers = numbers.astype(np.int64)
    if numbers.dtype.kind in "iub" and classes is None:
        numbers = numbers.astype(np.int64)
        raise_rows(numbers < 0, values, "a label is negative", "number the classes from 0, or remove the row", rows)
        if n_class is not None:
            too_large = f"a label is not below n_class = {n_class}"
            raise_rows(numbers >= n_class, values, too_large, "correct it or raise n_class", rows)
            return numbers.to_numpy(), np.arange(n_class)
    codes, ids = encode_ids(numbers, classes, "label", rows)
    if n_class is not None and len(ids) > n_class:
        raise VotesError(f"there are {len(ids)} different labels and n_class = {n_class}: raise n_class")
    return codes, ids


def is_missing(values: pd.Series) -> pd.Series:
    if values.dtype.kind in "iufb":
        return values.isna()
    return values.isna() | (values.astype(str).str.strip() == "")


def _as_numbers(values: pd.Series) -> pd.Series:
    """Ids as integers where all of them are, as floats where all are numbers, else as text."""
    if values.dtype.kind in "iufb":
        numbers = values
    else:
        # the work on text is done once per distinct id
        try:
            codes, distinct = pd.factorize(values, use_na_sentinel=False)
        except TypeError:
            raise VotesError("an id or a label is a list or a map: each must be one number or word") from None
        numbers = pd.to_numeric(pd.Series(distinct), errors="coerce")
        # "007", "1e3" and "1.10" are names: a number has to read back as it was written
        texts = pd.Series(distinct).astype(str)
        plain = texts.str.fullmatch(r"-?(0|[1-9]\d{0,17})(\.0|\.\d*[1-9])?")
        exact = numbers.dtype.kind != "f" or numbers.abs().max() < 2**53  # two long ids may round to one float
        if numbers.isna().any() or not plain.all() or not exact:
            return texts.take(codes)
        numbers = numbers.take(codes)
    if numbers.dtype.kind == "f" and (numbers == np.floor(numbers)).all() and numbers.abs().max() < 2**53:
        return numbers.astype(np.int64)
    return numbers
