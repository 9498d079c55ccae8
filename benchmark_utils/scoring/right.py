"""Which tasks a strategy got right, as a text short enough for one cell of a table.

`3/3:oA==` says that 3 of 3 tasks are kept, and that the first and the third are right. The text survives parquet, a
merge, CSV and a page. With it two strategies can be compared task by task, long after the run.

The texts of one crowd speak of the same tasks in the same order, whatever the strategy. Whether two crowds are the same
is what `objective_data` says (`votes/digest.py`).
"""

import base64
import binascii
import re

import numpy as np

N_KEPT = 20_000  # tasks; 3.3 kB of text per result, and a standard error of a third of a point


def kept_tasks(truth) -> np.ndarray:
    """The tasks that a text speaks of, in order: those with a truth, or a sample of `N_KEPT` of them.

    The sample is of the tasks whose hash is lowest. It depends on the numbers of the tasks alone, so it is the same
    for every strategy, seed and machine, and about the same where a few truths are added.

    Parameters
    ----------
    truth : int array, (n_task,)
        -1 where it is not known.
    """
    return sample(np.flatnonzero(np.asarray(truth) >= 0), N_KEPT)


def sample(numbers, most) -> np.ndarray:
    """All of these numbers, sorted, or the `most` of them whose hash is lowest."""
    if len(numbers) <= most:
        return numbers
    return np.sort(numbers[np.argsort(_hash(numbers), kind="stable")[:most]])


def pack_right(truth, labels) -> str:
    """The text of labels beside a truth, both (n_task,). A task called not valid, label -1, is not right."""
    truth, labels = np.asarray(truth), np.asarray(labels)
    kept = kept_tasks(truth)
    bits = np.packbits(labels[kept] == truth[kept]).tobytes()
    return f"{len(kept)}/{np.count_nonzero(truth >= 0)}:{base64.b64encode(bits).decode('ascii')}"


def unpack_right(text: str) -> tuple[np.ndarray, int]:
    """The tasks that are right, bool (n_kept,), and how many tasks have a truth.

    Raises
    ------
    ValueError
        The text is not one that `pack_right` writes. It may come from somebody else's file.
    """
    match = re.fullmatch(r"(\d{1,9})/(\d{1,12}):([A-Za-z0-9+/]*={0,2})", text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{str(text)[:40]!r} does not say which tasks are right: it needs KEPT/KNOWN:BASE64")
    kept, known = int(match[1]), int(match[2])
    try:
        packed = np.frombuffer(base64.b64decode(match[3], validate=True), dtype=np.uint8)
    except binascii.Error as error:
        raise ValueError(f"{text[:40]!r} does not say which tasks are right: {error}") from None
    if len(packed) != -(-kept // 8) or kept > known:
        raise ValueError(f"{text[:40]!r} says {kept} of {known} tasks and holds {8 * len(packed)} bits")
    return np.unpackbits(packed, count=kept).astype(bool), known


def _hash(numbers):
    """The finaliser of splitmix64 (Steele, Lea and Flood, OOPSLA 2014): a bijection that looks random."""
    z = np.asarray(numbers).astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
