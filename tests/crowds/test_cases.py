"""Small files as people have them: each is read right, or refused with a mend that works to the letter."""

import json
import re
import shutil
import warnings
from pathlib import Path

import pytest

from benchmark_utils.crowds.formats.folder import read_folder
from benchmark_utils.votes import VotesError

CASES = Path(__file__).parents[3] / "shared" / "cases"
PLAIN = {f"img{i}": answers for i, answers in enumerate(("cccc", "dddd", "cdcc", "ddcc", "cccc", "cddc"))}


def four_workers(labels=None, workers=("w1", "w2", "w3", "w4")):
    """The votes of most cases: six tasks, four workers, two classes."""
    names = labels or {"c": "cat", "d": "dog"}
    return {
        task: {worker: names[answer] for worker, answer in zip(workers, answers, strict=True)}
        for task, answers in PLAIN.items()
    }


def read(folder):
    """The answers, the truth by task, and what was said."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        votes, truth = read_folder(folder)
    known = {task: label for task, label in votes.named(truth).items() if label is not None}
    return votes, known, " ".join(str(one.message) for one in caught)


@pytest.fixture
def case(tmp_path):
    def find(name, **metadata):
        """A copy of a case, with these metadata."""
        if not (CASES / name).is_dir():
            pytest.skip("the cases are not here")
        folder = tmp_path / name
        shutil.copytree(CASES / name, folder, copy_function=shutil.copyfile, dirs_exist_ok=True)
        if metadata:
            (folder / "metadata.json").write_text(json.dumps(metadata))
        return folder

    return find


def refusal(folder):
    with pytest.raises(VotesError) as caught:
        read_folder(folder)
    return str(caught.value)


def mended(folder, message):
    """What is read once the metadata that the message names are written, to the letter."""
    (folder / "metadata.json").write_text(re.search(r"(\{.*\})", message).group(1))
    return read(folder)


@pytest.mark.parametrize("name", ["plain", "excel_semicolon", "tsv", "multiline_text", "truth_column"])
def test_tables(case, name):
    votes, truth, said = read(case(name))
    assert votes.to_answers() == four_workers()
    assert truth == {}
    if name == "truth_column":
        _, truth, _ = mended(case(name), said)
        assert len(truth) == 6
        assert truth["img5"] == "dog"
    else:
        assert said == ""


def test_usual_names(case):
    votes, _, said = read(case("rater_long"))
    assert list(votes.to_answers().values()) == list(four_workers({"c": 1, "d": 2}, (1, 2, 3, 4)).values())
    assert votes.encoding.classes.tolist() == [1, 2]
    assert said == ""


def test_booleans(case):
    votes, truth, _ = read(case("booleans"))
    assert votes.to_answers()["t1"] == {"w0": "False", "w1": "False", "w2": "True"}
    assert truth == {"t0": "True", "t1": "False"}


def test_names_that_look_alike(case):
    votes, _, said = read(case("case"))
    assert "'CAT' (1 vote), 'Cat' (1 vote), 'cat' (2 votes)" in said
    votes, _, said = read(case("nfd"))
    assert votes.n_class == 3
    assert "(2 votes)" in said
    assert "Unicode form" in said


def test_contradicting_answers(case):
    votes, _, said = read(case("dups"))
    assert (votes.n_votes, votes.n_repeated) == (5, 2)
    assert "2 votes of a worker who gave the task another answer too" in said
    assert "2 exact repeats of a vote: left out" in said
    for which, label in (("first", "cat"), ("last", "dog")):
        votes, _, _ = read(case("dups", contradictions=which))
        assert votes.to_answers()["img0"] == {"w1": label, "w2": "cat"}
    votes, _, _ = read(case("dups", contradictions="first", repeats="keep"))
    assert votes.n_votes == 5


def test_declared_numbers(case):
    votes, _, _ = read(case("half_stars_declared"))
    assert votes.encoding.classes.tolist() == ["3.5", "4", "4.5"]
    assert votes.to_answers()["t0"] == {"w0": "3.5", "w1": "4", "w2": "4.5"}
    folder = case("half_stars_declared")
    (folder / "metadata.json").unlink()
    votes, _, _ = mended(folder, refusal(folder))
    assert votes.encoding.classes.tolist() == [3.5, 4, 4.5]
    folder = case("sentiment")
    votes, _, _ = mended(folder, refusal(folder))
    assert votes.encoding.classes.tolist() == [-1, 0, 1]
    assert votes.to_answers()["t3"] == {"w0": -1, "w1": 0, "w2": 1}


def test_no_answers(case):
    for name, words in (("none_label", ["None", "#N/A", "<NA>"]), ("nan_label", ["", "NaN"])):
        folder = case(name)
        message = refusal(folder)
        assert json.dumps({"no_answer": words}) in message
        votes, _, said = mended(folder, message)
        assert votes.to_answers() == {"img0": {"w1": "cat"}, "img1": {"w1": "dog"}}
        assert "answers that metadata.json declares to be none: left out" in said
    votes, truth, said = read(case("unsure", no_answer=["unsure"]))
    assert votes.encoding.classes.tolist() == ["no", "yes"]
    assert votes.n_votes == 6
    assert truth == {"t0": "yes", "t1": "no"}


def test_labels_that_look_like_lists(case):
    votes, _, said = read(case("multilabel"))
    assert votes.n_class == 5
    assert "3 votes with a label that looks like a list" in said


def test_truths(case):
    votes, truth, said = read(case("truth_blank"))
    assert truth == {"img0": "cat", "img1": "dog"}
    assert "3 truths without a value: unknown" in said
    votes, truth, said = read(case("truth_more"))
    assert truth == {"img0": "cat", "img1": "dog"}
    assert votes.n_task == 6
    assert "1 truth of a task without votes: left out" in said
    folder = case("truth_case")
    assert "write 'Cat' as the votes do, 'cat'" in refusal(folder)
    (folder / "truth.csv").write_text((folder / "truth.csv").read_text().replace("Cat", "cat").replace("Dog", "dog"))
    assert read(folder)[1] == {"img0": "cat", "img1": "dog"}


@pytest.mark.parametrize("name", ["mturk", "toloka", "appen", "zooniverse", "labelstudio", "prodigy_jsonl", "wide"])
def test_exports(case, name):
    votes, truth, said = read(case(name))
    expected = [list(given.values()) for given in four_workers().values()]
    if name == "prodigy_jsonl":
        expected = [[{"cat": "accept", "dog": "reject"}[label] for label in given] for given in expected]
    if name == "wide":
        assert votes.to_answers()["img2"] == {"w1": "cat", "w2": "dog", "w4": "cat"}
        expected[2] = ["cat", "dog", "cat"]
    if name == "mturk":
        assert "6 rejected assignments: left out" in said
        expected = [given[:3] for given in expected]
    found = [list(given.values()) for given in votes.to_answers().values()]
    assert list(map(sorted, found)) == list(map(sorted, expected))
    assert list(truth.values()) == (["cat"] if name in ("toloka", "appen") else [])
