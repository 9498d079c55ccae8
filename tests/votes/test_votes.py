"""Votes: constructors and back, encodings, repeats, and what is refused in which words."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark_utils.votes import Votes, VotesError, encode_truth
from benchmark_utils.votes.arrays import from_arrays, to_arrays
from benchmark_utils.votes.ids import ENDS_AT_ZERO, pack_ids, unpack_ids
from tests.conftest import peak


def table(task, worker, label):
    return pd.DataFrame({"task": task, "worker": worker, "label": label})


def triples(votes):
    """The votes in the user's own ids, as a set."""
    return set(votes.to_frame().itertuples(index=False, name=None))


def same_arrays(a, b):
    for name in ("task", "worker", "label"):
        x, y = getattr(a, name), getattr(b, name)
        assert x.dtype == y.dtype
        np.testing.assert_array_equal(x, y)
    assert (a.n_task, a.n_worker, a.n_class) == (b.n_task, b.n_worker, b.n_class)


crowds = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 3)),
    min_size=1,
    max_size=30,
)


# --- order, repeats, sizes


def test_votes_are_sorted_by_task_then_label_then_worker():
    votes = Votes([1, 0, 1, 1], [0, 2, 2, 1], [1, 0, 0, 1], n_task=3, n_worker=4, n_class=2)
    assert votes.task.tolist() == [0, 1, 1, 1]
    assert votes.label.tolist() == [0, 0, 1, 1]
    assert votes.worker.tolist() == [2, 2, 0, 1]
    assert votes.votes_per_task.tolist() == [1, 3, 0]
    assert votes.votes_per_worker.tolist() == [1, 1, 2, 0]
    assert votes.n_votes == 4


@given(crowds, st.randoms())
def test_the_order_of_the_votes_is_irrelevant(crowd, random):
    shuffled = random.sample(crowd, len(crowd))
    a, b = (Votes(*zip(*rows, strict=True), n_task=6, n_worker=5, n_class=4) for rows in (crowd, shuffled))
    same_arrays(a, b)
    assert a.n_repeated == b.n_repeated


@given(crowds)
def test_exact_repeats_are_dropped_and_counted(crowd):
    once = sorted(set(crowd))
    votes = Votes(*zip(*crowd, strict=True), n_task=6, n_worker=5, n_class=4)
    twice = Votes(*zip(*crowd, *crowd, strict=True), n_task=6, n_worker=5, n_class=4)
    same_arrays(votes, twice)
    assert votes.n_votes == len(once)
    assert votes.n_repeated == len(crowd) - len(once)
    assert twice.n_repeated == 2 * len(crowd) - len(once)


def test_conflicting_answers_of_a_worker_are_separate_votes():
    votes = Votes([0, 0, 0], [0, 0, 0], [0, 1, 1], n_task=1, n_worker=1, n_class=2)
    assert votes.label.tolist() == [0, 1]
    assert votes.n_repeated == 1


def test_arrays_are_small_and_read_only_and_the_callers_stay_writeable():
    task = np.array([0, 1])
    votes = Votes(task, [0, 0], [0, 1], n_task=2, n_worker=1, n_class=2)
    assert votes.task.dtype == votes.worker.dtype == votes.label.dtype == np.int32
    with pytest.raises(ValueError, match="read-only"):
        votes.task[0] = 1
    task[0] = 7
    assert votes.task[0] == 0


def test_scores_of_a_model_are_copied_and_read_only():
    score = np.array([0.5, 0.6])
    votes = Votes([0, 1], [0, 0], [0, 1], n_task=2, n_worker=1, n_class=2, machine_score=score)
    score[0] = 1
    assert votes.machine_score.tolist() == [0.5, 0.6]
    assert not votes.machine_score.flags.writeable


def test_sizes_are_plain_integers():
    votes = Votes([0], [0], [0], n_task=np.int32(50_000), n_worker=np.int64(1), n_class=np.int32(50_000))
    assert votes.n_task * votes.n_class == 2_500_000_000


def test_codes_beyond_32_bits():
    votes = Votes([2**40], [0], [0], n_task=2**40 + 1, n_worker=1, n_class=1)
    assert votes.task.tolist() == [2**40]


