"""Which strategy is ahead over several crowds."""

from benchmark_utils.results.table import final_points


def mean_ranks(results, column="objective_acc_train"):
    """Rank of each solver's mean `column` within each dataset (1 is best, ties share), and the mean over datasets.

    Only solvers with a result on every dataset are compared: a rank among fewer rivals means something else. The
    `tolerance` solver is left out, since it repeats strategies that have a solver of their own.

    Returns
    -------
    DataFrame, one row per solver, sorted by `mean rank`; one column of ranks per dataset.
    """
    results = results[~results["solver_name"].str.startswith("tolerance")]
    scores = final_points(results).pivot_table(index="solver_name", columns="dataset_name", values=column)
    ranks = scores.dropna().rank(ascending=False)
    ranks.insert(0, "mean rank", ranks.mean(axis=1))
    return ranks.sort_values("mean rank")
