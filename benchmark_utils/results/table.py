"""What the plots and the pages read off a result: its rows, the last point of each curve, and the curve itself."""

import csv
from pathlib import Path

import pandas as pd

CURVE = ["dataset_name", "solver_name"]
NEEDED = [*CURVE, "idx_rep", "stop_val", "time", "objective_acc_train"]


class ResultError(ValueError):
    """A result that cannot be shown or compared: the message says which, why, and what to do."""


def read_result(path) -> pd.DataFrame:
    """The rows of a parquet of `benchopt run`, but for the columns that are not text or plain numbers.

    A parquet may be somebody else's. Benchopt keeps pickles in it (`final_results`), and to unpickle is to run what
    they hold. Columns of bytes and of nested values are therefore not read at all, nor are the notes of pandas.

    Raises
    ------
    ResultError
        There is no such file, it is no parquet, it lacks a column, or it has no rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(path)
    if not path.is_file():
        raise ResultError(f"there is no result {path}; `benchopt run .` writes one into outputs/")
    try:
        with pq.ParquetFile(path) as file:
            plain = [field.name for field in file.schema_arrow if _is_plain(field.type, pa.types)]
            table = file.read(columns=plain, use_threads=False).replace_schema_metadata(None)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ResultError(f"{path} cannot be read as a parquet: {' '.join(str(error).split())[:200]}") from None
    return check_result(table.to_pandas(), path)


def read_skips(folder) -> dict:
    """{(solver, dataset): reason} of every `*.skips.csv` of a folder, which `benchopt run` leaves beside its results.

    A result has no row for what was skipped. A merged result is in the same folder, so it keeps the reasons too. The
    solver is "" where the dataset was skipped for all.
    """
    reasons = {}
    for path in sorted(Path(folder).glob("*.skips.csv")):
        with open(path, newline="", encoding="utf-8", errors="replace") as file:
            for row in csv.DictReader(file):
                if row.get("reason"):
                    reasons[row.get("solver_name"), row.get("dataset_name")] = row["reason"]
    return reasons


def check_result(results, name="the result"):
    """The same rows, once they have what every page needs; ResultError where they lack it."""
    missing = [column for column in NEEDED if column not in results]
    if missing:
        raise ResultError(f"{name} lacks the columns {', '.join(missing)}: it is no result of this benchmark")
    if results.empty:
        raise ResultError(f"{name} has no rows: no strategy ran to its end")
    numbers = [column for column in NEEDED if column not in CURVE]
    bad = [column for column in numbers if not pd.api.types.is_numeric_dtype(results[column])]
    if bad:
        raise ResultError(f"{name}: {', '.join(bad)} must hold numbers and holds {results[bad[0]].dtype}")
    return results.assign(**{column: results[column].astype(str) for column in CURVE})


def _is_plain(kind, types):
    tests = (types.is_string, types.is_large_string, types.is_integer, types.is_floating, types.is_boolean)
    tests += (types.is_null, types.is_temporal)
    if types.is_dictionary(kind):
        kind = kind.value_type
    return any(is_one(kind) for is_one in tests)


def final_points(results):
    """The last point of each curve, one row per (dataset, solver, repetition).

    The points of a curve are rows in the order they were measured. Its last is the converged one under every
    sampling; the largest `stop_val` is the coarsest point where the tolerance is sampled.
    """
    return results.groupby([*CURVE, "idx_rep"], as_index=False, sort=False).tail(1)


def order_of_points(rows) -> list:
    """The values of `stop_val` of one curve, from its start on: iterations grow, tolerances fall."""
    points = rows.groupby("idx_rep")["stop_val"]
    falls = bool((points.last() < points.first()).any())
    return sorted(rows["stop_val"].unique(), reverse=falls)


def curve(rows, x, y):
    """One strategy's curve on one dataset: at each point of the sampling the mean over repetitions of `x` and of `y`.

    A repetition that has converged has no further points. Its last value is carried forward, so that every point is a
    mean over all repetitions and the last point of the curve is the mean of `final_points`, which the table shows.

    Parameters
    ----------
    rows : DataFrame
        Of one dataset and one solver, in the order they were measured.
    x, y : str
        Two columns of numbers.

    Returns
    -------
    DataFrame, one row per point from the coarsest to the last, with the columns `x`, `y`, and `x_low` and `x_high`, the
    second and the eighth tenth over repetitions of `x`.
    """
    # the n-th point is the n-th that any repetition measured
    order = order_of_points(rows)
    table = rows.pivot_table(index="stop_val", columns="idx_rep", values=[x, y], aggfunc="last", dropna=False)
    table = table.reindex(order).ffill()
    return pd.DataFrame(
        {
            "x": table[x].mean(axis=1),
            "y": table[y].mean(axis=1),
            "x_low": table[x].quantile(0.2, axis=1),
            "x_high": table[x].quantile(0.8, axis=1),
        }
    )
