"""Own tasks beside the votes: features and images in the order of the tasks, and what is refused in which words."""

import json

import numpy as np
import pytest
from PIL import Image

from benchmark_utils.crowds.formats import own_tasks
from benchmark_utils.crowds.formats.folder import find_files, read_folder
from benchmark_utils.crowds.formats.own_tasks import SIDE, read_tasks, task_files
from benchmark_utils.votes import VotesError

TASKS = ("b", "a", "c 1")


@pytest.fixture
def folder(tmp_path):
    """A folder of votes on the tasks a, b and "c 1"."""
    (tmp_path / "label.csv").write_text("item,worker,label\n" + "".join(f"{task},w,x\n{task},v,y\n" for task in TASKS))
    return tmp_path


def read(folder):
    return read_tasks(folder, read_folder(folder)[0])


def write_order(folder, names=TASKS):
    (folder / "tasks.csv").write_text("task\n" + "".join(f"{name}\n" for name in names))


def write_images(folder, names=("b.png", "a.png", "c 1.png")):
    (folder / "images").mkdir(exist_ok=True)
    for number, name in enumerate(names):
        Image.new("RGB", (40 + number, 50), (10 * number, 20, 30)).save(folder / "images" / name, format="PNG")


def test_features_with_the_order_beside_them_or_inside(folder):
    features = np.arange(6.0).reshape(3, 2)
    np.save(folder / "features.npy", features)
    write_order(folder)
    expected = features[[1, 0, 2]]  # the votes have a, b, "c 1"
    found = read(folder)
    assert found.dtype == np.float32
    assert (found == expected).all()
    assert [path.name for path in task_files(folder)] == ["features.npy", "tasks.csv"]
    for name in ("features.npy", "tasks.csv"):
        (folder / name).unlink()
    np.savez(folder / "features.npz", features=features, tasks=np.array(TASKS))
    assert (read(folder) == expected).all()


def test_features_of_numbered_tasks_need_no_order(tmp_path):
    (tmp_path / "answers.json").write_text(json.dumps({"0": {"w": 1}, "1": {"w": 0}, "2": {"w": 1}}))
    np.save(tmp_path / "features.npy", np.arange(3)[:, None])
    assert read(tmp_path).ravel().tolist() == [0, 1, 2]
    np.save(tmp_path / "features.npy", np.zeros((3, 1, 8, 8), dtype=np.uint8))  # images as an array
    assert read(tmp_path).dtype == np.uint8
    np.save(tmp_path / "features.npy", np.arange(4)[:, None])
    with pytest.raises(VotesError, match="4 rows and there are 3 tasks"):
        read(tmp_path)


def test_nothing_there_is_nothing(folder):
    assert read(folder) is None
    assert task_files(folder) == []
    (folder / "images").mkdir()
    assert read(folder) is None


def test_the_order_is_not_taken_for_votes(folder):
    (folder / "label.csv").rename(folder / "export.csv")
    np.save(folder / "features.npy", np.zeros((3, 1)))
    write_order(folder)
    assert [path.name for path in find_files(folder)] == ["export.csv"]


@pytest.mark.parametrize("names", [("b.png", "a.png", "c 1.png"), ("b", "a", "c 1"), ("b.jpeg", "a.png", "c 1")])
def test_images(folder, names):
    write_images(folder, names)
    found = read(folder)
    assert found.shape == (3, 3, SIDE, SIDE)
    assert found.dtype == np.uint8
    assert found[:, :, 16, 16].tolist() == [[10, 20, 30], [0, 20, 30], [20, 20, 30]]


def test_images_of_tasks_that_are_addresses(tmp_path):
    (tmp_path / "label.csv").write_text("item,worker,label\nhttps://x.org/1/a.jpg,w,1\nb/c.png,w,0\n")
    write_images(tmp_path, ("c.png", "a.jpg"))
    assert read(tmp_path)[:, 0, 0, 0].tolist() == [0, 10]  # b/c.png sorts first


