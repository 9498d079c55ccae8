"""What a file that cannot be fetched, trusted, unpacked or read raises."""

from __future__ import annotations

import errno


class SourceError(RuntimeError):
    """A file that cannot be fetched, trusted, unpacked or read: the message says which, why, and what to do."""


class DiskFullError(SourceError):
    """There is no room for a file."""


def reason_of(error):
    return str(error) or type(error).__name__


def is_disk_full(error):
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
