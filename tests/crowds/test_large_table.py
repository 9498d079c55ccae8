"""A table of votes to partitions through DuckDB: what the reader of small files makes of it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.crowds.formats.folder import read_path
from benchmark_utils.crowds.large_table import import_table
from benchmark_utils.crowds.simulated.flora import flora
from benchmark_utils.votes import VotesError
from tests.votes.test_partitions import together

duckdb = pytest.importorskip("duckdb")

TABLE = """item,worker,label
t2,ann,cat
 t1 ,bob,dog
t1,ann,cat
t10,"b, c",dog
t2,ann,cat

t2,Ann,"a ""dog"" "
"""


def write(folder, text, name="label.csv", **others):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    for other, content in others.items():
        (folder / other.replace("_", ".")).write_text(content, encoding="utf-8")
    return folder / name


@pytest.fixture
def source(tmp_path):
    return tmp_path / "source"


def check(path, folder, **options):
    """Whether both readers give the same votes, ids and truth."""
    expected, truth = read_path(path)
    parts = import_table(path, folder, **options)
    votes, found = together(parts)
    for name in ("task", "worker", "label"):
        np.testing.assert_array_equal(getattr(votes, name), getattr(expected, name))
    np.testing.assert_array_equal(found, truth)
    encodings = [part.encoding for part in parts]
    tasks = [name for one in encodings for name in one.tasks.tolist()]
    assert tasks == expected.encoding.tasks.tolist()
    assert encodings[0].workers.tolist() == expected.encoding.workers.tolist()
    assert encodings[0].classes.tolist() == expected.encoding.classes.tolist()
    assert (parts.n_repeated, parts.repeats) == (expected.n_repeated, expected.repeats)
    assert sorted(path.name for path in folder.parent.iterdir()) == sorted({"source", folder.name})
    return parts


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    "text",
    [
        TABLE,
        TABLE.replace(",", ";"),
        "task\tworker\tlabel\n3\t7\t0\n20\t1\t2\n3\t10\t1\n",
        "\ufeffworker_id,extra,task_id,answer\n007,x,1,yes\n7,y,2,no\n",
        "item,worker,label\n1.0,2,1\n3.0,2,0\n",
        "item,worker,label\n-5,2,1\n3,2,0\n-40,1,1\n",
        "item,worker,label\n1e3,é,ja\n2,ß,nein\n2,z,ja\n",
        "item,worker,label\n1234567890123456789,2,1\n3,2,0\n",
        "item,worker,label\n1,2,True\n3,2,False",
    ],
)
def test_a_table_is_read_as_a_small_one_is(source, tmp_path, text):
    check(write(source, text), tmp_path / "crowd", votes_per_partition=2)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_truth_and_metadata_beside_it_count(source, tmp_path):
    truth = "item,truth\nt1,cat\nt10,\nt3,dog\nt2,bird\n"
    metadata = json.dumps({"classes": ["dog", "cat", "bird"], "columns": {"task": "what"}, "repeats": "keep"})
    text = "worker,what,label\nann,t1,cat\nann,t1,cat\nbob,t2,dog\nbob,t10,dog\n"
    path = write(source, text, truth_csv=truth, metadata_json=metadata)
    parts = check(path, tmp_path / "crowd", votes_per_partition=1)
    assert parts.repeats == "keep"
    assert parts.n_votes == 4


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_classes_by_number_and_truth_of_numbered_tasks(source, tmp_path):
    truth = "item,truth\n10,1\n9,4\n"
    path = write(source, "item,worker,label\n10,a,0\n9,b,2\n", truth_csv=truth, metadata_json='{"n_classes": 5}')
    assert check(path, tmp_path / "crowd").n_class == 5


def test_a_truth_without_a_task_is_said(source, tmp_path):
    path = write(source, "item,worker,label\n1,a,0\n2,b,1\n", truth_csv="item,truth\n1,0\n5,1\n6,1\n")
    with pytest.warns(UserWarning, match="2 truths of a task without votes: left out"):
        import_table(path, tmp_path / "crowd")


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_json_lines_and_parquet_are_read_as_small_ones_are(source, tmp_path, suffix):
    votes = flora(2_000, seed=3).votes
    frame = (
        votes.to_frame()
        .assign(label=lambda table: "species " + table["label"].astype(str))
        .sample(frac=1, random_state=0)
    )
    source.mkdir()
    path = source / f"label.{suffix}"
    frame.to_json(path, orient="records", lines=True) if suffix == "jsonl" else frame.to_parquet(path)
    check(path, tmp_path / "crowd", votes_per_partition=300)


def test_a_flora_of_many_partitions(source, tmp_path):
    votes = flora(20_000, seed=3).votes
    frame = votes.to_frame().sample(frac=1, random_state=0)
    frame = frame.assign(task="o" + frame["task"].astype(str), worker=frame["worker"] + 1000)
    path = write(source, frame.to_csv(index=False))
    assert len(check(path, tmp_path / "crowd", votes_per_partition=1_000)) >= 20


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("item,worker,label\n", "no row after the header"),
        ("", "the file is empty"),
        ("item,label\n1,2\n", "'worker' is missing"),
        ("item,worker,label\n1,a,0\n,b,1\n", r"column 'task' has no value in 1 row, as .*'b', '1'"),
        ("item,worker,label\n1,a,0\n2,NA,1\n3,NA,1\n", "column 'worker' has no value in 2 rows"),
        ("item,worker,label\n1,a,0\n2,b,\n", "column 'label' has no value in 1 row"),
        ("item,worker,label\n1,a,0\n2,b,null\n", "column 'label' has no value in 1 row"),
        ("item,worker,label\n1,a,0\n1.0,b,1\n", "a task is written in two ways, '1' and '1.0'"),
        ("item,worker,label\n1,a,0\n2,b,1,5\n", "DuckDB cannot read"),
        ('item,worker,label\n1,a,0\n2,b,"1\n', "DuckDB cannot read"),
        ("item,worker,label\n1,a,-1\n2,b,1\n", "a label is negative"),
        ("item,worker,label\n1,a,1.5\n2,b,0.5\n", "a label is fractional"),
    ],
)
def test_what_cannot_be_used_is_refused_and_leaves_nothing(source, tmp_path, text, said):
    path = write(source, text)
    with pytest.raises(VotesError, match=said) as error:
        import_table(path, tmp_path / "crowd")
    assert str(path) in str(error.value)
    assert [one.name for one in tmp_path.iterdir()] == ["source"]


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        ("item,truth\n1,9\n", "unknown truth"),
        ("item,truth\n1,0\n1,1\n", "more than one truth"),
        ("item,truth\n,1\n", "the truth has an empty task"),
        ("item\n1\n", "is missing"),
    ],
)
def test_a_truth_that_cannot_be_used_is_refused(source, tmp_path, truth, said):
    path = write(source, "item,worker,label\n1,a,0\n2,b,1\n", truth_csv=truth)
    with pytest.raises(VotesError, match=said):
        import_table(path, tmp_path / "crowd")


def test_what_needs_all_votes_at_once_is_refused(source, tmp_path):
    path = write(source, "item,worker,label\n1,a,0\n", metadata_json='{"contradictions": "first"}')
    with pytest.raises(VotesError, match="fit into memory"):
        import_table(path, tmp_path / "crowd")
    (source / "metadata.json").unlink()
    with pytest.raises(VotesError, match="not read in parts"):
        import_table(write(source, "{}", "label.json"), tmp_path / "crowd")
    (source / "bad.parquet").write_bytes(b"PAR1")
    with pytest.raises(VotesError, match="no Parquet file"):
        import_table(source / "bad.parquet", tmp_path / "crowd")


def test_little_memory_is_enough(source, tmp_path):
    rows = np.random.default_rng(0).integers(0, 100_000, size=(400_000, 2))
    frame = pd.DataFrame({"item": rows[:, 0], "worker": rows[:, 1], "label": rows.sum(axis=1) % 7})
    parts = import_table(write(source, frame.to_csv(index=False)), tmp_path / "crowd", memory="60MB")
    assert parts.n_votes + parts.n_repeated == 400_000


def test_a_place_that_cannot_be_written_is_refused_before_the_work(source, tmp_path, monkeypatch):
    path = write(source, "item,worker,label\n1,a,0\n")
    (tmp_path / "crowd").mkdir()
    with pytest.raises(VotesError, match="is there already"):
        import_table(path, tmp_path / "crowd")
    with pytest.raises(VotesError, match="make it first"):
        import_table(path, tmp_path / "none" / "crowd")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(VotesError, match=r"other cannot be written .*No space left"):
        import_table(path, tmp_path / "other")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["crowd", "source"]