def not_an_array(folder):
    (folder / "features.npy").write_bytes(b"\x93NUMPY and more")
    write_order(folder)


def pickled(folder):
    np.save(folder / "features.npy", np.array([{}, {}, {}], dtype=object), allow_pickle=True)
    write_order(folder)


def with_features(values, names=TASKS):
    def write(folder):
        np.save(folder / "features.npy", np.asarray(values))
        if names is not None:
            write_order(folder, names)

    return write


def with_images(names, damaged=None, content=b"no image"):
    def write(folder):
        write_images(folder, names)
        if damaged:
            (folder / "images" / damaged).write_bytes(content)

    return write


def truncated(folder):
    write_images(folder)
    path = folder / "images" / "a.png"
    path.write_bytes(path.read_bytes()[:60])


def twice(folder):
    write_images(folder)
    with_features(np.zeros((3, 1)))(folder)


def unequal_npz(folder):
    np.savez(folder / "features.npz", features=np.zeros((3, 1)), tasks=np.array(["a", "b"]))


def npz_without_tasks(folder):
    np.savez(folder / "features.npz", features=np.zeros((3, 1)))


REFUSED = {
    "too few rows": (with_features(np.zeros((2, 1))), ["tasks.csv: it names 3 tasks, and features.npy has 2 rows"]),
    "too few names": (with_features(np.zeros((3, 1)), ["a", "b"]), ["tasks.csv: it names 2 tasks"]),
    "an unknown id": (with_features(np.zeros((3, 1)), ["a", "b", "d"]), ["tasks.csv", "unknown task", "'d'"]),
    "an id twice": (with_features(np.zeros((4, 1)), ["a", "b", "a", "c 1"]), ["'a' occurs twice: keep one of them"]),
    "a task without features": (
        with_features(np.zeros((2, 1)), ["a", "b"]),
        ["1 of the tasks that have votes are not there: 'c 1': add them"],
    ),
    "no order": (with_features(np.zeros((3, 1)), None), ["name the task of each row in tasks.csv, in a column task"]),
    "NaN": (with_features([[0], [np.nan], [0]]), ["features.npy: row 1 (of 0 to 2) holds NaN or an infinite number"]),
    "words": (with_features([["x"], ["y"], ["z"]]), ["features.npy", "they need a row of numbers for each task"]),
    "one number each": (with_features([1, 2, 3]), ["shape (3,)", "they need a row of numbers for each task"]),
    "no array": (not_an_array, ["features.npy: it holds no array that can be read"]),
    "a pickle": (pickled, ["features.npy: it holds no array that can be read"]),
    "both": (twice, ["holds the tasks twice, in features.npy and images/: keep one of them"]),
    "unequal parts": (unequal_npz, ["features.npz: it has 3 rows of features and 2 tasks"]),
    "no tasks inside": (npz_without_tasks, ["features.npz: it holds the arrays ['features']: it needs two"]),
    "an image too few": (with_images(["a.png", "b.png"]), ["images: 1 of the tasks", "'c 1': add them"]),
    "an image too many": (
        with_images(["a.png", "b.png", "c 1.png", "d.png"]),
        ["1 images are of no task that has votes, d.png: move them away"],
    ),
    "no image": (with_images(["a.png", "b.png", "c 1.png"], "b.png"), ["b.png: it is no image that can be read"]),
    "half an image": (truncated, ["a.png: it is no image that can be read"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_words(folder, case):
    write, fragments = REFUSED[case]
    write(folder)
    with pytest.raises(VotesError) as caught:
        read(folder)
    assert str(folder) in str(caught.value)
    for fragment in fragments:
        assert fragment in str(caught.value)


def test_images_need_pillow(folder, monkeypatch):
    write_images(folder)
    monkeypatch.setattr(own_tasks, "find_spec", lambda name: None)
    with pytest.raises(VotesError, match="pip install pillow"):
        read(folder)
