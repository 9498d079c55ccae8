"""Above which sizes a solver skips, and the one place that says so."""

from benchmark_utils.strategies.aggregation import Strategy
from benchmark_utils.votes import Votes

MEMORY_LIMIT = 10 * 2**30  # bytes; a strategy that would need more is skipped


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
    if needed > MEMORY_LIMIT:
        return True, f"needs {needed / 2**30:.1f} GiB, more than the limit of {MEMORY_LIMIT / 2**30:.0f} GiB"
    slow_above = getattr(strategy, "slow_above", None) if max_votes is None else max_votes
    if slow_above is not None and votes.n_votes > slow_above:
        force = f"-s '{name}[max_votes={votes.n_votes}]'"
        return True, f"would take many minutes on {votes.n_votes} votes; force it with {force}"
    return False, None
