"""The user's own ids and labels as codes: numbers, words, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmark_utils.votes.frozen import read_only
from benchmark_utils.votes.refusals import UnknownClassError, VotesError, check_n_class, raise_rows, short

if TYPE_CHECKING:
    from benchmark_utils.votes.votes import Votes

ENDS_AT_ZERO = int(pd.__version__.split(".")[0]) < 3  # before, pandas takes "a\0" and "a" for one text


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

    def with_more(self, tasks, workers) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Tasks, workers and classes by code: these, then those of the given ids that are new, sorted."""
        return _with_more(self.tasks, tasks, "task"), _with_more(self.workers, workers, "worker"), self.classes


def _with_more(known, values, what):
    keys, values = comparable(pd.Series(known), pd.Series(values), what)
    new = np.setdiff1d(values.to_numpy(), keys.to_numpy())
    return np.concatenate([keys, new]) if len(new) else known


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
    if known is None:
        codes, ids = pd.factorize(_as_numbers(values, what), sort=True)
        return codes, np.asarray(ids)
    known = pd.Series(known).to_numpy()  # an array of objects where ids are text: each takes the memory of its own text
    keys, values = comparable(pd.Series(known), pd.Series(values), what)
    if keys.duplicated().any():
        repeated = ", ".join(map(short, known[keys.duplicated().to_numpy()][:5].tolist()))
        raise VotesError(f"{what} ids repeat in the list of those known: [{repeated}]")
    codes = pd.Index(keys).get_indexer(values)
    shown = ", ".join(map(short, known[:8].tolist())) + (", ..." if len(known) > 8 else "")
    mend = f"the known ones are {shown}: correct it or remove the row"
    raise_rows(codes < 0, values, f"unknown {what}", mend, rows, UnknownClassError if what == "truth" else VotesError)
    return codes, known


def encode_labels(values: pd.Series, classes, n_class, rows):
    check_n_class(n_class or 0)
    if values.dtype.kind == "b" and classes is None and n_class is None:
        return encode_ids(values, [False, True], "label", rows)
    numbers = _as_numbers(values, "label")
    if numbers.dtype.kind == "f" and classes is None:
        fractional = (numbers != np.floor(numbers)) | np.isinf(numbers)
        mend = f"labels are class numbers or words; {_declare(numbers)}"
        raise_rows(fractional, values, "a label is fractional", mend, rows)
        numbers = numbers.astype(np.int64)
    if numbers.dtype.kind in "iub" and classes is None:
        numbers = numbers.astype(np.int64)
        mend = f"number the classes from 0, or remove the row; {_declare(numbers)}"
        raise_rows(numbers < 0, values, "a label is negative", mend, rows)
        if n_class is not None:
            too_large = f"a label is not below n_class = {n_class}"
            raise_rows(numbers >= n_class, values, too_large, "correct it or raise n_class", rows)
            return numbers.to_numpy(), np.arange(n_class)
    codes, ids = encode_ids(values, classes, "label", rows)
    if n_class is not None and len(ids) > n_class:
        raise VotesError(f"there are {len(ids)} different labels and n_class = {n_class}: raise n_class")
    return codes, ids


def _declare(numbers):
    """How to say that these numbers are the names of classes."""
    names = sorted(set(numbers.tolist()))
    listed = ", ".join(f"{name}".removesuffix(".0") for name in names) if len(names) <= 20 else "..."
    return f'if they are names of classes, declare all of them in metadata.json, {{"classes": [{listed}]}}'


def is_missing(values: pd.Series) -> pd.Series:
    if values.dtype.kind in "iufb":
        return values.isna()
    return values.isna() | (values.astype(str).str.strip() == "")


def pack_encoding(encoding: Encoding | None) -> dict[str, np.ndarray]:
    """An encoding as named arrays that need no pickle; nothing of None."""
    names = [field.name for field in fields(Encoding)] if encoding is not None else []
    packed = {name: pack_ids(np.asarray(getattr(encoding, name))) for name in names}
    return {f"{name}_{part}": array for name, parts in packed.items() for part, array in parts.items()}


