"""Held-out votes: the observation model against loops and by hand, its independence of storage, folds, bootstrap."""

import numpy as np
import pytest
from scipy import sparse

from benchmark_utils.scoring.truth_free import (
    HeldOut,
    cross_validate,
    fold_of_worker,
    heldout_scores,
    predict,
    vote_probability,
    withheld_votes,
)
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.votes import Votes, normalise, sum_votes
from benchmark_utils.votes.labels import SparseSoft


def naive_probability(seen, soft, task, label):
    """The formula of `vote_probability` in loops, from a dense array whose rows sum to one."""
    n_class = seen.n_class
    confusion = np.full((n_class, n_class), 1 / n_class)
    for i, answer in zip(seen.task, seen.label, strict=True):
        for k in range(n_class):
            confusion[k, answer] += soft[i, k]
    confusion /= confusion.sum(axis=1, keepdims=True)
    return [
        sum(soft[i, k] * confusion[k, answer] for k in range(n_class)) for i, answer in zip(task, label, strict=True)
    ]


@pytest.fixture
def crowd(random_votes):
    """Seen and withheld votes of one crowd, each task with a seen vote, and random soft labels, (n_task, 4)."""
    votes, _ = random_votes()
    withheld = withheld_votes(votes, 0.3, seed=1)
    soft = np.random.default_rng(0).dirichlet(np.ones(4), votes.n_task)
    return votes.keep(~withheld), votes.keep(withheld), soft


def test_the_observation_model_is_the_naive_one(crowd):
    seen, withheld, soft = crowd
    expected = naive_probability(seen, soft, withheld.task, withheld.label)
    assert vote_probability(seen, soft, withheld.task, withheld.label) == pytest.approx(expected)


def test_the_probabilities_of_all_answers_sum_to_one(crowd):
    seen, _, soft = crowd
    soft[:20, 2:] = 0  # rows that lack something to one, and rows of zeros
    soft[:5] = 0
    for form in (soft, sparse.csr_array(soft)):
        answers = [vote_probability(seen, form, np.arange(60), np.full(60, answer)) for answer in range(4)]
        assert np.sum(answers, axis=0) == pytest.approx(1)


def test_what_a_row_lacks_belongs_to_the_classes_that_are_not_stored(crowd):
    """[.5, .3, 0, 0] is [.5, .3, .1, .1], a row of zeros is uniform, in any storage."""
    seen, withheld, soft = crowd
    soft[:30] = [0.5, 0.3, 0.1, 0.1]
    soft[30:40] = 0.25
    lacking = soft.copy()
    lacking[:30, 2:] = 0
    lacking[30:40] = 0
    explicit = sparse.csr_array(lacking + (lacking == 0))
    explicit.data[(lacking == 0).ravel()] = 0  # zeros that are stored
    expected = vote_probability(seen, soft, withheld.task, withheld.label)
    for form in (lacking, sparse.csr_array(lacking), explicit):
        assert vote_probability(seen, form, withheld.task, withheld.label) == pytest.approx(expected)


def test_what_a_row_lacks_is_shared_in_the_proportions_of_the_soft_labels(crowd):
    seen, withheld, soft = crowd
    soft[:30] = [0.5, 0.2, 0.1, 0.2]
    soft[30:40] = [0.25, 0.3, 0.15, 0.3]
    lacking = soft.copy()
    lacking[:40, 2:] = lacking[30:40, 1] = 0
    lacking = SparseSoft(lacking)
    lacking.proportions = np.array([7.0, 2, 1, 2])
    expected = naive_probability(seen, soft, withheld.task, withheld.label)
    assert vote_probability(seen, lacking, withheld.task, withheld.label) == pytest.approx(expected)


def test_scores_by_hand():
    """Tasks 0 and 1 are labelled 0 and 1 for certain, by two seen votes each; a third worker's votes are withheld.

    Row 0 of the confusion matrix is (2.5, 0.5) / 3, row 1 (1.5, 1.5) / 3: task 1 has the votes 0 and 1. The withheld
    votes are 0 on task 0, 1 on task 1, and one on task 2, which no seen worker voted on: it does not count.
    """
    seen = Votes([0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 0, 1], 3, 3, 2)
    withheld = Votes([0, 1, 2], [2, 2, 2], [0, 1, 0], 3, 3, 2)
    found = predict(seen, withheld, np.array([0, 1, -1]))
    assert found.worker.tolist() == [2, 2]
    assert found.agrees.tolist() == [True, True]
    assert np.exp(found.log_probability) == pytest.approx([2.5 / 3, 1.5 / 3])
    scores = heldout_scores(seen, withheld, np.array([0, -1, -1]))
    assert scores["heldout_agreement"] == 0.5  # not valid is not the vote


def test_nothing_to_predict_is_nan():
    seen, withheld = Votes([0], [0], [0], 2, 2, 2), Votes([1], [1], [1], 2, 2, 2)
    assert np.isnan(list(heldout_scores(seen, withheld, np.array([0, -1])).values())).all()


