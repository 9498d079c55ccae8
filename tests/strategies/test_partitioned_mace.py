"""MACE on partitions: both versions, its restarts, and a start from an older result, as in one process."""

import pytest

from benchmark_utils.strategies.mace import MACE
from benchmark_utils.strategies.partitioned import PARTITIONED
from tests.strategies.partitioned_results import assert_same


@pytest.mark.parametrize("variational", [True, False])
@pytest.mark.parametrize("options", [dict(n_iter=0), dict(n_iter=5), dict(tol=20)], ids=str)
def test_partitions_give_the_bits_of_one_process(partitioned_crowd, variational, options):
    votes, parts = partitioned_crowd
    options |= dict(seed=7)
    expected = MACE(variational, restarts=3).fit(votes, **options)
    assert_same(PARTITIONED["MACE"](variational, restarts=3).fit(parts, **options), expected)


def test_its_points_are_the_fits_of_one_process(partitioned_crowd):
    votes, parts = partitioned_crowd
    strategy, stops = MACE(restarts=2), (0, 1, 3)
    for n_iter, point in zip(stops, PARTITIONED["MACE"](restarts=2).iterate(parts, stops, seed=7), strict=True):
        assert_same(point.aggregation(), strategy.fit(votes, n_iter=n_iter, seed=7))


def test_it_continues_from_an_older_result(partitioned_crowd):
    votes, parts = partitioned_crowd
    old, new = MACE(restarts=2), PARTITIONED["MACE"](restarts=2)
    expected = old.fit(votes, n_iter=2, start=old.fit(votes, n_iter=2))
    assert_same(new.fit(parts, n_iter=2, start=new.fit(parts, n_iter=2)), expected)
