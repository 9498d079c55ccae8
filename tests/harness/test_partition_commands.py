"""The commands on votes in partitions: a table becomes partitions, and partitions become labels."""

import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from benchmark_utils.crowds.simulated.flora import flora
from benchmark_utils.harness import known_truths, label_folder, partition_table
from benchmark_utils.harness.known_truths import check_known_tasks, known_verdict, takes_known
from benchmark_utils.harness.recommend import with_truth
from benchmark_utils.strategies.catalogue import STRATEGIES
from benchmark_utils.strategies.partitioned import PARTITIONED
from benchmark_utils.votes import Votes
from benchmark_utils.votes.partition_writing import write_partitions
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def crowd():
    return flora(3_000, seed=1)


@pytest.fixture
def folder(crowd, tmp_path):
    write_partitions(crowd.votes, tmp_path / "crowd", votes_per_partition=700)
    return tmp_path / "crowd"


@pytest.fixture
def told(crowd, tmp_path):
    """A folder that knows the truth of each third task, and these truths."""
    truth = np.where(np.arange(crowd.votes.n_task) % 3 == 0, crowd.truth, -1)
    write_partitions(crowd.votes, tmp_path / "crowd", truth, votes_per_partition=700)
    return tmp_path / "crowd", truth


def in_one_process(strategy):
    voted = {"support": "voted"} if hasattr(STRATEGIES[strategy](), "support") else {}
    return STRATEGIES[strategy](**voted)


