"""The tasks of the real datasets, and the reading of an archive that may not be trusted."""

import io
import pickle
import tarfile

import numpy as np
import pytest

from benchmark_utils.crowds.published.cifar10h import cifar10h_tasks
from benchmark_utils.crowds.published.features import labelme_tasks, music_tasks
from benchmark_utils.votes import Encoding, Votes, VotesError
from tests.conftest import DATA_HOME


def needs(path):
    if not (DATA_HOME / path).is_file():
        pytest.skip(f"{path} is not in {DATA_HOME}")


def write_archive(folder, **members):
    with tarfile.open(folder / "cifar-10-python.tar.gz", "w:gz") as archive:
        for name, content in members.items():
            data = pickle.dumps(content, protocol=2)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def batch(first, n):
    return {b"data": np.full((n, 3072), first, np.uint8), b"labels": [first % 10] * n}


def test_cifar_tasks_take_the_number_of_rows_from_the_archive(tmp_path):
    write_archive(tmp_path, test_batch=batch(7, 6), data_batch_1=batch(1, 3), data_batch_2=batch(2, 4))
    data = cifar10h_tasks(tmp_path, 5)
    assert (data["tasks"].shape, data["tasks"].dtype) == ((5, 3, 32, 32), np.uint8)
    assert data["test_truth"].tolist() == [1, 1, 1, 2, 2, 2, 2]
    assert (data["test_tasks"][:, 0, 0, 0] == data["test_truth"]).all()
    with pytest.raises(VotesError, match="6 test images"):
        cifar10h_tasks(tmp_path, 7)
    assert cifar10h_tasks(tmp_path / "elsewhere", 5) == {}


class Malicious:
    def __reduce__(self):
        return print, ("code of the archive ran",)


def test_a_pickle_that_runs_code_is_refused(tmp_path, capsys):
    write_archive(tmp_path, test_batch=Malicious(), data_batch_1=batch(1, 3))
    with pytest.raises(VotesError, match="print"):
        cifar10h_tasks(tmp_path, 5)
    assert capsys.readouterr().out == ""


def test_the_real_images_are_those_of_the_votes(load_data):
    needs("cifar10h/cifar-10-python.tar.gz")
    votes = load_data("cifar10h", split="train")["votes"]
    data = cifar10h_tasks(DATA_HOME / "cifar10h", votes.n_task)
    assert data["tasks"].shape == (9500, 3, 32, 32)
    assert len(data["test_tasks"]) == len(data["test_truth"])
    # ships and airplanes, 8 and 0, are blue where frogs, 6, are not: rows are aligned with the truth
    truth = load_data("cifar10h", split="train")["truth"]
    blue = data["tasks"][:, 2].mean(axis=(1, 2)) - data["tasks"][:, 0].mean(axis=(1, 2))
    assert min(blue[truth == 0].mean(), blue[truth == 8].mean()) > blue[truth == 6].mean() + 20


def nearest_mean(train, truth, test):
    scale = train.std(axis=0) + 1e-9
    means = np.stack([train[truth == k].mean(axis=0) for k in range(truth.max() + 1)]) / scale
    return ((test / scale)[:, None] - means).__pow__(2).sum(axis=2).argmin(axis=1)


def test_the_features_of_labelme_are_those_of_the_votes(load_data):
    needs("labelme/features/vgg16_avg.npz")
    truth = load_data("labelme")["truth"]
    data = labelme_tasks(DATA_HOME / "labelme", 1000)
    assert (len(data["tasks"]), len(data["test_tasks"])) == (1000, 1188)
    # classes fitted to the truth of the tasks hold on the held-out part: rows and codes are aligned
    assert (nearest_mean(data["tasks"], truth, data["test_tasks"]) == data["test_truth"]).mean() > 0.8


def test_the_official_features_come_first(tmp_path):
    (tmp_path / "LabelMe" / "prepared").mkdir(parents=True)
    prepared = {
        "data_train_vgg16": np.ones((4, 2, 2, 3)),
        "data_test_vgg16": np.ones((2, 2, 2, 3)),
        "labels_test": [5, 1],
    }
    for name, array in prepared.items():
        np.save(tmp_path / "LabelMe" / "prepared" / f"{name}.npy", array)
    data = labelme_tasks(tmp_path, 4)
    assert data["tasks"].shape == (4, 12)
    assert data["test_truth"].tolist() == [5, 1]
    assert labelme_tasks(tmp_path / "elsewhere", 4) == {}


def test_the_features_of_music_are_those_of_the_votes(load_data):
    needs("music/music_genre_classification/music_genre_test.csv")
    data = load_data("music")
    votes, truth = data["votes"], data["truth"]
    features = music_tasks(DATA_HOME / "music", votes)
    assert features["tasks"].shape == (700, 124)
    assert features["test_tasks"].shape == (300, 124)
    assert (nearest_mean(features["tasks"], truth, features["test_tasks"]) == features["test_truth"]).mean() > 0.4
    # another order of the tasks, the same features
    order = np.arange(700)[::-1]
    encoding = Encoding(votes.encoding.tasks[order], votes.encoding.workers, votes.encoding.classes)
    turned = Votes([0], [0], [0], 700, votes.n_worker, 10, encoding=encoding)
    assert np.array_equal(music_tasks(DATA_HOME / "music", turned)["tasks"], features["tasks"][::-1])