# --- from a table


@pytest.mark.parametrize(
    ("labels", "classes", "codes"),
    [
        ([0, 2, 1], [0, 1, 2], [0, 2, 1]),
        ([0.0, 2.0, 1.0], [0, 1, 2], [0, 2, 1]),
        (["0", "2", "1"], [0, 1, 2], [0, 2, 1]),
        (["0.0", "2.0", "1"], [0, 1, 2], [0, 2, 1]),
        ([0, 3, 2], [0, 2, 3], [0, 2, 1]),  # whole numbers are names
        ([0, 100, 7], [0, 7, 100], [0, 2, 1]),
        ([1, 2, 2], [1, 2], [0, 1, 1]),
        (["cat", "dog", "ant"], ["ant", "cat", "dog"], [1, 2, 0]),
        (["0", "dog", "1"], ["0", "1", "dog"], [0, 2, 1]),
        ([0, "dog", 1], ["0", "1", "dog"], [0, 2, 1]),
        (["007", "7", "1"], ["007", "1", "7"], [0, 2, 1]),
        (["1e3", "1000", "0"], ["0", "1000", "1e3"], [2, 1, 0]),
        ([10**12, 5, 0], [0, 5, 10**12], [2, 1, 0]),
        (["12345678901234567890", "1", "2"], ["1", "12345678901234567890", "2"], [1, 0, 2]),
        ([True, False, True], [False, True], [1, 0, 1]),
        (pd.array(["b", "a", "b"], dtype="string"), ["a", "b"], [1, 0, 1]),
        (pd.array(["b", "a", "b"], dtype="str"), ["a", "b"], [1, 0, 1]),
        (np.array(["b", "a", "b"], dtype=object), ["a", "b"], [1, 0, 1]),
        (pd.array(["1", "0", "1"], dtype="string"), [0, 1], [1, 0, 1]),
        (pd.array([1, 0, 1], dtype="Int64"), [0, 1], [1, 0, 1]),
        (pd.array([1, 0, 1], dtype="Float64"), [0, 1], [1, 0, 1]),
        ([True, True, True], [False, True], [1, 1, 1]),
        (pd.array([True, False, True], dtype="boolean"), [False, True], [1, 0, 1]),
        (pd.Categorical(["b", "a", "b"], categories=["b", "z", "a"]), ["a", "b"], [1, 0, 1]),
        (pd.Categorical([1, 0, 1]), [0, 1], [1, 0, 1]),
    ],
)
def test_labels_of_any_type(labels, classes, codes):
    votes = Votes.from_frame(table([0, 1, 2], [0, 0, 0], labels))
    assert list(map(repr, votes.encoding.classes.tolist())) == list(map(repr, classes))  # True is not 1
    assert votes.n_class == len(classes)
    assert votes.label.tolist() == codes


@pytest.mark.parametrize(
    "ids",
    [
        [10, 2, 33],
        ["10", "2", "33"],
        ["b", "a", "c"],
        ["1.1", "1.10", "1.2"],
        ["1", "01", "001"],
        [2**60, 2**60 + 1, 2**60 + 2],
        pd.array(["b", "a", "c"], dtype="string"),
        pd.Categorical(["b", "a", "c"]),
        [-5, 7, 0],
        [0.5, 1.5, 2.5],
        ["1403636579.763555584", "1403636579.763555585", "1403636579.763555586"],
        ["0.1", "0.10000000000000001", "0.5"],
        ["9007199254740993", "9007199254740992", "0.5"],
        ["0", "-0", "1"],
        ["a", "a\0", "a\0\0"],
        [(1, 2), (3, 4), (5, 6)],
    ],
)
def test_task_and_worker_ids_of_any_type_stay_apart(ids):
    if ENDS_AT_ZERO and "a\0" in list(ids):
        with pytest.raises(VotesError, match="holds a zero byte"):
            Votes.from_frame(table(["t"] * 3, ids, [0, 1, 1]))
        return
    for column in ("task", "worker"):
        frame = table(["t"] * 3, ["w"] * 3, [0, 1, 1]).assign(**{column: ids})
        back = Votes.from_frame(frame).to_frame()
        expected = dict(zip(map(str, ids), [0, 1, 1], strict=True))
        assert dict(zip(back[column].astype(str), back.label, strict=True)) == expected


