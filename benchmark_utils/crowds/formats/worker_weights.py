"""A table of workers with a weight for each."""

import pandas as pd

from benchmark_utils.crowds.formats.text_files import naming, parse_table, read_text
from benchmark_utils.votes import VotesError
from benchmark_utils.votes.refusals import raise_rows


def read_weights(path, column="weight") -> pd.Series:
    """The numbers of a column, by the workers' own ids as they are written.

    Parameters
    ----------
    path : path-like
        A table with a header, parted by commas, semicolons or tabs, with a column `worker` and one called `column`.

    Raises
    ------
    VotesError
        With the file, the line and the mend: a column that is missing or occurs twice, an empty table, a weight that is
        not a number, a worker who stands twice.
    """
    with naming(path):
        table = parse_table(read_text(path), f"worker,{column}")
        for name in ("worker", column):
            if table.header.count(name) != 1:
                how_often = "occurs twice" if name in table.header else "is missing"
                raise VotesError(f"column {name!r} {how_often} in {table.place}: name one column so")
        rows = table.take({table.header.index("worker"): "worker", table.header.index(column): "weight"})
        weights = pd.to_numeric(rows["weight"], errors="coerce")
        raise_rows(weights.isna(), rows["weight"], "a weight is not a number", "correct it", rows.index)
        again = rows["worker"].duplicated()
        raise_rows(again, rows["worker"], "a worker stands there twice", "keep one row per worker", rows.index)
    return pd.Series(weights.to_numpy(float), index=rows["worker"].to_numpy(object))
