"""The crowds of the literature: each layout by hand, and on the real files, where they are at hand, their facts."""

import functools
import hashlib
import os
import re
import threading
import zipfile
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.crowds.errors import SourceError
from benchmark_utils.crowds.published import literature
from benchmark_utils.crowds.published.literature import CROWDS, File, count_conflicts, read
from benchmark_utils.strategies.catalogue import STRATEGIES
from benchmark_utils.votes import Votes, VotesError
from benchmark_utils.votes.description import krippendorff_alpha

HOME = Path(os.environ["BENCHOPT_DATA_HOME"], "literature")  # conftest.py sets it
README = HOME / "README.md"

# tasks, workers, votes as published, classes, tasks with truth that have a vote, exact repeats, conflicts, alpha
FACTS = {
    "dog": (807, 109, 8_070, 4, 807, 0, 0, 0.519),
    "rte": (800, 164, 8_000, 2, 800, 0, 0, 0.241),
    "web": (2_665, 177, 15_567, 5, 2_653, 0, 0, 0.21),
    "trec": (19_033, 762, 88_385, 2, 2_275, 0, 0, 0.115),
    "cf": (300, 461, 1_720, 5, 300, 0, 0, 0.577),
    "cf_amt": (300, 110, 6_030, 5, 300, 5, 0, 0.521),
    "sp": (4_999, 203, 27_746, 2, 4_999, 0, 0, 0.428),
    "sp_amt": (500, 143, 10_000, 2, 500, 0, 0, 0.738),
    "zencrowd_us": (2_040, 74, 12_190, 2, 2_040, 919, 116, 0.215),
    "zencrowd_in": (2_040, 25, 11_205, 2, 2_040, 579, 131, 0.165),
    "zencrowd_all": (2_040, 78, 21_855, 2, 2_040, 1_483, 247, 0.19),
    "product": (8_315, 176, 24_945, 2, 8_315, 0, 0, 0.157),
    "tweet": (1_000, 85, 20_000, 2, 1_000, 0, 0, 0.149),
    "face": (584, 27, 5_242, 4, 584, 0, 0, 0.495),
    "s_rel": (20_232, 766, 98_453, 4, 4_460, 1_289, 281, 0.089),
    "s_adult": (11_040, 825, 92_721, 4, 333, 2_773, 149, 0.316),
    "fact_eval": (42_624, 57, 216_725, 3, 576, 1_765, 45, 0.703),
    "millionaire": (1_891, 37_332, 214_658, 4, 1_891, 0, 0, 0.386),
    "leaves": (384, 83, 3_840, 6, 384, 0, 0, 0.427),
    "reuters": (1_786, 38, 5_410, 8, 1_786, 0, 0, 0.298),
    "temporal": (462, 76, 4_620, 2, 462, 0, 0, 0.223),
    "imagenet_real_golden": (1_135, 78, 88_530, 3, 1_135, 0, 0, 0.43),
    "ducks": (240, 53, 9_600, 2, 240, 0, 0, 0.325),
}
# Accuracies that the authors of iBCC's code print, and the survey of Zheng et al. (2017) for Dawid-Skene
PRINTED = {
    "iBCC": {
        "dog": 0.8389, "rte": 0.9275, "web": 0.7508, "cf": 0.8833, "cf_amt": 0.8567, "sp": 0.915, "sp_amt": 0.944,
        "zencrowd_us": 0.827, "face": 0.6404,
    },
    "DS": {"dog": 0.8426, "face": 0.6404},
}  # fmt: skip


@functools.cache
def real(name):
    """The votes and the truth of a crowd at hand; a test of one that is not is skipped."""
    folder = HOME / name
    if not folder.is_dir():
        pytest.skip(f"{name} is not in the data folder")
    return read(name, folder)


def readme(pattern):
    if not README.is_file():
        pytest.skip("the page that describes the files is not in the data folder")
    return re.findall(pattern, README.read_text(), re.MULTILINE)


def number(text):
    return float(text.replace(",", ""))


# What is published


def test_the_facts_are_those_of_the_page():
    n = r" ([\d,.]+) \|"
    rows = readme(
        rf"^\| `(\w+)` \|{n}{n}{n}{n} (?:[\d,]+ \()?([\d,]+)\)? \| ([\d,]+) / ([\d,]+) \|{n} (?:yes|not here)"
    )
    assert {name: tuple(map(number, facts)) for name, *facts in rows} == FACTS


