"""Every small file that people have, through the command itself: labels come out, or a refusal whose mend works.

A mend is followed to the letter: what the message says to write into metadata.json is written, an option that it names
is given.
"""

import json
import re
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest

from benchmark_utils.harness import label_folder, recommend

CASES = Path(__file__).parents[3] / "shared" / "cases"
PLAIN = dict(zip((f"img{i}" for i in range(6)), ("cat", "dog", "cat", None, "cat", None), strict=True))  # None: a tie
READ = {  # the labels, None where the answers tie, and what is said
    "appen": ([*("cat", "dog", "cat", None, "cat", None)], ["1 of the 1 tasks with a known truth right"]),
    "booleans": ([True, False, True, False], ["2 of the 2 tasks with a known truth right"]),
    "case": (["dog", None], ["differ only by case", "'CAT' (1 vote), 'Cat' (1 vote), 'cat' (2 votes)"]),
    "dups": (["cat", "dog"], ["2 exact repeats of a vote: left out", "2 votes of a worker who gave the task another"]),
    "excel_semicolon": (list(PLAIN.values()), []),
    "half_stars_declared": ([None] * 6, ["6 tasks tied"]),
    "labelstudio": (list(PLAIN.values()), []),
    "mturk": (["cat", "dog", "cat", "dog", "cat", "dog"], ["6 rejected assignments: left out"]),
    "multilabel": ([None, None], ["3 votes with a label that looks like a list, each a class"]),
    "multiline_text": (list(PLAIN.values()), []),
    "nfd": ([None], ["differ only by case, space or Unicode form"]),
    "plain": (list(PLAIN.values()), ["2 tasks tied, since several answers have the most votes: img3, img5."]),
    "prodigy_jsonl": ([*("accept", "reject", "accept", None, "accept", None)], []),
    "rater_long": ([1, 2, 1, None, 1, None], []),
    "toloka": (list(PLAIN.values()), ["1 of the 1 tasks with a known truth right"]),
    "truth_blank": (list(PLAIN.values()), ["3 truths without a value: unknown", "of the 2 tasks with a known truth"]),
    "truth_column": (list(PLAIN.values()), ["Column 'truth' is not used", "--truth truth"]),
    "truth_more": (list(PLAIN.values()), ["1 truth of a task without votes: left out", "fewer than 30 known truths"]),
    "tsv": (list(PLAIN.values()), []),
    "unsure": (["unsure", "no", "yes"], ["of the 2 tasks with a known truth right"]),
    "wide": (["cat", "dog", "cat", None, "cat", None], ["A table with 4 columns of workers"]),
    "zooniverse": (list(PLAIN.values()), []),
}
MENDED = {  # what is refused, and the labels once the refusal is followed to the letter
    "nan_label": ["cat", "dog"],
    "none_label": ["cat", "dog"],
    "sentiment": [-1, 0, 1, None, 0, 1],
}


@pytest.fixture
def command(tmp_path, capsys, monkeypatch):
    """The labels of a folder in the order of the tasks, None where the answers tie, and what was printed."""
    monkeypatch.setattr(recommend, "COMPARED", ("MV", "DS"))

    def run(folder, *options):
        out = tmp_path / "out"
        status = label_folder.main([str(folder), "--strategy", "MV", "--output", str(out), "--force", *options])
        printed = capsys.readouterr()
        assert (status == 0) == (printed.err == "")
        if status:
            return None, printed.err
        table = pd.read_csv(out / "labels.csv")
        known = table["confidence"] == 1
        return [
            k if not tied or sure else None for k, tied, sure in zip(table["label"], table["tied"], known, strict=True)
        ], printed.out

    return run


@pytest.fixture
def case(tmp_path):
    def find(name):
        if not (CASES / name).is_dir():
            pytest.skip("the cases are not here")
        return Path(shutil.copytree(CASES / name, tmp_path / name, copy_function=shutil.copyfile))

    return find


def test_every_case_is_tried():
    if not CASES.is_dir():
        pytest.skip("the cases are not here")
    assert {path.name for path in CASES.iterdir()} == {*READ, *MENDED, "truth_case"}


@pytest.mark.parametrize("name", READ)
def test_read(command, case, name):
    expected, fragments = READ[name]
    labels, said = command(case(name))
    assert labels is not None, said
    if name in ("unsure", "truth_blank", "truth_more"):  # the known truth is the label
        known = {"unsure": ["yes", "no"], "truth_blank": ["cat", "dog"], "truth_more": ["cat", "dog"]}[name]
        expected = known + expected[len(known) :]
    assert labels == expected
    for fragment in fragments:
        assert fragment in said


