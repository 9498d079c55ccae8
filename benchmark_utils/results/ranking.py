"""Which strategy is ahead, on each crowd and over several, and how sure that is.

Over crowds, each family of crowds counts once (`names.family_of`), and tasks are drawn again within each crowd. The
crowds themselves are not drawn again: an interval says how far other tasks of these crowds would move a figure, not
what other crowds would. The critical differences take the crowds as a sample. They stand beside, from eight families
on.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from benchmark_utils.results import uncertainty as sure
from benchmark_utils.results.names import family_of, is_library, is_repeat
from benchmark_utils.results.outcomes import Crowd, crowds_of
from benchmark_utils.results.table import final_points
from benchmark_utils.scoring.columns import ACC_TRAIN, lower_is_better

FALLBACK = "MV"  # whose score stands in for a strategy that skipped a crowd


@dataclass(frozen=True)
class Board:
    """Strategies over several crowds.

    Attributes
    ----------
    table : DataFrame, one row per strategy, best first
        `mean` over families, `low` and `high` (NaN where which tasks are right was not kept), `mean rank`, `rank low`,
        `rank high`, `first` and `last` place, `best` (not separated from the best), `imputed` (on how many crowds the
        majority vote stands in).
    better : DataFrame (n_strategy, n_strategy) or None
        Probability that the row's mean is above the column's.
    draws : DataFrame (n_strategy, n_draws) or None
        The means under tasks drawn again.
    by_crowd : dict of str to DataFrame
        What `crowd_board` says of each crowd.
    skipped : dict of str to list of str
        The crowds that a strategy has no result on.
    left_out : list of str
        Crowds without a majority vote to stand in for the strategies that skipped them.
    """

    table: pd.DataFrame
    better: pd.DataFrame | None
    draws: pd.DataFrame | None
    by_crowd: dict
    skipped: dict
    left_out: list
    n_crowds: int
    n_families: int
    critical: dict | None


def leaderboard(results, strategies=None) -> Board | None:
    """The board of a result: `strategies`, or all of ours, on every crowd with a truth; None where there is none."""
    crowds = crowds_of(results)
    return board(crowds, strategies or own(crowds))


def own(crowds) -> list[str]:
    """The strategies that are neither a library's nor repetitions of another (`tolerance`, `partitioned`)."""
    names = dict.fromkeys(name for crowd in crowds for name in crowd.accuracy.index)
    return [name for name in names if not is_library(name) and not is_repeat(name)]


def where_all_ran(crowds, strategies) -> list[Crowd]:
    """The crowds on which nothing is imputed."""
    return [crowd for crowd in crowds if set(strategies) <= set(crowd.accuracy.index)]


def crowd_board(crowd: Crowd, strategies) -> pd.DataFrame:
    """One crowd: accuracy, its interval, places from-to and the best group, best first.

    Without `crowd.right` there is neither an interval nor a group: places are those of the accuracies.
    """
    accuracy = crowd.accuracy.reindex([name for name in strategies if name in crowd.accuracy.index])
    table = pd.DataFrame({"accuracy": accuracy, "low": np.nan, "high": np.nan})
    if crowd.right is None:
        table["first"] = table["last"] = accuracy.rank(ascending=False, method="min").astype(int)
        table["best"] = table["first"] == 1
        return table.sort_values("accuracy", ascending=False, kind="stable")
    right = crowd.right.loc[accuracy.index].to_numpy()
    table["low"], table["high"] = sure.interval(crowd.draws.loc[accuracy.index])
    better = sure.separated(accuracy, sure.null_variance(right), step=1 / right.shape[1])
    return _ordered(table, "accuracy", better)


