"""Is a new strategy better? Its accuracies beside its rivals', task by task on the same crowds."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark_utils.results import uncertainty as sure
from benchmark_utils.results.names import is_library, is_repeat, is_selected, short_names
from benchmark_utils.results.outcomes import Crowd, crowds_of
from benchmark_utils.results.ranking import Board, board
from benchmark_utils.results.table import ResultError
from benchmark_utils.results.times import time_ratios
from benchmark_utils.scoring.columns import DATA

TIMED = ("MV", "DS")  # whose times, of the same run, a new strategy's are given in


@dataclass(frozen=True)
class Comparison:
    """What a strategy is worth beside others.

    Attributes
    ----------
    entrant : str
    board : Board
        Of the entrant and its rivals.
    overall : DataFrame, one row per rival
        `difference` of the means over families, `low`, `high`, `probability` of being better, `sign`, 1 ahead, -1
        behind, 0 neither; and on how many crowds the entrant is `better`, `worse`, and on how many both ran (`crowds`).
        Signs are by McNemar's test on a crowd, by the variance of the draws over crowds, with Holm's correction over
        the rivals.
    by_crowd : dict of str to DataFrame
        The same of each crowd: `difference`, `low`, `high`, `probability`, and `sign`, 1 better, -1 worse, 0 neither.
    times : DataFrame (crowd, `TIMED`)
        Its time over theirs, of the new result alone.
    skipped : list of str
        Crowds of the new result on which it has none.
    refused : list of str
        Why rows of the published result are not used.
    """

    entrant: str
    board: Board
    overall: pd.DataFrame
    by_crowd: dict
    times: pd.DataFrame
    skipped: list
    refused: list
    names: dict


def compare(new, published=None, entrant=None) -> Comparison:
    """The strategy of `new` that `published` has not, or `entrant`, beside all of ours in both.

    Parameters
    ----------
    new, published : DataFrame
        As `read_result` returns them. Rows of `published` on other data are not used.
    entrant : str, optional
        As `-s` selects it.

    Raises
    ------
    ResultError
        It is not clear which strategy to compare, or nothing can be compared with it.
    """
    if DATA not in new:
        raise ResultError("the new result does not say which data it is of: run it again with this version")
    entrant = find_entrant(new, published, entrant)
    rows, refused = join(new, published)
    rows = rows[~rows["solver_name"].map(is_library) & ~rows["solver_name"].map(is_repeat)]
    every = crowds_of(rows[rows["dataset_name"].isin(new["dataset_name"].unique())])
    crowds = [crowd for crowd in every if entrant in crowd.accuracy.index and crowd.right is not None]
    rivals = sorted({name for crowd in crowds for name in crowd.accuracy.index} - {entrant})
    if not rivals:
        raise ResultError(f"{entrant} has no rival on any crowd with a truth: run it together with MV and DS")
    overall = board(crowds, [entrant, *rivals])
    if overall is None:
        raise ResultError("MV did not run, so strategies that skipped a crowd have no score there: run MV too")
    by_crowd = {crowd.name: on_crowd(crowd, entrant) for crowd in crowds}
    return Comparison(
        entrant,
        overall,
        _over_crowds(overall, by_crowd, crowds, entrant, rivals),
        by_crowd,
        _times(new, entrant),
        [crowd.name for crowd in every if entrant not in crowd.accuracy.index],
        refused,
        short_names(rows["solver_name"].unique()) | short_names(rows["dataset_name"].unique()),
    )


def find_entrant(new, published, selection=None) -> str:
    """The full name of the strategy to compare."""
    names = [name for name in new["solver_name"].unique() if not is_repeat(name) and not is_library(name)]
    if selection is not None:
        found = [name for name in names if is_selected(name, selection)]
    else:
        known = set(TIMED) if published is None else set(published["solver_name"])
        known |= {name for name in names if any(is_selected(name, timed) for timed in TIMED)}
        found = [name for name in names if name not in known]
    if len(found) != 1:
        which = "none" if not found else f"{len(found)}: {', '.join(found)}"
        raise ResultError(
            f"which strategy is new? There should be one, and there is {which}. Say it with --solver; the result has "
            f"{', '.join(names)}"
        )
    return found[0]


def join(new, published):
    """The rows of both, the new one's where both have a strategy, and what of the published result is refused."""
    if published is None:
        return new, []
    if DATA not in published:
        return new, ["the published result does not say which data it is of, so no row of it is used"]
    refused, kept = [], []
    drawn = [column for column in ("base_seed", "idx_rep") if column in new and column in published]
    for crowd, theirs in published.groupby("dataset_name", sort=False):
        ours = new[new["dataset_name"] == crowd]
        if ours.empty:
            continue
        hashes = [rows.drop_duplicates([*drawn, DATA]).set_index(drawn)[DATA] for rows in (ours, theirs)]
        both = pd.concat(hashes, axis=1, keys=["new", "published"], join="inner")
        if both.empty or (both["new"] != both["published"]).any():
            there = (
                "no repetition in common" if both.empty else f"{both['new'].iloc[0]} here, {both['published'].iloc[0]}"
            )
            refused.append(f"{crowd}: published on other data ({there}), so no row of it is used")
            continue
        kept.append(theirs[~theirs["solver_name"].isin(ours["solver_name"])])
    return pd.concat([new, *kept], ignore_index=True), refused


