"""MACE on partitions: both versions, its restarts, and a start from an older result, as in one process."""

import numpy as np
import pytest
from scipy import sparse

from benchmark_utils.crowds.simulated.confusions import independent
from benchmark_utils.crowds.simulated.flora import flora
from benchmark_utils.strategies.mace import MACE
from benchmark_utils.strategies.partitioned import PARTITIONED
from benchmark_utils.votes.partition_writing import write_partitions

CROWDS = {"flora": lambda: flora(3_000, seed=4).votes, "small": lambda: independent(seed=5).votes}


@pytest.fixture(scope="module", params=CROWDS)
def crowd(request, tmp_path_factory):
    votes = CROWDS[request.param]()
    return votes, write_partitions(votes, tmp_path_factory.mktemp("crowd") / "parts", votes_per_partition=800)


def assert_same(found, expected):
    np.testing.assert_allclose(found.history, expected.history, rtol=1e-12)  # its sums over tasks are exact here
    assert (found.n_iter, found.converged) == (expected.n_iter, expected.converged)
    values = (
        dict(labels=one.labels, soft=one.soft, score=one.worker_score) | one.parameters for one in (found, expected)
    )
    for (name, mine), theirs in zip(next(values).items(), next(values).values(), strict=True):
        mine, theirs = (a.toarray() if sparse.issparse(a) else a for a in (mine, theirs))
        np.testing.assert_array_equal(mine, theirs, err_msg=name)


@pytest.mark.parametrize("variational", [True, False])
@pytest.mark.parametrize("options", [dict(n_iter=0), dict(n_iter=5), dict(tol=20)], ids=str)
def test_partitions_give_the_bits_of_one_process(crowd, variational, options):
    votes, parts = crowd
    options |= dict(seed=7)
    expected = MACE(variational, restarts=3).fit(votes, **options)
    assert_same(PARTITIONED["MACE"](variational, restarts=3).fit(parts, **options), expected)


def test_it_continues_from_an_older_result(crowd):
    votes, parts = crowd
    old, new = MACE(restarts=2), PARTITIONED["MACE"](restarts=2)
    expected = old.fit(votes, n_iter=2, start=old.fit(votes, n_iter=2))
    assert_same(new.fit(parts, n_iter=2, start=new.fit(parts, n_iter=2)), expected)
