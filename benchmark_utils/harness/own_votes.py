"""Somebody's own votes, as the commands are told where they are, and how those that write end."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import sparse

from benchmark_utils.votes import Votes, VotesError, sum_votes

KINDS = {"task": "tasks", "worker": "workers", "label": "labels", "truth": "known truths"}
MOST_NAMES = 5  # of tasks in a sentence


def add_arguments(parser: argparse.ArgumentParser):
    """PATH, and which column of a table holds what."""
    parser.add_argument("path", type=Path, help="a folder of votes, or a file: docs/formats.md has the formats")
    for kind, many in KINDS.items():
        parser.add_argument(f"--{kind}", metavar="COLUMN", help=f"the column of the {many}, by its name in the table")


def columns_of(chosen: argparse.Namespace) -> dict:
    """{kind: column} of the options that were given."""
    return {kind: getattr(chosen, kind) for kind in KINDS if getattr(chosen, kind) is not None}


def winning(votes: Votes) -> tuple[np.ndarray, np.ndarray]:
    """How many votes the most voted answer of a task has, and how many answers have that many, (n_task,) each."""
    count = sparse.csr_array(sum_votes(votes))
    row = np.repeat(np.arange(votes.n_task), np.diff(count.indptr))
    most = np.zeros(votes.n_task)
    np.maximum.at(most, row, count.data)
    return most, np.bincount(row, (count.data > 0) & (count.data == most[row]), votes.n_task)


def tied_tasks(votes: Votes) -> list[str]:
    """A sentence on the tasks whose most voted answers tie, the first of them by name; none where there is none."""
    tied = np.flatnonzero(winning(votes)[1] > 1)
    if not len(tied):
        return []
    names = tied if votes.encoding is None else votes.encoding.tasks[tied]
    shown = ", ".join(str(name)[:40] for name in names[:MOST_NAMES]) + (", ..." if len(tied) > MOST_NAMES else ".")
    return [f"{count(len(tied), 'task')} tied, since several answers have the most votes: {shown}"]


class CannotError(Exception):
    """What a command cannot do, in words."""


def status_of(write: Callable[[], str], output: Path) -> int:
    """0, and what `write()` returns is printed; 2, with the reason, where nothing is written; 130 on an interrupt."""
    old = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a temporary folder goes
    try:
        said = write()
    except (CannotError, VotesError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{output}: cannot be written ({error}); nothing was written", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGTERM, old)
    print(said)
    return 0


def count(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
