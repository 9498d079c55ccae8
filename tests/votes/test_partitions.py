"""Votes in partitions on disk: what is written comes back, whole or not at all, and damage is named."""

import json

import numpy as np
import pytest

from benchmark_utils.crowds.simulated.flora import flora
from benchmark_utils.votes import Encoding, Votes, VotesError
from benchmark_utils.votes.partition_writing import write_partitions
from benchmark_utils.votes.partitions import MANIFEST, PartitionedVotes, is_partitioned

COLUMNS = ("task", "worker", "label")
OF_TASKS = ("author", "machine_label", "machine_score")


def together(parts):
    """The votes of all partitions, and the truth, as one process would hold them."""
    found = list(parts)
    columns = {name: np.concatenate([getattr(p, name) for p in found]) for name in COLUMNS}
    columns["task"] = np.concatenate([p.task + p.first_task for p in found])
    extra = {
        name: np.concatenate([getattr(p, name) for p in found]) for name in OF_TASKS if found[0].author is not None
    }
    sizes = parts.n_task, parts.n_worker, parts.n_class
    votes = Votes(*columns.values(), *sizes, repeats=parts.repeats, **extra)
    return votes, np.concatenate([parts.truth(i) for i in range(len(parts))])


@pytest.mark.parametrize("n_parts", [1, 3, 9, 50])
def test_a_crowd_comes_back_from_any_number_of_partitions(tmp_path, n_parts):
    crowd = flora(20_000, seed=1)
    parts = write_partitions(crowd.votes, tmp_path / "crowd", crowd.truth, -(-crowd.votes.n_votes // n_parts))
    assert len(parts) == n_parts
    votes, truth = together(PartitionedVotes.open(tmp_path / "crowd"))
    for name in (*COLUMNS, *OF_TASKS):
        np.testing.assert_array_equal(getattr(votes, name), getattr(crowd.votes, name))
    np.testing.assert_array_equal(truth, crowd.truth)
    np.testing.assert_array_equal(parts.votes_per_worker, crowd.votes.votes_per_worker)
    for name in ("n_votes", "n_task", "n_worker", "n_class", "n_repeated", "repeats"):
        assert getattr(parts, name) == getattr(crowd.votes, name)
    assert [path.name for path in tmp_path.iterdir()] == ["crowd"]
    assert is_partitioned(tmp_path / "crowd")
    assert not is_partitioned(tmp_path)


def test_the_users_own_ids_come_back(tmp_path):
    ids = Encoding(np.array(["b", "é", "007"], dtype=object), np.array([5, 9]), np.array(["yes", "no"], dtype=object))
    votes = Votes([0, 0, 2], [0, 1, 1], [1, 1, 0], 3, 2, 2, encoding=ids)
    parts = write_partitions(votes, tmp_path / "crowd", votes_per_partition=1)
    assert [p.encoding.tasks.tolist() for p in parts] == [["b"], ["é", "007"]]
    assert [p.to_frame()["worker"].tolist() for p in parts] == [[5, 9], [9]]
    assert next(iter(parts)).encoding.classes.tolist() == ["yes", "no"]
    assert next(iter(parts)).named([0]).tolist() == ["yes"]


def test_tasks_without_votes_stand_where_they_stood(tmp_path):
    votes = Votes([2, 2, 5, 6], [0, 1, 0, 0], [0, 1, 1, 1], 9, 2, 2)
    parts = write_partitions(votes, tmp_path / "crowd", votes_per_partition=1)
    assert parts.ranges.tolist() == [[0, 3, 2], [3, 3, 1], [6, 3, 1]]
    np.testing.assert_array_equal(together(parts)[0].votes_per_task, votes.votes_per_task)


def test_repeats_that_are_kept_stay(tmp_path):
    votes = Votes([0, 0, 1], [0, 0, 0], [1, 1, 1], 2, 1, 2, repeats="keep")
    parts = write_partitions(votes, tmp_path / "crowd", votes_per_partition=2)
    assert [p.n_votes for p in parts] == [2, 1]
    dropped = Votes([0, 0, 1], [0, 0, 0], [1, 1, 1], 2, 1, 2)
    assert write_partitions(dropped, tmp_path / "dropped").n_repeated == 1


def test_chunks_follow_one_another(tmp_path):
    first, second = Votes([0, 1], [0, 1], [0, 1], 2, 3, 2), Votes([0, 0], [0, 2], [1, 1], 1, 3, 2)
    parts = write_partitions([(first, None), (second, np.array([1]))], tmp_path / "crowd")
    votes, truth = together(parts)
    assert votes.task.tolist() == [0, 1, 2, 2]
    assert votes.worker.tolist() == [0, 1, 0, 2]
    assert truth.tolist() == [-1, -1, 1]
    assert parts.votes_per_worker.tolist() == [2, 1, 1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (dict(n_worker=4), "n_worker is 4 in one chunk and 3"),
        (dict(n_class=5), "n_class is 5"),
        (dict(repeats="keep"), "repeats is keep"),
        (dict(author=np.array([0])), "author"),
    ],
)
def test_chunks_of_two_crowds_are_refused(tmp_path, change, said):
    sizes = dict(n_task=1, n_worker=3, n_class=2)
    chunks = [(Votes([0], [0], [0], **sizes), None), (Votes([0], [0], [0], **(sizes | change)), None)]
    with pytest.raises(VotesError, match=said):
        write_partitions(chunks, tmp_path / "crowd")
    assert list(tmp_path.iterdir()) == []


def test_interrupted_writing_leaves_nothing(tmp_path):
    def chunks():
        yield Votes([0, 1], [0, 1], [0, 1], 2, 2, 2), None
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_partitions(chunks(), tmp_path / "crowd")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_said(tmp_path):
    votes = Votes([0], [0], [0], 1, 1, 1)
    write_partitions(votes, tmp_path / "crowd")
    with pytest.raises(VotesError, match="is there already"):
        write_partitions(votes, tmp_path / "crowd")
    with pytest.raises(VotesError, match="make it first"):
        write_partitions(votes, tmp_path / "none" / "crowd")
    with pytest.raises(VotesError, match="there are no votes"):
        write_partitions([], tmp_path / "empty")
    with pytest.raises(VotesError, match=r"the truth has shape \(2,\)"):
        write_partitions(votes, tmp_path / "other", np.zeros(2, dtype=int))


@pytest.mark.parametrize("name", ["votes-00001.parquet", "tasks-00001.parquet", "workers.parquet", "classes.parquet"])
def test_a_missing_file_is_named(tmp_path, name):
    write_three(tmp_path)
    (tmp_path / "crowd" / name).unlink()
    with pytest.raises(VotesError, match=f"{name} missing in .*crowd"):
        PartitionedVotes.open(tmp_path / "crowd")


@pytest.mark.parametrize("name", ["votes-00001.parquet", "tasks-00001.parquet", "workers.parquet"])
def test_a_damaged_file_is_named(tmp_path, name):
    parts = write_three(tmp_path)
    path = tmp_path / "crowd" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(VotesError, match=f"{name} is damaged"):
        [list(parts), parts.votes_per_worker]


def test_a_partition_that_vanishes_is_named(tmp_path):
    parts = write_three(tmp_path)
    (tmp_path / "crowd" / "votes-00002.parquet").unlink()
    with pytest.raises(VotesError, match=r"votes-00002\.parquet cannot be read"):
        list(parts)


def test_another_partitions_file_is_refused(tmp_path):
    write_three(tmp_path)
    manifest = json.loads((tmp_path / "crowd" / MANIFEST).read_text())
    manifest["partitions"][1][2] += 1
    (tmp_path / "crowd" / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(VotesError, match=r"votes-00001\.parquet has 1 votes, and not the 2"):
        list(PartitionedVotes.open(tmp_path / "crowd"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "holds no manifest.json"),
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"format": "partitioned votes, version 1"}', "is damaged"),
        ('{"format": "partitioned votes, version 9"}', "version 9"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused(tmp_path, content, said):
    if content is not None:
        (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(VotesError, match=said):
        PartitionedVotes.open(tmp_path)


def write_three(tmp_path):
    votes = Votes([0, 1, 2], [0, 1, 1], [0, 1, 1], 3, 2, 2)
    return write_partitions(votes, tmp_path / "crowd", np.array([0, -1, 1]), votes_per_partition=1)
