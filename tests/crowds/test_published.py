"""The readers of published crowds on small files: what is read right, and that everything else is refused in words."""

import io
import pickle
import tarfile
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

from benchmark_utils.crowds.errors import SourceError
from benchmark_utils.crowds.published import audiobirds, bluebirds, cifar10h, features, labelme, music
from benchmark_utils.votes import VotesError

SOUND = {
    "bluebirds": {
        "gt.yaml": "{12: true, 7: false,\n  9: true}\n",
        "labels.yaml": "2: {7: true, 9: true}\n1: {12: true,\n  7: false}\n",
    },
    "labelme": {
        "answers.txt": "-1 3 -1\n0 3 -1\n-1 -1 -1\n",
        "labels_train.txt": "3\n0\n7\n",
        "filenames_train.txt": "street_a.jpg\nhighway_b.jpg\nopencountry_c.jpg\n",
    },
    "music": {
        "mturk_answers.csv": "WorkerID,Input.song,Input.true_label,Answer.pred_label\r007,a,pop,pop\r7,a,pop,rock\r",
        "music_genre_gold.csv": "id,feature0,class\na,1.5,pop\nb,2,jazz\n",
    },
    "cifar10h": {
        "cifar10h-raw.csv": (
            "annotator_id,is_attn_check,true_label,chosen_label,cifar10_test_test_idx,image_filename\n"
            "5,0,3,3,2,a.png\n5,0,1,9,0,b.png\n4,1,9,9,-99999,c.png\n4,0,3,5,2,a.png\n"
        )
    },
    "audiobirds": {
        "annotations.tsv": (
            "annotation_id\tcandidate_id\tuser_id\tannotation\n1\tc2\tu1\t1\n2\tc1\tu2\t0\n3\tc1\tu1\t1\n4\tc3\tu2\t1\n"
        ),
        "users.tsv": "user_id\tbirdwatching_activity_level\nu1\t4\nu2\t2\nu3\t4\n",
    },
}
READERS = {module.__name__.rpartition(".")[2]: module.read_votes for module in (audiobirds, bluebirds, labelme, music)}


def read(crowd, folder, files):
    """The votes and the truth of a crowd whose files are written into `folder`."""
    paths = []
    for name in SOUND[crowd]:
        paths.append(folder / name)
        content = files[name]
        paths[-1].write_bytes(content if isinstance(content, bytes) else content.encode())
    if crowd == "cifar10h":
        archive = folder / "cifar10h-raw.zip"
        with zipfile.ZipFile(archive, "w") as packed:
            packed.write(paths[0], paths[0].name)
        return cifar10h.read_votes(archive)
    return READERS[crowd](*paths)


EXPECTED = {
    "bluebirds": ({12: {1: 1}, 7: {1: 0, 2: 1}, 9: {2: 1}}, [1, 0, 1]),
    "labelme": (
        {
            "street_a.jpg": {1: "street"},
            "highway_b.jpg": {0: "highway", 1: "street"},
            "opencountry_c.jpg": {},
        },
        [3, 0, 7],
    ),
    "music": ({"a": {"007": "pop", "7": "rock"}, "b": {}}, [7, 5]),
    "cifar10h": ({0: {5: "truck"}, 1: {}, 2: {4: "dog", 5: "cat"}}, [1, -1, 3]),
    "audiobirds": ({"c1": {"u1": 1, "u2": 0}, "c2": {"u1": 1}, "c3": {"u2": 1}}, [1, 1, -1]),
}


@pytest.mark.parametrize("crowd", SOUND)
def test_what_is_read(crowd, tmp_path):
    votes, truth = read(crowd, tmp_path, SOUND[crowd])
    assert (votes.to_answers(), truth.tolist()) == EXPECTED[crowd]