@pytest.mark.parametrize("strategy", PARTITIONED)
def test_partitions_become_labels(crowd, folder, tmp_path, strategy, capsys):
    assert label_folder.main([str(folder), "--strategy", strategy, "--output", str(tmp_path / "labels")]) == 0
    said = capsys.readouterr().out
    assert "3,000 votes of" in said
    assert "truth" not in said
    votes, expected = crowd.votes, in_one_process(strategy).fit(crowd.votes)
    assert ("with support='voted'" in said) == (strategy in ("DS", "FDS", "FDS-hybrid", "WDS"))
    table = pd.read_csv(tmp_path / "labels" / "labels.csv")
    assert table.columns.tolist() == ["task", "label", "confidence", "votes"]
    np.testing.assert_array_equal(table["task"], np.arange(votes.n_task))
    np.testing.assert_array_equal(table["label"].fillna(-1), expected.labels)
    np.testing.assert_array_equal(table["votes"], votes.votes_per_task)
    if expected.soft is not None:
        soft = np.asarray(sparse.csr_array(expected.soft)[np.arange(votes.n_task), expected.labels]).ravel()
        np.testing.assert_allclose(table["confidence"], np.where(expected.labels < 0, np.nan, soft), atol=1e-6)
    workers = pd.read_csv(tmp_path / "labels" / "workers.csv")
    np.testing.assert_array_equal(workers["votes"], votes.votes_per_worker[workers["worker"]])
    if expected.worker_score is None:
        assert workers["score"].isna().all()
    else:
        np.testing.assert_allclose(workers["score"], expected.worker_score[workers["worker"]], atol=1e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crowd", "labels"]


@pytest.mark.parametrize("strategy", PARTITIONED)
def test_known_truths_help_and_score_as_in_one_process(crowd, told, tmp_path, strategy, capsys, monkeypatch):
    monkeypatch.setattr(known_truths, "LARGE", 0)  # two folds
    (folder, truth), votes, alone = told, crowd.votes, in_one_process(strategy)
    assert label_folder.main([str(folder), "--strategy", strategy, "--output", str(tmp_path / "labels")]) == 0
    said = capsys.readouterr().out
    uses = takes_known(alone)
    assert uses != (strategy in ("NS", "TwoThird", "PlantNet"))
    expected = alone.fit(votes, **({"known": truth} if uses else {}))
    checked = check_known_tasks(votes, truth, {strategy: alone.fit}, {strategy: uses})
    assert "\n".join(known_verdict(checked, strategy, uses)) in said
    table = pd.read_csv(tmp_path / "labels" / "labels.csv")
    known = truth >= 0
    np.testing.assert_array_equal(table["label"].fillna(-1), np.where(known, truth, expected.labels))
    assert (table["confidence"][known] == 1).all()
    soft = with_truth(expected, votes, truth).soft
    labelled = np.flatnonzero(table["label"].notna())
    soft = sparse.csr_array(soft)[labelled, table["label"][labelled].astype(int)]
    np.testing.assert_allclose(table["confidence"][labelled], np.asarray(soft).ravel(), atol=1e-6)
    workers = pd.read_csv(tmp_path / "labels" / "workers.csv")
    if expected.worker_score is not None:
        np.testing.assert_allclose(workers["score"], expected.worker_score[workers["worker"]], atol=1e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crowd", "labels"]


def test_the_users_own_truths_come_along_from_the_table_to_the_labels(tmp_path):
    """As users run it, beside the same votes in one process."""
    pytest.importorskip("duckdb")
    shutil.copytree(ROOT / "examples" / "animals", tmp_path / "animals")
    table, crowd = tmp_path / "animals" / "label.csv", tmp_path / "crowd"
    votes = pd.read_csv(table)
    some = votes["item"].unique()[::2]
    wrong = {item: sorted(set(votes["label"]) - set(votes["label"][votes["item"] == item]))[0] for item in some}
    pd.DataFrame({"item": wrong.keys(), "truth": wrong.values()}).to_csv(
        tmp_path / "animals" / "truth.csv", index=False
    )
    run("partition", table, "--output", crowd)
    said = {}
    for source, output in ((tmp_path / "animals", "whole"), (crowd, "parts")):
        said[output] = run("label", source, "--strategy", "WAWA", "--output", tmp_path / output)
        labels = pd.read_csv(tmp_path / output / "labels.csv").set_index("task")
        assert labels["label"][list(wrong)].to_dict() == wrong
        assert (labels["confidence"][list(wrong)] == 1).all()
    whole, parts = (pd.read_csv(tmp_path / name / "labels.csv") for name in ("whole", "parts"))
    pd.testing.assert_frame_equal(whole[parts.columns.tolist()], parts)
    scores = [re.search(r"WAWA labels .*? without its own truth\.", text)[0] for text in said.values()]
    assert scores[0] == scores[1]
    assert f"0 of the {len(wrong)} tasks with a known truth right" in scores[0]


def run(*arguments):
    command = [sys.executable, "-m", "benchmark_utils", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_names_of_columns_are_refused(folder, tmp_path, capsys):
    command = [
        str(folder),
        "--strategy",
        "MV",
        "--truth",
        "gold",
        "--task",
        "item",
        "--output",
        str(tmp_path / "labels"),
    ]
    assert label_folder.main(command) == 2
    said = capsys.readouterr().err
    assert f"{folder} holds partitions" in said
    assert "leave out --task, --truth" in said
    assert [path.name for path in tmp_path.iterdir()] == ["crowd"]


def test_a_truth_that_is_no_class_is_refused(crowd, tmp_path, capsys):
    truth = np.full(crowd.votes.n_task, -1)
    truth[-2] = crowd.votes.n_class
    write_partitions(crowd.votes, tmp_path / "crowd", truth, votes_per_partition=700)
    for strategy in ("DS", "NS"):
        output = ["--output", str(tmp_path / "labels")]
        assert label_folder.main([str(tmp_path / "crowd"), "--strategy", strategy, *output]) == 2
        n_class = crowd.votes.n_class
        place = f"task {len(truth) - 2} (found {n_class})"
        assert f"truth is not below n_class = {n_class} in {place}" in capsys.readouterr().err
        assert not (tmp_path / "labels").exists()


def test_a_truth_of_a_task_without_votes_is_its_label(tmp_path, capsys):
    """It helps nothing and scores nothing."""
    votes = Votes([0, 2], [0, 1], [1, 0], 4, 2, 2)
    write_partitions(votes, tmp_path / "crowd", np.array([-1, -1, -1, 1]), votes_per_partition=1)
    for strategy in ("DS", "NS"):
        output = tmp_path / strategy
        assert label_folder.main([str(tmp_path / "crowd"), "--strategy", strategy, "--output", str(output)]) == 0
        assert "known truth" not in capsys.readouterr().out
        table = pd.read_csv(output / "labels.csv")
        assert table["label"].fillna(-1).tolist() == [1, -1, 0, 1]
        assert table["confidence"].fillna(-1).tolist() == [1, -1, 1, 1]


@pytest.mark.parametrize("strategy", PARTITIONED)
def test_a_terminal_shows_the_iterations_and_the_labels_are_the_same(folder, tmp_path, strategy, capsys, monkeypatch):
    written = {}
    for watched in (False, True):
        monkeypatch.setattr(sys.stderr, "isatty", lambda watched=watched: watched)
        output = tmp_path / f"labels {watched}"
        assert label_folder.main([str(folder), "--strategy", strategy, "--output", str(output)]) == 0
        written[watched] = [(output / name).read_bytes() for name in ("labels.csv", "workers.csv")]
        shown = re.findall("iteration ([0-9]+)", capsys.readouterr().err)
        iterates = hasattr(PARTITIONED[strategy](), "iterate") and strategy != "MACE"
        assert shown == ([str(n) for n in range(len(shown))] if watched and iterates else [])
        assert (len(shown) > 1) == (watched and iterates)
    assert written[False] == written[True]


@pytest.mark.parametrize("strategy", ["auto", "EBCC"])
def test_a_strategy_that_does_not_run_on_partitions_is_refused(folder, tmp_path, strategy, capsys):
    assert label_folder.main([str(folder), "--strategy", strategy, "--output", str(tmp_path / "labels")]) == 2
    assert f"name one of {', '.join(PARTITIONED)} with --strategy" in capsys.readouterr().err
    assert not (tmp_path / "labels").exists()


def test_damaged_partitions_give_no_labels(folder, tmp_path, capsys):
    (folder / "votes-00002.parquet").write_bytes(b"damaged")
    assert label_folder.main([str(folder), "--strategy", "MV", "--output", str(tmp_path / "labels")]) == 2
    assert "votes-00002.parquet is damaged" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["crowd"]


def test_a_table_becomes_partitions_and_labels_in_the_users_own_names(tmp_path, capsys):
    pytest.importorskip("duckdb")
    examples = tmp_path / "examples"
    examples.mkdir()
    shutil.copy(ROOT / "examples" / "animals" / "label.csv", examples)
    assert partition_table.main([str(examples / "label.csv"), "--output", str(tmp_path / "crowd")]) == 0
    assert "For labels: python -m benchmark_utils label" in capsys.readouterr().out
    for source, output in ((examples, "whole"), (tmp_path / "crowd", "parts")):
        assert label_folder.main([str(source), "--strategy", "WAWA", "--output", str(tmp_path / output)]) == 0
    whole, parts = (pd.read_csv(tmp_path / name / "labels.csv") for name in ("whole", "parts"))
    pd.testing.assert_frame_equal(whole[parts.columns.tolist()], parts)
    whole, parts = (pd.read_csv(tmp_path / name / "workers.csv") for name in ("whole", "parts"))
    pd.testing.assert_frame_equal(whole[parts.columns.tolist()], parts)


def test_repeats_are_counted(tmp_path, capsys):
    pytest.importorskip("duckdb")
    (tmp_path / "votes.csv").write_text("item,worker,label\n1,a,0\n1,a,0\n2,b,1\n")
    assert partition_table.main([str(tmp_path / "votes.csv"), "--output", str(tmp_path / "crowd")]) == 0
    said = capsys.readouterr().out
    assert "2 votes of 2 workers on 2 tasks, in 1 partition" in said
    assert "1 row left out" in said


def test_what_cannot_be_partitioned_is_refused(tmp_path, capsys, monkeypatch):
    pytest.importorskip("duckdb")
    assert partition_table.main([str(tmp_path / "none.csv"), "--output", str(tmp_path / "crowd")]) == 2
    assert "none.csv: cannot be read" in capsys.readouterr().err
    (tmp_path / "votes.csv").write_text("item,worker,label\n1,a,0\n")
    (tmp_path / "crowd").mkdir()
    assert partition_table.main([str(tmp_path / "votes.csv"), "--output", str(tmp_path / "crowd")]) == 2
    assert "is there already" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        partition_table.main([str(tmp_path / "votes.csv"), "--output", "x", "--memory", "0"])


def test_without_duckdb_the_command_says_how_to_get_it(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    (tmp_path / "votes.csv").write_text("item,worker,label\n1,a,0\n")
    assert partition_table.main([str(tmp_path / "votes.csv"), "--output", str(tmp_path / "crowd")]) == 2
    assert "pip install duckdb" in capsys.readouterr().err


def test_a_task_without_votes_has_a_row_without_a_label(tmp_path):
    write_partitions(Votes([0, 2], [0, 1], [1, 0], 4, 2, 2), tmp_path / "crowd", votes_per_partition=1)
    assert label_folder.main([str(tmp_path / "crowd"), "--strategy", "DS", "--output", str(tmp_path / "labels")]) == 0
    table = pd.read_csv(tmp_path / "labels" / "labels.csv")
    assert table["label"].isna().tolist() == [False, True, False, True]
    assert table["votes"].tolist() == [1, 0, 1, 0]
