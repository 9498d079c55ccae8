"""How the C library keeps memory between arrays."""

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # numbers of glibc's malloc.h


def keep_freed_memory():
    """Let glibc reuse the memory of freed arrays, for the whole process; elsewhere this does nothing.

    By default it gives each array of more than 32 MiB back to the system, which then clears every page of the next
    one: with nine million votes that is up to half of the time. Up to 2 GiB of what is freed is kept.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
