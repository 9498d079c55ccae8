"""plantnet_swe: both layouts, the experts, every kind of damage, and the way from the record to the votes."""

import hashlib
import json
import re
import shutil
import threading
import warnings
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from benchmark_utils.crowds.errors import SourceError
from benchmark_utils.crowds.published import plantnet_files
from benchmark_utils.crowds.published.plantnet import FILES, RECORDS, read
from benchmark_utils.crowds.published.plantnet_experts import remove_experts
from benchmark_utils.crowds.published.plantnet_writing import write_v1
from benchmark_utils.crowds.simulated.flora import flora, without_experts
from benchmark_utils.crowds.zenodo import fetch
from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.strategies.plantnet import PlantNet
from benchmark_utils.strategies.two_third import TwoThird
from benchmark_utils.votes import Votes, VotesError
from tests.conftest import DATA_HOME

CLASSES = {"Poa annua": 0, "Bellis perennis": 1, "Urtica dioica": 2}
V1 = {
    "answers/answers.json": {"0": {"7": 1, "3": 0}, "1": {"3": 2}, "2": {"7": 2, "9": 2}},
    "answers/ground_truth.txt": "0\n-1\n2\n",
    "converters/classes.json": CLASSES,
    "aggregation/authors.txt": "3\n3\n9\n",
    "aggregation/ai_classes.json": CLASSES,
    "aggregation/ai_answers.json": {"0": 0, "1": 1, "2": 2},
    "aggregation/ai_scores.json": {"0": 0.5, "1": 0.25, "2": 1.0},
}
V2 = {
    "votes/human_votes.json": {
        "1008": {"507": "1", "503": "0"},
        "1001": {"503": "2"},
        "1002": {"507": "2", "509": "2"},
    },
    "votes/ground_truth.json": {"1001": -1, "1002": [2], "1008": 0},
    "converters/unified_classes.json": CLASSES,
    "converters/authors.json": {"1008": "503", "1001": "503", "1002": "509"},
    "votes/ai_votes.json": {"1008": 0, "1001": 1, "1002": 2},
    "ai_scores/ai_scores.json": {"1008": 0.5, "1001": 0.25, "1002": 1.0},
}
LAYOUTS = {"v1": V1, "v2": V2}


@pytest.fixture
def write(tmp_path):
    """`write(version, {file: content})`: the small layout with some files replaced, removed (None), or as text."""

    def make(version="v1", changes=None, folder=None, **style):
        folder = folder or tmp_path / "data"
        for file, content in (LAYOUTS[version] | (changes or {})).items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is not None:
                text = content if isinstance(content, str) else json.dumps(content, **style)
                path.write_bytes(text.encode("utf-8", "surrogateescape"))
        return folder

    return make


@pytest.fixture
def mini():
    """The folders of the small instances of the two versions."""
    folders = {version: DATA_HOME / f"plantnet_swe_mini_{version}" for version in FILES}
    if not all(folder.is_dir() for folder in folders.values()):
        pytest.skip(f"plantnet_swe_mini_v1 and _v2 are not in {DATA_HOME}")
    return folders


@pytest.fixture
def dataset(benchmark, tmp_path, monkeypatch):
    """`dataset(version, ...)`: the dataset over `tmp_path`, its cache included."""
    monkeypatch.setenv("BENCHOPT_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (dataset_class,) = benchmark.check_dataset_patterns(["plantnet_swe"], class_only=True)
    return lambda **parameters: dataset_class.get_instance(**parameters)


@pytest.fixture
def server(tmp_path):
    """`server(files)`: the URL of a record of these files, {name: bytes}."""
    root = tmp_path / "server"
    root.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=root)
    handler.func.log_message = lambda *args: None
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{httpd.server_port}"

    def publish(files, md5=None):
        entries = []
        for name, content in files.items():
            (root / name).write_bytes(content)
            checksum = f"md5:{md5 or hashlib.md5(content).hexdigest()}"
            entries.append({"key": name, "checksum": checksum, "links": {"self": f"{url}/{name}"}})
        (root / "record").write_text(json.dumps({"files": entries}))
        return f"{url}/record"

    yield publish
    httpd.shutdown()
    httpd.server_close()


