"""The command `publish`: copies of results as Benchopt's results site and a dataset hub can show them.

The site has the parquet alone. It draws the plots that the parquet names, and it has Benchopt's own plots, not ours.
`benchopt run` notes the plots of config.yml, so the page of such a result would be blank.
"""

import argparse
import json
import sys
from pathlib import Path

import pandas as pd

from benchmark_utils.results.names import is_selected
from benchmark_utils.results.outcomes import check_one_crowd
from benchmark_utils.results.table import CURVE, ResultError, final_points, order_of_points, read_result
from benchmark_utils.scoring.columns import ACC_TRAIN, COLUMNS, DATA, PACKED, SUITE, shown

KEY = ["dataset_name", "objective_name", "solver_name", "idx_rep", "stop_val"]  # by which `benchopt merge` tells rows
MARKERS = 53  # of the plotly.js on Benchopt's page; it numbers the solvers, and one with a higher number is not drawn
LARGEST = 5_000_000  # bytes of a file
ALWAYS = [c.name for c in COLUMNS if not c.name.startswith("objective_heldout_")]  # those only where votes are withheld
TEXTS = [column.name for column in COLUMNS if column.kind == "text"]
VIEWS = {
    "Accuracy against time": {
        "plot_kind": "objective_curve",
        "objective_curve_objective_column": ACC_TRAIN,
        "objective_curve_X_axis": "Time",
        "scale": "semilog-x",
    },
    "Final values": {"plot_kind": "table"},
}
PLOTS = {"plots": [view["plot_kind"] for view in VIEWS.values()], "plot_configs": VIEWS}


def check_rows(results, name):
    """The same rows, once they can be published.

    Raises
    ------
    ResultError
        A column of docs/columns.md is missing; two versions of the suite measured; a row is there twice; a crowd has
        no hash of its votes and truth, or two in one repetition.
    """
    missing = [c for c in [*KEY, *ALWAYS] if c not in results]
    if missing:
        raise ResultError(f"{name} lacks the columns {', '.join(missing)}: an older suite measured it. Run it again")
    suites = sorted(results[SUITE].dropna().unique())
    if len(suites) != 1 or results[SUITE].isna().any():
        measured = " and ".join(suites) or "none that is named"
        raise ResultError(f"{name}: one version of the suite must have measured all rows, and it is {measured}")
    twice = results[results.duplicated(KEY)]
    if len(twice):
        row = ", ".join(f"{key} {value}" for key, value in twice[KEY].iloc[0].items())
        raise ResultError(f"{name} has {len(twice)} rows twice, the first of them {row}. `benchopt merge` keeps one")
    for crowd, rows in results.groupby("dataset_name", sort=False):
        if rows[DATA].isna().any():
            raise ResultError(f"{name}: not all rows of {crowd} have a hash of their votes and truth")
        check_one_crowd(crowd, rows)
    return results


def check_solvers(solvers):
    """Refuse more solvers than Benchopt's page has markers for; it counts those of all files of a benchmark."""
    if len(solvers) > MARKERS:
        families = pd.Series([solver.partition("[")[0] for solver in solvers]).value_counts()
        most = ", ".join(f"{family} ({n})" for family, n in families.items() if n > 1)
        raise ResultError(
            f"{len(solvers)} solvers, and Benchopt's page draws {MARKERS}. Leave some out: --without SOLVER ..., "
            f"each as for `benchopt run -s`. Several here have the names {most}"
        )


def carry_forward(results):
    """The rows, a repetition that ended before another of its curve with its last row again at each later point.

    Asked for more iterations, a strategy that has ended by its own rule answers the same. Benchopt's table and the
    times of its curves take the repetitions that have a row at a point, so without this only the slowest would count.
    """
    whole = []
    for _, rows in results.groupby(CURVE, sort=False):
        order = order_of_points(rows)
        for _, of_one in rows.groupby("idx_rep", sort=False):
            later = order[order.index(of_one["stop_val"].iloc[-1]) + 1 :]
            whole += [of_one, of_one.iloc[[-1] * len(later)].assign(stop_val=later)] if later else [of_one]
    return pd.concat(whole, ignore_index=True)


def to_publish(results):
    """The rows to publish: no pickles, what is packed at last points only, and the columns that tables show.

    Benchopt's page has two sets of curves for each column whose name begins with `objective_`, and opens on the first.
    """
    rows = carry_forward(results)
    is_last = rows.index.isin(final_points(rows).index)
    for name in rows.columns.intersection(PACKED):
        rows[name] = rows[name].where(is_last, None)
    other = [c for c in rows if not c.startswith("objective_") or c == "objective_name"]
    numbers = [c.name for c in shown(rows) if c.name not in other]
    return rows[[*other, *numbers, *(name for name in TEXTS if name in rows)]].dropna(axis="columns", how="all")


def write(rows, path):
    """A parquet with the names of the plots where Benchopt looks for them; ResultError where it is too large."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(rows, preserve_index=False)
    noted = {**table.schema.metadata, b"_meta_json": json.dumps(PLOTS).encode()}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata(noted), path, compression="zstd")
    size = path.stat().st_size
    if size > LARGEST:
        path.unlink()
        raise ResultError(f"{path.name} would have {size / 1e6:.1f} MB, and at most {LARGEST / 1e6:.0f} are published")


def main(arguments) -> int:
    """Writes the copies; status 2 where a result cannot be published."""
    parser = argparse.ArgumentParser(prog="python -m benchmark_utils publish", description=__doc__.splitlines()[0])
    parser.add_argument("results", nargs="+", type=Path, help="all that are to be on the site side by side")
    parser.add_argument("--without", nargs="+", default=[], metavar="SOLVER", help="solvers to leave out")
    parser.add_argument("--to", type=Path, default=Path("outputs/publish"), help="the folder of the copies")
    chosen = parser.parse_args(arguments)
    try:
        read = {path: check_rows(read_result(path), path) for path in chosen.results}
        kept = {path: rows[~rows["solver_name"].map(_is_one_of(chosen.without))] for path, rows in read.items()}
        check_solvers({solver for rows in kept.values() for solver in rows["solver_name"]})
        for path, rows in kept.items():
            write(to_publish(rows), chosen.to / path.name)
            print(f"{chosen.to / path.name}  measured by {rows[SUITE].iloc[0]}")
    except ResultError as error:
        print(f"not to be published: {error}", file=sys.stderr)
        return 2
    return 0


def _is_one_of(selections):
    return lambda solver: any(is_selected(solver, selection) for selection in selections)
