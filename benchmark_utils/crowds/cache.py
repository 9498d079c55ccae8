"""The parsed cache, which spares reading the same files again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import numpy as np

from benchmark_utils.crowds.download import file_hash
from benchmark_utils.votes import Votes
from benchmark_utils.votes.arrays import from_arrays, to_arrays

_TICK = 2 * 10**9  # nanoseconds; no file system's clock is coarser


def cache_folder() -> Path:
    """The user's cache: data folders may be read-only, and somebody else's."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "benchmark_crowd_labels"


def read_cached(
    name: str, files: Iterable[Path], code: Iterable[Path], read: Callable[[], tuple[Votes, np.ndarray]]
) -> tuple[Votes, np.ndarray]:
    """`read()`, or what it returned last time if `files` and `code` are as they were.

    Parameters
    ----------
    name : str
        What is read; one cache is kept for each name and place of the files.
    files : paths
        What is parsed: another content calls for reading it again.
    code : paths
        The programs that parse: a change of their text does too.
    read : callable
        Returns the votes and the truth, (n_task,), -1 unknown.
    """
    files = sorted(Path(file).resolve() for file in files)
    place = hashlib.sha256("\n".join([name, *map(str, files)]).encode()).hexdigest()[:16]
    path = cache_folder() / f"{name}-{place}.npz"
    stamp = _stamp(files, code)
    with contextlib.suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return _say(_load(path, stamp))  # unless it is absent, out of date or damaged
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        arrays = to_arrays(*read())
    arrays["said"] = np.array([str(one.message) for one in said], dtype=str)
    if _stamp(files, code) == stamp:  # else they were edited while they were read
        with contextlib.suppress(OSError):  # nowhere to write: the next run parses again
            _save(path, dict(arrays, stamp=np.array(stamp)))
    return _say(arrays)


def _say(arrays):
    """The votes and the truth, after the warnings of the reader: a run says them whether it reads or remembers."""
    for message in arrays["said"].tolist():
        warnings.warn(message, stacklevel=3)
    return from_arrays(arrays)


def fingerprint(files: Iterable[Path]) -> str:
    """One SHA-256 for the contents of `files` in their order; that a file is absent counts, too.

    It is the content and not the time of the last edit, since two edits can fall into the same tick of the clock, and
    a copy can keep the time of its original. A file of 1 GB takes about a second, once in each process.
    """
    return hashlib.sha256("\n".join(_content(Path(file)) for file in files).encode()).hexdigest()


def _content(file):
    try:
        status = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "absent"
    if time.time_ns() - status.st_mtime_ns < _TICK:
        return file_hash(file, "sha256")
    return _known_content(file, status.st_size, status.st_mtime_ns)


@cache
def _known_content(file, size, mtime):
    """The hash of a file whose next edit will have another time: a process reads it once."""
    return file_hash(file, "sha256")


def _stamp(files, code):
    return fingerprint([*files, *code])


def _load(path, stamp):
    with np.load(path, allow_pickle=False) as stored:
        if str(stored["stamp"]) != stamp:
            raise ValueError("out of date")
        return {name: stored[name] for name in stored.files}


def _save(path, arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        try:
            np.savez(file, **arrays)
            file.close()
            os.replace(file.name, path)
        finally:
            Path(file.name).unlink(missing_ok=True)