def board(crowds, strategies) -> Board | None:
    """Strategies over crowds: see the head of this file. None without a crowd that all can be given a score on."""
    used, left_out, skipped = [], [], {}
    for crowd in crowds:
        absent = [name for name in strategies if name not in crowd.accuracy.index]
        if absent and FALLBACK not in crowd.accuracy.index:
            left_out.append(crowd.name)
            continue
        used.append(crowd)
        for name in absent:
            skipped.setdefault(name, []).append(crowd.name)
    if not used or not strategies:
        return None
    stand_ins = [[n if n in crowd.accuracy.index else FALLBACK for n in strategies] for crowd in used]
    weights, families = _weights(used)
    scores = np.array([crowd.accuracy[names] for crowd, names in zip(used, stand_ins, strict=True)])
    table = pd.DataFrame({"mean": weights @ scores, "mean rank": weights @ _ranks(scores)}, index=list(strategies))
    table["imputed"] = [len(skipped.get(name, [])) for name in strategies]
    table[["low", "high", "rank low", "rank high"]] = np.nan
    chances = mean_draws = None
    if all(crowd.right is not None for crowd in used):
        rights = [crowd.right.loc[names].to_numpy() for crowd, names in zip(used, stand_ins, strict=True)]
        draws = np.stack([crowd.draws.loc[names].to_numpy() for crowd, names in zip(used, stand_ins, strict=True)])
        mean = np.tensordot(weights, draws, axes=1)
        mean_draws = pd.DataFrame(mean, index=strategies)
        table["low"], table["high"] = sure.interval(mean)
        rank_draws = np.tensordot(weights, _ranks(draws), axes=1)
        table["rank low"], table["rank high"] = sure.interval(rank_draws)
        chances = pd.DataFrame(sure.probability_better(mean), index=strategies, columns=strategies)
        variance = np.tensordot(weights**2, [sure.null_variance(right) for right in rights], axes=1)
        step = np.sqrt(np.sum([(w / right.shape[1]) ** 2 for w, right in zip(weights, rights, strict=True)]))
        table = _ordered(table, "mean", sure.separated(table["mean"], variance, step))
    else:
        table["first"] = table["last"] = table["mean"].rank(ascending=False, method="min").astype(int)
        table["best"] = table["first"] == 1
        table = table.sort_values("mean", ascending=False, kind="stable")
    by_family = pd.DataFrame(scores, columns=strategies).groupby([family_of(c.name) for c in used]).mean()
    by_crowd = {crowd.name: crowd_board(crowd, strategies) for crowd in used}
    critical = sure.critical_differences(by_family)
    return Board(table, chances, mean_draws, by_crowd, skipped, left_out, len(used), families, critical)


def _weights(crowds):
    """What each crowd counts, so that every family counts the same, and the number of families."""
    families = pd.Series([family_of(crowd.name) for crowd in crowds])
    size = families.map(families.value_counts())
    return (1 / size / families.nunique()).to_numpy(), families.nunique()


def _ranks(scores):
    """Ranks among strategies on each crowd, 1 is best, ties share: axis 1 of (n_crowd, n_strategy, ...)."""
    return rankdata(-np.round(scores, 6), axis=1)


def _ordered(table, column, better):
    """The table with places and the best group, best first."""
    first, last = sure.places(better)
    top = int(np.argmax(table[column]))
    table = table.assign(first=first, last=last, best=~better[top])
    return table.sort_values(column, ascending=False, kind="stable")


def mean_ranks(results, column=ACC_TRAIN):
    """Rank of each solver's mean `column` within each dataset (1 is best, ties share), and the mean over families.

    Which way is better stands in `scoring/columns.py`. A solver that skipped a dataset has the majority vote's score
    there; where the majority vote did not run either, it has the last rank. `tolerance` and the libraries' copies are
    left out, since they repeat strategies that have a solver of their own.

    Returns
    -------
    DataFrame, one row per solver, sorted by `mean rank`; one column of ranks per dataset.
    """
    names = results["solver_name"]
    results = results[~names.map(is_repeat) & ~names.map(is_library)]
    scores = final_points(results).pivot_table(index="solver_name", columns="dataset_name", values=column)
    if FALLBACK in scores.index:
        scores = scores.fillna(scores.loc[FALLBACK])
    ranks = scores.rank(ascending=lower_is_better(column), na_option="bottom")
    families = ranks.T.groupby([family_of(name) for name in ranks.columns]).mean().T
    ranks.insert(0, "mean rank", families.mean(axis=1))
    return ranks.sort_values("mean rank", kind="stable")
