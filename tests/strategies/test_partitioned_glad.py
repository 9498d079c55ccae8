"""GLAD on partitions: abilities, difficulties and labels are the bits of one process, halved steps included."""

import numpy as np
import pytest

from benchmark_utils.strategies.glad import GLAD
from benchmark_utils.strategies.partitioned import PARTITIONED
from benchmark_utils.strategies.steps import glad as steps
from benchmark_utils.strategies.steps.known import check_known
from benchmark_utils.strategies.steps.partitioned_glad import PartitionedGLADSteps
from benchmark_utils.strategies.steps.scratch import Scratch
from tests.strategies.partitioned_results import assert_same


@pytest.mark.parametrize("options", [dict(n_iter=0), dict(n_iter=1), dict(n_iter=6), dict(tol=1.0)], ids=str)
def test_partitions_give_the_bits_of_one_process(partitioned_crowd, options):
    votes, parts = partitioned_crowd
    assert len(parts) > 3
    assert_same(PARTITIONED["GLAD"]().fit(parts, seed=7, **options), GLAD().fit(votes, seed=7, **options))


@pytest.mark.parametrize("n_iter", [0, 2])
def test_it_continues_from_an_older_result(partitioned_crowd, n_iter):
    votes, parts = partitioned_crowd
    start = PARTITIONED["GLAD"]().fit(parts, n_iter=2)
    expected = GLAD().fit(votes, n_iter=n_iter, start=GLAD().fit(votes, n_iter=2))
    assert_same(PARTITIONED["GLAD"]().fit(parts, n_iter=n_iter, start=start), expected)


def test_points_stay_what_they_are(partitioned_crowd):
    _, parts = partitioned_crowd
    points = []
    for point in PARTITIONED["GLAD"]().iterate(parts):
        points.append(point)
        if len(points) == 3:
            break
    for n_iter, point in enumerate(points):
        assert_same(point.aggregation(), PARTITIONED["GLAD"]().fit(parts, n_iter=n_iter))


def test_a_step_that_goes_too_far_is_halved(partitioned_crowd, monkeypatch):
    """With tasks as easy as no crowd has them; `climb` is checked by hand in test_glad.py."""
    votes, parts = partitioned_crowd
    rng, known = np.random.default_rng(1), check_known(None, votes)
    whole, parted = steps.Steps(votes, known), PartitionedGLADSteps(parts, known)
    alpha, b = rng.normal(size=votes.n_worker), rng.normal(3, 1, votes.n_task)
    p = rng.random(len(whole.pairs.label))
    b_parts, p_parts, first = Scratch(), Scratch(), 0
    for pairs in parted.index:
        b_parts.save(pairs.index, b=b[pairs.tasks])
        p_parts.save(pairs.index, p=p[first : first + len(pairs.label)])
        first += len(pairs.label)
    of_votes = p[whole.pairs.of_vote]
    expected = whole.climb_abilities(alpha, b, of_votes)
    np.testing.assert_array_equal(parted.climb_abilities(alpha, b_parts, p_parts), expected)
    difficulties = parted.climb_difficulties(alpha, b_parts, p_parts)
    found = np.concatenate([difficulties.load(index, "b")[0] for index in range(len(parts))])
    np.testing.assert_array_equal(found, whole.climb_difficulties(alpha, b, of_votes))
    monkeypatch.setattr(steps, "_HALVINGS", 1)
    assert (whole.climb_abilities(alpha, b, of_votes) != expected).any()