def unpack_encoding(arrays: dict[str, np.ndarray]) -> Encoding | None:
    """The encoding among named arrays, None where there is none."""
    names = [f"{field.name}_" for field in fields(Encoding)]
    packed = [{key.removeprefix(name): arrays[key] for key in arrays if key.startswith(name)} for name in names]
    return Encoding(*map(unpack_ids, packed)) if all(packed) else None


def pack_ids(ids: np.ndarray) -> dict[str, np.ndarray]:
    """Ids as arrays that need no pickle, in the memory of their text: numbers, or UTF-8 bytes and where each id ends.

    An array of fixed width would give every id the length of the longest.
    """
    if ids.dtype.kind in "iufb":
        return {"numbers": ids}
    texts = [str(name).encode("utf-8", "surrogatepass") for name in ids.tolist()]
    return {"text": np.frombuffer(b"".join(texts), dtype=np.uint8), "ends": np.cumsum(list(map(len, texts)))}


def unpack_ids(packed: dict[str, np.ndarray]) -> np.ndarray:
    if "numbers" in packed:
        return packed["numbers"]
    text, ends = packed["text"].tobytes(), packed["ends"].tolist()
    ids = np.empty(len(ends), dtype=object)
    ids[:] = [text[a:b].decode("utf-8", "surrogatepass") for a, b in zip([0, *ends], ends, strict=False)]
    return ids


def comparable(known: pd.Series, values: pd.Series, what: str) -> tuple[pd.Series, pd.Series]:
    """Both as numbers where both are numbers, as truth values where the known ones are, else as they are written."""
    known_numbers, numbers = _as_numbers(known, what), _as_numbers(values, what)
    if {known_numbers.dtype.kind, numbers.dtype.kind} <= set("iufb"):
        return known_numbers, numbers
    known, values = _as_text(known), _as_text(values)
    folded = known.str.lower() if len(known) <= 2 else known
    if set(folded) <= {"true", "false"} and not folded.duplicated().any():  # R writes TRUE, pandas True, JSON true
        lower = values.str.lower()
        return folded, values.mask(lower.isin(["true", "false"]), lower)
    return known, values


def _as_text(values: pd.Series) -> pd.Series:
    if values.dtype.kind == "f" and _are_whole(values):
        values = values.astype(np.int64)
    return values.astype(str)


def _are_whole(numbers: pd.Series) -> bool:
    return bool((numbers == np.floor(numbers)).all()) and numbers.abs().max() < 2**53


def _as_numbers(values: pd.Series, what: str) -> pd.Series:
    """Ids as integers where all of them are, as floats where all are numbers, else as text.

    Text is a number only where it reads back as it was written. "007", "1e3" and "1.10" are names, and so are two
    decimals that a float cannot tell apart.
    """
    if values.dtype.kind in "iufb":
        return values.astype(np.int64) if values.dtype.kind == "f" and _are_whole(values) else values
    if ENDS_AT_ZERO and any("\0" in value for value in values if isinstance(value, str)):
        raise VotesError(
            f"a {what} holds a zero byte, where pandas {pd.__version__} ends it: rename it, or take pandas 3"
        )
    # the work on text is done once per distinct id
    try:
        codes, distinct = pd.factorize(values, use_na_sentinel=False)
    except TypeError:
        raise VotesError("an id or a label is a list or a map: each must be one number or word") from None
    texts = pd.Series(np.asarray(distinct, dtype=object)).map(str)
    numbers = _read_numbers(texts)
    if numbers is None:
        return texts.take(codes)
    written = numbers[~texts.duplicated()]
    if written.duplicated().any():
        one, other = texts[written.index[written == written[written.duplicated()].iloc[0]][:2]]
        raise VotesError(f"a {what} is written in two ways, {short(one)} and {short(other)}: write it in one way")
    return numbers.take(codes)


def _read_numbers(texts: pd.Series) -> pd.Series | None:
    """The numbers that these texts are; None where one of them is none, or does not read back."""
    if not texts.str.fullmatch(r"(?!-0(\.0)?$)-?(0|[1-9][0-9]{0,17})(\.0|\.[0-9]*[1-9])?").all():
        return None
    whole = texts.str.removesuffix(".0")
    if not whole.str.contains(".", regex=False).any():
        return whole.map(int).astype(np.int64)
    numbers = texts.map(float)
    written = [np.format_float_positional(number, trim="-") for number in numbers]
    return numbers if (whole == written).all() else None
