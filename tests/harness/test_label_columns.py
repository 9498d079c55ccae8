"""Tables with other columns: each refusal names the columns and the option to give, which then works to the letter."""

import json
import re
import shlex

import pandas as pd
import pytest

from benchmark_utils.harness import describe_folder, label_folder

ROWS = [("a", "w1", "cat"), ("a", "w2", "dog"), ("a", "w3", "cat"), ("b", "w1", "dog"), ("b", "w3", "dog")]
NAMES = ("my photo", "who?", "l'espèce", "vérité")  # a space, a mark, a quote and accents, for the shell
LONG = [dict(zip(NAMES, (*row, {"a": "cat", "b": "dog"}[row[0]]), strict=True)) for row in ROWS]
OPTIONS = ["--task", NAMES[0], "--worker", NAMES[1], "--label", NAMES[2]]


def write(path, rows):
    if path.suffix == ".csv":
        pd.DataFrame(rows).to_csv(path, index=False)
    elif path.suffix == ".tsv":
        pd.DataFrame(rows).to_csv(path, index=False, sep="\t")
    elif path.suffix == ".parquet":
        pd.DataFrame(rows).to_parquet(path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        path.write_text(json.dumps(rows))
    return path


@pytest.fixture
def command(tmp_path, capsys):
    """The status, what was printed, and the labels by task."""

    def run(*arguments):
        out = tmp_path / "out"
        status = label_folder.main([*map(str, arguments), "--output", str(out), "--force", "--strategy", "MV"])
        printed = capsys.readouterr()
        labels = pd.read_csv(out / "labels.csv").set_index("task")["label"].to_dict() if status == 0 else {}
        return status, printed.out + printed.err, labels

    return run


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".json", ".parquet"])
def test_any_table(command, tmp_path, suffix):
    path = write(tmp_path / f"export{suffix}", LONG)
    status, said, _ = command(path)
    assert status == 2
    assert all(name in said for name in NAMES)  # the columns that there are
    assert "--task COLUMN --worker COLUMN --label COLUMN" in said
    status, said, labels = command(path, *OPTIONS)
    assert (status, labels) == (0, {"a": "cat", "b": "dog"})
    assert "known truth" not in said
    status, said, labels = command(path, *OPTIONS, "--truth", NAMES[3])
    assert status == 0
    assert "2 of the 2 tasks with a known truth right" in said


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_metadata_name_the_same_columns(command, tmp_path, suffix):
    path = write(tmp_path / f"export{suffix}", LONG)
    columns = dict(zip(("task", "worker", "label", "truth"), NAMES, strict=True))
    (tmp_path / "metadata.json").write_text(json.dumps({"columns": columns}))
    status, said, labels = command(path)
    assert (status, labels) == (0, {"a": "cat", "b": "dog"})
    assert "2 of the 2 tasks with a known truth right" in said
    del columns["truth"]
    (tmp_path / "metadata.json").write_text(json.dumps({"columns": columns}))
    status, _, labels = command(path, "--task", NAMES[1], "--worker", NAMES[0])  # an option goes before
    assert list(labels) == ["w1", "w2", "w3"]


def mend(said):
    """The arguments that a refusal says to give."""
    return shlex.split(re.search(r"with ((?:--\w+ (?:'(?:[^']|'\"'\"')*'|\S+) ?)+)or in metadata", said).group(1))