def test_integer_ids_sort_as_numbers():
    assert Votes.from_frame(table(["10", "9"], ["a", "a"], [0, 1])).encoding.tasks.tolist() == [9, 10]


def test_columns_under_any_name():
    frame = table(["a", "b"], ["u", "v"], [0, 1]).rename(columns={"task": "item", "worker": "who", "label": "answer"})
    votes = Votes.from_frame(frame, task="item", worker="who", label="answer")
    assert triples(votes) == {("a", "u", 0), ("b", "v", 1)}


def test_tasks_and_classes_that_are_given_fix_the_codes():
    frame = table(["x", "y"], ["u", "v"], ["no", "yes"])
    votes = Votes.from_frame(frame, tasks=["z", "y", "x"], classes=["yes", "maybe", "no"])
    assert votes.n_task == 3
    assert votes.n_class == 3
    assert votes.votes_per_task.tolist() == [0, 1, 1]
    assert votes.label.tolist() == [0, 2]


def test_given_classes_match_numbers_and_their_texts():
    votes = Votes.from_frame(table([0, 1], [0, 0], ["2", "1"]), classes=[2, 1, 0])
    assert votes.label.tolist() == [0, 1]
    votes = Votes.from_frame(table([0, 1], [0, 0], [2, 1]), classes=["2", "1", "none"])
    assert votes.label.tolist() == [0, 1]


@pytest.mark.parametrize("labels", [[0, 2, 0], ["0", "2", "0"], [0.0, 2.0, 0.0]])
def test_labels_0_and_2_are_two_classes(labels):
    votes = Votes.from_frame(table([0, 1, 2], [0, 0, 0], labels))
    assert votes.encoding.classes.tolist() == [0, 2]
    assert (votes.n_class, votes.label.tolist()) == (2, [0, 1, 0])
    assert Votes.from_frame(table([0, 1, 2], [0, 0, 0], labels), n_class=3).label.tolist() == [0, 2, 0]
    assert Votes.from_answers({"a": {"u": labels[0]}, "b": {"u": labels[1]}}).n_class == 2


def test_given_classes_are_matched_as_they_are_written():
    votes = Votes.from_frame(table([0], [0], ["7.0"]), classes=["7", "7.0", "x"])
    assert votes.label.tolist() == [1]


def test_the_number_of_classes_that_is_given():
    assert Votes.from_frame(table([0, 1], [0, 0], [0, 1]), n_class=7).n_class == 7


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (table([], [], []), "table of votes is empty: it needs one row per vote"),
        (table([0], [0], [0]).drop(columns="worker"), r"column 'worker' is missing; the table has \['task', 'label'\]"),
        (table([0, 1], [0, 0], [0, np.nan]), "column 'label' has no value in row 1: fill it in or remove the row"),
        (table([0, None], [0, 0], [0, 1]), "column 'task' has no value in row 1"),
        (table([0, 1], ["a", " "], [0, 1]), "column 'worker' has no value in row 1"),
        (table([0, 1], [0, 0], pd.array([0, None], dtype="Int64")), "column 'label' has no value in row 1"),
        (table([0, 1], [0, 0], pd.array(["a", None], dtype="string")), "column 'label' has no value in row 1"),
        (table([0, 1], [0, 0], [0, 1.5]), r"a label is fractional in row 1 \(found 1.5\): labels are class numbers"),
        (table([0, 1], [0, 0], ["0", "1.5"]), r"a label is fractional in row 1 \(found '1.5'\)"),
        (table([0, 1], [0, 0], [0, np.inf]), r"a label is fractional in row 1 \(found inf\)"),
        (table([0, 1], [0, 0], [-1, 1]), r"a label is negative in row 0 \(found -1\): number the classes from 0"),
        (table([0, 1], [0, 0], ["-1", "1"]), r"a label is negative in row 0"),
        (table(range(8), [0] * 8, [-3] * 8), r"in row 0, 1, 2, 3, 4 and 3 more \(found -3, -3, -3, -3, -3\)"),
    ],
)
def test_bad_tables_are_refused(frame, message):
    with pytest.raises(VotesError, match=message):
        Votes.from_frame(frame)


