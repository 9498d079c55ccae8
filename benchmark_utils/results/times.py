"""Times of strategies, which are compared within one run on one machine only, and where results were measured."""

import numpy as np
import pandas as pd

from benchmark_utils.results.table import CURVE

# what says that two rows are of one run on one machine, and of the machine what a page prints
RUN = ("run_date", "platform", "platform-release", "system-processor", "system-cpus", "system-ram (GB)")
MACHINE = {
    "run_date": "run {}",
    "objective_suite": "suite {}",
    "objective_software": "{}",
    "version-numpy": "numpy {}",
    "version-scipy": "scipy {}",
    "platform": "{}",
    "system-processor": "{}",
    "system-cpus": "{} CPUs",
    "system-ram (GB)": "{} GB",
    "version-cuda": "CUDA {}",
}


def time_ratios(results, reference="MV") -> pd.DataFrame:
    """Seconds of each strategy's last point over the reference's on the same crowd in the same run.

    Returns
    -------
    DataFrame (solver, crowd)
        NaN where the reference is not of the same run. Where several runs have both, their geometric mean.
    """
    run = [column for column in RUN if column in results]
    results = results.assign(run=results[run].astype(str).agg("|".join, axis=1) if run else "")
    last = results.groupby([*CURVE, "idx_rep", "run"], sort=False).tail(1)  # each run's own, where several are merged
    keys = ["dataset_name", "run", "solver_name"]
    seconds = last.groupby(keys)["time"].mean().clip(lower=1e-9).unstack()
    if reference not in seconds:
        return pd.DataFrame(index=sorted(seconds.columns), columns=sorted(set(last["dataset_name"])), dtype=float)
    logs = np.log(seconds.div(seconds[reference], axis=0))
    return np.exp(logs.groupby(level="dataset_name").mean()).T


def typical(ratios) -> pd.Series:
    """The geometric mean over the crowds that a strategy ran on."""
    return np.exp(np.log(ratios).mean(axis=1))


def pareto_front(time, accuracy) -> list[str]:
    """The strategies that no other is both faster and more accurate than, fastest first."""
    front, best = [], -np.inf
    for name in sorted(time.index, key=lambda name: (time[name], -accuracy[name])):
        if accuracy[name] > best:
            front.append(name)
            best = accuracy[name]
    return front


def machines(results) -> list[str]:
    """Every run and machine of a result, in words."""
    known = {column: form for column, form in MACHINE.items() if column in results and results[column].notna().any()}
    if "objective_software" in known:  # which says of them too
        known = {column: form for column, form in known.items() if column not in ("version-numpy", "version-scipy")}
    if not known:
        return []
    rows = results[list(known)].astype(object).drop_duplicates()
    return [
        ", ".join(form.format(row[column]) for column, form in known.items() if pd.notna(row[column]))
        for _, row in rows.iterrows()
    ]
