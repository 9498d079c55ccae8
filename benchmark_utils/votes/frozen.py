"""Arrays that cannot be written: all strategies of a run read the same ones."""

from __future__ import annotations

import numpy as np


def immutable(array) -> np.ndarray:
    """A copy, (n,), over `bytes`: `setflags(write=True)` raises, here and in every view. It is copied once only.

    numpy makes an array writeable again wherever the memory below it can be written. `bytes` cannot.
    """
    if isinstance(array.base, bytes):
        return array
    return np.frombuffer(array.tobytes(), array.dtype)


def read_only(array) -> np.ndarray:
    """A view without a copy, for images and for ids of any type: `setflags(write=True)` raises here, too.

    Whoever holds the array that was given can still write to it.
    """
    return np.asarray(memoryview(np.asarray(array)).toreadonly())