def test_errors_name_rows_by_the_index_of_the_frame():
    frame = table([0, 1, 2], [0, 0, 0], [0, -1, -2])
    frame.index = pd.Index([2, 3, 4], name="line")
    with pytest.raises(VotesError, match=r"in line 3, 4 \(found -1, -2\)"):
        Votes.from_frame(frame)


def test_labels_outside_the_classes_are_refused():
    with pytest.raises(VotesError, match=r"not below n_class = 3 in row 1 \(found 3\): correct it or raise n_class"):
        Votes.from_frame(table([0, 1], [0, 0], [0, 3]), n_class=3)
    with pytest.raises(VotesError, match="there are 3 different labels and n_class = 2: raise n_class"):
        Votes.from_frame(table([0, 1, 2], [0, 0, 0], ["a", "b", "c"]), n_class=2)
    with pytest.raises(VotesError, match=r"unknown label in row 1 \(found 'c'\): the known ones are 'a', 'b'"):
        Votes.from_frame(table([0, 1], [0, 0], ["a", "c"]), classes=["a", "b"])


def test_unknown_and_repeated_tasks_are_refused():
    with pytest.raises(VotesError, match=r"unknown task in row 1 \(found 'q'\)"):
        Votes.from_frame(table(["x", "q"], [0, 0], [0, 1]), tasks=["x", "y"])
    with pytest.raises(VotesError, match=r"task ids repeat.*\['x'\]"):
        Votes.from_frame(table(["x", "y"], [0, 0], [0, 1]), tasks=["x", "y", "x"])


@pytest.mark.parametrize("column", ["task", "worker", "label"])
def test_one_number_written_in_two_ways_is_refused(column):
    frame = table(["a", "b", "c"], ["u", "v", "w"], ["x", "y", "z"]).assign(**{column: ["1", "1.0", "2"]})
    with pytest.raises(VotesError, match=f"a {column} is written in two ways, '1' and '1.0': write it in one way"):
        Votes.from_frame(frame)
    kept = frame.assign(**{column: ["1", "1.0", "x"]})  # names
    assert len(set(Votes.from_frame(kept).to_frame()[column])) == 3


def test_more_classes_than_memory_are_refused():
    for make in (
        lambda: Votes.from_matrix([[0, 10**9]]),
        lambda: Votes.from_matrix([[0, 1]], n_class=10**9),
        lambda: Votes.from_frame(table([0, 1], [0, 0], [0, 1]), n_class=10**9),
    ):
        with pytest.raises(VotesError, match="and 1,000,000 is the most: give labels as words, or correct the number"):
            make()


def test_a_long_id_takes_the_memory_of_its_text():
    ids = [*map(str, range(20_000)), "x" * 20_000]
    answers = {name: {name: name} for name in ids}
    arrays = {}

    def there_and_back():
        votes = Votes.from_answers(answers)
        arrays.update(to_arrays(votes, np.full(votes.n_task, -1)))
        back, _ = from_arrays(arrays)
        assert back.encoding.tasks.tolist() == ids

    assert peak(there_and_back) < 60e6  # in arrays of fixed width 1.6 GB
    assert sum(array.nbytes for array in arrays.values()) < 2e6


def test_a_long_id_is_shown_short():
    with pytest.raises(VotesError) as caught:
        Votes.from_frame(table(["x" * 20_000], [0], [0]), tasks=["y" * 20_000])
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("ids", [["a", "é\0", "", "\ud800"], [1, 2], [0.5, 1.0], [True, False], [1, "a"]])
def test_ids_are_packed_and_unpacked(ids):
    text = isinstance(ids[-1], str)
    packed = pack_ids(np.array(ids, dtype=object) if text else np.array(ids))
    assert all(part.dtype.kind in "iufb" for part in packed.values())
    assert unpack_ids(packed).tolist() == ([str(name) for name in ids] if text else ids)


