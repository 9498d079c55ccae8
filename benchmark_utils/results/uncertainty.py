"""How sure a difference of accuracies is: a paired bootstrap over tasks, Holm's correction, ranges of places.

Two strategies answer the same tasks, so their difference is taken task by task. What varies is which tasks the crowd
was asked: seeds are averaged before, and neither widen an interval nor narrow it.
"""

import numpy as np
from scipy import stats

N_DRAWS = 2000
_DRAWN_AT_ONCE = 2_000_000  # tasks: what fits a cache and keeps memory at some tens of MB
LEVEL = 0.05  # of an interval, and of a family of comparisons


def bootstrap(right, accuracy, n_draws=N_DRAWS, seed=0) -> np.ndarray:
    """Accuracies under tasks drawn again, with replacement, the same tasks for every strategy (Efron, 1979).

    Parameters
    ----------
    right : array (n_strategy, n_task)
        Share of the seeds under which the strategy got the task right.
    accuracy : array (n_strategy,)
        What the draws are centred on. It differs from the mean of `right` where ties are taken in expectation, or where
        `right` is a sample of the tasks.

    Returns
    -------
    array (n_strategy, n_draws)
    """
    right, accuracy = np.asarray(right, dtype=np.float32), np.asarray(accuracy, dtype=float)
    n_task = right.shape[1]
    rng = np.random.default_rng(seed)
    means = []
    for size in _pieces(n_draws, max(1, _DRAWN_AT_ONCE // n_task)):
        drawn = rng.integers(n_task, size=(size, n_task)) + n_task * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * n_task).reshape(size, n_task)
        means.append(right @ times.T.astype(np.float32) / n_task)
    centre = (accuracy - right.mean(axis=1, dtype=float))[:, None]
    return np.round(np.hstack(means) + centre, 6)  # below a task's share of a seed, so that ties stay ties


def _pieces(total, most):
    return [min(most, total - start) for start in range(0, total, most)]


def interval(draws, level=LEVEL):
    """Low and high ends, (n_strategy,) each, that leave out `level` of the draws."""
    return np.quantile(draws, level / 2, axis=1), np.quantile(draws, 1 - level / 2, axis=1)


def null_variance(right) -> np.ndarray:
    """Variance of each pair's difference of accuracies if the two were equally good, (n_strategy, n_strategy).

    sum_i d_i^2 / n^2, where d_i is the difference on task i: McNemar's (1947), with shares of seeds in the place of
    right and wrong.
    """
    right = np.asarray(right, dtype=float)
    product = right @ right.T
    square = np.diag(product)
    return np.maximum(square[:, None] + square - 2 * product, 0) / right.shape[1] ** 2


def separated(scores, variance, step=0.0, level=LEVEL) -> np.ndarray:
    """Which strategy is better than which, beyond what other tasks could undo: bool (n, n), row better than column.

    McNemar's test of each pair, with all pairs as one family under Holm's correction, so the best may be chosen by
    looking. The draws of a bootstrap are too few for the small p-values that Holm's correction asks for.

    Parameters
    ----------
    scores : array (n,)
    variance : array (n, n)
        Of each difference, if there were none.
    step : float
        What one task is worth. A difference counts less by as much: the correction for continuity (Edwards, 1948).
    """
    scores = np.asarray(scores, dtype=float)
    first, second = np.triu_indices(len(scores), 1)
    sign = signs(scores[first] - scores[second], variance[first, second], step, level)
    better = np.zeros(variance.shape, dtype=bool)
    better[first, second], better[second, first] = sign > 0, sign < 0
    return better


def signs(difference, variance, step=0.0, level=LEVEL) -> np.ndarray:
    """1 where a difference is above 0 for sure, -1 where it is below, else 0: McNemar's test, Holm's correction."""
    excess = np.maximum(np.abs(difference) - step, 0)
    spread = np.sqrt(variance)
    z = np.divide(excess, spread, out=np.zeros_like(excess), where=spread > 1e-12)
    return np.where(holm(2 * stats.norm.sf(z)) <= level, np.sign(difference), 0).astype(int)


def holm(p) -> np.ndarray:
    """Adjusted p-values (Holm, 1979): the k-th smallest of m is multiplied by m - k + 1, and they never fall."""
    p = np.asarray(p, dtype=float)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)) if len(p) else p
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted


def places(better):
    """First and last place that each strategy may have: behind all that are better, ahead of all that are worse."""
    return 1 + better.sum(axis=0), len(better) - better.sum(axis=1)


def probability_better(draws) -> np.ndarray:
    """Share of the draws in which the row is ahead of the column, (n, n); equal draws count half."""
    return np.array([((one > draws).mean(axis=1) + (one == draws).mean(axis=1) / 2) for one in draws])


def critical_differences(scores, level=LEVEL):
    """Friedman's test over crowds, Nemenyi's critical difference of mean ranks, Wilcoxon's tests against the best.

    Demsar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7 (2006). Crowds are the sample here.

    Parameters
    ----------
    scores : DataFrame (n_family, n_strategy)
        Independent crowds, so families of them.

    Returns
    -------
    dict with `families`, `friedman_p`, `critical_difference` and `wilcoxon`, {strategy: p against the best of mean
    rank, after Holm}; None with fewer than eight families or three strategies.
    """
    n, k = scores.shape
    if n < 8 or k < 3:
        return None
    ranks = stats.rankdata(-scores.to_numpy().round(12), axis=1).mean(axis=0)
    best = scores.columns[ranks.argmin()]
    rivals = [name for name in scores.columns if name != best]
    p = [_wilcoxon(scores[best] - scores[rival]) for rival in rivals]
    quantile = stats.studentized_range.ppf(1 - level, k, np.inf) / np.sqrt(2)
    friedman = stats.friedmanchisquare(*scores.to_numpy().round(12).T).pvalue
    return dict(
        families=n,
        best=best,
        friedman_p=float(friedman),
        critical_difference=float(quantile * np.sqrt(k * (k + 1) / (6 * n))),
        wilcoxon=dict(zip(rivals, holm(p).tolist(), strict=True)),
    )


def _wilcoxon(difference):
    difference = difference.round(12)
    return stats.wilcoxon(difference).pvalue if difference.any() else 1.0
