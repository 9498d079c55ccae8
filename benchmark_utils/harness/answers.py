"""What a solver answers beside labels and soft labels: checked and converted, so that an odd answer costs no other one.

Benchopt writes the results of all solvers into one file. A value that this file cannot hold would lose all of them.
"""

import sys
from reprlib import repr  # a short one, whatever was answered

import numpy as np


def check_score(score, name, n) -> np.ndarray | None:
    """A score of each task or worker as a float array, (n,), finite or NaN; None where there is none.

    Raises
    ------
    ValueError
        Another type or length, or an infinite score.
    """
    if score is None:
        return None
    found = np.array(score)
    if found.shape != (n,) or found.dtype.kind not in "iufb":
        raise ValueError(f"{name} is {repr(score)}: it needs an array of {n} numbers, or None")
    infinite = np.flatnonzero(np.isinf(found))
    if len(infinite):
        raise ValueError(f"{name} is infinite at {infinite[:5].tolist()}: it needs numbers, NaN where there is none")
    return found.astype(float)


def check_number(number, name, highest=sys.maxsize) -> float:
    """A number between 0 and `highest` as a float.

    Raises
    ------
    ValueError
    """
    found = np.array(number)
    if found.shape != () or found.dtype.kind not in "iufb" or not 0 <= found <= highest:
        raise ValueError(f"{name} is {repr(number)}: it needs a number between 0 and {highest}")
    return float(found)
