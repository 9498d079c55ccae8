"""Above which sizes a solver skips, and the one place that says so.

Memory is that of this machine, shared by the runs that it does at the same time.
"""

import math
import sys
from pathlib import Path

from benchmark_utils.strategies.aggregation import Strategy
from benchmark_utils.votes import Votes

# What a strategy says it needs is right to half of it. The votes, Python and the other programs of the machine need
# memory, too: Dawid-Skene on a flora of 538 species says 16 GiB, and a machine of 23.5 GiB ended it.
USABLE = 0.5


def skip(strategy: Strategy, votes: Votes, name: str, max_votes: int | None = None) -> tuple[bool, str | None]:
    """Whether the strategy is not for these votes, and why.

    Parameters
    ----------
    strategy : Strategy
        Its `max_classes`, `bytes_needed` and `slow_above` decide, where it has them.
    votes : Votes
    name : str
        The solver's, for the way to force what would only be slow.
    max_votes : int, optional
        In place of `slow_above`: what the user says.
    """
    max_classes = getattr(strategy, "max_classes", None)
    if max_classes is not None and votes.n_class > max_classes:
        return True, f"{name} is for {max_classes} classes at most, and these votes have {votes.n_class}"
    needed = strategy.bytes_needed(votes) if hasattr(strategy, "bytes_needed") else 0
    if needed and needed > (limit := USABLE * memory_limit()):
        jobs = count_jobs()
        shared = "" if jobs == 1 else f" for each of {jobs} runs at a time"
        again = f"where there is more, ask for it again with -f '{name}', since Benchopt remembers what it skipped"
        return True, f"needs {needed / 2**30:.1f} GiB, and {limit / 2**30:.1f} GiB may be taken{shared}; {again}"
    slow_above = getattr(strategy, "slow_above", None) if max_votes is None else max_votes
    if slow_above is not None and votes.n_votes > slow_above:
        force = f"-s '{name}[max_votes={votes.n_votes}]'"
        return True, f"would take many minutes on {votes.n_votes} votes; force it with {force}"
    return False, None


def memory_limit() -> float:
    """The bytes that one run may take.

    The memory of the machine or of its container, whichever is smaller, divided by the runs side by side. A limit of
    the process itself (`ulimit -v`) and one that dask gave to this worker are for this run alone.
    """
    import psutil

    shared = min(psutil.virtual_memory().total, container_limit())
    return min(shared / count_jobs(), process_limit(), dask_limit())


def container_limit(root=Path("/")) -> float:
    """The smallest memory limit among the control groups of this process, of version 2 or 1; infinite without one."""
    limits = [math.inf]
    groups = root / "proc/self/cgroup"
    for line in groups.read_text().splitlines() if groups.is_file() else []:
        _, controllers, group = line.split(":", 2)
        if controllers == "":
            top, name = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            top, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        folder = top / group.lstrip("/")
        for place in (folder, *folder.parents):  # a group within a group has the limits of both
            if place.is_relative_to(top) and (place / name).is_file():
                text = (place / name).read_text().strip()
                limits.append(math.inf if text == "max" else float(text))
    return min(limits)


def process_limit() -> float:
    try:
        import resource
    except ImportError:  # Windows has none
        return math.inf
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return math.inf if limit == resource.RLIM_INFINITY else limit


def dask_limit() -> float:
    """What a worker of dask may take before its nanny kills it; infinite elsewhere."""
    worker = _dask_worker()
    if worker is None or not worker.memory_manager.memory_limit:
        return math.inf
    manager = worker.memory_manager
    return manager.memory_limit / worker.state.nthreads


def count_jobs() -> int:
    """How many runs Benchopt does at the same time on this machine, as seen by one of them or by what started them.

    joblib tells its workers nothing of each other, but all are children of one process. Those of dask have limits of
    their own.
    """
    if "joblib" not in sys.modules:
        return 1
    import psutil

    here = psutil.Process()
    above = here.parent() if _is_worker(here) else here
    return max(1, sum(map(_is_worker, above.children())))


def _is_worker(process):
    import psutil

    try:
        return any("loky.backend.popen_loky" in word for word in process.cmdline())
    except psutil.Error:  # it has just ended
        return False


def _dask_worker():
    distributed = sys.modules.get("distributed")
    try:
        return distributed and distributed.get_worker()
    except ValueError:
        return None
