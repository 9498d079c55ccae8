"""JSON with a map per vote, as JSON lines or as one list, and Parquet: as the table that they are."""

from __future__ import annotations

import json

import pandas as pd

from benchmark_utils.crowds.formats.text_files import MAX_COLUMNS, Table
from benchmark_utils.votes import VotesError
from benchmark_utils.votes.refusals import short


def recognises(content) -> bool:
    return isinstance(content, list)


def to_table(content) -> Table:
    if not isinstance(content, list) or not content or not all(isinstance(row, dict) for row in content):
        raise VotesError(
            "it is no list of votes: it needs a map per vote, [{task, worker, label}], or {task: {worker: label}}"
        )
    header = list(dict.fromkeys(name for row in content for name in row))
    if len(header) > MAX_COLUMNS:
        raise VotesError(f"its maps have {len(header)} different keys and {MAX_COLUMNS} is the most")
    rows = [[text(row.get(name)) for name in header] for row in content]
    return _table([name.strip() for name in header], pd.DataFrame(rows, dtype=object))


def read_parquet(path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = pa.BufferReader(path.read_bytes())
    try:  # in this thread alone: those that read ahead in a damaged file have ended the whole process
        table = pq.ParquetFile(content, pre_buffer=False).read(use_threads=False).to_pandas(use_threads=False)
    except Exception as error:  # pyarrow raises all kinds
        raise VotesError(f"it is no Parquet file that can be read ({short(str(error))}): write it again") from None
    if any(table.index.names):
        table = table.reset_index()
    header = [str(name).strip() for name in table.columns]
    columns = [[text(value) for value in table.iloc[:, place].astype(object)] for place in range(len(header))]
    return _table(header, pd.DataFrame(dict(enumerate(columns)), dtype=object))


def text(value) -> str:
    """A value as a table of text holds it: "" where there is none."""
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return ""
    return str(value).strip()


def _table(header, rows):
    rows.index = pd.RangeIndex(1, len(rows) + 1, name="row")
    shown = [name[:40] for name in header[:8]] + ["..."] * (len(header) > 8)
    return Table(header, rows, f"the rows, whose columns are {shown}", separator="")
