"""Somebody's own votes: what is read right, and that everything else is refused in words."""

import io
import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.crowds.cache import read_cached
from benchmark_utils.crowds.formats.folder import read_folder, read_votes
from benchmark_utils.votes import VotesError
from benchmark_utils.votes.arrays import from_arrays, to_arrays

ROOT = Path(__file__).parents[2]
GOOD = "item,worker,label\na,w1,cat\na,w2,dog\nb,w1,dog\nb,w2,dog\n"
ANSWERS = {"0": {"w1": 1, "w2": 0}, "1": {"w1": 1}, "2": {}}


@pytest.fixture
def folder(tmp_path):
    """`folder({name: text, bytes or object for JSON})`: a folder of these files."""

    def make(files):
        path = tmp_path / "mine"
        path.mkdir(exist_ok=True)
        for name, content in files.items():
            if name.endswith(".json") and not isinstance(content, (str, bytes)):
                content = json.dumps(content)
            (path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def npy(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


# What is read right

SAME = {"a": {"w1": "cat", "w2": "dog"}, "b": {"w1": "dog", "w2": "dog"}}


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("item", "task", 1),
        "task,worker,label\nb,w2,dog\na,w1,cat\nb,w1,dog\na,w2,dog\n",
        "worker,label,item\nw1,cat,a\nw2,dog,a\nw1,dog,b\nw2,dog,b\n",
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        GOOD.rstrip("\n"),
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\n\n") + "\n \n",
        GOOD.replace("\n", ",\n"),
        GOOD.replace(",", " , "),
        GOOD.replace("a,w1,cat", '"a","w1", "cat"'),
        GOOD.replace("item,worker,label", "Item, Worker ,LABEL"),
        GOOD.replace("item,worker,label", "Question ID,annotator,response"),
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        "sep=;\n" + GOOD.replace(",", ";"),
        GOOD.encode("utf-16"),
        "\ufeff".encode("utf-16-be") + GOOD.encode("utf-16-be"),
        "item,note,worker,label\na,x,w1,cat\na,,w2,dog\nb,y,w1,dog\nb,z,w2,dog\n",
    ],
    ids=[
        "item", "task", "any order", "any column", "CRLF", "CR", "no end", "BOM", "blank lines", "empty last field",
        "spaces", "quotes", "header", "usual names", "semicolons", "tabs", "Excel", "UTF-16", "UTF-16-BE",
        "one more column",
    ],
)  # fmt: skip
def test_the_same_votes_however_written(folder, text):
    votes, truth = read_folder(folder({"label.csv": text}))
    assert votes.to_answers() == SAME
    assert truth.tolist() == [-1, -1]


def test_names_are_kept_as_they_are(folder):
    text = 'item,worker,label\n007,99999999999999999999,"yes, of course"\n7,é日本,NO\n"say ""hi""",1e3,no\n'
    votes, _ = read_folder(folder({"label.csv": text}))
    assert votes.to_answers() == {
        "007": {"99999999999999999999": "yes, of course"},
        "7": {"é日本": "NO"},
        'say "hi"': {"1e3": "no"},
    }


def test_a_long_number_is_a_name(folder):
    long = "9" * 5_000
    votes, _ = read_folder(folder({"answers.json": f'{{"0": {{"w": {long}, "v": {long[1:]}, "u": 3}}}}'}))
    assert votes.to_answers() == {0: {"w": long, "v": long[1:], "u": "3"}}


def test_decimals_that_a_float_cannot_tell_apart_are_names(folder):
    stamps = ["1403636579.763555584", "1403636579.763555585"]
    votes, truth = read_folder(
        folder(
            {
                "label.csv": "item,worker,label\n" + "".join(f"{stamp},w,{stamp}\n" for stamp in stamps),
                "truth.csv": f"item,truth\n{stamps[1]},{stamps[1]}\n",
            }
        )
    )
    assert votes.to_answers() == {stamp: {"w": stamp} for stamp in stamps}
    assert truth.tolist() == [-1, 1]