QUESTIONS = {  # what could be meant twice, and the labels of a and b once the refusal is followed
    "label.csv": ["item,worker,label,rating\na,w1,cat,3\nb,w1,dog,4\n", ["cat", "dog"]],
    "workers.csv": ["item,user,annotator id,label\na,w1,x,cat\nb,w1,y,dog\n", ["cat", "dog"]],
    "tasks.csv": ["task,item,worker,label\na,1,w1,cat\nb,2,w1,dog\n", ["cat", "dog"]],
    "mturk.csv": [
        "HITId,WorkerId,AssignmentStatus,Answer.what is it?,Answer.sure\na,w1,Approved,cat,yes\nb,w1,Approved,dog,no\n",
        ["cat", "dog"],
    ],
    "toloka.tsv": [
        "INPUT:image\tOUTPUT:first one\tOUTPUT:b\tASSIGNMENT:worker_id\na\tcat\tx\tw1\nb\tdog\tx\tw1\n",
        ["cat", "dog"],
    ],
    "appen.csv": [
        "_unit_id,_worker_id,is it?,is it?_gold,b,b_gold\na,w1,cat,,x,\nb,w1,dog,,x,\n",
        ["cat", "dog"],
    ],
    "zooniverse.csv": [
        "user_name,annotations,subject_ids\n"
        + "".join(
            f'w1,"[{{""task"": ""T0"", ""value"": ""{label}""}}, {{""task"": ""T1"", ""value"": 1}}]",{task}\n'
            for task, label in (("a", "cat"), ("b", "dog"))
        ),
        ["cat", "dog"],
    ],
    "label_studio.json": [
        json.dumps(
            [
                {
                    "id": task,
                    "data": {"text": task},
                    "annotations": [
                        {
                            "completed_by": 1,
                            "result": [
                                {"from_name": "kind", "type": "choices", "value": {"choices": [label]}},
                                {"from_name": "stars", "type": "rating", "value": {"rating": 2}},
                            ],
                        }
                    ],
                }
                for task, label in (("a", "cat"), ("b", "dog"))
            ]
        ),
        ["cat", "dog"],
    ],
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_could_be_meant_twice_is_asked_and_the_answer_works(command, tmp_path, name):
    content, expected = QUESTIONS[name]
    (tmp_path / name).write_text(content)
    status, said, _ = command(tmp_path / name)
    assert status == 2
    status, said, labels = command(tmp_path / name, *mend(said))
    assert status == 0, said
    assert [labels["a"], labels["b"]] == expected


def test_an_unused_truth_is_used_by_the_option_that_the_note_names(command, tmp_path):
    for content in (
        "item,worker,label,gold label\na,w1,cat,cat\nb,w2,dog,cat\n",
        "item,w1,w2,gold\na,x,x,x\nb,y,y,x\n",
    ):
        (tmp_path / "label.csv").write_text(content)
        status, said, _ = command(tmp_path / "label.csv")
        assert status == 0
        status, said, labels = command(tmp_path / "label.csv", *mend(said))
        assert "1 of the 2 tasks with a known truth right" in said
        assert labels["a"] == labels["b"]
        assert "is not used" not in said


def test_a_wide_table_with_another_name_of_the_tasks(command, tmp_path):
    (tmp_path / "photos.csv").write_text("photo,Ann,Bob,right\na,cat,cat,cat\nb,dog,,cat\n")
    status, said, _ = command(tmp_path / "photos.csv")
    assert status == 2
    assert "A table with a column per worker needs no more than its column of tasks, --task COLUMN" in said
    status, said, labels = command(tmp_path / "photos.csv", "--task", "photo", "--truth", "right")
    assert (status, labels) == (0, {"a": "cat", "b": "cat"})
    assert "2 columns of workers: 'Ann', 'Bob'" in said
    assert "3 votes of 2 workers on 2 tasks" in said


def test_a_column_that_is_not_there(command, tmp_path):
    path = write(tmp_path / "export.csv", LONG)
    status, said, _ = command(path, *OPTIONS[:4], "--label", "species")
    assert status == 2
    assert "column 'species', which --label or metadata.json says to hold the labels, is missing" in said
    assert all(name in said for name in NAMES)


def test_columns_of_what_has_none_are_refused(command, tmp_path):
    (tmp_path / "answers.json").write_text('{"a": {"w1": "cat"}, "b": {"w1": "dog"}}')
    status, said, _ = command(tmp_path, "--label", "x")
    assert status == 2
    assert "it is read as answers_json, which has no such columns: leave out --label" in said
    assert command(tmp_path)[0] == 0


def test_describe_takes_the_same_options(tmp_path, capsys):
    path = write(tmp_path / "export.csv", LONG)
    assert describe_folder.main([str(path)]) == 2
    assert "--task COLUMN --worker COLUMN --label COLUMN" in capsys.readouterr().err
    assert describe_folder.main([str(path), *OPTIONS, "--truth", NAMES[3]]) == 0
    printed = dict(line.split() for line in capsys.readouterr().out.splitlines() if len(line.split()) == 2)
    assert (printed["votes"], printed["tasks_with_truth"]) == ("5", "2")


def test_rejected_assignments_are_left_out_even_where_all_columns_are_named(command, tmp_path):
    (tmp_path / "batch.csv").write_text(
        "HITId,WorkerId,AssignmentStatus,Input.x,Answer.y\nh,w1,Approved,a,cat\nh,w2,Rejected,a,dog\nh2,w1,Approved,b,dog\n"
    )
    status, said, _ = command(
        tmp_path / "batch.csv", "--task", "Input.x", "--worker", "WorkerId", "--label", "Answer.y"
    )
    assert status == 0
    assert "1 rejected assignment: left out" in said
    assert "2 votes of 1 worker" in said
