"""Workers of every kind, and what ours make of them: adversaries, spammers, twins, and who is better than whom."""

import warnings

import numpy as np
import pytest

from benchmark_utils.strategies.dswc import DSWC
from benchmark_utils.strategies.ebcc import EBCC
from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.votes import Votes
from tests.strategies.ours import COINS_AND_VOTES, OURS

MODELS = {name: OURS[name] for name in ("BWA", "iBCC", "KOS", "MMSR")} | {
    "EBCC": lambda: EBCC(groups=3, restarts=3),
    "DSWC": lambda: DSWC(clusters=3),
}


def full_crowd(answers, n_class):
    """Votes of a matrix of answers (n_task, n_worker)."""
    return Votes.from_matrix(np.asarray(answers), n_class=n_class)


def check(result, votes):
    """A result of the right shapes, without NaN, that gives a label to exactly the tasks with a vote."""
    voted = votes.votes_per_task > 0
    assert result.labels.shape == (votes.n_task,)
    assert result.labels.dtype == np.int64
    np.testing.assert_array_equal(result.labels >= 0, voted)
    np.testing.assert_allclose(result.soft.sum(axis=1), voted, atol=1e-9)
    assert result.soft.min() >= 0
    assert result.worker_score.shape == (votes.n_worker,)
    for value in [result.soft, result.worker_score, *result.parameters.values()]:
        assert np.isfinite(value).all()
    assert np.isfinite(result.history).all()
    assert len(result.history) == result.n_iter


# --- coins and votes


@pytest.mark.parametrize("name", COINS_AND_VOTES)
def test_identical_workers(name):
    label = np.random.default_rng(0).integers(3, size=40)
    result = OURS[name]().fit(
        Votes(np.repeat(np.arange(40), 5), np.tile(np.arange(5), 40), np.repeat(label, 5), 40, 5, 3)
    )
    np.testing.assert_array_equal(result.labels, label)
    assert np.ptp(result.worker_score) < 1e-4  # MACE's start tells them apart


@pytest.mark.parametrize("name", COINS_AND_VOTES)
def test_a_worker_who_always_says_the_same(name):
    rng = np.random.default_rng(1)
    truth = rng.integers(4, size=200)
    answers = np.where(rng.random((200, 6)) < 0.8, truth[:, None], rng.integers(4, size=(200, 6)))
    answers[:, 0] = 2
    result = OURS[name]().fit(Votes.from_matrix(answers, n_class=4))
    assert np.mean(result.labels == truth) > 0.93
    assert result.worker_score.argmin() == 0


@pytest.mark.parametrize("name", COINS_AND_VOTES)
def test_adversaries_in_the_minority_are_found_out(name):
    rng = np.random.default_rng(2)
    truth = rng.integers(2, size=300)
    right = rng.random((300, 10)) < np.r_[np.full(7, 0.8), np.full(3, 0.1)]
    votes = Votes.from_matrix(np.where(right, truth[:, None], 1 - truth[:, None]))
    result = OURS[name]().fit(votes)
    majority = np.mean(MajorityVote().fit(votes).labels == truth)
    assert np.mean(result.labels == truth) > majority + 0.03
    assert set(result.worker_score.argsort()[:3]) == {7, 8, 9}


@pytest.mark.parametrize("name", COINS_AND_VOTES)
def test_votes_that_contradict_each_other(name):
    """Every worker gives every class to every task: nothing can be learnt, and nothing breaks."""
    task, worker, label = (axis.ravel() for axis in np.indices((6, 4, 3)))
    result = OURS[name]().fit(Votes(task, worker, label, 6, 4, 3), n_iter=20)
    assert set(result.labels) <= {0, 1, 2}
    assert np.isfinite(result.soft).all()


# --- models


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("n_class", [1, 2, 4])
def test_one_worker_and_identical_workers_are_believed(name, n_class):
    if name == "KOS" and n_class > 2:
        pytest.skip("KOS is for two classes")
    opinion = np.arange(12) % n_class
    for n_worker in (1, 5):
        votes = full_crowd(np.repeat(opinion[:, None], n_worker, axis=1), n_class)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = MODELS[name]().fit(votes)
        check(result, votes)
        np.testing.assert_array_equal(result.labels, opinion)


@pytest.mark.parametrize("name", MODELS)
def test_a_worker_who_always_says_the_same_does_no_harm(name):
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=80)
    answers = np.where(rng.random((80, 6)) < 0.85, truth[:, None], 1 - truth[:, None])
    votes = full_crowd(np.column_stack([answers, np.zeros(80, dtype=int)]), 2)
    result = MODELS[name]().fit(votes)
    check(result, votes)
    assert (result.labels == truth).mean() > 0.95
    if name != "BWA":  # the precision of a constant worker's votes is that of a guess
        assert result.worker_score[-1] == result.worker_score.min()


@pytest.mark.parametrize("name", MODELS)
def test_adversaries_are_found(name):
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=100)
    right = rng.random((100, 9)) < np.where(np.arange(9) < 6, 0.85, 0.1)
    votes = full_crowd(np.where(right, truth[:, None], 1 - truth[:, None]), 2)
    result = MODELS[name]().fit(votes)
    check(result, votes)
    assert (result.labels == truth).mean() > (0.85 if name == "BWA" else 0.95)  # BWA can only stop listening
    assert result.worker_score[6:].max() < result.worker_score[:6].min()


@pytest.mark.parametrize("name", MODELS)
def test_workers_are_ranked_by_their_skill(name):
    rng = np.random.default_rng(3)
    truth, skill = rng.integers(2, size=400), np.linspace(0.55, 0.95, 8)
    votes = full_crowd(np.where(rng.random((400, 8)) < skill, truth[:, None], 1 - truth[:, None]), 2)
    score = MODELS[name]().fit(votes).worker_score
    assert np.corrcoef(np.argsort(np.argsort(score)), np.arange(8))[0, 1] > 0.85