def test_the_table_of_files_is_that_of_the_page():
    rows = readme(r"^\| `(\w+)` \| (\S+/\S+) \| (\w{40}) \| `(.+?)` \| (\d+) \| (\w{64}) \|$")
    ours = [
        (crowd.name, crowd.repository, crowd.commit, file.path, str(file.n_bytes), file.sha256)
        for crowd in CROWDS.values()
        for file in crowd.files
    ]
    assert ours == rows


def test_the_table_is_consistent():
    assert set(CROWDS) == set(FACTS)
    for name, crowd in CROWDS.items():
        assert crowd.name == name
        assert len(crowd.classes) == FACTS[name][3]
        assert crowd.paper
    zencrowd = [name for name, crowd in CROWDS.items() if crowd.family == "zencrowd"]
    assert zencrowd == ["zencrowd_us", "zencrowd_in", "zencrowd_all"]
    assert len({crowd.family for crowd in CROWDS.values()}) == len(CROWDS) - 2


def test_an_address_is_quoted_and_pinned():
    votes, truth = CROWDS["face"].sources
    assert votes.url == (
        "https://raw.githubusercontent.com/yuan-li/truth-inference-at-scale/621789b2d57324d3559dc973b2613d2296d73f55/"
        "data/crowd_truth_inference/s4_Face%20Sentiment%20Identification/label.csv"
    )
    assert votes.checksum == "sha256:fc10f625183432f6ed82d783ec0afb4a2e79009843a1c20757baad5c4e469686"
    assert [source.path for source in (votes, truth)] == ["label.csv", "truth.csv"]
    assert CROWDS["imagenet_real_golden"].sources[1].url.endswith("dbf4d64a6881a/golden.npz")


# The real files


@pytest.mark.parametrize("name", CROWDS)
def test_files_at_hand_are_the_published_ones(name):
    real(name)
    for file in CROWDS[name].files:
        content = (HOME / name / file.name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.n_bytes, file.sha256)


@pytest.mark.parametrize("name", CROWDS)
def test_facts(name):
    votes, truth = real(name)
    n_task, n_worker, n_votes, n_class, n_truth, n_repeated, n_conflict, alpha = FACTS[name]
    assert (votes.n_task, votes.n_worker, votes.n_class) == (n_task, n_worker, n_class)
    assert votes.votes_per_task.min() > 0
    assert votes.votes_per_worker.min() > 0
    assert (votes.n_votes + votes.n_repeated, votes.n_repeated, count_conflicts(votes)) == (
        n_votes,
        n_repeated,
        n_conflict,
    )
    assert (truth.shape, truth.dtype) == ((n_task,), np.int64)
    assert np.count_nonzero(truth >= 0) == n_truth
    assert krippendorff_alpha(votes) == pytest.approx(alpha, abs=0.0005001)


@pytest.mark.parametrize("name", CROWDS)
def test_the_majority_vote_is_a_naive_one(name):
    """Counted in plain Python: each label has the most votes, and they beat guessing by far."""
    votes, truth = real(name)
    counts = votes.to_frame().value_counts(["task", "label"]).unstack(fill_value=0)
    counts = counts.loc[votes.encoding.tasks, list(CROWDS[name].classes)].to_numpy()
    labels = STRATEGIES["MV"]().fit(votes).labels
    np.testing.assert_array_equal(counts[np.arange(votes.n_task), labels], counts.max(axis=1))
    known = truth >= 0
    assert np.mean((labels == truth)[known]) > 1 / votes.n_class + 0.15


@pytest.mark.parametrize(
    ("strategy", "name", "accuracy"),
    [(strategy, name, accuracy) for strategy, row in PRINTED.items() for name, accuracy in row.items()],
)
def test_printed_accuracies(strategy, name, accuracy):
    votes, truth = real(name)
    known = truth >= 0
    ours = np.mean((STRATEGIES[strategy]().fit(votes).labels == truth)[known])
    assert ours == pytest.approx(accuracy, abs=max(0.003, 2.5 / known.sum()))