def metadata_of(said):
    """What a message says to write into metadata.json."""
    return re.search(r"(\{\".*\})", said).group(1)


@pytest.mark.parametrize("name", MENDED)
def test_refused_and_mended(command, case, name):
    folder = case(name)
    labels, said = command(folder)
    assert labels is None
    (folder / "metadata.json").write_text(metadata_of(said))
    labels, said = command(folder)
    assert labels == MENDED[name], said


def test_a_truth_in_other_letters(command, case):
    folder = case("truth_case")
    labels, said = command(folder)
    assert labels is None
    while labels is None:  # one name after the other
        wrong, right = re.search(r"write '(\w+)' as the votes do, '(\w+)'", said).groups()
        (folder / "truth.csv").write_text((folder / "truth.csv").read_text().replace(wrong, right))
        labels, said = command(folder)
    assert labels == list(PLAIN.values())


def test_no_answers_and_contradictions_as_declared(command, case):
    folder = case("unsure")
    (folder / "truth.csv").unlink()
    (folder / "metadata.json").write_text('{"no_answer": ["unsure"]}')
    labels, said = command(folder)
    assert labels == ["yes", "no", "yes"]
    assert "3 answers that metadata.json declares to be none: left out" in said
    folder = case("dups")
    (folder / "metadata.json").write_text('{"contradictions": "last"}')
    labels, said = command(folder)
    assert labels == [None, "dog"]
    assert "another answer too" not in said


def test_the_truth_column_by_the_option_that_is_named(command, case):
    folder = case("truth_column")
    _, said = command(folder)
    options = shlex.split(re.search(r"with (--truth \S+)", said).group(1))
    labels, said = command(folder, *options)
    assert labels == ["cat", "dog", "cat", "dog", "cat", "dog"]
    assert "of the 6 tasks with a known truth right" in said


# Others of each kind