# --- arrays


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (([0, 1], [0, 0], [0]), r"unequal lengths \{'task': 2, 'worker': 2, 'label': 1\}: each vote needs all three"),
        (([], [], []), "there are no votes"),
        (([[0, 1]], [0, 0], [0, 1]), "one-dimensional"),
        (([0, -1], [0, 0], [0, 1]), r"task is below 0 in row 1 \(found -1\)"),
        (([0, 2], [0, 0], [0, 1]), r"task is not below n_task = 2 in row 1 \(found 2\): raise n_task"),
        (([0, 1], [0, 3], [0, 1]), r"worker is not below n_worker = 1 in row 1 \(found 3\)"),
        (([0, 1], [0, 0], [2, 1]), r"label is not below n_class = 2 in row 0 \(found 2\)"),
        (([0, 1], [0, 0], [0, 0.5]), r"label is fractional or missing in row 1 \(found 0.5\)"),
        (([0, 1], [0, 0], [0, np.nan]), r"label is fractional or missing in row 1 \(found nan\)"),
        (([0, 1], [0, 0], [0, np.inf]), r"label is fractional or missing in row 1 \(found inf\)"),
        (([0, 1], [0, 0], [0, 1e300]), r"label is fractional or missing in row 1 \(found 1e\+300\)"),
        (([0, 1], [0, 0], ["a", "b"]), "it needs integer codes; see Votes.from_frame for words"),
    ],
)
def test_bad_arrays_are_refused(arrays, message):
    with pytest.raises(VotesError, match=message):
        Votes(*arrays, n_task=2, n_worker=1, n_class=2)


def test_attributes_of_tasks():
    votes = Votes([0, 1], [0, 1], [0, 1], 2, 2, 3, author=[1, -1], machine_label=[2, -1], machine_score=[0.5, np.nan])
    assert votes.author.tolist() == [1, -1]
    assert votes.machine_label.tolist() == [2, -1]
    assert np.isnan(votes.machine_score).tolist() == [False, True]
    assert not votes.author.flags.writeable


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ({"author": [0]}, r"author has shape \(1,\): it needs one entry per task, \(2,\)"),
        ({"author": [0, 2]}, r"author is not below n_worker = 2 in row 1 \(found 2\): raise n_worker"),
        ({"author": [0, -2]}, r"author is below -1 in row 1"),
        ({"author": [0, 0.5]}, r"author is fractional or missing in row 1"),
        ({"machine_label": [0, 3]}, r"machine_label is not below n_class = 3 in row 1 \(found 3\)"),
        ({"machine_label": [[0, 1]]}, r"machine_label has shape \(1, 2\)"),
        ({"machine_score": [0.5, 1.5]}, r"machine_score is outside \[0, 1\] in row 1 \(found 1.5\)"),
        ({"machine_score": [0.5]}, r"machine_score has shape \(1,\)"),
    ],
)
def test_bad_attributes_of_tasks_are_refused(attribute, message):
    with pytest.raises(VotesError, match=message):
        Votes([0, 1], [0, 1], [0, 1], 2, 2, 3, **attribute)


# --- answers and matrices


@given(crowds)
@settings(max_examples=50)
def test_a_table_and_back(crowd):
    frame = pd.DataFrame(crowd, columns=["task", "worker", "label"])
    named = frame.assign(
        task="t" + frame.task.astype(str), worker=frame.worker * 10, label="c" + frame.label.astype(str)
    )
    votes = Votes.from_frame(named)
    assert triples(votes) == set(named.itertuples(index=False, name=None))
    same_arrays(Votes.from_frame(votes.to_frame()), votes)


@given(st.dictionaries(st.integers(0, 5), st.dictionaries(st.text("xyz", min_size=1), st.integers(0, 3)), min_size=1))
@settings(max_examples=50)
def test_answers_and_back(answers):
    if not any(answers.values()):
        with pytest.raises(VotesError, match="empty"):
            Votes.from_answers(answers, n_class=4)
        return
    votes = Votes.from_answers(answers, n_class=4)
    assert votes.to_answers() == answers
    assert votes.n_task == len(answers)