@pytest.mark.parametrize("old", ["u1", "u2", "c1"])
def test_the_truth_of_audiobirds_whatever_ids_look_like(old, tmp_path):
    """Ids that are numbers but for one: compared as text with numbers, the experts were none."""
    numbers = {"u1": "1", "u2": "2", "u3": "3", "c1": "11", "c2": "12", "c3": "13"}
    files = dict(SOUND["audiobirds"])
    for before, after in numbers.items():
        after = f"{after}x" if before == old else after
        files = {name: text.replace(before, after) for name, text in files.items()}
    votes, truth = read("audiobirds", tmp_path, files)
    names = {str(task): int(label) for task, label in zip(votes.encoding.tasks, truth, strict=True)}
    assert sorted(names.values()) == [-1, 1, 1]
    assert names["13"] == -1
    expert = audiobirds.are_experts(votes.encoding.workers, tmp_path / "users.tsv")
    assert votes.encoding.workers[expert].tolist() == [votes.encoding.workers.tolist()[0]]


def test_professionals_who_differ_are_counted(tmp_path):
    files = dict(SOUND["audiobirds"])
    files["annotations.tsv"] += "5\tc2\tu3\t0\n6\tc2\tu1\t1\n"
    with pytest.warns(UserWarning, match="professionals differ on 1 tasks; the last one counts"):
        votes, truth = read("audiobirds", tmp_path, files)
    assert truth.tolist() == [1, 1, -1]
    assert votes.n_repeated == 1