def test_numbers_of_json_are_kept_as_they_are(folder):
    text = '{"0": {"w": 1403636579763555584.0, "v": 1403636579763555585.0,'
    text += ' "u": 999999999999999999, "t": 1000000000000000000}}'
    votes, _ = read_folder(folder({"answers.json": text}))
    found = votes.to_answers()[0]
    assert found == {
        "w": "1403636579763555584.0",
        "v": "1403636579763555585.0",
        "u": "999999999999999999",
        "t": "1000000000000000000",
    }


def test_spaces_around_a_name_are_no_part_of_it(folder):
    votes, truth = read_folder(
        folder({"answers.json": {" a": {"w ": " x", "v": "y"}}, "truth.csv": "item,truth\na,x\n"})
    )
    assert votes.to_answers() == {"a": {"w": "x", "v": "y"}}
    assert truth.tolist() == [0]


def test_a_line_of_commas_above_the_header_moves_no_column(folder):
    votes, _ = read_folder(folder({"label.csv": ",,,,,\n" + GOOD}))
    assert votes.to_answers() == SAME


def test_truth_values_however_written(folder):
    files = {"label.csv": "item,worker,label\na,w,True\nb,w,False\n", "truth.csv": "item,truth\na,TRUE\nb,false\n"}
    votes, truth = read_folder(folder(files))
    assert votes.named(truth).tolist() == ["True", "False"]


def test_names_of_classes_in_a_truth_by_number(folder):
    """ "01" is a name and stays one."""
    answers = {"0": {"w": "1", "v": "01"}, "1": {"w": "1"}}
    for name, content in (("truth.txt", "01\n-1\n"), ("ground_truth.npy", npy(np.array(["01", "-1"])))):
        path = folder({"answers.json": answers, name: content})
        votes, truth = read_folder(path)
        assert votes.named(truth).tolist() == ["01", None]
        (path / name).unlink()


def test_votes_for_a_notebook(folder):
    path = folder({"label.csv": "item,worker,label\na,007,0\na,7,1\n", "metadata.json": {"n_classes": 3}})
    assert read_votes(path).n_class == 3
    assert read_votes(path / "label.csv").to_answers() == {"a": {"007": 0, "7": 1}}
    folder({"mine.json": ANSWERS, "mine.csv": "item,worker\na,w\n"})
    assert read_votes(str(path / "mine.json")).n_votes == 3
    for name, words in (("mine.csv", "'label' is missing in line 1"), ("nothing.csv", "cannot be read")):
        with pytest.raises(VotesError, match=f"{name}: .*{words}"):
            read_votes(path / name)