# ---- what is read


@pytest.mark.parametrize("style", [{}, {"indent": 1}, {"separators": (",", ":")}])
@pytest.mark.parametrize("chunk", [1, 7, 40, 1 << 20])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_both_layouts_in_pieces_of_any_size(version, chunk, style, write, monkeypatch):
    monkeypatch.setattr(plantnet_files, "_CHUNK", chunk)
    votes, truth = read(write(version, **style), version)
    # v1 numbers the observations; v2 keeps the order of its file of votes
    assert votes.task.tolist() == [0, 0, 1, 2, 2]
    assert votes.label.tolist() == [0, 1, 2, 2, 2]
    assert votes.worker.tolist() == [0, 1, 0, 1, 2]
    assert votes.author.tolist() == [0, 0, 2]
    assert votes.machine_label.tolist() == [0, 1, 2]
    assert votes.machine_score.tolist() == [0.5, 0.25, 1.0]
    assert truth.tolist() == [0, -1, 2]
    assert truth.dtype == np.int64
    assert votes.encoding.classes.tolist() == list(CLASSES)
    users = {"v1": [3, 7, 9], "v2": [503, 507, 509]}[version]
    assert votes.encoding.workers.tolist() == users
    assert votes.encoding.tasks.tolist() == {"v1": [0, 1, 2], "v2": [1008, 1001, 1002]}[version]


