"""Fixtures of the tests of strategies."""

import pytest

from benchmark_utils.crowds.simulated.confusions import independent
from benchmark_utils.crowds.simulated.flora import flora
from benchmark_utils.votes.partition_writing import write_partitions

PARTITIONED = {"flora": lambda: flora(3_000, seed=4).votes, "small": lambda: independent(seed=5).votes}


@pytest.fixture(scope="module", params=PARTITIONED)
def partitioned_crowd(request, tmp_path_factory):
    """A crowd with sparse soft labels, and one with dense ones: (votes, the same in partitions)."""
    votes = PARTITIONED[request.param]()
    return votes, write_partitions(votes, tmp_path_factory.mktemp("crowd") / "parts", votes_per_partition=500)