# crowd, file, what is replaced by what, and the words of the refusal
REFUSED = [
    ("bluebirds", "labels.yaml", "12: true", "12: 0.7", "labels.yaml: line 2 has '0.7' for an answer"),
    ("bluebirds", "labels.yaml", "12: true", "12: 1", "line 2 has '1' for an answer, not true or false: correct it"),
    ("bluebirds", "labels.yaml", "12: true", "7: true", "line 3 has 7 a second time in one map"),
    ("bluebirds", "labels.yaml", "1: {", "2: {", "line 2 has 2 a second time in one map"),
    ("bluebirds", "labels.yaml", "12:", "11:", "labels.yaml: unknown task in line 2"),
    ("bluebirds", "labels.yaml", "12:", "a:", "line 2 has an id that is no number, 'a'"),
    ("bluebirds", "labels.yaml", "12:", "012:", "an id that is no number, '012'"),  # octal, in YAML
    ("bluebirds", "labels.yaml", "{12: true", "[{12: true", "labels.yaml: line [34] is not YAML"),
    ("bluebirds", "labels.yaml", "2: {7", "[" * 3_000 + "2: {7", "is not YAML"),
    ("bluebirds", "gt.yaml", "12: true", "7: true", "gt.yaml: line 1 has 7 a second time"),
    ("bluebirds", "gt.yaml", "12: true", "12: 2", "gt.yaml: line 1 has '2' for an answer"),
    ("bluebirds", "gt.yaml", SOUND["bluebirds"]["gt.yaml"], "", "gt.yaml: the file is no map"),
    ("labelme", "answers.txt", "0 3", "0.5 3", "answers.txt: line 2 has '0.5' where a whole number belongs"),
    ("labelme", "answers.txt", "0 3", "8 3", "a number is not in -1 to 7 in line 2: correct it"),
    ("labelme", "answers.txt", "0 3 -1", "0 3", "line 2 has 2 entries and line 1 has 3"),
    ("labelme", "answers.txt", SOUND["labelme"]["answers.txt"], "-1\n" * 3, "it holds no answer"),
    ("labelme", "labels_train.txt", "0\n", "", "labels_train.txt: it has 2 lines of 1 numbers.*3 photographs"),
    ("labelme", "labels_train.txt", "7", "8", "labels_train.txt: a number is not in 0 to 7 in line 3"),
    ("labelme", "labels_train.txt", "7", "-1", "a number is not in 0 to 7 in line 3"),
    ("labelme", "labels_train.txt", "7", "7.5", "line 3 has '7.5'"),
    ("labelme", "filenames_train.txt", "street_a.jpg\n", "", "filenames_train.txt: it has 2 lines"),
    ("labelme", "filenames_train.txt", "street_a", "highway_b", "a name occurs twice in line 1, 2"),
    ("music", "mturk_answers.csv", "rock", "", "mturk_answers.csv: column 'label' has no value in line 3"),
    ("music", "mturk_answers.csv", "rock", "Rock", "unknown label in line 3"),
    ("music", "mturk_answers.csv", "7,a,pop,rock", "7,c,pop,rock", r"unknown task in line 3 \(found 'c'\)"),
    (
        "music",
        "music_genre_gold.csv",
        "b,2",
        "a,2",
        "music_genre_gold.csv: a task has more than one truth",
    ),
    ("music", "music_genre_gold.csv", "jazz", "folk", "music_genre_gold.csv: unknown truth in line 3"),
    ("cifar10h", "cifar10h-raw.csv", "3,3,2", "3,3.5,2", "chosen_label is no whole number from 0 to 9 in line of .* 2"),
    ("cifar10h", "cifar10h-raw.csv", "3,3,2", "3,,2", "chosen_label is no whole number from 0 to 9 in line of .* 2"),
    (
        "cifar10h",
        "cifar10h-raw.csv",
        "3,5,2",
        "3,5,2000000000",
        "idx is no whole number from 0 to 9999 in line of",
    ),
    ("cifar10h", "cifar10h-raw.csv", "3,5,2", "3,5,-1", "idx is no whole number from 0 to 9999 in line of"),
    ("cifar10h", "cifar10h-raw.csv", "3,5,2", "1,5,2", "an image has two true labels in line of .* 2"),
    ("cifar10h", "cifar10h-raw.csv", "1,9,0", "10,9,0", "true_label is no whole number from 0 to 9 in line of .* 3"),
    (
        "cifar10h",
        "cifar10h-raw.csv",
        "5,0,1",
        "5,0.5,1",
        "is_attn_check is no whole number from 0 to 1 in line",
    ),
    ("cifar10h", "cifar10h-raw.csv", "5,0,1", "5,,1", "is_attn_check is no whole number from 0 to 1 in line"),
    (
        "cifar10h",
        "cifar10h-raw.csv",
        "5,0,1",
        "5.5,0,1",
        "annotator_id is no whole number from 0 to .* in line",
    ),
    ("cifar10h", "cifar10h-raw.csv", "3,3,2", "3," + "9" * 400 + ",2", "chosen_label is no whole number from 0 to 9"),
    ("cifar10h", "cifar10h-raw.csv", "4,0,3", "True,0,3", "annotator_id is no whole number"),
    ("cifar10h", "cifar10h-raw.csv", "5,0,1,9", "5,0,0,1,9", "there are more than 6 fields in line of .* 3"),
    ("cifar10h", "cifar10h-raw.csv", "chosen_label", "true_label", "needs the column true_label once"),
    ("cifar10h", "cifar10h-raw.csv", "b.png", "b\0.png", "holds a zero byte"),
    (
        "audiobirds",
        "annotations.tsv",
        "c1\tu2\t0",
        "c1\tu2\t0.5",
        "annotations.tsv: unknown label in line 3",
    ),
    ("audiobirds", "annotations.tsv", "c1\tu2\t0", "c1\tu2\t2", "annotations.tsv: unknown label in line 3"),
    ("audiobirds", "annotations.tsv", "c1\tu2\t0", "c1\t\t0", "has no value in line 3"),
    ("audiobirds", "annotations.tsv", "c1\tu2\t0", "c1\tu9\t0", "a user is not in users.tsv in line 3.*'u9'"),
    ("audiobirds", "users.tsv", "u1\t4", "u9\t4", "annotations.tsv: a user is not in users.tsv in line 2, 4"),
    ("audiobirds", "users.tsv", "u3\t4", "u1\t1", "users.tsv: a user is empty or occurs twice in line 2, 4"),
    ("audiobirds", "users.tsv", "u1\t4", "u1\t4.5", "users.tsv: a level is not 1, 2, 3 or 4 in line 2"),
]