def test_answers_keep_the_order_of_their_tasks():
    votes = Votes.from_answers({"b": {"u": 1}, "c": {}, "a": {"u": 0, "v": 1}})
    assert votes.encoding.tasks.tolist() == ["b", "c", "a"]
    assert votes.votes_per_task.tolist() == [1, 0, 2]


def test_conflicting_answers_do_not_fit_into_a_map():
    votes = Votes.from_frame(table(["a", "a"], ["u", "u"], [0, 1]))
    with pytest.raises(VotesError, match="worker 'u' gave two answers to task 'a'"):
        votes.to_answers()


@pytest.mark.parametrize("answers", [[1, 2], {"a": [0, 1]}, {"a": 1}])
def test_answers_of_another_form_are_refused(answers):
    with pytest.raises(VotesError, match=re.escape("{task: {worker: label}}")):
        Votes.from_answers(answers)


def test_a_matrix():
    votes = Votes.from_matrix([[0, -1, 2], [-1, -1, -1], [1, 1, -1]])
    assert triples(votes) == {(0, 0, 0), (0, 2, 2), (2, 0, 1), (2, 1, 1)}
    assert (votes.n_task, votes.n_worker, votes.n_class) == (3, 3, 3)
    assert Votes.from_matrix([[0, 1]], n_class=5).n_class == 5


@given(crowds)
@settings(max_examples=50)
def test_a_matrix_holds_the_votes_of_a_table(crowd):
    last = {(i, j): k for i, j, k in crowd}
    matrix = np.full((6, 5), -1)
    for (i, j), k in last.items():
        matrix[i, j] = k
    assert triples(Votes.from_matrix(matrix)) == {(i, j, k) for (i, j), k in last.items()}


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([0, 1], "has 1 dimensions: it needs two"),
        ([[-1, -1]], "the matrix holds no vote"),
        ([[0, 1], [0, 0.5]], r"label is fractional or missing in row 1 \(found 0.5\)"),
        ([[0, 1], [0, np.nan]], r"label is fractional or missing in row 1 \(found nan\)"),
        ([[0, 1], [0, 1], [-2, 0]], r"label is below 0 in row 2 \(found -2\)"),
        ([[0, 1], [3, 0]], r"label is not below n_class = 2 in row 1 \(found 3\)"),
    ],
)
def test_bad_matrices_are_refused(matrix, message):
    with pytest.raises(VotesError, match=message):
        Votes.from_matrix(matrix, n_class=2)


# --- truth

NAMED = Votes.from_frame(table(["x", "y", "z"], ["u"] * 3, ["no", "yes", "no"]))


def test_truth_by_task_code():
    truth = encode_truth(["z", "x"], ["yes", "no"], NAMED)
    assert truth.tolist() == [0, -1, 1]
    assert truth.dtype == np.int64
    assert encode_truth([], [], NAMED).tolist() == [-1, -1, -1]


def test_truth_is_matched_as_it_is_written():
    votes = Votes.from_frame(table(["7", "7.0", "x"], ["u"] * 3, ["no", "yes", "no"]))
    assert encode_truth(["7.0"], ["yes"], votes)[votes.encoding.tasks.tolist().index("7.0")] == 1
    stamps = ["1403636579.763555584", "1403636579.763555585"]
    votes = Votes.from_frame(table(stamps, ["u", "u"], ["no", "yes"]))
    assert encode_truth(stamps[1:], ["yes"], votes).tolist() == [-1, 1]
    votes = Votes.from_frame(table(["0.5", "2"], ["u", "u"], ["no", "yes"]))
    assert encode_truth(["2"], ["yes"], votes).tolist() == [-1, 1]


@pytest.mark.parametrize("labels", [[True, False], ["True", "False"], ["TRUE", "FALSE"], ["true", "false"]])
@pytest.mark.parametrize("values", [[True, False], ["True", "False"], ["TRUE", "FALSE"], ["true", "false"]])
def test_true_is_true_however_written(labels, values):
    votes = Votes.from_frame(table(["a", "b"], ["u", "u"], labels))
    assert encode_truth(["a", "b"], values, votes).tolist() == votes.label.tolist()


