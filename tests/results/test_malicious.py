"""A parquet is somebody else's: it opens as text or is refused in words, and nothing in it runs."""

import pickle

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmark_utils.results.table import ResultError, read_result


class Payload:
    """Unpickled, it writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_pickle_is_never_unpickled(runs, tmp_path):
    ran = tmp_path / "ran"
    dumped = pickle.dumps(Payload(ran))
    runs.assign(final_results=dumped, objective_extra=dumped).to_parquet(tmp_path / "r.parquet")
    read = read_result(tmp_path / "r.parquet")
    assert not ran.exists()
    assert not {"final_results", "objective_extra"} & set(read)
    assert len(read) == len(runs)
    pickle.loads(dumped).close()
    assert ran.exists()  # so the payload works


def test_a_pickle_in_the_notes_of_pandas_and_an_extension_type_are_ignored(runs, tmp_path):
    table = pa.Table.from_pandas(runs).replace_schema_metadata({b"pandas": b"not json", b"more": b"<script>"})
    pq.write_table(table, tmp_path / "r.parquet")
    assert len(read_result(tmp_path / "r.parquet")) == len(runs)
    nested = table.append_column("objective_list", pa.array([[1]] * len(runs)))
    pq.write_table(nested, tmp_path / "r.parquet")
    assert "objective_list" not in read_result(tmp_path / "r.parquet")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda runs: runs.drop(columns=["time", "idx_rep"]), "lacks the columns idx_rep, time"),
        (lambda runs: runs.head(0), "has no rows: no strategy ran"),
        (lambda runs: runs.assign(time="<b>soon</b>"), "time must hold numbers"),
    ],
)
def test_what_is_no_result_is_refused_in_words(runs, tmp_path, change, reason):
    change(runs).to_parquet(tmp_path / "r.parquet")
    with pytest.raises(ResultError, match=reason):
        read_result(tmp_path / "r.parquet")


def test_what_is_no_parquet_is_refused_in_words(tmp_path):
    (tmp_path / "r.parquet").write_bytes(b"PAR1 nothing of the kind")
    with pytest.raises(ResultError, match="cannot be read as a parquet"):
        read_result(tmp_path / "r.parquet")
    with pytest.raises(ResultError, match="there is no result"):
        read_result(tmp_path / "absent.parquet")


def test_names_that_are_not_text_become_text(runs, tmp_path):
    runs.assign(solver_name=pd.Categorical(runs["solver_name"]), dataset_name=7).to_parquet(tmp_path / "r.parquet")
    read = read_result(tmp_path / "r.parquet")
    assert set(read["dataset_name"]) == {"7"}
    assert "DS" in set(read["solver_name"])
