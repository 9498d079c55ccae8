"""The truths that are given to the strategies, and those that are left to score them by."""

import numpy as np
import pytest

from benchmark_utils.scoring.against_truth import score
from benchmark_utils.scoring.given import give
from benchmark_utils.scoring.truth_free import heldout_scores
from benchmark_utils.votes import Votes

TRUTH = np.where(np.arange(50) % 5 == 0, -1, np.arange(50) % 3)  # 40 of 50 are known


@pytest.mark.parametrize(("share", "n_given"), [(0.25, 10), (0.5, 20), (0.001, 1), (0.999, 39)])
def test_each_truth_is_given_or_left(share, n_given):
    given, left = give(TRUTH, share)
    assert np.count_nonzero(given >= 0) == n_given
    np.testing.assert_array_equal(np.maximum(given, left), TRUTH)
    assert not ((given >= 0) & (left >= 0)).any()


def test_the_seed_draws_them():
    drawn = [give(TRUTH, 0.5, seed)[0].tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    times = sum(give(TRUTH, 0.5, seed)[0] >= 0 for seed in range(400))[TRUTH >= 0]
    assert abs(times - 200).max() < 5 * 10  # five standard deviations of a fair coin thrown 400 times


@pytest.mark.parametrize(("truth", "share"), [(TRUTH, 0), (TRUTH, 1), (TRUTH, np.nan), ([0, -1, -1], 0.5)])
def test_what_cannot_be_given(truth, share):
    with pytest.raises(ValueError, match="to give the share"):
        give(truth, share)


def test_given_tasks_count_in_no_metric(random_votes):
    """As if the crowd had been without them."""
    votes, truth = random_votes(n_task=60)
    labels = np.where(np.arange(60) % 30 < 5, -1, votes.label[votes.task_start[:-1]])
    soft = np.random.default_rng(0).dirichlet(np.ones(4), 60)
    given = np.where(np.arange(60) < 20, truth, -1)
    left = np.where(given < 0, truth, -1)
    other = votes.task >= 20
    alone = Votes(votes.task[other] - 20, votes.worker[other], votes.label[other], 40, votes.n_worker, 4)
    expected = score(alone, truth[20:], labels[20:], soft[20:])
    assert score(votes, left, labels, soft, given) == pytest.approx(expected)
    assert score(votes, left, labels, soft)["valid_fraction"] != expected["valid_fraction"]


def test_votes_on_given_tasks_are_not_predicted(random_votes):
    votes, truth = random_votes(n_task=60)
    withheld = votes.worker < 3
    seen, withheld = votes.keep(~withheld), votes.keep(withheld)
    given = np.where(np.arange(60) < 20, truth, -1)
    scores = heldout_scores(seen, withheld, truth, given=given)
    assert scores == heldout_scores(seen, withheld.keep(withheld.task >= 20), truth)
    assert scores != heldout_scores(seen, withheld, truth)
