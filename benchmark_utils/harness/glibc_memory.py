"""How the C library keeps memory between arrays."""

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # numbers of glibc's malloc.h


def keep_freed_memory():
    """Let glibc reuse the memory of freed arrays, for the whole process; elsewhere this does nothing.

    By default it gives each array of more than 32 MiB back to the system, which then clears every page of the next
    one: with nine million votes that is up to half of the time. Up to 2 GiB of what is freed is kept.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is not None:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def give_freed_memory_back():
    """Let glibc, and pyarrow where it is loaded, give what is freed back to the system, once."""
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _of_glibc(name):
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
