"""What a strategy thinks of each worker and of each task, as a text short enough for one cell of a table.

`3/3;0.5;1;AAD/f/7/` says that 3 of 3 scores are kept, the lowest 0.5 and the highest 1, and then each as one of 65,535
values at equal steps from one to the other, 16 bits a score. The text survives parquet, a merge, CSV and a page, and
nothing has to be unpickled. With it, anybody can ask later whom two strategies trust, or which tasks both find hard.

At most 1,000 scores are kept, so that a text has at most 2,720 characters. The texts of one crowd speak of the same
workers, and of the same tasks, in the same order, whatever the strategy.
"""

import base64
import binascii
import math
import re

import numpy as np

from benchmark_utils.scoring.calibration import Rows
from benchmark_utils.scoring.right import sample

N_KEPT = 1000
_NONE = 65_535  # of 16 bits: there is no score
_FORM = re.compile(r"(\d{1,9})/(\d{1,12});([-+.0-9e]{1,25}|nan);([-+.0-9e]{1,25}|nan);([A-Za-z0-9+/]*={0,2})")


def kept_numbers(has_vote) -> np.ndarray:
    """The workers, or the tasks, that a text speaks of, in order: those with a vote, or a sample of `N_KEPT` of them.

    The sample is of those whose hash is lowest, as it is for the tasks that are right (`right.py`).
    """
    return sample(np.flatnonzero(has_vote), N_KEPT)


def pack_scores(scores, has_vote) -> str:
    """The text of scores (n,), finite or NaN, of which those with a vote, bool (n,), count; "" where there are none."""
    if scores is None:
        return ""
    found = np.asarray(scores, dtype=float)[kept_numbers(has_vote)]
    known = ~np.isnan(found)
    low, high = (found[known].min(), found[known].max()) if known.any() else (np.nan, np.nan)
    half = (high / 2 - low / 2) or 1.0  # the whole may be more than a float holds
    step = np.full(len(found), _NONE, dtype="<u2")
    step[known] = np.rint((found[known] / 2 - low / 2) / half * (_NONE - 1))
    text = base64.b64encode(step.tobytes()).decode("ascii")
    return f"{len(found)}/{np.count_nonzero(has_vote)};{low:.9g};{high:.9g};{text}"


def unpack_scores(text: str) -> tuple[np.ndarray, int]:
    """The scores that are kept, (n_kept,), NaN where there is none, and how many there were.

    Raises
    ------
    ValueError
        The text is not one that `pack_scores` writes. It may come from somebody else's file.
    """
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{str(text)[:40]!r} holds no scores: it needs KEPT/ALL;LOWEST;HIGHEST;BASE64")
    kept, total = int(match[1]), int(match[2])
    try:
        low, high = float(match[3]), float(match[4])
        step = np.frombuffer(base64.b64decode(match[5], validate=True), dtype="<u2")
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{text[:40]!r} holds no scores: {error}") from None
    if len(step) != kept or kept > total:
        raise ValueError(f"{text[:40]!r} says {kept} of {total} scores and holds {len(step)}")
    known = step != _NONE
    if known.any() and not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"{text[:40]!r} holds scores from {low} to {high}")
    share = step / (_NONE - 1)
    return np.where(known, (1 - share) * low + share * high, np.nan), total


def task_scores(task_score, soft) -> np.ndarray | None:
    """How clear each task is to the strategy, (n_task,): its own score, or else how sure its soft label is.

    That is the highest probability of the row, 1 / n_class where the row is empty. None where the strategy gives
    neither: a hard label says nothing of how clear its task is.
    """
    if task_score is not None or soft is None:
        return task_score
    return Rows(soft, np.arange(soft.shape[0])).highest