LONG = "{h}\na{s}w1{s}{x}\na{s}w2{s}{x}\nb{s}w1{s}{y}\n"
OTHERS = {  # {name: (file, content or rows, labels of the tasks, what is said)}
    "German, semicolons, Latin-1 words in UTF-8": (
        "stimmen.csv",
        "\ufeffitem;Annotator;Rating\na;Jörg;gut\na;Ann;gut\nb;Jörg;schlecht\n",
        ["gut", "schlecht"],
        [],
    ),
    "UTF-16 from Excel, tabs": (
        "v.txt.csv",
        "task\tworker\tlabel\na\tw\tx\nb\tw\ty\n".encode("utf-16"),
        ["x", "y"],
        [],
    ),
    "an index column of pandas": (
        "v.csv",
        ",task,worker,label\n0,a,w1,x\n1,a,w2,x\n2,b,w1,y\n",
        ["x", "y"],
        [],
    ),
    "old Mac line ends": ("v.csv", "task,worker,label\ra,w1,x\rb,w1,y\r", ["x", "y"], []),
    "names in capitals with spaces": ("v.csv", "Task ID,Worker ID,Label\na,w1,x\nb,w1,y\n", ["x", "y"], []),
    "question, performer, answer": ("v.csv", "question,performer,answer\na,w1,x\nb,w1,y\n", ["x", "y"], []),
    "unit, user_id, response": ("v.csv", "unit,user_id,response\na,w1,x\nb,w1,y\n", ["x", "y"], []),
    "Chinese names": ("v.csv", "item,worker,label\n图1,王,猫\n图1,李,猫\n图2,王,狗\n", ["猫", "狗"], []),
    "decimal commas that are classes": ("v.csv", "item;worker;label\na;w1;1,0\na;w2;1,0\nb;w1;2,0\n", [1, 2], []),
    "0 and 1 beside true": ("v.csv", "item,worker,label\na,w1,1\na,w2,1\nb,w1,0\n", [1, 0], []),
    "yes and no of R": ("v.csv", "item,worker,label\na,w1,TRUE\na,w2,TRUE\nb,w1,FALSE\n", [True, False], []),
    "a wide table with names and an empty corner": (
        "v.csv",
        ",Ann,Bob,Cy\na,x,x,\nb,y,,y\n",
        ["x", "y"],
        ["3 columns of workers"],
    ),
    "a wide table between tabs": (
        "v.tsv",
        "item\tAnn\tBob\na\tx\tx\nb\ty\tx\nc\ty\ty\n",
        ["x", None, "y"],
        ["2 columns"],
    ),
    "labels that are JSON lists": (
        "v.csv",
        'item,worker,label\na,w1,"[""x"", ""y""]"\na,w2,"[""x"", ""y""]"\nb,w1,z\n',
        ['["x", "y"]', "z"],
        ["2 votes with a label that looks like a list"],
    ),
    "spaces inside names": (
        "v.csv",
        "item,worker,label\na,w1,a  cat\na,w2,a cat\nb,w1,x\n",
        [None, "x"],
        ["differ only by"],
    ),
    "full-width letters": (
        "v.csv",
        "item,worker,label\na,w1,\uff43\uff41\uff54\na,w2,cat\nb,w1,x\n",
        [None, "x"],
        ["Unicode form"],
    ),
    "a gold column in capitals": (
        "v.csv",
        "item,worker,label,Gold_Standard\na,w1,x,x\nb,w1,y,y\n",
        ["x", "y"],
        ["Column 'Gold_Standard' is not used", "--truth Gold_Standard"],
    ),
    "quoted separators": ("v.csv", 'item,worker,label\n"a, b",w1,"x; y"\nc,w1,z\n', ["x; y", "z"], []),
    "JSON lines under .json": (
        "v.json",
        '{"item": 1, "user": 2, "rating": "x"}\n{"item": 2, "user": 2, "rating": "y"}\n',
        ["x", "y"],
        [],
    ),
    "a list under .json": (
        "v.json",
        '[{"unit": "a", "rater": "r", "answer": 0}, {"unit": "b", "rater": "r", "answer": 2}]',
        [0, 2],
        [],
    ),
    "MTurk with what was accepted": (
        "Batch_1_batch_results.csv",
        '"HITId","WorkerId","AssignmentStatus","Input.q","Answer.a","Approve","Reject"\n'
        '"1","w1","Submitted","a","x","x",""\n"1","w2","Submitted","a","z","","bad"\n"2","w1","Submitted","b","y","",""\n',
        ["x", "y"],
        ["1 rejected assignment: left out"],
    ),
    "Appen without a gold question": (
        "f1234.csv",
        "_unit_id,_worker_id,_tainted,kind\na,w1,false,x\na,w2,true,y\nb,w1,false,y\n",
        ["x", "y"],
        ["1 tainted judgment: left out"],
    ),
    "Zooniverse of people who are not logged in": (
        "c.csv",
        "user_name,user_id,workflow_id,annotations,subject_ids\n"
        'not-logged-in-1,,7,"[{""task"":""T0"",""value"":""x""}]",a\nann,3,7,"[{""task"":""T0"",""value"":""y""}]",b\n',
        ["x", "y"],
        [],
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_others_of_each_kind(command, tmp_path, name):
    file, content, expected, fragments = OTHERS[name]
    path = tmp_path / file
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    labels, said = command(path)
    assert labels == expected, said
    for fragment in fragments:
        assert fragment in said


REFUSED = {  # {name: (content, what the refusal says)}
    "Latin-1": (
        "item,worker,label\na,J\xf6rg,x\n".encode("latin-1"),
        "line 2 is not UTF-8 text: save the file as UTF-8",
    ),
    "between bars": ("item|worker|label\na|w|x\n", "commas, semicolons or tabs"),
    "half numbers, half words": ("item,worker,label\na,w,1.5\nb,w,2.5\n", '{"classes": [1.5, 2.5]}'),
    "no answer of a spreadsheet": ("item,worker,label\na,w,#N/A\nb,w,x\n", '{"no_answer": ["#N/A"]}'),
    "minus one": ("item,worker,label\na,w,-1\nb,w,1\n", '{"classes": [-1, 1]}'),
    "an HTML page": (
        "<!DOCTYPE html><html><body>Log in</body></html>\n",
        "part the columns with commas, semicolons or tabs",
    ),
    "two answers": ("item,worker,answer,label\na,w,x,y\n", "'answer' and 'label' could both hold the labels"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_others_are_refused_with_a_mend(command, tmp_path, name):
    content, fragment = REFUSED[name]
    path = tmp_path / "v.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    labels, said = command(path)
    assert labels is None
    assert fragment in said
    if fragment[0] == "{":
        (tmp_path / "metadata.json").write_text(json.dumps(json.loads(metadata_of(said))))
        labels, said = command(path)
        assert labels is not None, said
