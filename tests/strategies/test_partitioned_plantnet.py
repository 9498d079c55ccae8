"""PlantNet on partitions: each penalty and each role of the AI gives the bits of one process."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from benchmark_utils.crowds.simulated.confusions import independent
from benchmark_utils.crowds.simulated.flora import flora
from benchmark_utils.strategies.partitioned import PARTITIONED
from benchmark_utils.strategies.plantnet import AI_ROLES, PENALTIES, PlantNet
from benchmark_utils.votes import VotesError, counts
from benchmark_utils.votes.partition_writing import write_partitions
from tests.strategies.partitioned_results import assert_same

OPTIONS = [dict(penalty=penalty) for penalty in PENALTIES] + [dict(ai=ai) for ai in AI_ROLES]


@pytest.fixture(scope="module")
def crowd():
    """Some authors are unknown, and the AI does not answer everything."""
    votes, rng = flora(6_000, seed=4).votes, np.random.default_rng(0)
    author, answer = (np.where(rng.random(votes.n_task) < 0.7, c, -1) for c in (votes.author, votes.machine_label))
    return replace(votes, author=author, machine_label=answer)


@pytest.fixture(scope="module")
def folders(crowd, tmp_path_factory):
    place = tmp_path_factory.mktemp("crowds")
    return [write_partitions(crowd, place / str(n), votes_per_partition=-(-crowd.n_votes // n)) for n in (1, 9, 50)]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("n_iter", [0, 1, 8])
def test_partitions_give_the_bits_of_one_process(crowd, folders, options, n_iter):
    expected = PlantNet(**options).fit(crowd, n_iter=n_iter, seed=5)
    for votes in folders:
        assert_same(PARTITIONED["PlantNet"](**options).fit(votes, n_iter=n_iter, seed=5), expected, rtol=0)


def test_the_options_matter_to_this_crowd(crowd):
    results = [PlantNet(**options).fit(crowd).worker_score for options in OPTIONS]
    assert len({score.tobytes() for score in results}) == len(OPTIONS) - 1  # "none" and "ignored" are one


@pytest.mark.parametrize("ai", ["ignored", "fixed"])
def test_a_small_crowd_has_dense_soft_labels(ai, tmp_path):
    votes, rng = independent(seed=5).votes, np.random.default_rng(1)
    votes = replace(votes, machine_label=rng.integers(-1, votes.n_class, votes.n_task))
    parts = write_partitions(votes, tmp_path / "crowd", votes_per_partition=300)
    expected = PlantNet(ai=ai).fit(votes)
    assert not sparse.issparse(expected.soft)
    assert_same(PARTITIONED["PlantNet"](ai=ai).fit(parts), expected, rtol=0)


@pytest.mark.parametrize(("ai", "is_sparse"), [("ignored", True), ("fixed", False)])
def test_the_votes_of_the_ai_count_where_soft_labels_may_be_sparse(ai, is_sparse, tmp_path, monkeypatch):
    votes = independent(seed=5).votes
    votes = replace(votes, machine_label=np.zeros(votes.n_task, dtype=int))
    parts = write_partitions(votes, tmp_path / "crowd", votes_per_partition=300)
    monkeypatch.setattr(counts, "FEW_ENTRIES", 0)
    monkeypatch.setattr(counts, "EMPTY_ENTRIES", votes.n_task * votes.n_class / (votes.n_votes + 100))
    expected = PlantNet(ai=ai).fit(votes)
    assert sparse.issparse(expected.soft) == is_sparse
    assert_same(PARTITIONED["PlantNet"](ai=ai).fit(parts), expected, rtol=0)


def test_an_ai_that_is_not_there_is_refused(tmp_path):
    parts = write_partitions(independent(seed=5).votes, tmp_path / "crowd", votes_per_partition=300)
    with pytest.raises(VotesError, match="needs machine_label"):
        PARTITIONED["PlantNet"](ai="worker").fit(parts)
