"""Numbers in [0, 1) that break ties, drawn by position in the whole crowd, each where it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass
class Draws:
    """What one seed draws for the pairs of a task and a class, and twice for the tasks: see `pairs.Pairs`.

    Most crowds need those of the tasks nowhere, and drawing takes as long as a weighted vote: so each is drawn once it
    is asked for.

    Attributes
    ----------
    seed : int
    n_pairs, n_filled : int
        How many pairs, and how many tasks.
    places : three of int
        How many numbers come before those of the pairs, and before either of those of the tasks.
    """

    seed: int
    n_pairs: int
    n_filled: int
    places: tuple

    @cached_property
    def of_pairs(self) -> np.ndarray:
        """One for each pair, (n_pairs,)."""
        return draws_at(self.seed, self.places[0], self.n_pairs)

    @cached_property
    def of_tasks(self) -> list:
        """Two for each task, (n_filled,) each."""
        return [draws_at(self.seed, place, self.n_filled) for place in self.places[1:]]


def generator_at(seed, place) -> np.random.Generator:
    """`np.random.default_rng(seed)` once it has drawn `place` numbers."""
    bits = np.random.PCG64(seed)
    bits.advance(int(place))
    return np.random.Generator(bits)


def draws_at(seed, place, n) -> np.ndarray:
    """Numbers `place` to `place + n` of those that `np.random.default_rng(seed).random()` draws, (n,)."""
    return generator_at(seed, place).random(n)