@pytest.mark.parametrize("name", ["label.csv", "answers.json"])
def test_a_long_id_takes_the_memory_of_its_text(folder, name, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    ids = [*map(str, range(20_000)), "x" * 20_000]
    table = "item,worker,label\n" + "".join(f"{one},{one},{one}\n" for one in ids)
    path = folder({name: table if name == "label.csv" else {one: {one: one} for one in ids}})
    tracemalloc.start()
    try:
        for _ in range(2):  # from the file, from the cache
            votes, _ = read_cached("long", [path / name], [], lambda: read_folder(path))
            assert "x" * 20_000 in set(votes.encoding.classes.tolist())
        assert tracemalloc.get_traced_memory()[1] < 100e6  # in arrays of fixed width 1.6 GB each
    finally:
        tracemalloc.stop()


def test_a_long_file_keeps_its_names(folder):
    """Long enough for pandas to guess the type of a column anew, part by part."""
    items = [f"{number:09d}" for number in range(300_000)]
    votes, _ = read_folder(folder({"label.csv": "item,worker,label\n" + "".join(f"{item},1,x\n" for item in items)}))
    assert votes.encoding.tasks.tolist() == items


def test_truth_beside_csv(folder):
    truth = "item,truth\nb,dog\n"
    assert read_folder(folder({"label.csv": GOOD, "truth.csv": truth}))[1].tolist() == [-1, 1]
    truth = "task,label\r\n\r\nb,cat\r\na,dog\r\n"
    assert read_folder(folder({"truth.csv": truth}))[1].tolist() == [1, 0]


def test_numbers_of_classes_and_of_tasks(folder):
    votes, truth = read_folder(
        folder({"label.csv": "item,worker,label\n10,1,0\n9,1,2.0\n9,2,1\n", "truth.csv": "item,truth\n9,1.0\n10,2\n"})
    )
    assert votes.encoding.tasks.tolist() == [9, 10]
    assert votes.encoding.classes.tolist() == [0, 1, 2]
    assert truth.tolist() == [1, 2]


@pytest.mark.parametrize(
    "truth",
    [
        {},
        {"truth.txt": "1\n-1\n0\n"},
        {"truth.txt": "1.000000000000000000e+00\r\n-1.0e+00\r\n0.0e+00"},
        {"ground_truth.npy": npy(np.array([1, -1, 0]))},
        {"ground_truth.npy": npy(np.array([1.0, -1, 0]))},
        {"truth.csv": "item,truth\n2,0\n0,1\n"},
    ],
)
def test_answers(folder, truth):
    votes, known = read_folder(folder({"answers.json": ANSWERS, "metadata.json": {"n_classes": 3}, **truth}))
    assert (votes.n_task, votes.n_worker, votes.n_class, votes.n_votes) == (3, 2, 3, 3)
    assert votes.votes_per_task.tolist() == [2, 1, 0]
    assert known.tolist() == ([1, -1, 0] if truth else [-1, -1, -1])


def test_the_truth_goes_by_the_number_of_the_task_not_its_place(folder):
    answers = {str(task): {"w": task % 2} for task in (10, 2, 0, 1, 3, 4, 5, 6, 7, 9, 8)}
    votes, truth = read_folder(folder({"answers.json": answers, "truth.txt": "0\n1\n" * 5 + "0\n"}))
    assert votes.encoding.tasks.tolist() == list(range(11))
    np.testing.assert_array_equal(truth[votes.task], votes.label)


def test_answers_in_words(folder):
    votes, truth = read_folder(folder({"answers.json": SAME, "truth.csv": "item,truth\nb,dog\n"}))
    assert votes.to_answers() == SAME
    assert truth.tolist() == [-1, 1]


def test_declared_classes(folder):
    files = {
        "label.csv": GOOD,
        "truth.csv": "item,truth\na,zebra\n",
        "metadata.json": {"classes": ["dog", "zebra", "cat"]},
    }
    votes, truth = read_folder(folder(files))
    assert votes.encoding.classes.tolist() == ["dog", "zebra", "cat"]
    assert truth.tolist() == [1, -1]
    files = {"label.csv": GOOD.replace("cat", "NA"), "truth.csv": "item,truth\na,NA\n"}
    assert read_folder(folder({**files, "metadata.json": {"classes": ["dog", "NA"]}}))[1].tolist() == [1, -1]
    numbers = {"label.csv": "item,worker,label\na,w,0\na,v,1\n", "truth.csv": "item,truth\na,3\n"}
    votes, truth = read_folder(folder({**numbers, "metadata.json": {"n_classes": 4}}))
    assert (votes.n_class, truth.tolist()) == (4, [3])


def test_repeated_rows_are_votes_where_the_metadata_say_so(folder):
    rows = "item,worker,label\na,w1,cat\na,w1,cat\na,w2,dog\n"
    for repeats, n_votes, n_dropped in (("drop", 2, 1), ("keep", 3, 0)):
        votes, _ = read_folder(folder({"label.csv": rows, "metadata.json": {"repeats": repeats}}))
        assert (votes.n_votes, votes.n_repeated) == (n_votes, n_dropped)
        assert from_arrays(to_arrays(votes, [-1]))[0].n_votes == n_votes  # in the parsed cache too
        assert votes.keep(np.array([True] * n_votes)).n_votes == n_votes
    with pytest.raises(VotesError, match=r'metadata\.json: "repeats" is True: it needs "drop", or "keep" where'):
        read_folder(folder({"label.csv": rows, "metadata.json": {"repeats": True}}))


def test_the_crowd_of_1979_is_kept_whole():
    """45 patients, five raters, of whom the first saw each form three times: 77 of the 315 rows are repeats."""
    votes, truth = read_folder(ROOT / "examples" / "anaesthesia")
    assert (votes.n_task, votes.n_worker, votes.n_class, votes.n_votes) == (45, 5, 4, 315)
    assert votes.votes_per_worker.tolist() == [135, 45, 45, 45, 45]
    assert (truth == -1).all()


# What is refused: files, and what the message must say

ROW = "item,worker,label\na,w1,cat\n"
REFUSED = {
    "no votes": ({"truth.csv": "item,truth\na,cat\n"}, ["holds no votes", "label.csv"]),
    "both kinds of votes": ({"label.csv": GOOD, "answers.json": SAME}, ["twice", "label.csv and answers.json", "keep"]),
    "both kinds of truth": (
        {"label.csv": GOOD, "truth.csv": "item,truth\na,cat\n", "truth.txt": "0\n1\n"},
        ["truth twice", "truth.csv and truth.txt", "keep one"],
    ),
    "empty file": ({"label.csv": ""}, ["label.csv", "is empty", "item,worker,label"]),
    "blank file": ({"label.csv": "\r\n \n"}, ["label.csv", "is empty"]),
    "header only": (
        {"label.csv": "item,worker,label\n"},
        ["label.csv", "no row after the header in line 1", "add rows"],
    ),
    "missing column": (
        {"label.csv": "item,worker\na,w1\n"},
        ["label.csv", "'label' is missing in line 1", "name the columns item,worker,label"],
    ),
    "no header": ({"label.csv": "a,w1,cat\nb,w1,cat\n"}, ["'item' is missing in line 1", "['a', 'w1', 'cat']"]),
    "bars": ({"label.csv": GOOD.replace(",", "|")}, ["is missing in line 1"]),
    "a separator that is none": (
        {"label.csv": "sep=|\n" + GOOD},
        ["'sep=|' names no separator", "a semicolon or a tab"],
    ),
    "column twice": ({"label.csv": "item,worker,item,label\na,w,a,cat\n"}, ["'item' occurs twice in line 1", "rename"]),
    "two columns of tasks": (
        {"label.csv": "item,task_id,worker,label\na,a,w,cat\n"},
        ["'item' and 'task_id' could both hold the tasks in line 1", '{"columns": {"task": "item"}}'],
    ),
    "missing label": (
        {"label.csv": ROW + "\nb,w1,\n"},
        ["label.csv", "'label' has no value in line 4", "remove the row"],
    ),
    "missing worker": ({"label.csv": ROW + "b, ,cat\n"}, ["'worker' has no value in line 3"]),
    "label of R": (
        {"label.csv": ROW + "b,w1,NA\n"},
        ["'label' says that there is no value in line 3", "leave the row out"],
    ),
    "short row": ({"label.csv": ROW + "b,w1\n"}, ["'label' has no value in line 3"]),
    "long row": ({"label.csv": ROW + "b,w1,cat,9\n"}, ["more than the header's 3 fields in line 3", "quote"]),
    "longer row": ({"label.csv": ROW + "b,w1,cat,9,9,9\n"}, ["line 3 has more than the header's 3 fields", "quote"]),
    "every row long": (
        {"label.csv": "item,worker,label\n1,a,w1,cat\n2,b,w1,cat\n"},
        ["header's 3 fields in line 2, 3"],
    ),
    "long row after CR": ({"label.csv": (ROW + "\nb,w,x,y\n").replace("\n", "\r")}, ["fields in line 4"]),
    "open quote": ({"label.csv": ROW + 'b,"w1,cat\nc,w1,cat\n'}, ["a quote opens in line 3 and never closes"]),
    "late quote": ({"label.csv": ROW + 'b,"w1,cat\nc,w1",cat\n'}, ["a quote opens in line 3 and closes in a later"]),
    "fractional label": (
        {"label.csv": "item,worker,label\na,w1,1\nb,w1,0.5\n"},
        ["label.csv", "fractional in line 3", "0.5", "class numbers or words"],
    ),
    "negative label": ({"label.csv": "item,worker,label\na,w1,0\nb,w1,-1\n"}, ["negative in line 3", "remove the row"]),
    "binary": ({"label.csv": b"\x89PNG\r\n\x1a\n\0\0\0"}, ["label.csv", "line 1 is not UTF-8 text"]),
    "binary after rows": (
        {"label.csv": ROW.encode() + b"b,\xff\xfe,cat\n"},
        ["line 3 is not UTF-8", "save the file as"],
    ),
    "half UTF-16": ({"label.csv": GOOD.encode("utf-16")[:-1]}, ["begins as UTF-16", "save the file as UTF-8"]),
    "UTF-32": ({"label.csv": GOOD.encode("utf-32")}, ["line 1 holds a zero byte"]),
    "zero bytes": ({"label.csv": ROW.encode() + b"b,w\0,cat\n"}, ["line 3 holds a zero byte"]),
    "one long line": ({"label.csv": "x" * 300_000}, ["'item' is missing in line 1"]),
    "undeclared label": (
        {"label.csv": GOOD, "metadata.json": {"classes": ["cat", "fox"]}},
        ["label.csv", "unknown label in line 3, 4, 5", "'cat', 'fox'"],
    ),
    "label not below n_classes": (
        {"label.csv": "item,worker,label\na,w,0\na,v,5\n", "metadata.json": {"n_classes": 3}},
        ["label.csv", "n_class = 3 in line 3", "correct it"],
    ),
    "n_classes of words": ({"label.csv": GOOD, "metadata.json": {"n_classes": 3}}, ["n_classes = 3", '"classes"']),
    "n_classes in words": ({"label.csv": GOOD, "metadata.json": {"n_classes": "3"}}, ["metadata.json", "whole number"]),
    "classes repeat": ({"label.csv": GOOD, "metadata.json": {"classes": ["a", "a"]}}, ["metadata.json", "different"]),
    "metadata is a list": ({"label.csv": GOOD, "metadata.json": [3]}, ["metadata.json", "needs a map"]),
    "broken metadata": (
        {"label.csv": GOOD, "metadata.json": '{"n_classes": 3'},
        ["metadata.json", "line 1", "not JSON"],
    ),
    # truth
    "truth for an unknown item": (
        {"label.csv": GOOD, "truth.csv": "item,truth\n\nzz,cat\n"},
        ["truth.csv", "unknown task of the truth in line 3", "'zz'", "remove the row"],
    ),
    "truth with an unknown label": (
        {"label.csv": GOOD, "truth.csv": "item,truth\na,zebra\n"},
        ["truth.csv", "unknown truth in line 2", "'zebra'", "'cat', 'dog'", "metadata.json"],
    ),
    "two truths for one item": (
        {"label.csv": GOOD, "truth.csv": "item,truth\na,cat\nb,dog\na,dog\n"},
        ["truth.csv", "more than one truth in line 2, 4", "keep one row per task"],
    ),
    "the same truth twice": ({"label.csv": GOOD, "truth.csv": "item,truth\na,cat\na,cat\n"}, ["line 2, 3", "keep one"]),
    "truth without a task": ({"label.csv": GOOD, "truth.csv": "item,truth\n,cat\n"}, ["truth.csv", "line 2", "remove"]),
    "truth in another case": (
        {"label.csv": GOOD, "truth.csv": "item,truth\na,Cat\n"},
        ["unknown truth in line 2", "write 'Cat' as the votes do, 'cat'"],
    ),
    "columns in a list": (
        {"label.csv": GOOD, "metadata.json": {"columns": ["item"]}},
        ["metadata.json", '"columns" is'],
    ),
    "no answer alone": (
        {"label.csv": GOOD, "metadata.json": {"no_answer": "NA"}},
        ["metadata.json", "a list of labels"],
    ),
    "other contradictions": ({"label.csv": GOOD, "metadata.json": {"contradictions": []}}, ['"contradictions" is []']),
    "nothing but no answers": (
        {"label.csv": GOOD, "metadata.json": {"no_answer": ["cat", "dog"]}},
        ["label.csv", "no vote is left", "correct it"],
    ),
    "truth without rows": (
        {"label.csv": GOOD, "truth.csv": "item,truth\n"},
        ["truth.csv", "no row", "remove the file"],
    ),
    "truth without its column": (
        {"label.csv": GOOD, "truth.csv": "item,class\na,1\n"},
        ["'truth' is missing in line 1"],
    ),
    "truth.txt beside names": ({"label.csv": GOOD, "truth.txt": "0\n1\n"}, ["truth.txt", "write truth.csv instead"]),
    "short truth.txt": ({"answers.json": ANSWERS, "truth.txt": "1\n0\n"}, ["truth.txt", "2 entries for 3 tasks", "-1"]),
    "word in truth.txt": (
        {"answers.json": ANSWERS, "truth.txt": "1\nx\n0\n"},
        ["truth.txt", "unknown truth in line 2"],
    ),
    "blank in truth.txt": ({"answers.json": ANSWERS, "truth.txt": "1\n\n0\n"}, ["truth.txt", "line 2"]),
    "fraction in truth.txt": ({"answers.json": ANSWERS, "truth.txt": "1\n0.5\n0\n"}, ["fractional in line 2", "0.5"]),
    "unvoted class in truth.txt": ({"answers.json": ANSWERS, "truth.txt": "1\n7\n0\n"}, ["line 2", "n_classes"]),
    "pickled truth": (
        {"answers.json": ANSWERS, "ground_truth.npy": npy(np.array([1, None, 0]), allow_pickle=True)},
        ["ground_truth.npy", "not an array of class numbers", "np.save"],
    ),
    "rubbish truth": ({"answers.json": ANSWERS, "ground_truth.npy": b"\x93NUMPY?"}, ["ground_truth.npy", "np.save"]),
    "empty npy": ({"answers.json": ANSWERS, "ground_truth.npy": b""}, ["ground_truth.npy", "np.save"]),
    "truth matrix": ({"answers.json": ANSWERS, "ground_truth.npy": npy(np.eye(3))}, ["ground_truth.npy", "(n_task,)"]),
    "NaN truth": ({"answers.json": ANSWERS, "ground_truth.npy": npy(np.array([0, np.nan, 1]))}, ["entry 2", "nan"]),
    # JSON
    "empty JSON": ({"answers.json": ""}, ["answers.json", "empty"]),
    "broken JSON": (
        {"answers.json": '{"0": {"w": 1},\n "1": {"w" 0}}'},
        ["answers.json", "line 2", "not JSON", "correct"],
    ),
    "binary JSON": ({"answers.json": b'{"0": {"w": "\xff"}}'}, ["answers.json", "not UTF-8"]),
    "task twice": (
        {"answers.json": '{"0": {"w": 1}, "0": {"w": 0}}'},
        ["answers.json", "'0' occurs twice", "keep one"],
    ),
    "worker twice": ({"answers.json": '{"0": {"w": 1, "w": 0}}'}, ["answers.json", "'w' occurs twice"]),
    "a list": ({"answers.json": [1]}, ["answers.json", "{task: {worker: label}}"]),
    "no task": ({"answers.json": {}}, ["answers.json", "{task: {worker: label}}"]),
    "no vote": ({"answers.json": {"0": {}}}, ["answers.json", "empty"]),
    "task without a map": ({"answers.json": {"0": {"w": 1}, "1": 4}}, ["task '1' has 4", "{worker: label}"]),
    "null answer": ({"answers.json": {"0": {"w": None}}}, ["task '0', worker 'w': None is no number or word"]),
    "list answer": ({"answers.json": {"0": {"w": [1]}}}, ["task '0', worker 'w'", "no number or word"]),
    "empty answer": ({"answers.json": {"0": {"w": "a", "v": ""}}}, ["no value in the vote of task '0' worker 'v'"]),
    "fractional answer": (
        {"answers.json": {"0": {"w": 1, "v": 0.5}}},
        ["fractional in the vote of task '0' worker 'v'"],
    ),
    "NaN answer": ({"answers.json": '{"0": {"w": NaN}}'}, ["no value in the vote of task '0' worker 'w'"]),
    "infinite answer": (
        {"answers.json": '{"0": {"w": 1, "v": 1e999}}'},
        ["task '0', worker 'v': inf is no number or word"],
    ),
    "None": (
        {"label.csv": ROW + "b,w1,None\nb,w2,#N/A\nb,w3,<NA>\n"},
        ["label.csv", "'label' says that there is no value in line 3, 4, 5", "declare it as a class in metadata.json"],
    ),
    "an item that is not available": ({"label.csv": ROW + "NaN,w1,cat\n"}, ["'item' says that", "in line 3", "write"]),
    "None as an answer": (
        {"answers.json": {"0": {"w": "cat", "v": "None"}}},
        ["'label' says that there is no value in the vote of task '0' worker 'v'", "leave the row out"],
    ),
    "a worker who is not available": (
        {"answers.json": {"0": {"w": 1, "NA": 1}}},
        ["'worker' says that there is no value in the vote of task '0' worker 'NA'", "write the name"],
    ),
    "a task that is not available": ({"answers.json": {"0": {"w": 1}, "NaN": {}}}, ["'item' says that", "in task 2"]),
    "a blank worker": ({"answers.json": {"0": {"w": 1, " ": 0}}}, ["a worker has an empty name"]),
    "a blank task": ({"answers.json": {"": {}, "1": {"w": 1}}}, ["a task has an empty name"]),
    "a blank answer": ({"answers.json": {"0": {"w": "a", "v": " "}}}, ["no value in the vote of task '0' worker 'v'"]),
    "a worker twice, with a space": ({"answers.json": {"0": {"w": 1, "w ": 0}}}, ["the worker 'w' occurs twice"]),
    "half a character": (
        {"answers.json": '{"0": {"w\\ud800": 1}}'},
        ["answers.json", "half a character", "correct it"],
    ),
    "a billion classes": (
        {"label.csv": GOOD, "metadata.json": {"n_classes": 10**9}},
        ["metadata.json", "1,000,000,000 classes, and 1,000,000 is the most", "correct the number"],
    ),
    "many columns": (
        {"label.csv": "item,worker,label" + ",x" * 100_000 + "\na,w,cat\n"},
        ["line 1 has 100003 columns and 1000 is the most", "keep item,worker,label"],
    ),
    "after a quote": ({"label.csv": ROW + 'b,"w1"2,cat\n'}, ["a field goes on after its closing quote in line 3"]),
    "one id in two ways": ({"label.csv": "item,worker,label\n1,1,0\n1,1.0,1\n"}, ["worker is written in two ways"]),
    "almost a whole truth": (
        {"answers.json": ANSWERS, "truth.txt": "1\n1.0000000000000000001\n0\n"},
        ["fractional in line 2", "1.0000000000000000001"],
    ),
    "a truth with an underscore": ({"answers.json": ANSWERS, "truth.txt": "1\n0_1\n0\n"}, ["line 2"]),
    "-1 as a class and as no truth": (
        {"answers.json": {"0": {"w": "-1", "v": "x"}}, "truth.txt": "-1\n"},
        ["truth.txt", "-1 is one of the classes", "write truth.csv instead"],
    ),
    "a header that promises a terabyte": (
        {"answers.json": ANSWERS, "ground_truth.npy": npy(np.arange(3)).replace(b"(3,)", b"(10**12,)")},
        ["ground_truth.npy", "np.save"],
    ),
    "another header that promises a terabyte": (
        {
            "answers.json": ANSWERS,
            "ground_truth.npy": npy(np.arange(3)).replace(b"(3,), }         ", b"(100000000000,), }")[:-8],
        },
        ["ground_truth.npy", "np.save"],
    ),
    "deep JSON": ({"answers.json": "[" * 100_000}, ["answers.json", "nested too deeply"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_words(folder, case):
    files, fragments = REFUSED[case]
    with pytest.raises(VotesError) as caught:
        read_folder(folder(files))
    message = str(caught.value)
    assert str(folder({})) in message
    for fragment in fragments:
        assert fragment in message
    assert "\n" not in message
    assert len(message) < 600


def test_a_folder_that_does_not_exist(tmp_path):
    with pytest.raises(VotesError, match="is not a folder: give one that holds label"):
        read_folder(tmp_path / "nowhere")


class Intruder:
    """What, once unpickled, makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_no_pickle_is_run(folder, tmp_path):
    truth = npy(np.array([Intruder(str(tmp_path / "intruded"))], dtype=object), allow_pickle=True)
    with pytest.raises(VotesError, match=r"np\.save"):
        read_folder(folder({"answers.json": ANSWERS, "ground_truth.npy": truth}))
    assert not (tmp_path / "intruded").exists()


@pytest.mark.parametrize("seed", range(5))
def test_rubbish_is_refused_or_read_but_never_breaks(folder, seed):
    """Random bytes in the place of random bytes of good files."""
    rng = np.random.default_rng(seed)
    refused = []
    good = {"label.csv": GOOD.encode(), "truth.csv": b"item,truth\na,cat\nb,dog\n"}
    for _ in range(40):
        files = {}
        for name, content in good.items():
            damaged = np.frombuffer(content, np.uint8).copy()
            damaged[rng.integers(len(damaged), size=2)] = rng.choice(
                np.frombuffer(b'\0"\r\n,;\xff 0-.', np.uint8), size=2
            )
            files[name] = damaged.tobytes()
        try:
            votes, truth = read_folder(folder(files))
            assert truth.shape == (votes.n_task,)
        except VotesError as error:
            refused.append(str(error))
    assert refused
    assert all(str(folder({})) in message for message in refused)


# Through Benchopt


@pytest.fixture
def local(benchmark, tmp_path, monkeypatch):
    """`local(path)`: what the dataset's `get_data` returns, with a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (dataset_class,) = benchmark.check_dataset_patterns(["local"], class_only=True)
    return lambda path: dataset_class.get_instance(path=str(path)).get_data()


def test_the_example(local):
    data = local("examples/animals")
    votes = data["votes"]
    assert (votes.n_task, votes.n_worker, votes.n_votes, votes.n_class) == (24, 6, 96, 4)
    assert (data["truth"] >= 0).all()


def test_get_data_gives_the_reason(local, folder):
    for path, word in (
        (folder({"label.csv": ""}), "is empty"),
        ("no such folder", "there is no folder no such folder"),
    ):
        data = local(path)
        assert data["votes"] is data["truth"] is None
        assert data["missing"].startswith("local: ")
        assert word in data["missing"]


def test_an_edited_file_is_read_again(local, folder):
    path = folder({"label.csv": GOOD})
    assert local(path)["votes"].n_votes == 4
    assert local(path)["votes"].n_votes == 4
    folder({"label.csv": GOOD + "c,w1,cat\n"})
    assert local(path)["votes"].n_votes == 5
    folder({"truth.csv": "item,truth\nc,cat\n"})
    assert local(path)["truth"].tolist() == [-1, -1, 0]
    (path / "truth.csv").unlink()
    assert local(path)["truth"].tolist() == [-1, -1, -1]


def test_the_other_datasets_of_the_run_are_scored(folder, tmp_path):
    bad = folder({"label.csv": "item,worker,label\na,w1,0.5\n"})
    good = tmp_path / "good"
    good.mkdir()
    (good / "label.csv").write_text(GOOD)
    (good / "truth.csv").write_text("item,truth\nb,dog\n")
    command = [sys.executable, "-m", "benchopt", "run", str(ROOT), "-s", "MV", "--no-plot", "--no-cache"]
    for path in (bad, "nowhere", good):
        command += ["-d", f"local[path={path}]"]
    done = subprocess.run(
        [*command, "--output", str(tmp_path / "out.parquet")],
        env=dict(os.environ, XDG_CACHE_HOME=str(tmp_path / "cache")),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert table["dataset_name"].tolist() == [f"local[path={good}]"]
    assert table["objective_acc_train"].tolist() == [1.0]
    assert f"{bad / 'label.csv'}: a label is fractional" in done.stdout
    assert "there is no folder nowhere" in done.stdout
