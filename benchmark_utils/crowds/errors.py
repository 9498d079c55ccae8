"""What a file that cannot be fetched, trusted, unpacked or read raises."""

from __future__ import annotations


class SourceError(RuntimeError):
    """A file that cannot be fetched, trusted, unpacked or read: the message says which, why, and what to do."""


def reason_of(error):
    return str(error) or type(error).__name__
