"""Above which sizes a solver skips."""

MEMORY_LIMIT = 10 * 2**30  # bytes; a strategy that would need more is skipped
