"""Rows of confusion matrices as softmax of Gaussian scores: a variational posterior and its steps.

A row answers k with probability softmax(x)_k, and its scores have the prior x_k ~ Normal(center_k, 1 / precision). The
posterior is approximated by q(x_k) = Normal(mean_k, variance_k). E log sum_k exp(x_k) has no closed form; it is bounded
from above, for any tilt a in the simplex, by (Knowles and Minka, "Non-conjugate variational message passing", 2011)

    sum_k a_k^2 variance_k / 2 + log sum_k exp(mean_k + (1/2 - a_k) variance_k)

which is lowest where a = share = softmax(mean + (1/2 - a) variance). All arrays have the answers on axis -2 and the
rows, one for each true class, on axis -1: (..., n_class, n_class).
"""

from typing import NamedTuple

import numpy as np
from scipy.special import softmax

SMALLEST_SPREAD = 1e-3  # of scores around their center: below it rows are one for all purposes, above it sums are exact
_HALVINGS = 30
_ROUNDING = 1e-12  # a sum that is lower by this share has not fallen


class Scores(NamedTuple):
    """q of the scores, (..., n_class, n_class)."""

    mean: np.ndarray
    log_variance: np.ndarray
    tilt: np.ndarray

    @property
    def variance(self):
        return np.exp(self.log_variance)


def prior_scores(center, precision, shape) -> Scores:
    """q equal to the prior, its tilt where the bound would be lowest without a variance."""
    center = np.broadcast_to(center, shape)
    log_variance = np.broadcast_to(-np.log(precision), shape)
    return Scores(center.copy(), log_variance.copy(), softmax(center, axis=-2))


def expected_log(q: Scores):
    """A lower bound of E log softmax(x)_k, shaped as the scores."""
    variance = q.variance
    tilted = q.mean + (0.5 - q.tilt) * variance
    highest = tilted.max(axis=-2, keepdims=True)
    log_total = highest + np.log(np.exp(tilted - highest).sum(axis=-2, keepdims=True))
    return q.mean - log_total - (q.tilt**2 * variance).sum(axis=-2, keepdims=True) / 2


def divergence(q: Scores, center, precision):
    """KL(q | prior) of each row, (..., n_class)."""
    variance = q.variance
    distance = precision * ((q.mean - center) ** 2 + variance) - 1 - np.log(precision) - q.log_variance
    return distance.sum(axis=-2) / 2


def bound(q: Scores, count, center, precision):
    """What each row adds to the evidence lower bound when its answers were seen `count` times, (..., n_class)."""
    return (count * expected_log(q)).sum(axis=-2) - divergence(q, center, precision)


def climb(q: Scores, count, center, precision) -> Scores:
    """One step uphill of each row's bound, halved until it does not fall.

    The mean moves by its gradient over a curvature that is at least the true one: N (diag(share) - share share') is
    at most 2 N diag(share (1 - share)). Variance and tilt move to where their own gradient would be zero.
    """
    share, surprise, spread = _slopes(q, count)
    total = count.sum(axis=-2, keepdims=True)
    uphill = (surprise - precision * (q.mean - center)) / (precision + 2 * spread)
    log_variance = -np.log(precision + total * (q.tilt - share) ** 2 + spread)
    step = Scores(uphill, log_variance - q.log_variance, share - q.tilt)

    def stepped(size):
        return Scores(*(old + size[..., None, :] * change for old, change in zip(q, step, strict=True)))

    size = _halved(lambda size: bound(stepped(size), count, center, precision), bound(q, count, center, precision))
    return stepped(size)


def shift(q: Scores, center, count, weight, prior_center, prior_precision):
    """One step uphill for the center of all rows of a class, which take part in the step: (q, center).

    Rows that are close to their center hold it where it is; together they are free to move.

    Parameters
    ----------
    q : Scores, (n_worker, n_class, n_class)
    center : (n_class, n_class)
        Normal(prior_center, 1 / prior_precision) beforehand.
    weight : (n_worker,)
        The share of each worker that has this center.
    """
    _, surprise, spread = _slopes(q, count)
    curvature = prior_precision + 2 * np.einsum("j,jkl->kl", weight, spread)
    step = np.einsum("j,jkl->kl", weight, surprise) - prior_precision * (center - prior_center)
    step /= curvature

    def objective(size):
        moved = (count * expected_log(q._replace(mean=q.mean + size * step))).sum(axis=-2)
        return weight @ moved - prior_precision * ((center + size * step - prior_center) ** 2).sum(axis=-2) / 2

    size = _halved(objective, objective(np.zeros(len(center))))
    return q._replace(mean=q.mean + size * step), center + size * step


def stretch(q: Scores, center, count, weight, precision):
    """One step uphill for the spread 1 / sqrt(precision), which has the prior Normal+(0, 1): (q, precision).

    All scores of the rows move away from their center, or towards it, by the factor that the spread grows by. Rows that
    are near their center keep the spread small, and a small spread keeps them near it; together they are free.
    """
    away, variance = q.mean - center, q.variance
    share, surprise, spread = _slopes(q, count)
    over_variance = spread + count.sum(axis=-2, keepdims=True) * (q.tilt - share) ** 2
    step = np.einsum("j,jkl->kl", weight, surprise * away - over_variance * variance) - 1 / precision
    step /= 2 * np.einsum("j,jkl->kl", weight, spread * (away**2 + 2 * variance)) + 2 / precision
    step = np.clip(step, np.clip(np.log(SMALLEST_SPREAD**2 * precision) / 2, -1, 0), 1)

    def stretched(size):
        return q._replace(mean=center + np.exp(size * step) * away, log_variance=q.log_variance + 2 * size * step)

    def objective(size):
        gain = weight @ (count * expected_log(stretched(size))).sum(axis=-2)
        return gain - (np.exp(2 * size * step) / precision).sum(axis=-2) / 2

    size = _halved(objective, objective(np.zeros(len(center))))
    return stretched(size), precision * np.exp(-2 * size * step)


def _slopes(q, count):
    """The share of each answer, how many more there were, and how much the expected number changes with its score."""
    total = count.sum(axis=-2, keepdims=True)
    share = softmax(q.mean + (0.5 - q.tilt) * q.variance, axis=-2)
    return share, count - total * share, total * share * (1 - share)


def _halved(objective, before):
    """For each row the size of its step: 1, halved until the objective does not fall."""
    size = np.ones_like(before)
    for _ in range(_HALVINGS):
        falls = objective(size) < before - _ROUNDING * (1 + np.abs(before))
        if not falls.any():
            return size
        size[falls] /= 2
    size[falls] = 0
    return size


def mean_rows(q: Scores):
    """The row at the mean of its scores, softmax(mean), shaped as the scores."""
    return softmax(q.mean, axis=-2)