@pytest.mark.parametrize(("crowd", "file", "old", "new", "words"), REFUSED, ids=lambda value: str(value)[:20])
def test_refused_in_words(crowd, file, old, new, words, tmp_path):
    text = SOUND[crowd][file]
    assert old in text
    with pytest.raises(VotesError, match=words) as caught:
        read(crowd, tmp_path, SOUND[crowd] | {file: text.replace(old, new)})
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("damage", ["no archive", "cut off", "no table", "bomb"])
def test_an_archive_that_is_none_is_refused(damage, tmp_path, monkeypatch):
    read("cifar10h", tmp_path, SOUND["cifar10h"])
    path = tmp_path / "cifar10h-raw.zip"
    if damage == "no archive":
        path.write_bytes(b"PK?")
    elif damage == "cut off":
        path.write_bytes(path.read_bytes()[:-30])
    elif damage == "no table":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("other.csv", "x")
    else:
        monkeypatch.setattr(cifar10h, "MAX_BYTES", 100)
    with pytest.raises(SourceError, match="move the file away and fetch it again"):
        cifar10h.read_votes(path)


# ---- pictures and features


class Array:
    """What a pickle of numpy makes an array of: any dtype, any state."""

    def __init__(self, dtype, content, shape=(1,), state=None):
        self.parts = dtype, content, shape, state

    def __reduce__(self):
        dtype, content, shape, _ = self.parts
        return np.array([], np.uint8).__reduce__()[0], (np.ndarray, (0,), b"b"), (1, shape, dtype, False, content)


@pytest.mark.parametrize("code", ["O8", "f8", "V8", "U2", "i4", "M8"])
def test_arrays_of_bytes_and_whole_numbers_alone(code):
    """An array of objects made of bytes of the file would be pointers of the file's choice."""
    content = pickle.dumps(Array(np.dtype(code), b"\x10" * 8), protocol=2)
    with pytest.raises(VotesError, match=f"an array of '{code}', not u1 or i8: do not trust the file"):
        cifar10h.load_arrays(content)


@pytest.mark.parametrize("array", [np.arange(6, dtype=np.uint8).reshape(2, 3), np.arange(4), np.arange(4, dtype=">i8")])
@pytest.mark.parametrize("protocol", [2, 4])
def test_the_arrays_that_are_read(array, protocol):
    for given in (array, np.asfortranarray(array)):
        found = np.asarray(cifar10h.load_arrays(pickle.dumps(given, protocol=protocol)))
        np.testing.assert_array_equal(found, array)
        assert found.dtype == array.dtype


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02I1\nr\xff\xff\xff\x7f.",  # to be kept at place 2**31 - 1
        b"\x80\x04\x8e" + (2**40).to_bytes(8, "little") + b".",  # a terabyte of bytes
        b"\x80\x02c_codecs\nencode\nq\x00X\x80\x00\x00\x00" + b"x" * 128 + b"q\x01K\x00q\x020("
        b"" + b"h\x00h\x01X\x06\x00\x00\x00latin1\x86R" * 50 + b"l.",  # the same text as bytes again and again
    ],
    ids=["place", "length", "again"],
)
def test_a_pickle_gets_no_more_memory_than_it_holds(content):
    with pytest.raises(VotesError, match="fetch it again"):
        cifar10h._parse_batch(content, "test_batch")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({b"labels": [1]}, "no bytes of shape"),
        ({b"labels": [1, 10]}, "a label that is not in 0 to 9"),
        ({b"labels": [1, 0.5]}, "not n whole numbers"),
        ({b"data": np.zeros((2, 3071), np.uint8)}, "no bytes of shape"),
        ({b"data": np.zeros((2, 3072))}, "an array of 'f8'"),
        ({b"data": None}, "no bytes of shape"),
    ],
)
def test_batches_that_are_none(change, words):
    batch = {b"data": np.zeros((2, 3072), np.uint8), b"labels": [1, 2]}
    images, labels = cifar10h._parse_batch(pickle.dumps(batch, protocol=2), "test_batch")
    assert (images.shape, labels.tolist()) == ((2, 3, 32, 32), [1, 2])
    with pytest.raises(VotesError, match=words):
        cifar10h._parse_batch(pickle.dumps(batch | change, protocol=2), "test_batch")