def on_crowd(crowd: Crowd, entrant) -> pd.DataFrame:
    """The entrant beside every rival on one crowd."""
    rivals = [name for name in crowd.accuracy.index if name != entrant]
    draws = crowd.draws.loc[[entrant]].to_numpy() - crowd.draws.loc[rivals].to_numpy()
    low, high = sure.interval(draws)
    difference = (crowd.accuracy[entrant] - crowd.accuracy[rivals]).to_numpy()
    right = crowd.right.loc[[entrant, *rivals]].to_numpy()
    variance = sure.null_variance(right)[0, 1:]
    sign = sure.signs(difference, variance, step=1 / right.shape[1])
    chance = (draws > 0).mean(axis=1) + (draws == 0).mean(axis=1) / 2
    columns = dict(difference=difference, low=low, high=high, probability=chance, sign=sign)
    return pd.DataFrame(columns, index=rivals).sort_values("difference")


def _over_crowds(overall, by_crowd, crowds, entrant, rivals):
    draws = overall.draws.loc[[entrant]].to_numpy() - overall.draws.loc[rivals].to_numpy()
    low, high = sure.interval(draws)
    mean = overall.table["mean"]
    difference = (mean[entrant] - mean[rivals]).to_numpy()
    signs = {
        rival: [table.loc[rival, "sign"] for table in by_crowd.values() if rival in table.index] for rival in rivals
    }
    columns = dict(
        difference=difference,
        low=low,
        high=high,
        probability=overall.better.loc[entrant, rivals],
        sign=sure.signs(difference, draws.var(axis=1)),
        better=[signs[rival].count(1) for rival in rivals],
        worse=[signs[rival].count(-1) for rival in rivals],
        crowds=[len(signs[rival]) for rival in rivals],
    )
    return pd.DataFrame(columns, index=rivals).sort_values("difference")


def _times(new, entrant):
    times = {}
    for timed in TIMED:
        reference = next((name for name in new["solver_name"].unique() if is_selected(name, timed)), None)
        ratios = time_ratios(new, reference)
        times[timed] = ratios.loc[entrant] if entrant in ratios.index else np.nan
    return pd.DataFrame(times)


def nearest(comparison, most=2) -> list[str]:
    """The rivals whose means are nearest, those of `TIMED` left out."""
    rivals = comparison.overall["difference"].abs().sort_values().index
    return [name for name in rivals if not any(is_selected(name, timed) for timed in TIMED)][:most]
