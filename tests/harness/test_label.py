"""The command `label`: its files cell by cell, written whole or not at all, and what it refuses in which words."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from html import unescape

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.crowds.formats.folder import read_folder
from benchmark_utils.harness import describe_folder, label_folder
from benchmark_utils.harness.label_tables import ask_table, label_table, notices, worker_table
from benchmark_utils.harness.recommend import recommend
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.votes import Votes
from tests.conftest import ROOT

ANAESTHESIA = ROOT / "examples" / "anaesthesia"
ANIMALS = ROOT / "examples" / "animals"
ROWS = """item,worker,label
x,ann,cat
x,bob,cat
x,cy,dog
y,ann,dog
y,bob,cat
"z, zed",ann,cat
"z, zed",bob,cat
"z, zed",cy,cat
"""


@pytest.fixture
def mine(tmp_path):
    """A folder of eight votes on three tasks: x two to one, y a tie, z of one mind."""
    folder = tmp_path / "my votes"
    folder.mkdir()
    (folder / "label.csv").write_text(ROWS)
    return folder


def label(*arguments, status=0):
    assert label_folder.main([str(argument) for argument in arguments]) == status


def test_the_labels_cell_by_cell(mine, tmp_path, capsys):
    label(mine, "--strategy", "MV", "--output", tmp_path / "out")
    labels = pd.read_csv(tmp_path / "out" / "labels.csv").set_index("task")
    assert labels.index.tolist() == ["x", "y", "z, zed"]
    assert labels["label"].tolist()[::2] == ["cat", "cat"]
    assert labels["label"]["y"] in ("cat", "dog")
    assert labels["confidence"].tolist() == pytest.approx([2 / 3, 1 / 2, 1], abs=1e-6)  # MV's are shares of the votes
    assert labels["winning_share"].tolist() == pytest.approx([2 / 3, 1 / 2, 1], abs=1e-6)
    assert labels["votes"].tolist() == [3, 2, 3]
    assert labels["tied"].tolist() == [False, True, False]
    assert labels["strategies_agreeing"][["x", "z, zed"]].tolist() == labels["strategies_tried"].tolist()[:2]
    workers = pd.read_csv(tmp_path / "out" / "workers.csv").set_index("worker")
    assert workers["votes"].to_dict() == {"ann": 3, "bob": 3, "cy": 2}
    assert workers["agreement"]["cy"] == 0.5
    assert workers.loc["cy", ["confuses", "with", "times"]].tolist() == ["cat", "dog", 1]
    asked = pd.read_csv(tmp_path / "out" / "tasks_to_ask.csv")
    assert asked["task"].tolist() == ["y", "x"]  # the tie first; z is certain
    assert asked["expected_gain"].is_monotonic_decreasing
    printed = capsys.readouterr().out
    first = "8 votes of 3 workers on 3 tasks\n1 task tied, since several answers have the most votes: y.\n\nThe labels"
    assert printed.startswith(first)
    assert "Written: labels.csv, workers.csv, tasks_to_ask.csv, votes.html in" in printed


def test_the_tables_are_those_of_the_strategy(random_votes):
    votes, _ = random_votes()
    found = recommend(votes, "DS")
    result = DawidSkene().fit(votes)
    table = label_table(votes, found)
    assert (table["label"] == result.labels).all()
    assert table["confidence"].to_numpy() == pytest.approx(result.soft.max(axis=1), abs=1e-6)
    assert (table["strategies_agreeing"] == sum(found.labels[name] == result.labels for name in found.labels)).all()
    assert table["strategies_agreeing"].between(1, len(found.labels)).all()
    workers = worker_table(votes, result)
    assert workers["score"].to_numpy() == pytest.approx(result.worker_score, abs=1e-6)
    asked = ask_table(votes, result, table)
    assert asked["confidence"].lt(1).all()
    assert len(asked) == np.count_nonzero(table["confidence"] < 1)


def test_a_task_without_a_label_is_blank(mine, tmp_path):
    label(mine, "--strategy", "TwoThird", "--output", tmp_path / "out")
    labels = pd.read_csv(tmp_path / "out" / "labels.csv").set_index("task")
    assert pd.isna(labels.loc["y", ["label", "confidence"]]).all()
    assert labels.loc["y", "strategies_agreeing"] == 0
    assert labels.loc["x", "label"] == "cat"


def test_a_task_without_votes_is_asked_first(tmp_path):
    (tmp_path / "answers.json").write_text(json.dumps({"a": {"v": 1, "w": 1}, "b": {}, "c": {"v": 0, "w": 1}}))
    label(tmp_path, "--output", tmp_path / "out")
    assert pd.read_csv(tmp_path / "out" / "labels.csv")["label"].isna().tolist() == [False, True, False]
    assert pd.read_csv(tmp_path / "out" / "tasks_to_ask.csv")["task"][0] == "b"


def test_the_crowd_of_1979_in_one_command(tmp_path, capsys):
    label(ANAESTHESIA, "--strategy", "DS", "--output", tmp_path / "out")
    labels = pd.read_csv(tmp_path / "out" / "labels.csv")
    result = DawidSkene().fit(read_folder(ANAESTHESIA)[0])
    assert (labels["label"] - 1 == result.labels).all()
    assert "Prevalence: 1 0.40, 2 0.42, 3 0.11, 4 0.07." in capsys.readouterr().out  # as in the paper
    assert labels["votes"].eq(7).all()  # the first rater's three count each
    page = (tmp_path / "out" / "votes.html").read_text(encoding="utf-8")
    for worker, matrix in enumerate(result.parameters["confusion"]):
        shown = page.split(f"<caption>How often worker {worker + 1} answers what")[1].split("</table>")[0]
        cells = [float(cell) for cell in re.findall(r"<td>([\d.]+)</td>", shown)]
        assert cells == pytest.approx(matrix.ravel(), abs=0.0005)
    assert '<th scope="row">exact repeats kept as votes</th><td>77</td>' in page


def test_what_must_not_pass_in_silence():
    """Worker 0 repeats a vote and contradicts it twice; task 1 is tied; task 2 has no vote; one label nobody gave."""
    votes = Votes([0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 1], [0, 0, 1, 2, 0, 1], 3, 2, 3, repeats="keep")
    found = recommend(votes, "MV")
    found = replace(found, result=replace(found.result, labels=np.array([0, 2, -1])))
    assert notices(votes, found, ["what the reader says"]) == [
        "What the reader says.",
        "1 task tied, since several answers have the most votes: 1.",
        "1 vote kept: the same worker, task and answer again.",
        "1 task with a label that nobody voted for.",
        "1 task without a label.",
    ]


SAID = {
    "1 exact repeat of a vote: left out": "item,worker,label\nx,ann,cat\nx,ann,cat\ny,bob,dog\n",
    "2 votes of a worker who gave the task another answer too": "item,worker,label\nx,ann,cat\nx,ann,dog\ny,bob,dog\n",
    "Classes that differ only by case, space or Unicode form are separate: 'Cat' (1 vote), 'cat' (1 vote)": (
        "item,worker,label\nx,ann,Cat\nx,bob,cat\n"
    ),
    "1 vote with a label that looks like a list": "item,worker,label\nx,ann,cat|dog\nx,bob,cat\n",
    "Column 'gold' is not used; if it holds the truth: say which, with --truth gold": (
        "item,worker,label,gold\nx,ann,cat,cat\ny,bob,dog,cat\n"
    ),
    "1 task tied, since several answers have the most votes: x.": "item,worker,label\nx,ann,dog\nx,bob,cat\n",
    "2 rejected assignments: left out": (
        "HITId,WorkerId,AssignmentStatus,Answer.x\nx,ann,Rejected,cat\nx,bob,Rejected,cat\nx,cy,Approved,dog\n"
    ),
}


@pytest.mark.parametrize("said", SAID)
def test_it_is_said_once_in_label_in_describe_and_on_the_page(said, tmp_path, capsys):
    votes = tmp_path / "votes.csv"
    votes.write_text(SAID[said])
    label(votes, "--output", tmp_path / "out")
    printed = capsys.readouterr()
    assert printed.out.count(said) == 1
    assert printed.err == ""
    assert unescape((tmp_path / "out" / "votes.html").read_text(encoding="utf-8")).count(said) == 1
    assert describe_folder.main([str(votes)]) == 0
    assert capsys.readouterr().out.count(said) == 1


def test_a_file_alone_and_a_file_of_a_folder(mine, tmp_path):
    other = tmp_path / "export.csv"
    other.write_text(ROWS)
    label(other, "--output", tmp_path / "a")
    label(mine / "label.csv", "--output", tmp_path / "b")
    assert (tmp_path / "a" / "labels.csv").read_bytes() == (tmp_path / "b" / "labels.csv").read_bytes()
    label(ANAESTHESIA / "label.csv", "--output", tmp_path / "c")  # with the metadata beside it
    assert pd.read_csv(tmp_path / "c" / "labels.csv")["votes"].sum() == 315


def test_the_same_votes_give_the_same_files(tmp_path):
    for name in "ab":
        label(ANIMALS, "--output", tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_it_runs_without_benchopt():
    code = (
        "import sys, tempfile\n"
        "sys.modules['benchopt'] = None\n"  # an import of it raises
        "from benchmark_utils.__main__ import main\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    status = main(['label', 'examples/animals', '--output', folder + '/out'])\n"
        "loaded = {'torch', 'sklearn', 'plotly', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {loaded}' if loaded else status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


# Whole or not at all


def test_an_existing_output_is_refused_and_kept_without_force(mine, tmp_path, capsys):
    out = tmp_path / "out"
    label(mine, "--output", out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    label(ANIMALS, "--output", out, status=2)
    assert "is there already: choose another place with --output, or replace it with --force" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    label(ANIMALS, "--output", out, "--force")
    assert len(pd.read_csv(out / "labels.csv")) == 24


@pytest.mark.parametrize("kind", ["other files", "file", "link"])
def test_force_replaces_nothing_but_its_own(mine, tmp_path, kind, capsys):
    out = tmp_path / "out"
    if kind == "other files":
        out.mkdir()
        (out / "thesis.tex").write_text("years")
    elif kind == "file":
        out.write_text("years")
    else:
        out.symlink_to(mine)
    label(mine, "--output", out, "--force", status=2)
    assert ("holds other files, thesis.tex" if kind == "other files" else "is no folder") in capsys.readouterr().err
    assert (mine / "label.csv").read_text() == ROWS
    assert kind == "link" or (out / "thesis.tex" if out.is_dir() else out).read_text() == "years"


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("disk full")])
def test_what_fails_while_writing_leaves_what_was_there(mine, tmp_path, monkeypatch, capsys, force, error):
    out = tmp_path / "out"
    if force:
        label(mine, "--output", out)
    before = sorted(str(path) for path in tmp_path.rglob("*"))

    def fail(self, *arguments, **options):
        if self.name == "votes.html":
            raise error
        return write(self, *arguments, **options)

    write = label_folder.Path.write_text
    monkeypatch.setattr(label_folder.Path, "write_text", fail)
    label(ANIMALS, "--output", out, *["--force"] * force, status=130 if error is KeyboardInterrupt else 2)
    assert "nothing was written" in capsys.readouterr().err
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before
    if force:
        assert len(pd.read_csv(out / "labels.csv")) == 3


def test_a_rename_that_fails_puts_the_old_folder_back(mine, tmp_path, monkeypatch):
    out = tmp_path / "out"
    label(mine, "--output", out)

    def fail(self, target):
        if self.name == "new":
            raise OSError("no")
        return rename(self, target)

    rename = label_folder.Path.rename
    monkeypatch.setattr(label_folder.Path, "rename", fail)
    label(ANIMALS, "--output", out, "--force", status=2)
    assert len(pd.read_csv(out / "labels.csv")) == 3


def test_a_terminated_command_leaves_nothing(mine, tmp_path):
    code = (
        "import sys, time\n"
        "from benchmark_utils.harness import label_folder\n"
        "def slow(*arguments):\n"
        "    print('writing', flush=True)\n"
        "    time.sleep(60)\n"
        "label_folder.check_output = lambda *a, first=[]: first.append(0) or len(first) > 1 and slow()\n"
        "label_folder.main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, str(mine), "--output", str(tmp_path / "out")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    assert [path.name[:5] for path in tmp_path.iterdir() if path != mine] == [".out."]
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 143
    assert [path for path in tmp_path.iterdir() if path != mine] == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["no/such/folder"], "is not a folder"),
        ([ANIMALS, "--output", "no/such/parent/out"], "is not a folder, so out cannot be made in it: make it first"),
        ([ANIMALS, "--strategy", "KOS"], "KOS is for 2 classes at most: choose another with --strategy"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(arguments, reason, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    label(*arguments, status=2)
    printed = capsys.readouterr()
    assert reason in printed.err
    assert printed.out == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_cannot_be_written_to(mine, tmp_path, capsys):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    label(mine, "--output", closed / "out", status=2)
    assert "cannot be written to: choose another place" in capsys.readouterr().err


def test_the_default_output_is_named_after_the_votes(mine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    label(mine)
    assert (tmp_path / "labels_my votes" / "labels.csv").is_file()
