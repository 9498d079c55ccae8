"""The facts that the loaders reproduce, on the real votes where they are at hand."""

import os
import socket
from pathlib import Path

import numpy as np
import pytest

from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.votes.description import krippendorff_alpha

DATA_HOME = Path(os.environ["BENCHOPT_DATA_HOME"])  # conftest.py sets it

# name, parameters: tasks, workers who voted, votes, classes, tasks with truth, Krippendorff's alpha
FACTS = [
    ("bluebirds", {}, 108, 39, 4_212, 2, 108, 0.126),
    ("labelme", {}, 1_000, 59, 2_547, 8, 1_000, 0.677),
    ("music", {}, 700, 44, 2_945, 10, 700, 0.301),
    ("cifar10h", {"split": "all"}, 10_000, 2_571, 511_146, 10, 10_000, 0.915),
    ("audiobirds", {"expert_votes": "kept"}, 79_592, 205, 215_000, 2, 8_109, 0.81),
    ("local", {"path": "rte"}, 800, 164, 8_000, 2, 800, None),
    ("local", {"path": "dog"}, 807, 109, 8_070, 4, 807, None),
    ("local", {"path": "web"}, 2_665, 177, 15_567, 5, 2_653, None),
    ("local", {"path": "cf_amt"}, 300, 110, 6_025, 5, 300, None),
    ("local", {"path": "sp_amt"}, 500, 143, 10_000, 2, 500, None),
]
SOME_FILE = {
    "bluebirds": "gt.yaml",
    "labelme": "LabelMe/answers.txt",
    "music": "music_genre_classification/mturk_answers.csv",
    "cifar10h": "cifar10h-raw.zip",
    "audiobirds": "bird_sound_training_data/users.tsv",
}


@pytest.fixture
def load(load_data):
    """`load_data`, which may skip what is absent but not what is there and refused."""

    def load(name, **parameters):
        if not (DATA_HOME / name / SOME_FILE.get(name, parameters.get("path", ""))).exists():
            pytest.skip(f"no {name} in the data folder")
        try:
            return load_data(name, **parameters)
        except pytest.skip.Exception as reason:
            pytest.fail(str(reason))

    return load


@pytest.mark.parametrize(
    ("name", "parameters", "n_task", "n_worker", "n_votes", "n_class", "n_truth", "alpha"),
    FACTS,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_facts(load, name, parameters, n_task, n_worker, n_votes, n_class, n_truth, alpha):
    data = load(name, **parameters)
    votes, truth = data["votes"], data["truth"]
    assert (votes.n_task, votes.n_votes, votes.n_class) == (n_task, n_votes, n_class)
    assert np.count_nonzero(votes.votes_per_worker) == n_worker
    assert truth.shape == (n_task,)
    assert truth.dtype == np.int64
    assert np.count_nonzero(truth >= 0) == n_truth
    assert truth.max() < n_class
    if alpha is not None:
        assert krippendorff_alpha(votes) == pytest.approx(alpha, abs=0.0006 if alpha != 0.81 else 0.005)


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [("bluebirds", 0.7592, 0.7593), ("labelme", 0.75, 0.785), ("music", 0.685, 0.725), ("audiobirds", 0.952, 0.96)],
)
def test_the_truth_lies_beside_its_task(load, name, lowest, highest):
    data = load(name)
    known = data["truth"] >= 0
    labels = MajorityVote().fit(data["votes"]).labels
    assert lowest <= np.mean(labels[known] == data["truth"][known]) <= highest


def test_bluebirds_classes_are_false_and_true(load):
    """In the file, worker 39 answers true for photograph 11573 and false for 11577; both are true."""
    data = load("bluebirds")
    answers = data["votes"].to_answers()
    assert (answers[11573][39], answers[11577][39]) == (1, 0)
    tasks = data["votes"].encoding.tasks.tolist()
    assert data["truth"][[tasks.index(11573), tasks.index(11577)]].tolist() == [1, 1]


def test_labelme_classes_and_columns(load):
    """Photographs are named after their class; line 1 has its first vote, a 3, in column 22."""
    data = load("labelme")
    votes, truth = data["votes"], data["truth"]
    assert votes.encoding.workers[[0, -1]].tolist() == [1, 67]  # of columns 0 to 76
    for photograph, code in zip(votes.encoding.tasks, truth, strict=True):
        assert photograph.startswith(votes.encoding.classes[code] + "_")
    first = votes.task == 0
    assert votes.encoding.tasks[0] == "street_hexp30.jpg"
    assert 22 in votes.encoding.workers[votes.worker[first & (votes.label == 3)]]


def test_music_songs_are_named_after_their_class(load):
    data = load("music")
    encoding = data["votes"].encoding
    assert encoding.classes.tolist() == sorted(encoding.classes)
    for song, code in zip(encoding.tasks, data["truth"], strict=True):
        assert song.startswith(encoding.classes[code] + ".")


def test_cifar10h_train_is_the_first_9500_tasks(load):
    whole, train = load("cifar10h", split="all"), load("cifar10h", split="train")
    votes, few = whole["votes"], train["votes"]
    kept = votes.task < 9_500
    assert few.n_task == len(few.encoding.tasks) == len(train["truth"]) == 9_500
    for name in ("task", "worker", "label"):
        np.testing.assert_array_equal(getattr(few, name), getattr(votes, name)[kept])
    np.testing.assert_array_equal(train["truth"], whole["truth"][:9_500])


def test_audiobirds_truth_is_the_experts(load):
    """Removed from the input are as many votes as tasks with a truth, each equal to it."""
    kept, removed = load("audiobirds", expert_votes="kept"), load("audiobirds", expert_votes="removed")
    np.testing.assert_array_equal(kept["truth"], removed["truth"])
    assert removed["votes"].n_task == kept["votes"].n_task
    columns = ["task", "worker", "label"]
    all_rows, other_rows = (data["votes"].to_frame()[columns] for data in (kept, removed))
    merged = all_rows.merge(other_rows, how="left", indicator=True)
    experts = merged[merged["_merge"] == "left_only"]
    assert len(experts) == 8_109
    truth = dict(zip(kept["votes"].encoding.tasks, kept["truth"], strict=True))
    assert [truth[task] for task in experts["task"]] == experts["label"].tolist()


def test_reading_asks_nothing_of_the_network(load, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # parse, not read the cache

    def refuse(*arguments, **options):
        raise AssertionError("a dataset went to the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    load("bluebirds")
    load("labelme")


def test_prepare_downloads_nothing_that_is_there(load, benchmark, monkeypatch, tmp_path):
    load("labelme")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("urllib.request.urlopen", lambda *arguments, **options: pytest.fail("a download"))
    (dataset_class,) = benchmark.check_dataset_patterns(["labelme"], class_only=True)
    dataset_class.get_instance().prepare()
    assert len(list(tmp_path.rglob("labelme-*.npz"))) == 1