def test_true_and_perhaps():
    votes = Votes.from_frame(table(["a", "b"], ["u", "u"], ["True", "False"]))
    with pytest.raises(VotesError, match=r"unknown truth in row 1 \(found 'Perhaps'\)"):
        encode_truth(["a", "b"], ["TRUE", "Perhaps"], votes)


def test_truth_in_numbers_or_their_texts():
    votes = Votes.from_frame(table(["1", "2"], ["u", "u"], ["0", "1"]))
    assert encode_truth(["2", "1"], ["0", "1"], votes).tolist() == [1, 0]
    assert encode_truth([2, 1], [0, 1], votes).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("ids", "values", "message"),
    [
        (["x", "q"], ["no", "no"], r"unknown task of the truth in row 1 \(found 'q'\): the known ones are 'x', 'y'"),
        (["x", "y"], ["no", "perhaps"], r"unknown truth in row 1 \(found 'perhaps'\): the known ones are 'no', 'yes'"),
        (["x", "x"], ["no", "yes"], r"a task has more than one truth in row 0, 1.*keep one row per task"),
        (["x", "y"], ["no", None], r"empty task or label in row 1"),
        (["x", ""], ["no", "yes"], r"empty task or label in row 1"),
        (["x", "y"], ["no"], r"2 tasks and 1 labels"),
    ],
)
def test_bad_truth_is_refused(ids, values, message):
    with pytest.raises(VotesError, match=message):
        encode_truth(ids, values, NAMED)


def test_labels_in_the_users_own_names():
    frame = pd.DataFrame({"task": ["a", "b", "c"], "worker": [1, 1, 1], "label": ["cat", "dog", "cat"]})
    votes = Votes.from_frame(frame, tasks=["a", "b", "c", "d"])
    assert votes.named(np.array([0, 1, 0, -1])).to_dict() == {"a": "cat", "b": "dog", "c": "cat", "d": None}


def test_keep_leaves_all_but_the_votes(random_votes):
    votes, _ = random_votes(n_task=6)
    whole = Votes(
        *(votes.task, votes.worker, votes.label, 7, votes.n_worker, votes.n_class),
        author=np.arange(7),
        machine_label=np.full(7, -1),
        machine_score=np.full(7, 0.5),
    )
    kept = whole.keep(whole.worker != 3)
    assert kept.to_frame().equals(whole.to_frame().query("worker != 3").reset_index(drop=True))
    assert (kept.n_task, kept.n_worker, kept.n_class) == (7, whole.n_worker, whole.n_class)
    for name in ("author", "machine_label", "machine_score"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(whole, name))


def test_task_start_says_where_the_votes_of_a_task_are():
    votes = Votes([0, 0, 2], [0, 1, 1], [1, 0, 0], 4, 2, 2)
    assert votes.task_start.tolist() == [0, 2, 2, 3, 3]


def table_of(columns, tasks):
    return pd.DataFrame(columns, index=tasks)


def test_a_table_with_names_and_gaps():
    words = table_of({"ann": ["cat", None, "dog"], "bob": [np.nan, "", "cat"]}, ["x", "y", "z"])
    votes = Votes.from_matrix(words)
    assert votes.to_answers() == {"x": {"ann": "cat"}, "y": {}, "z": {"ann": "dog", "bob": "cat"}}
    numbers = table_of({7: [0, 2, 2], 8: [np.nan, 0, np.nan]}, [10, 20, 30])
    votes = Votes.from_matrix(numbers)
    assert votes.to_answers() == {10: {7: 0}, 20: {7: 2, 8: 0}, 30: {7: 2}}
    assert votes.encoding.classes.tolist() == [0, 2]
    assert Votes.from_matrix(numbers, n_class=4).n_class == 4
    assert Votes.from_matrix(words, classes=["fox", "dog", "cat"]).encoding.classes.tolist() == ["fox", "dog", "cat"]
    truths = Votes.from_matrix(table_of({"ann": [True, False], "bob": [None, True]}, ["x", "y"]))
    assert truths.encoding.classes.tolist() == [False, True]
    assert truths.n_votes == 3