def test_an_archive_of_images_that_is_too_large_is_refused(tmp_path, monkeypatch):
    with tarfile.open(tmp_path / "cifar-10-python.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("c/test_batch")
        member.size = 1_000
        archive.addfile(member, io.BytesIO(bytes(1_000)))
    monkeypatch.setattr(cifar10h, "MAX_BYTES", 999)
    with pytest.raises(SourceError, match="unpacks to more than 999 bytes"):
        cifar10h.cifar10h_tasks(tmp_path, 1)


ARRAYS = {"X_train": np.ones((3, 2)), "X_test": np.ones((2, 2)), "y_test": np.array([1, 7])}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"X_train": np.ones((2, 2))}, "features of 2 photographs, and there are 3 tasks"),
        ({"y_test": np.array([1])}, "holds out 2 photographs and 1 classes"),
        ({"y_test": np.array([1, 8])}, "a held-out class is not in 0 to 7"),
        ({"y_test": np.array([1, 0.5])}, "a held-out class is not in 0 to 7"),
        ({"X_test": np.ones((2, 3))}, "the features are not numbers, as many for each"),
        ({"X_train": np.full((3, 2), np.nan)}, "the features are not numbers"),
        ({"X_train": np.array([["a", "b"]] * 3)}, "the features are not numbers"),
        ({"y_test": None}, "it holds no array y_test"),
        ({"y_test": np.array([1, None])}, "it holds no array y_test"),
    ],
)
def test_features_of_labelme_that_are_none(change, words, tmp_path):
    (tmp_path / "features").mkdir()
    path = tmp_path / "features" / "vgg16_avg.npz"
    np.savez(path, **ARRAYS)
    assert features.labelme_tasks(tmp_path, 3)["test_truth"].tolist() == [1, 7]
    np.savez(path, **{name: array for name, array in (ARRAYS | change).items() if array is not None})
    with pytest.raises(VotesError, match=words):
        features.labelme_tasks(tmp_path, 3)


GOLD, TEST = "id,feature0,feature1,class\na,1,2,pop\nb,3,4,jazz\n", "id,feature0,feature1,class\nz,1.5,2,rock\n"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("b,3", "a,3", "gold.csv: an extract occurs twice in line 2, 3"),
        ("b,3", "c,3", "gold.csv: it has no features of 'b'"),
        ("3,4", "3,x", r"gold.csv: feature1 is no number in line 3 \(found 'x'\)"),
        ("3,4", "3,", "gold.csv: feature1 is no number in line 3"),
        ("rock", "folk", r"test.csv: a genre is none of the ten in line 2 \(found 'folk'\)"),
        ("feature1", "feature2", "test.csv: its features are not those of"),
    ],
)
def test_features_of_music_that_are_none(old, new, words, tmp_path):
    folder = tmp_path / "music_genre_classification"
    folder.mkdir()
    votes = SimpleNamespace(encoding=SimpleNamespace(tasks=np.array(["b", "a"]), classes=np.array(music.CLASSES)))
    texts = {"gold": GOLD, "test": TEST}
    for broken in (False, True):
        for name, text in texts.items():
            change = broken and (name == "test" or old not in TEST)
            (folder / f"music_genre_{name}.csv").write_text(text.replace(old, new) if change else text)
        if not broken:
            data = features.music_tasks(tmp_path, votes)
            assert data["tasks"].tolist() == [[3, 4], [1, 2]]
            assert data["test_truth"].tolist() == [9]
    with pytest.raises(VotesError, match=words):
        features.music_tasks(tmp_path, votes)