def test_any_number_of_classes_takes_memory_of_the_votes():
    """A hundred thousand classes: a dense matrix of them would take 80 GB."""
    rng = np.random.default_rng(0)
    truth = rng.integers(100_000, size=500)
    task, worker = np.repeat(np.arange(500), 6), np.tile(np.arange(6), 500)
    label = np.where(rng.random(3000) < 0.8, truth[task], rng.integers(100_000, size=3000))
    votes = Votes(task, worker, label, 500, 6, 100_000)
    seen, withheld = votes.keep(votes.worker < 5), votes.keep(votes.worker == 5)
    soft = normalise(sum_votes(seen))
    assert sparse.issparse(soft)
    scores = heldout_scores(seen, withheld, MajorityVote().fit(seen).labels, soft)
    assert 0.7 < scores["heldout_agreement"] < 0.9
    assert np.log(1e-5) < scores["heldout_log_score"] < 0


@pytest.mark.parametrize(("share", "n_withheld"), [(0.01, 1), (0.3, 3), (0.99, 9)])
def test_whole_workers_are_withheld(random_votes, share, n_withheld):
    votes, _ = random_votes(n_worker=10, per_task=5)
    withheld = withheld_votes(votes, share, seed=3)
    assert len(set(votes.worker[withheld])) == n_withheld
    assert not set(votes.worker[withheld]) & set(votes.worker[~withheld])
    assert (withheld_votes(votes, 0.3, seed=3) != withheld_votes(votes, 0.3, seed=4)).any()


@pytest.mark.parametrize("share", [0, 1, -0.1, np.nan])
def test_a_share_that_withholds_nothing_or_all_is_refused(random_votes, share):
    with pytest.raises(ValueError, match=r"take a share in \(0, 1\) of two or more"):
        withheld_votes(random_votes()[0], share)


def test_folds_are_as_equal_as_can_be():
    votes = Votes([0] * 12, np.arange(1, 13), [0] * 12, 1, 14, 2)  # workers 0 and 13 did not vote
    fold = fold_of_worker(votes, 5, seed=0)
    assert fold[[0, 13]].tolist() == [-1, -1]
    assert sorted(np.bincount(fold[1:13]).tolist()) == [2, 2, 2, 3, 3]


def test_each_vote_is_predicted_once_by_who_has_not_seen_its_worker(random_votes):
    votes, _ = random_votes()
    asked = []

    def fit(seen):
        asked.append(set(seen.worker))
        return MajorityVote().fit(seen)

    found = cross_validate(votes, {"MV": fit}, seed=2)
    assert found.n_votes.tolist() == votes.votes_per_worker.tolist()
    fold = fold_of_worker(votes, 5, seed=2)
    assert asked == [set(np.flatnonzero(fold != f)) for f in range(5)]
    expected = 0
    for f in range(5):
        mine = fold[votes.worker] == f
        labels = MajorityVote().fit(votes.keep(~mine)).labels
        expected += (labels[votes.task[mine]] == votes.label[mine]).sum()
    assert found.agreement.sum() == expected
    assert found.means()[0, 0] == expected / votes.n_votes


def test_better_labels_predict_better_where_errors_are_independent(random_votes):
    """Workers of unequal skill, whose errors are independent: Dawid-Skene is ahead of votes drawn at random."""
    votes, truth = random_votes(n_task=200, skill=0.8)
    known = lambda seen: type("R", (), dict(labels=truth, soft=None))  # noqa: E731
    random = lambda seen: type("R", (), dict(labels=np.roll(truth, 7), soft=None))  # noqa: E731
    agreement, log_score = cross_validate(votes, dict(DS=DawidSkene().fit, truth=known, wrong=random)).means().T
    assert agreement[1] >= agreement[0] > agreement[2] + 0.3
    assert log_score[0] > log_score[2] + 0.3


def test_one_worker_predicts_nobody():
    assert cross_validate(Votes([0, 1], [0, 0], [0, 1], 2, 1, 2), {"MV": MajorityVote().fit}) is None


def test_fewer_workers_than_folds():
    votes = Votes(*np.array([[i, j, 0] for i in range(4) for j in range(3)]).T, 4, 3, 2)
    assert cross_validate(votes, {"MV": MajorityVote().fit}).means()[0].tolist() == pytest.approx([1, np.log(8.5 / 9)])


def test_the_bootstrap_draws_workers_not_votes():
    """Two kinds of workers of 50 votes each: the standard error is that of 40 workers, not of 2,000 votes."""
    agreement = np.repeat([[0.0, 50.0]], 20, axis=0).ravel()[None]
    found = HeldOut(["A"], np.full(40, 50.0), agreement, -agreement)
    draws = found.bootstrap(n_draw=2000, seed=0)
    assert draws.shape == (2000, 1, 2)
    assert draws[:, 0, 0].mean() == pytest.approx(0.5, abs=0.01)
    assert draws[:, 0, 0].std() == pytest.approx(0.5 / 40**0.5, rel=0.05)
    assert (draws[:, 0, 1] == -draws[:, 0, 0]).all()
    assert (found.bootstrap(10, seed=5) == found.bootstrap(10, seed=5)).all()


def test_strategies_are_compared_on_the_same_draws():
    n_votes = np.arange(1.0, 31.0)
    agreement = np.stack([n_votes / 2, n_votes / 2 + 0.25])
    draws = HeldOut(["A", "B"], n_votes, agreement, agreement).bootstrap(50)
    assert (draws[:, 1] > draws[:, 0]).all()
