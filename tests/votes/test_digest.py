"""The digest of a crowd changes with whatever a strategy sees or is scored on, and with nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from benchmark_utils.votes import Votes
from benchmark_utils.votes.digest import digest

TRUTH = np.array([0, -1])


@pytest.fixture
def votes():
    return Votes(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([0, 1, 1]), 2, 2, 2)


def test_types_and_the_order_of_rows_do_not_matter(votes):
    again = Votes(*(np.array(values, dtype=np.int32) for values in ([1, 0, 0], [0, 1, 0], [1, 1, 0])), 2, 2, 2)
    assert digest(again, TRUTH.astype(np.int32)) == digest(votes, TRUTH)
    assert len(digest(votes, TRUTH)) == 16


def test_every_value_matters(votes):
    changed = [
        digest(votes, [0, 0]),
        digest(votes, [1, -1]),
        digest(replace(votes, n_class=3), TRUTH),
        digest(replace(votes, n_worker=3), TRUTH),
        digest(replace(votes, label=np.array([1, 0, 1])), TRUTH),
        digest(replace(votes, worker=np.array([0, 1, 1])), TRUTH),
        digest(replace(votes, author=np.array([0, -1])), TRUTH),
        digest(replace(votes, machine_label=np.array([0, -1])), TRUTH),
        digest(replace(votes, machine_label=np.array([0, -1]), machine_score=np.array([0.5, 0.0])), TRUTH),
        digest(votes, TRUTH),
    ]
    assert len(set(changed)) == len(changed)