def test_ducks_are_two_of_five_species():
    """In classes.yaml task 0 has species 1, a goose, and tasks 1 and 3 have 0 and 2, the ducks."""
    votes, truth = real("ducks")
    assert votes.encoding.tasks[:4].tolist() == [0, 1, 2, 3]
    assert truth[:4].tolist() == [0, 1, 0, 1]


# Each layout by hand


def crowd(tmp_path, name, votes, truth):
    for file, content in zip(CROWDS[name].files, (votes, truth), strict=True):
        if content is not None:
            (tmp_path / file.name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(name, tmp_path)


def rows(votes):
    return sorted(map(tuple, votes.to_frame().values.tolist()))


def test_tables(tmp_path):
    votes, truth = crowd(tmp_path, "dog", "item,worker,label\n7,1,3\n2,1,0\n2,9,1\n2,9,1\n2,9,0\n", "item,truth\n7,2\n")
    assert rows(votes) == [(2, 1, 0), (2, 9, 0), (2, 9, 1), (7, 1, 3)]
    assert (votes.n_class, votes.n_repeated, count_conflicts(votes)) == (4, 1, 1)  # nobody voted for class 2
    assert truth.tolist() == [-1, 2]


def test_headerless_tables(tmp_path):
    votes, truth = crowd(tmp_path, "leaves", "4,1,5\r\n3,0,0\r\n", "3,0\r\n4,2\r\n")
    assert rows(votes) == [(3, 0, 0), (4, 1, 5)]
    assert (votes.n_class, truth.tolist()) == (6, [0, 2])


def test_truths_of_tasks_without_a_vote(tmp_path):
    unvoted = "".join(f"{task},0\n" for task in range(10, 23))
    votes, truth = crowd(tmp_path, "reuters", "1,1,5\n2,1,0\n", f"1,0\n2,7\n{unvoted}")
    assert (votes.n_task, truth.tolist()) == (2, [0, 7])
    with pytest.raises(VotesError, match=r"truth.csv: 14 truths .* 13 were published in line 3, 4, .*found 10, 11, .*"):
        crowd(tmp_path, "reuters", "1,1,5\n2,1,0\n", f"1,0\n2,7\n{unvoted}30,1\n")
    with pytest.raises(VotesError, match=r"truth.csv: 0 truths .* 13 were published: correct"):
        crowd(tmp_path, "reuters", "1,1,5\n2,1,0\n", "1,0\n")


def test_matrix_and_key(tmp_path):
    votes, truth = crowd(tmp_path, "temporal", "1,,2\n,,\n2,1,\n", "2\n1\n1\n")
    assert rows(votes) == [(0, 0, 1), (0, 2, 2), (2, 0, 2), (2, 1, 1)]
    assert (votes.n_task, votes.n_worker) == (3, 3)
    assert votes.votes_per_task.tolist() == [2, 0, 2]
    assert truth.tolist() == [1, 0, 0]


DUCKS = "labels: {5: 0, 6: 1,\n  8: 2}\nspecies: {Mallard: 0, Canada Goose: 1, American Black Duck: 2}\n"


def test_counted_table_and_species(tmp_path):
    votes, truth = crowd(tmp_path, "ducks", "3 2 4\n5 0 1\n6 0 0\n8 0 1\n8 1 0\n", DUCKS)
    assert rows(votes) == [(5, 0, 1), (6, 0, 0), (8, 0, 1), (8, 1, 0)]
    assert truth.tolist() == [1, 0, 1]


def save(path, tensor, ids, images, **others):
    info = np.array([[image, "7"] for image in images])
    np.savez(path, tensor=np.array(tensor, dtype=float), ids=np.array(ids), info=info, **others)
    return path.with_suffix(".npz").read_bytes()


NO, MAYBE, YES, NONE = [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]
EXPERTS = [[NO, YES, NO], [NO, YES, YES], [YES, NO, MAYBE]]


def test_raters_and_experts(tmp_path):
    """The experts are at odds over the third image, so that it has no truth; one rater did not see the first."""
    raters = save(tmp_path / "r", [[NO, YES, MAYBE], [NONE, YES, YES]], [30, 20], ["a", "b", "c"])
    experts = save(tmp_path / "e", EXPERTS, [1, 2, 3], ["a", "b", "c"])
    votes, truth = crowd(tmp_path, "imagenet_real_golden", raters, experts)
    assert rows(votes) == [
        ("a 7", 30, "no"), ("b 7", 20, "yes"), ("b 7", 30, "yes"), ("c 7", 20, "yes"), ("c 7", 30, "maybe"),
    ]  # fmt: skip
    assert truth.tolist() == [0, 2, -1]


LABELS, TRUTH = "item,worker,label\n1,1,0\n2,1,1\n", "item,truth\n1,0\n"


@pytest.mark.parametrize(
    ("name", "votes", "truth", "message"),
    [
        ("dog", "", TRUTH, "label.csv: the file is empty"),
        ("dog", None, TRUTH, "label.csv: it cannot be read"),
        ("dog", LABELS, None, "truth.csv: it cannot be read"),
        ("dog", "item,worker,label\n", TRUTH, "label.csv: there is no row below"),
        ("dog", "1,1,0\n", TRUTH, "label.csv: line 1 is '1,1,0', not the header 'item,worker,label'"),
        ("dog", LABELS + "3,1\n", TRUTH, "label.csv: line 4 is '3,1', it needs whole numbers 'item,worker,label'"),
        ("dog", LABELS + "3,1,2,0\n", TRUTH, "label.csv: line 4 is '3,1,2,0'"),
        ("dog", LABELS + "\n3,1,2\n", TRUTH, "label.csv: line 4 is ''"),
        ("dog", LABELS + "3,1,-1\n", TRUTH, "label.csv: line 4 is '3,1,-1'"),
        ("dog", LABELS + "3,1,0.5\n", TRUTH, "label.csv: line 4 is '3,1,0.5'"),
        ("dog", LABELS + "3,x,0\n", TRUTH, "label.csv: line 4 is '3,x,0'"),
        ("dog", LABELS + "3,,0\n", TRUTH, "label.csv: line 4 is '3,,0'"),
        ("dog", LABELS + f"3,{10**30},0\n", TRUTH, "label.csv: line 4 is '3,1000"),
        ("dog", LABELS + "3,1,4\n", TRUTH, r"label.csv: unknown label in line 4 \(found 4\): the known ones are 0, 1"),
        ("dog", LABELS.encode() + b"3,1,\xff\n", TRUTH, "label.csv: line 4 is not text"),
        ("dog", LABELS + "3,1,\0\n", TRUTH, "label.csv: line 4 is"),
        ("dog", LABELS, "item,label\n1,0\n", "truth.csv: line 1 is 'item,label', not the header 'item,truth'"),
        ("dog", LABELS, TRUTH + "9,0\n", r"truth.csv: 1 truths are of tasks without a vote, 0 .* line 3 \(found 9\)"),
        ("dog", LABELS, TRUTH + "1,1\n", "truth.csv: a task has more than one truth in line 2, 3"),
        ("dog", LABELS, TRUTH + "2,4\n", r"truth.csv: unknown truth in line 3 \(found 4\)"),
        ("leaves", "item,worker,label\n1,1,0\n", "1,0\n", "answer.csv: line 1 is 'item,worker,label'"),
        ("temporal", "1,,2\n1,2\n", "1\n1\n", "temporal.csv: line 2 is '1,2', it needs 3 whole numbers or empty"),
        ("temporal", "1,,2\n1,2,1,1\n", "1\n1\n", "temporal.csv: line 2 is '1,2,1,1'"),
        ("temporal", "1,,2\n1,2,x\n", "1\n1\n", "temporal.csv: line 2 is '1,2,x'"),
        ("temporal", "1,,2\n1,2,3\n", "1\n1\n", r"temporal.csv: unknown label in line 2 \(found 3\)"),
        ("temporal", "1,,2\n1,2,1\n", "1\n", "temporal.key: it has 1 lines for the 2 tasks of temporal.csv"),
        ("temporal", "1,,2\n1,2,1\n", "1\n3\n", r"temporal.key: unknown truth in line 2 \(found 3\)"),
        ("temporal", ",,\n,,\n", "1\n1\n", "temporal.csv: the table of votes is empty"),
        ("ducks", "3 1 1\n5 0 1\n", DUCKS, r"labels.txt: line 1 announces \[3, 1, 1\] .*, and \[1, 1, 1\] follow"),
        ("ducks", "1 1 1\n5 0 2\n", DUCKS, r"labels.txt: unknown label in line 2 \(found 2\)"),
        ("ducks", "1 1 1\n5 0 1\n", "labels: {5: 0\n", r"classes.yaml: line \d is not YAML"),
        ("ducks", "1 1 1\n5 0 1\n", "[1, 2]", "classes.yaml: it has no map 'labels'"),
        ("ducks", "1 1 1\n5 0 1\n", DUCKS.replace("Mallard", "Duck"), "classes.yaml: the map 'species' has no 'Mall"),
        ("ducks", "1 1 1\n5 0 1\n", DUCKS.replace("8: 2", "8: 4"), "classes.yaml: line 2 has '4', which is no species"),
        ("ducks", "1 1 1\n5 0 1\n", DUCKS.replace("8: 2", "6: 2"), "classes.yaml: line 2 has '6' a second time"),
        ("ducks", "1 1 1\n5 0 1\n", DUCKS.replace("8: 2", "8: [2]"), "classes.yaml: line 2 of the map 'labels' is not"),
        ("ducks", "1 1 1\n5 0 1\n", DUCKS, r"classes.yaml: 2 truths .* line 1, 2 \(found 6, 8\)"),
        ("imagenet_real_golden", "no archive", "", "raters_golden.npz: it is no archive of arrays"),
    ],
)
def test_what_is_malformed_is_refused_with_the_file_the_line_and_the_mend(tmp_path, name, votes, truth, message):
    with pytest.raises(VotesError, match=message) as caught:
        crowd(tmp_path, name, votes, truth)
    assert re.search("fetch it again|or remove the row|keep one row|it needs one row", str(caught.value))


def test_an_archive_with_other_arrays_is_refused(tmp_path):
    good = save(tmp_path / "good", EXPERTS, [1, 2, 3], "abc")
    some = [[NO, YES, NO]]
    wrong = {
        "its images are not those of raters_golden.npz": (good, save(tmp_path / "a", EXPERTS, [1, 2, 3], "abd")),
        "have shapes": (save(tmp_path / "b", some, [1, 2], "abc"), good),
        "the answer of person 0 on image 1 is neither": (save(tmp_path / "c", [[NO, [2, 0, 0], NO]], [1], "abc"), good),
        "a person occurs twice": (save(tmp_path / "d", EXPERTS, [1, 2, 2], "abc"), good),
        "an? image occurs twice": (save(tmp_path / "e", EXPERTS, [1, 2, 3], "abb"), good),
    }
    for message, files in wrong.items():
        with pytest.raises(VotesError, match=message):
            crowd(tmp_path, "imagenet_real_golden", *files)
    with zipfile.ZipFile(tmp_path / "f.npz", "w") as archive:
        archive.writestr("tensor.npy", zipfile.ZipFile(tmp_path / "good.npz").read("tensor.npy"))
    with pytest.raises(VotesError, match="it lacks an array"):
        crowd(tmp_path, "imagenet_real_golden", (tmp_path / "f.npz").read_bytes(), good)


def test_nothing_is_unpickled(tmp_path):
    np.savez(tmp_path / "p", tensor=np.array([{"any": "object"}], dtype=object), ids=[1], info=[["a", "7"]])
    with pytest.raises(VotesError, match="it is no archive of arrays"):
        crowd(tmp_path, "imagenet_real_golden", (tmp_path / "p.npz").read_bytes(), b"")


def test_an_unknown_name_lists_the_crowds():
    with pytest.raises(VotesError, match="no crowd of the literature is called 'cat': take one of dog, rte, web"):
        read("cat", Path())


def test_conflicts_are_votes_beyond_the_first_of_a_worker_on_a_task():
    votes = Votes([0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 0, 1], [0, 1, 2, 0, 0, 0], 2, 2, 3)
    assert count_conflicts(votes) == 2


# The dataset


@pytest.fixture
def dataset(benchmark):
    (dataset_class,) = benchmark.check_dataset_patterns(["literature"], class_only=True)
    return dataset_class


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCHOPT_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "data" / "literature"


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A server on this machine in place of the published one: the folder it serves."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    folder = tmp_path / "site"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, kwargs=dict(poll_interval=0.01))
    thread.start()
    monkeypatch.setattr(literature, "SITE", f"http://127.0.0.1:{server.server_address[1]}")
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


def publish(site, monkeypatch, name, *contents):
    """Put the files of a crowd on the site, and their hashes into the table."""
    crowd = CROWDS[name]
    files = []
    for file, content in zip(crowd.files, contents, strict=True):
        path = site / crowd.repository / crowd.commit / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        files.append(File(file.path, len(content), hashlib.sha256(content.encode()).hexdigest()))
    monkeypatch.setitem(CROWDS, name, replace(crowd, files=tuple(files)))


def test_prepare_fetches_what_get_data_reads(dataset, home, site, monkeypatch):
    publish(site, monkeypatch, "face", LABELS, TRUTH)  # its path has spaces
    face = dataset.get_instance(name="face")
    missing = face.get_data()["missing"]
    assert f"label.csv is not in {home / 'face'}" in missing
    assert 'benchopt prepare . -d "literature[name=face]" --force' in missing
    face.prepare()
    assert sorted(path.name for path in (home / "face").iterdir()) == ["label.csv", "truth.csv"]
    data = face.get_data()
    assert rows(data["votes"]) == [(1, 1, 0), (2, 1, 1)]
    assert data["truth"].tolist() == [0, -1]


def test_prepare_refuses_what_is_not_the_published_file(dataset, home, site, monkeypatch):
    publish(site, monkeypatch, "face", LABELS, TRUTH)
    path = next(site.rglob("label.csv"))
    path.write_text(LABELS.replace("2,1,1", "2,1,0"))
    with pytest.raises(SourceError, match="not the published sha256"):
        dataset.get_instance(name="face").prepare()
    assert not list(home.rglob("label.csv*"))


def test_a_file_that_is_refused_is_a_reason_not_an_error(dataset, home):
    (home / "dog").mkdir(parents=True)
    (home / "dog" / "label.csv").write_text(LABELS + "3\n")
    (home / "dog" / "truth.csv").write_text(TRUTH)
    assert "label.csv: line 4 is '3'" in dataset.get_instance(name="dog").get_data()["missing"]
    for name in ("cat", 3, None):
        assert "take one of dog" in dataset.get_instance(name=name).get_data()["missing"]


def test_what_is_dropped_or_kept_twice_is_said(dataset, home):
    (home / "dog").mkdir(parents=True)
    (home / "dog" / "label.csv").write_text(LABELS + "1,1,0\n1,1,2\n")
    (home / "dog" / "truth.csv").write_text(TRUTH)
    with pytest.warns(UserWarning, match=r"dog: 1 exact repeats .*; 1 votes contradict"):
        dataset.get_instance(name="dog").get_data()


def test_all_names_are_those_of_the_table(benchmark):
    ((dataset_class, parameters),) = benchmark.check_dataset_patterns(["literature[name=all]"])
    assert parameters == {"name": list(CROWDS)}
    assert str(dataset_class.get_instance(name="web")) == "literature[name=web]"
    assert set(dataset_class.parameters["name"]) <= set(CROWDS)


def test_the_published_run_has_every_crowd_and_every_strategy(benchmark):
    import yaml

    config = yaml.safe_load((Path(__file__).parents[2] / "run_configs" / "paper.yml").read_text())
    datasets = {cls.name: parameters for cls, parameters in benchmark.check_dataset_patterns(config["dataset"])}
    assert set(datasets) == {"literature", "bluebirds", "labelme", "music"}
    assert datasets["literature"]["name"] == list(CROWDS)
    solvers = {solver.name for solver in benchmark.check_solver_patterns(config["solver"], class_only=True)}
    assert solvers == {solver.name for solver in benchmark.get_solvers()} - {"tolerance", "partitioned"}


def test_the_votes_are_those_that_pandas_reads():
    """On the file at hand that has most repeats."""
    votes, _ = real("s_rel")
    table = pd.read_csv(HOME / "s_rel" / "label.csv").drop_duplicates()
    assert rows(votes) == sorted(map(tuple, table[["item", "worker", "label"]].values.tolist()))