def test_a_table_is_the_matrix_that_it_names(random_votes):
    votes, _ = random_votes(n_task=30, n_worker=8, n_class=3, per_task=4)
    matrix = np.full((30, 8), -1)
    matrix[votes.task, votes.worker] = votes.label
    named = Votes.from_matrix(pd.DataFrame(matrix).replace(-1, np.nan), n_class=3)
    plain = Votes.from_matrix(matrix, n_class=3)
    for name in ("task", "worker", "label"):
        assert (getattr(named, name) == getattr(plain, name)).all()


@pytest.mark.parametrize(
    ("table", "options", "fragment"),
    [
        (table_of({"ann": [0, -1]}, ["x", "y"]), {}, r"-1, which could be a class or no vote: leave .*table.where"),
        (table_of({"ann": [None, ""]}, ["x", "y"]), {}, "holds no vote"),
        (table_of({"ann": [0, 1]}, ["x", "x"]), {}, "task 'x' occurs twice"),
        (pd.DataFrame([[0, 1]], columns=["ann", "ann"]), {}, "worker 'ann' occurs twice"),
        (table_of({"ann": [0.5, 1]}, ["x", "y"]), {}, "a label is fractional"),
        (np.array([[0, 1]]), {"classes": ["a", "b"]}, "give a DataFrame"),
    ],
)
def test_tables_that_could_be_misread_are_refused(table, options, fragment):
    with pytest.raises(VotesError, match=fragment):
        Votes.from_matrix(table, **options)


def test_minus_one_can_be_a_class_or_a_gap_as_it_is_said():
    table = table_of({"ann": [0, -1], "bob": [-1, 1]}, ["x", "y"])
    assert Votes.from_matrix(table.where(table != -1)).to_answers() == {"x": {"ann": 0}, "y": {"bob": 1}}
    votes = Votes.from_matrix(table, classes=[-1, 0, 1])
    assert votes.to_answers() == {"x": {"ann": 0, "bob": -1}, "y": {"ann": -1, "bob": 1}}


# --- more votes, encoded after older ones


def test_an_older_encoding_keeps_its_codes_and_new_ids_follow():
    older = Votes.from_frame(table(["b", "d", "d"], ["w", "z", "w"], ["yes", "no", "no"]))
    frame = table(["a", "d", "c"], ["z", "q", "a"], ["no", "yes", "no"])
    votes = Votes.from_frame(frame, encoding=older.encoding)
    assert votes.encoding.tasks.tolist() == ["b", "d", "a", "c"]  # "b" is voted for no more
    assert votes.encoding.workers.tolist() == ["w", "z", "a", "q"]
    assert votes.encoding.classes.tolist() == older.encoding.classes.tolist() == ["no", "yes"]
    assert votes.to_frame().sort_values("task").values.tolist() == sorted(frame.values.tolist())
    answers = {"e": {}, "a": {"z": "no"}}
    votes = Votes.from_answers(answers, encoding=older.encoding)
    assert votes.encoding.tasks.tolist() == ["b", "d", "a", "e"]
    assert votes.to_answers() == {"b": {}, "d": {}, **answers}


def test_an_older_encoding_of_numbers():
    older = Votes.from_frame(table([30, 10], [2, 1], [5, 3]))
    votes = Votes.from_frame(table([20, 10, 5], ["1", "7", "2"], ["3", "5", "5"]), encoding=older.encoding)
    assert votes.encoding.tasks.tolist() == [10, 30, 5, 20]
    assert votes.encoding.workers.tolist() == [1, 2, 7]
    assert votes.label.tolist() == [1, 1, 0]
    same = Votes.from_frame(table([30, 10], [2, 1], [5, 3]), encoding=older.encoding)
    assert same.encoding.tasks.tolist() == older.encoding.tasks.tolist()
    assert same.to_frame().equals(older.to_frame())


def test_an_older_encoding_knows_its_classes():
    older = Votes.from_frame(table([0, 1], [0, 0], ["yes", "no"]))
    with pytest.raises(VotesError, match="unknown label in row 0 \\(found 'maybe'\\)"):
        Votes.from_frame(table([0], [0], ["maybe"]), encoding=older.encoding)
    with pytest.raises(VotesError, match="an encoding has its classes"):
        Votes.from_frame(table([0], [0], ["no"]), encoding=older.encoding, classes=["no"])
