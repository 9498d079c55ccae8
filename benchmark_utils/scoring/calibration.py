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
    zeros predicts nothing: confidence 0, and wrong.
    """
    p_truth, confidence, n_top, _ = _row_summary(soft, truth)
    right = (p_truth >= confidence * (1 - _ROUNDING)) & (confidence > 0)
    gap = right / np.maximum(n_top, 1) - confidence
    bins = np.ceil(confidence * n_bins - _ROUNDING).clip(1, n_bins).astype(int)
    if not len(gap):
        return np.nan
    return float(np.abs(np.bincount(bins, weights=gap)).sum() / len(gap))


def brier(soft, truth) -> float:
    """Mean over G of sum_k (p_k - 1(k = truth))^2, from 0 to 2; a row of zeros has 1."""
    p_truth, _, _, sum_of_squares = _row_summary(soft, truth)
    return mean_or_nan(sum_of_squares - 2 * p_truth + 1)


def log_loss(soft, truth) -> float:
    """Mean over G of -log p_truth, with p clipped at 1e-12."""
    p_truth, _, _, _ = _row_summary(soft, truth)
    return mean_or_nan(-np.log(p_truth.clip(_LOWEST_PROBABILITY, 1)))


def _row_summary(soft, truth):
    """Of each task of G, (|G|,): the truth's probability, the highest one, how many share it, the sum of squares."""
    known = np.flatnonzero(truth >= 0)
    truth = truth[known]
    rows = sparse.csr_array(soft[known])  # only the rows of G: soft may have millions
    rows.sum_duplicates()
    row = np.repeat(np.arange(len(known)), np.diff(rows.indptr))
    p = rows.data.astype(float)

    def sum_by_row(values):
        return np.bincount(row, weights=values, minlength=len(known))

    highest = np.zeros(len(known))
    np.maximum.at(highest, row, p)
    n_top = sum_by_row((p > 0) & (p >= highest[row] * (1 - _ROUNDING)))
    return sum_by_row(p * (rows.indices == truth[row])), highest, n_top, sum_by_row(p**2)


def mean_or_nan(values) -> float:
    return float(np.mean(values)) if len(values) else np.nan
