"""Which strategy is ahead over several crowds."""

from benchmark_utils.results.table import final_points
from benchmark_utils.scoring.columns import ACC_TRAIN, lower_is_better


def mean_ranks(results, column=ACC_TRAIN):
    """Rank of each solver's mean `column` within each dataset (1 is best, ties share), and the mean over datasets.

    Which way is better stands in `scoring/columns.py`. Only solvers with a result on every dataset are compared: a rank
    among fewer rivals means something else. The `tolerance` solver is left out, since it repeats strategies that have a
    solver of their own.

    Returns
    -------
    DataFrame, one row per solver, sorted by `mean rank`; one column of ranks per dataset.
    """
    results = results[~results["solver_name"].str.startswith("tolerance")]
    scores = final_points(results).pivot_table(index="solver_name", columns="dataset_name", values=column)
    ranks = scores.dropna().rank(ascending=lower_is_better(column))
    ranks.insert(0, "mean rank", ranks.mean(axis=1))
    return ranks.sort_values("mean rank")
