"""Whether soft labels are as sure as they are right: ECE, Brier score, log loss."""

from __future__ import annotations

import numpy as np
from scipy import sparse

N_BINS = 15  # of the expected calibration error (thesis, section 1.2.5)
_LOWEST_PROBABILITY = 1e-12  # of the log loss
_ROUNDING = 1e-9  # probabilities this close are equal: sums of weights depend on their order


def expected_calibration_error(soft, truth, n_bins=N_BINS) -> float:
    """ECE = sum_m |B_m| / |G| |acc(B_m) - conf(B_m)| (thesis, eq. 1.20 to 1.22).

    The confidence is the top probability of a row, the bins ((m - 1) / n_bins, m / n_bins] are equally wide. A row
    whose top is shared by several classes is right in that proportion, as if the tie were broken at random. A row of
    zeros predicts nothing: it is wrong, with confidence 1 / n_class.
    """
    known = np.flatnonzero(truth >= 0)
    rows = Rows(soft, known)
    gap = rows.answered * rows.is_top(truth[known]) / rows.n_top - rows.highest
    bins = np.ceil(rows.highest * n_bins - _ROUNDING).clip(1, n_bins).astype(int)
    if not len(gap):
        return np.nan
    return float(np.abs(np.bincount(bins, weights=gap)).sum() / len(gap))


def brier(soft, truth) -> float:
    """Mean over G of sum_k (p_k - 1(k = truth))^2, from 0 to 2; a row of zeros has 1 - 1 / n_class."""
    known = np.flatnonzero(truth >= 0)
    rows = Rows(soft, known)
    return mean_or_nan(rows.sum_of_squares - 2 * rows.of(truth[known]) + 1)


def log_loss(soft, truth) -> float:
    """Mean over G of -log p_truth, with p clipped at 1e-12; a row of zeros has log n_class."""
    known = np.flatnonzero(truth >= 0)
    return mean_or_nan(-np.log(Rows(soft, known).of(truth[known]).clip(_LOWEST_PROBABILITY, 1)))


class Rows:
    """Some tasks' soft labels, n of them: only these are looked at, since there may be millions of others.

    Attributes
    ----------
    answered : bool, (n,)
        Whether the row is not zero.
    highest : float, (n,)
        The highest probability of the row.
    n_top : float, (n,)
        How many classes have it.
    sum_of_squares : float, (n,)
        Of the probabilities of all classes.
    """

    def __init__(self, soft, tasks):
        rows = sparse.csr_array(soft[tasks])
        rows.sum_duplicates()
        n, n_class = rows.shape
        self._row = np.repeat(np.arange(n), np.diff(rows.indptr))
        self._column, self._p = rows.indices, rows.data.astype(float)
        total = self._sum(self._p, n)
        self.answered = total > 0
        stored = self.answered[self._row]  # a stored zero of a row of zeros says nothing
        n_rest = n_class - self._sum(stored, n)
        lack = np.where(self.answered, (1 - total).clip(0) if sparse.issparse(soft) else 0, 1)
        # a class k that is not stored has rest * proportions[k], or rest where there are no proportions
        self._proportions, weight, squares = getattr(soft, "proportions", None), n_rest, n_rest
        largest, n_largest = np.ones(n), n_rest
        if self._proportions is not None:
            weight, squares, largest, n_largest = (
                np.where(self.answered, by_proportions, alike)
                for by_proportions, alike in zip(self._not_stored(n), (n_rest, n_rest, 1, n_rest), strict=True)
            )
        self._rest = np.divide(lack, weight, out=np.zeros(n), where=weight > 0)
        self.highest = self._rest * largest
        is_top_rest = self.highest.copy()
        np.maximum.at(self.highest, self._row, self._p)
        is_top = stored & (self._p >= self.highest[self._row] * (1 - _ROUNDING))
        self.n_top = self._sum(is_top, n) + n_largest * (is_top_rest >= self.highest * (1 - _ROUNDING))
        self.sum_of_squares = self._sum(self._p**2, n) + squares * self._rest**2

    def _not_stored(self, n):
        """Of the proportions of the classes that a row does not store: sum, sum of squares, largest, how many have it.

        By rank, the largest proportion first: a row that stores the ranks 0 to r - 1, and not r, has that of rank r.
        """
        q, n_class = self._proportions, len(self._proportions)
        order = np.argsort(-q, kind="stable")
        past_equals = np.searchsorted(-q[order], -q[order] * (1 - _ROUNDING), side="right")  # the first rank with less
        rank = np.argsort(order)[self._column]
        rank = rank[np.lexsort((rank, self._row))]
        row_start = np.searchsorted(self._row, np.arange(n))
        r = self._sum(rank == np.arange(len(rank)) - row_start[self._row], n).astype(int)
        is_full = r == n_class
        r[is_full] = 0
        end = past_equals[r]
        n_largest = end - r - self._sum((rank > r[self._row]) & (rank < end[self._row]), n)
        largest = np.where(is_full, 0, q[order[r]])
        n_rest = n_class - self._sum(np.ones(len(rank)), n)
        total, squares = (  # the bounds mend what the differences lose where the rest is tiny, or nothing
            np.clip(all_of_it.sum() - self._sum(all_of_it[self._column], n), least, n_rest * least)
            for all_of_it, least in ((q, largest), (q**2, largest**2))
        )
        return total, squares, largest, n_largest

    def _sum(self, values, n):
        return np.bincount(self._row, weights=values, minlength=n)

    def of(self, classes) -> np.ndarray:
        """The probability of one class per row, (n,)."""
        here = self.answered[self._row] & (self._column == classes[self._row])
        is_stored = self._sum(here, len(classes)) > 0
        rest = self._rest
        if self._proportions is not None:
            rest = rest * np.where(self.answered, self._proportions[classes], 1)
        return np.where(is_stored, self._sum(self._p * here, len(classes)), rest)

    def is_top(self, classes) -> np.ndarray:
        """Whether no class is more probable than this one of each row, (n,) bool."""
        return self.of(classes) >= self.highest * (1 - _ROUNDING)


def mean_or_nan(values) -> float:
    return float(np.mean(values)) if len(values) else np.nan