def test_the_small_instances_are_the_same_crowd_and_score_the_same(mini):
    (one, truth), (two, truth_two) = (read(folder, version) for version, folder in mini.items())
    assert (one.n_task, one.n_worker, one.n_votes, one.n_class) == (4000, 458, 5601, 150)
    assert (truth >= 0).sum() == 734
    np.testing.assert_array_equal(truth, truth_two)
    for name in ("task", "worker", "label", "author", "machine_label", "machine_score"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    known = truth >= 0
    for strategy in (MajorityVote(), TwoThird(), PlantNet(), PlantNet(ai="confident")):
        labels, labels_two = strategy.fit(one, seed=0).labels, strategy.fit(two, seed=0).labels
        assert (labels[known] == truth[known]).mean() == (labels_two[known] == truth[known]).mean()


def test_the_small_instances_against_the_files_read_whole(mini):
    folder = mini["v1"]
    votes, truth = read(folder, "v1")
    answers = json.loads((folder / "answers/answers.json").read_text())
    assert votes.to_answers() == {int(i): {int(j): k_name(k) for j, k in v.items()} for i, v in answers.items()}
    assert truth.tolist() == [int(line) for line in (folder / "answers/ground_truth.txt").read_text().split()]
    authors = [int(line) for line in (folder / "aggregation/authors.txt").read_text().split()]
    assert votes.encoding.workers[votes.author].tolist() == authors
    for file, column in (("ai_answers", votes.machine_label), ("ai_scores", votes.machine_score)):
        assert column.tolist() == list(json.loads((folder / f"aggregation/{file}.json").read_text()).values())


def k_name(k):
    return f"Species number{k}"


def test_a_simulated_flora_comes_back_as_it_was_written(tmp_path):
    crowd = flora(3000, seed=1)
    write_v1(tmp_path, crowd.votes, crowd.truth)
    votes, truth = read(tmp_path, "v1")
    np.testing.assert_array_equal(truth, crowd.truth)
    np.testing.assert_array_equal(votes.encoding.workers[votes.worker], crowd.votes.worker)
    for name in ("task", "label", "machine_label", "machine_score"):
        np.testing.assert_array_equal(getattr(votes, name), getattr(crowd.votes, name))


def test_the_ai_may_have_classes_of_its_own(write):
    changes = {
        "aggregation/ai_classes.json": {"Urtica dioica": 0, "Quercus robur": 1, "Poa annua": 2, "Acer rubrum": 3},
        "aggregation/ai_answers.json": {"0": 2, "1": 3, "2": 0},
    }
    votes, _ = read(write("v1", changes), "v1")
    assert votes.encoding.classes.tolist() == [*CLASSES, "Acer rubrum"]  # what it never answers is left out
    assert votes.machine_label.tolist() == [0, 3, 2]


# ---- experts


def test_the_experts_of_the_small_instances(mini):
    votes, truth = read(mini["v1"], "v1")
    kept, report = remove_experts(votes, truth)
    assert report.startswith("824 votes of 12 experts on 734 observations with a truth removed; 485 of these")
    assert votes.n_votes - kept.n_votes == 824
    known = truth >= 0
    np.testing.assert_array_equal(kept.votes_per_task[~known], votes.votes_per_task[~known])
    for strategy in (MajorityVote(), TwoThird(), PlantNet()):
        with_experts, without = (strategy.fit(v, seed=0).labels[known] == truth[known] for v in (votes, kept))
        assert without.mean() < with_experts.mean() - 0.1


def test_the_experts_of_a_simulated_flora():
    crowd = flora(60_000, seed=2)
    kept, _ = remove_experts(crowd.votes, crowd.truth)
    expected = without_experts(crowd)
    for name in ("task", "worker", "label"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(expected, name))


def test_experts_by_hand():
    # user 0 is alone on task 0: an expert; her vote on task 1 explains its truth, so user 1, also right, stays.
    # Of users 2 and 3, on task 2, either may be the expert. Nobody voted for the truth of task 3.
    # On task 5 it is user 6, since user 7 also voted where no expert did.
    rows = [(0, 0, 1), (1, 0, 1), (1, 1, 1), (2, 2, 0), (2, 3, 0), (3, 4, 0), (4, 4, 0), (4, 0, 1), (4, 5, 0)]
    rows += [(5, 6, 1), (5, 7, 1), (6, 7, 0)]
    task, worker, label = np.array(rows).T
    kept, report = remove_experts(Votes(task, worker, label, 7, 8, 2), np.array([1, 1, 0, 1, 1, 1, -1]))
    left = list(zip(kept.task.tolist(), kept.worker.tolist(), strict=True))
    assert left == [(1, 1), (3, 4), (4, 4), (4, 5), (5, 7), (6, 7)]
    assert report == (
        "6 votes of 2 experts on 6 observations with a truth removed; 2 of these have no other vote; "
        "on 1 the expert is one of several and all of them went; on 1 no user can be the expert"
    )


# ---- damage

REFUSED = {
    "cut off": ("v1", {"answers/answers.json": '{"0": {"7": 1}, "1": {"3": 2'}, SourceError, "answers.json.*cut off"),
    "cut off between entries": ("v1", {"answers/answers.json": '{"0": {"7": 1},'}, SourceError, "cut off"),
    "cut off, version 2": ("v2", {"votes/ai_votes.json": '{"1008": 0, "10'}, SourceError, "ai_votes.json.*cut off"),
    "empty file": ("v1", {"answers/answers.json": ""}, SourceError, "not a JSON object"),
    "a list": ("v1", {"answers/answers.json": "[1]"}, SourceError, "not a JSON object"),
    "flat answers": ("v1", {"answers/answers.json": {"0": 1}}, VotesError, "map each observation to a map"),
    "a user twice": ("v1", {"answers/answers.json": '{"0": {"7": 1, "7": 2}}'}, VotesError, "occurs twice"),
    "an observation twice": ("v2", {"votes/ai_votes.json": '{"1001": 1, "1001": 2}'}, VotesError, "occurs? twice"),
    "no vote": ("v1", {"answers/answers.json": {"0": {}}}, VotesError, "holds no vote"),
    "a class too large": ("v1", {"answers/answers.json": {"0": {"7": 3}}}, VotesError, "a vote is class 3"),
    "a negative class": ("v1", {"answers/answers.json": {"0": {"7": -1}}}, VotesError, "a vote is class -1"),
    "a fractional class": ("v1", {"answers/answers.json": {"0": {"7": 0.5}}}, VotesError, "a label is not a whole"),
    "a word for a class": ("v2", {"votes/human_votes.json": {"1008": {"5": "Poa"}}}, VotesError, "a label is not a"),
    "no class": ("v1", {"answers/answers.json": {"0": {"7": None}}}, VotesError, "a label is not a whole number: None"),
    "true for a class": ("v1", {"answers/answers.json": {"0": {"7": True}}}, VotesError, "a label is not a whole"),
    "a user without number": ("v1", {"answers/answers.json": {"0": {"x": 1}}}, VotesError, "a user is not a whole"),
    "a negative user": ("v1", {"answers/answers.json": {"0": {"-7": 1}}}, VotesError, "negative id"),
    "an observation too many": ("v1", {"answers/answers.json": {"3": {"7": 1}}}, VotesError, "observation 3"),
    "an author too few": ("v1", {"aggregation/authors.txt": "3\n3\n"}, VotesError, "2 lines and .*3"),
    "an author's name": ("v1", {"aggregation/authors.txt": "3\nMia\n3\n"}, VotesError, "not a whole number"),
    "half a truth": ("v1", {"answers/ground_truth.txt": "0\n0.5\n1\n"}, VotesError, "line 2 is not a whole number"),
    "an empty line": ("v1", {"answers/ground_truth.txt": "0\n\n1\n"}, VotesError, "not a whole number"),
    "a truth without class": ("v2", {"votes/ground_truth.json": {"1008": 3}}, VotesError, "a truth is class 3"),
    "a score above 1": ("v1", {"aggregation/ai_scores.json": {"0": 1.5}}, VotesError, r"outside \[0, 1\].*1.5"),
    "a score below 0": ("v2", {"ai_scores/ai_scores.json": {"1008": -0.1}}, VotesError, r"outside \[0, 1\]"),
    "a word for a score": ("v1", {"aggregation/ai_scores.json": {"0": "high"}}, VotesError, "a score is not a number"),
    "no AI answers": ("v1", {"aggregation/ai_answers.json": None}, SourceError, "ai_answers.json is not in"),
    "no AI scores": ("v2", {"ai_scores/ai_scores.json": None}, SourceError, "ai_scores.json is not in"),
    "an AI class too large": ("v2", {"votes/ai_votes.json": {"1008": 9}}, VotesError, "an answer of the AI is class 9"),
    "a class without number": ("v1", {"converters/classes.json": {"Poa": 0, "Bellis": 2}}, VotesError, "0, 1, 2, ..."),
    "a fraction among texts": ("v2", {"votes/human_votes.json": {"1008": {"5": "1", "6": 1.7}}}, VotesError, "1.7"),
    "true among numbers": ("v1", {"answers/answers.json": {"0": {"7": True, "8": 1}}}, VotesError, "number: True"),
    "a number with an underscore": ("v2", {"votes/human_votes.json": {"1008": {"5": "1_0"}}}, VotesError, "'1_0'"),
    "a user in two ways": ("v2", {"votes/human_votes.json": {"1008": {"7": "1", "07": "0"}}}, VotesError, "'07'"),
    "two numbers in one": ("v2", {"votes/human_votes.json": {"1008": {"5": "1 0"}}}, VotesError, "'1 0'"),
    "a list for a class": ("v1", {"answers/answers.json": {"0": {"7": [1], "8": 1}}}, VotesError, "a label is not a"),
    "a list of users": ("v2", {"converters/authors.json": {"1008": ["503"]}}, VotesError, "a class or user is not"),
    "a list of a list": ("v2", {"votes/ground_truth.json": {"1008": [[0], [1]]}}, VotesError, "a species of a list"),
    "a list beyond the classes": ("v2", {"votes/ground_truth.json": {"1008": [0, 3]}}, VotesError, "list has class 3"),
    "a list below the classes": (
        "v1",
        {"answers/ground_truth.txt": "[0, -1]\n0\n2\n"},
        VotesError,
        "list has class -1",
    ),
    "a list of a word": ("v2", {"votes/ground_truth.json": {"1008": ["Poa"]}}, VotesError, "a species of a list"),
    "an AI class of an unseen observation": ("v2", {"votes/ai_votes.json": {"5": 9}}, VotesError, "the AI is class 9"),
    "an author below -1": ("v1", {"aggregation/authors.txt": "3\n-5\n9\n"}, VotesError, "1 authors have an id below"),
    "an infinite author": ("v1", {"aggregation/authors.txt": "3\ninf\n9\n"}, VotesError, "line 2 is not a whole"),
    "a long author": ("v1", {"aggregation/authors.txt": "3\n9007199254740993.5\n9\n"}, VotesError, "line 2 is not a"),
    "an author with an underscore": ("v1", {"aggregation/authors.txt": "3\n1_0\n9\n"}, VotesError, "line 2 is not a"),
    "authors that are no text": ("v1", {"aggregation/authors.txt": "3\n3\n\udcff\n"}, VotesError, "is not text"),
    "a long score": ("v1", {"aggregation/ai_scores.json": {"0": 10**400}}, VotesError, "a score is not a number"),
    "true for a score": ("v1", {"aggregation/ai_scores.json": {"0": True}}, VotesError, "not a number: True"),
    "a list for a score": ("v1", {"aggregation/ai_scores.json": {"0": [0.5]}}, VotesError, "not a number"),
    "a species twice": ("v1", {"converters/classes.json": '{"a": 0, "a": 1, "b": 2}'}, VotesError, "a species twice"),
    "true for a number of a class": (
        "v1",
        {"converters/classes.json": {"a": 0, "b": True}},
        VotesError,
        "0, 1, 2, ...",
    ),
    "half a number of a class": ("v1", {"converters/classes.json": {"a": 0, "b": 1.0}}, VotesError, "0, 1, 2, ..."),
    "deep classes": ("v1", {"converters/classes.json": "[" * 100_000}, SourceError, "classes.json.*damaged"),
    "deep answers": ("v1", {"answers/answers.json": '{"0": ' + "[" * 100_000}, SourceError, "answers.json.*cut off"),
    "classes cut off": ("v1", {"converters/classes.json": '{"Poa": 0'}, SourceError, "classes.json.*cut off"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_what_is_wrong_is_refused_in_words_and_get_data_never_raises(case, write, dataset, tmp_path):
    version, changes, error, words = REFUSED[case]
    folder = write(version, changes, tmp_path / ("plantnet_swe" if version == "v1" else "plantnet_swe_v2"))
    with pytest.raises(error, match=words):
        read(folder, version)
    data = dataset(version=version).get_data()
    assert data["votes"] is None
    assert data["truth"] is None
    assert re.search(words, data["missing"])


@pytest.mark.parametrize(
    ("version", "file", "text"),
    [
        ("v1", "answers/answers.json", '{"0": {"7": 1}, "1": {"7": 1}, "0": {"9": 1}}'),
        ("v2", "votes/ai_votes.json", '{"1001": 1, "1002": 1, "1001": 2}'),
    ],
)
def test_an_observation_twice_in_different_pieces(version, file, text, write, monkeypatch):
    monkeypatch.setattr(plantnet_files, "_CHUNK", 1)
    with pytest.raises(VotesError, match="1 observations occur twice"):
        read(write(version, {file: text}), version)


def test_an_entry_without_end_is_refused(write, monkeypatch):
    monkeypatch.setattr(plantnet_files, "_CHUNK", 64)
    monkeypatch.setattr(plantnet_files, "_MAX_ENTRY", 1_000)
    sound = {"0": {"7": 1}, "1": {str(user): 0 for user in range(90)}, "2": {"7": 2}}
    votes, _ = read(write("v1", {"answers/answers.json": sound}), "v1")
    assert votes.n_votes == 92
    many = {"0": {"7": 1}, "1": {str(user): 0 for user in range(900)}}
    with pytest.raises(SourceError, match="an entry of more than 1,000 bytes: delete it"):
        read(write("v1", {"answers/answers.json": many}), "v1")


def test_whole_numbers_however_written(write):
    """As numpy writes lines, and a long id that a float would round."""
    changes = {
        "answers/ground_truth.txt": "0.000000000000000000e+00\r\n-1.0e+00\r\n 2\r\n\r\n",
        "aggregation/authors.txt": "9007199254740993\n9007199254740992\n-1\n",
        "aggregation/ai_scores.json": {"0": None, "1": 1, "2": 0.5},
    }
    with pytest.warns(UserWarning, match="2 authors never voted"):
        votes, truth = read(write("v1", changes), "v1")
    assert truth.tolist() == [0, -1, 2]
    assert votes.encoding.workers[votes.author[:2]].tolist() == [9007199254740993, 9007199254740992]
    np.testing.assert_array_equal(votes.machine_score, [np.nan, 1, 0.5])


ONE_EMPTY = {"0": {"3": 1}, "1": {}, "2": {"9": 0}}
ONE_ABSENT = {"0": {"3": 1}, "2": {"9": 0}}
ONE_BEYOND = {"0": {"3": 1}, "1": {"823251": 0}, "2": {"9": 0}}
COUNTED = {
    "an observation without votes": ("v1", {"answers/answers.json": ONE_EMPTY}, "1 observations have no vote"),
    "one that is absent": ("v1", {"answers/answers.json": ONE_ABSENT}, "1 observations have no vote"),
    "one that only has a truth": ("v2", {"votes/ground_truth.json": {"1009": 1}}, "1 observations have no vote"),
    "a user beyond the table": ("v1", {"answers/answers.json": ONE_BEYOND}, "1 votes are of users beyond the 823,251"),
    "an author who never voted": ("v1", {"aggregation/authors.txt": "3\n4\n-1\n"}, "1 authors never voted"),
    "two species": ("v2", {"votes/ground_truth.json": {"1008": [0, 1]}}, "1 observations have a truth of several"),
    "two species on a line": ("v1", {"answers/ground_truth.txt": "[0, 1]\n-1\n2\n"}, "1 observations have a truth of"),
    "unknown observations": ("v2", {"votes/ai_votes.json": {"5": 1}}, "1 entries are for observations without votes"),
}


@pytest.mark.parametrize("case", list(COUNTED))
def test_what_is_odd_is_counted_in_words(case, write):
    version, changes, words = COUNTED[case]
    with pytest.warns(UserWarning, match=words):
        votes, truth = read(write(version, changes), version)
    assert votes.n_task == len(truth) == (4 if "1009" in str(changes) else 3)
    PlantNet(ai="confident").fit(votes)


def test_contradicting_experts_make_no_truth_and_agreeing_ones_do(write):
    truth = {"1008": [0, 1], "1001": [1, 1], "1002": []}
    with pytest.warns(UserWarning, match="1 observations have a truth of several"):
        _, found = read(write("v2", {"votes/ground_truth.json": truth}), "v2")
    assert found.tolist() == [-1, 1, -1]


def test_a_silent_author_is_a_worker_without_votes(write):
    with pytest.warns(UserWarning, match="1 authors never voted"):
        votes, _ = read(write("v1", {"aggregation/authors.txt": "3\n4\n-1\n"}), "v1")
    assert votes.encoding.workers.tolist() == [3, 4, 7, 9]
    assert votes.author.tolist() == [0, 1, -1]
    assert votes.votes_per_worker.tolist() == [2, 0, 2, 1]


# ---- the dataset


def test_get_data_from_both_folders_with_and_without_experts(mini, dataset, tmp_path):
    for version, name in (("v1", "plantnet_swe"), ("v2", "plantnet_swe_v2")):
        (tmp_path / name).symlink_to(mini[version])
        kept = dataset(version=version).get_data()
        assert kept["votes"].n_votes == 5601
        with pytest.warns(UserWarning, match="824 votes of 12 experts"):
            removed = dataset(version=version, expert_votes="removed").get_data()
        assert removed["votes"].n_votes == 5601 - 824
        np.testing.assert_array_equal(removed["truth"], kept["truth"])


def test_the_files_are_read_once(write, dataset, tmp_path, monkeypatch):
    write("v1", folder=tmp_path / "plantnet_swe")
    first = dataset().get_data()
    again = dataset()
    monkeypatch.setattr(type(again), "read", lambda *args: pytest.fail("read again"))
    again = again.get_data()
    for name in ("task", "worker", "label", "author", "machine_label", "machine_score"):
        np.testing.assert_array_equal(getattr(first["votes"], name), getattr(again["votes"], name))
    assert again["votes"].encoding.classes.tolist() == list(CLASSES)


def test_absent_data_names_the_command(dataset):
    data = dataset(version="v2").get_data()
    assert data["votes"] is None
    assert 'benchopt prepare . -d "plantnet_swe[version=v2]"' in data["missing"]


@pytest.mark.parametrize("kind", ["files", "zip", "gztar"])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_prepare_downloads_unpacks_and_converts(version, kind, write, server, dataset, tmp_path, monkeypatch):
    published = write(version, folder=tmp_path / "published")
    monkeypatch.setenv("BENCHMARK_CROWD_TRUST", "1")
    if kind == "files":
        files = {path.name: path.read_bytes() for path in published.rglob("*.*") if path.is_file()}
    else:
        packed = shutil.make_archive(tmp_path / "swe", kind, root_dir=tmp_path, base_dir="published")
        files = {Path(packed).name: Path(packed).read_bytes(), "readme.md": b"read me"}
    monkeypatch.setitem(RECORDS, version, server(files))
    with pytest.warns(UserWarning, match="is taken on trust; it has sha256:"):
        dataset(version=version).prepare()
    folder = tmp_path / ("plantnet_swe" if version == "v1" else "plantnet_swe_v2")
    there = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert there == sorted(FILES[version])
    assert dataset(version=version).get_data()["votes"].n_votes == 5
    monkeypatch.setitem(RECORDS, version, "http://127.0.0.1:1/gone")
    dataset(version=version).prepare()  # nothing is fetched twice


def test_a_record_is_not_asked_for_without_trust(write, tmp_path, monkeypatch):
    monkeypatch.delenv("BENCHMARK_CROWD_TRUST", raising=False)
    with pytest.raises(SourceError, match=r"gone: its checksum is not known here.*BENCHMARK_CROWD_TRUST=1"):
        fetch("http://127.0.0.1:1/gone", tmp_path / "fetched", FILES["v1"])
    assert not (tmp_path / "fetched").exists()


@pytest.mark.filterwarnings("ignore:.*is taken on trust")
def test_what_is_not_what_was_published_is_refused(write, server, tmp_path, monkeypatch):
    monkeypatch.setenv("BENCHMARK_CROWD_TRUST", "1")
    content = {path.name: path.read_bytes() for path in write("v1").rglob("*.*") if path.is_file()}
    folder = tmp_path / "fetched"
    with pytest.raises(SourceError, match="altered or damaged"):
        fetch(server(content, md5="0" * 32), folder, FILES["v1"])
    assert not [path for path in folder.rglob("*") if path.is_file()]
    del content["ai_scores.json"]
    with pytest.raises(SourceError, match=r"aggregation/ai_scores.json is not in the record, which has"):
        fetch(server(content), folder, FILES["v1"])
    record = server({})
    (tmp_path / "server" / "record").write_text("<html>")
    with pytest.raises(SourceError, match="not the list of files"):
        fetch(record, folder, FILES["v1"])


def test_nothing_odd_is_said_of_sound_data(mini):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for version, folder in mini.items():
            read(folder, version)
