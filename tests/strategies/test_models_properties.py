"""What BWA, iBCC, EBCC, KOS, MMSR and DSWC have in common: invariance, hard crowds, the shape of their results."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark_utils.strategies.bwa import BWA
from benchmark_utils.strategies.dswc import DSWC
from benchmark_utils.strategies.ebcc import EBCC
from benchmark_utils.strategies.ibcc import IBCC
from benchmark_utils.strategies.kos import KOS
from benchmark_utils.strategies.mmsr import MMSR
from benchmark_utils.votes import Votes

SIX = {
    "BWA": BWA(),
    "iBCC": IBCC(),
    "EBCC": EBCC(groups=3, restarts=3),
    "KOS": KOS(),
    "MMSR": MMSR(),
    "DSWC": DSWC(clusters=3),
}
each_of_six = pytest.mark.parametrize("strategy", SIX.values(), ids=SIX)
MONOTONE = {name: SIX[name] for name in ("BWA", "iBCC", "EBCC", "DSWC")}

binary_crowds = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 1)), min_size=1, max_size=40)


def votes_of(crowd, n_task=6, n_worker=5, n_class=2):
    return Votes(*zip(*crowd, strict=True), n_task=n_task, n_worker=n_worker, n_class=n_class)


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


@each_of_six
@given(binary_crowds, st.randoms())
@settings(max_examples=20, deadline=None)
def test_any_crowd_gives_a_result_and_the_order_of_votes_is_irrelevant(strategy, crowd, random):
    votes, shuffled = votes_of(crowd), votes_of(random.sample(crowd, len(crowd)) + crowd[:3])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result, again = strategy.fit(votes, n_iter=30), strategy.fit(shuffled, n_iter=30)
    check(result, votes)
    np.testing.assert_array_equal(result.labels, again.labels)
    np.testing.assert_array_equal(result.soft, again.soft)


@each_of_six
def test_the_names_of_workers_are_irrelevant(strategy, random_votes):
    votes, _ = random_votes(n_class=2, n_worker=9)
    new_name = np.random.default_rng(1).permutation(votes.n_worker)
    renamed = Votes(votes.task, new_name[votes.worker], votes.label, votes.n_task, votes.n_worker, votes.n_class)
    result, again = strategy.fit(votes, tol=1e-10), strategy.fit(renamed, tol=1e-10)
    np.testing.assert_allclose(result.soft, again.soft, atol=1e-6)
    np.testing.assert_allclose(result.worker_score, again.worker_score[new_name], atol=1e-6)


@pytest.mark.parametrize("name", SIX)
def test_the_names_of_classes_are_irrelevant(name, random_votes):
    strategy = EBCC(groups=3, restarts=1) if name == "EBCC" else SIX[name]  # a random split is drawn for each class
    votes, _ = random_votes(n_class=2 if name == "KOS" else 4)
    new_name = np.roll(np.arange(votes.n_class), 1)
    renamed = Votes(votes.task, votes.worker, new_name[votes.label], votes.n_task, votes.n_worker, votes.n_class)
    result, again = strategy.fit(votes, tol=1e-10), strategy.fit(renamed, tol=1e-10)
    np.testing.assert_allclose(result.soft, again.soft[:, new_name], atol=1e-6)


@each_of_six
def test_a_worker_and_a_task_without_votes_cost_nothing(strategy, random_votes):
    votes, _ = random_votes(n_class=2)
    larger = Votes(votes.task, votes.worker, votes.label, votes.n_task + 3, votes.n_worker + 4, votes.n_class)
    result, again = strategy.fit(votes, n_iter=20, tol=-1), strategy.fit(larger, n_iter=20, tol=-1)
    check(again, larger)
    if not isinstance(strategy, EBCC):  # its random starts are drawn for the tasks as they are numbered
        np.testing.assert_allclose(result.soft, again.soft[:-3], atol=1e-9)
        np.testing.assert_allclose(result.worker_score, again.worker_score[:-4], atol=1e-9)


@pytest.mark.parametrize("strategy", MONOTONE.values(), ids=MONOTONE)
@pytest.mark.parametrize("skill", [0.2, 0.5, 0.9])
def test_the_objective_never_decreases(strategy, skill, random_votes):
    for seed in range(4):
        votes, _ = random_votes(seed, skill=skill)
        history = strategy.fit(votes, n_iter=60, tol=-1, seed=seed).history
        assert np.diff(history).min() >= -1e-9 * abs(history[0])
        assert history[-1] > history[0]


@each_of_six
def test_iterations_and_tolerance(strategy, random_votes):
    votes, _ = random_votes(n_class=2)
    start = strategy.fit(votes, n_iter=0)
    assert (start.n_iter, start.converged, start.history) == (0, False, [])
    check(start, votes)
    assert strategy.fit(votes, n_iter=7, tol=-1).n_iter == 7
    loose, tight = strategy.fit(votes, tol=1e-3), strategy.fit(votes, tol=1e-9)
    assert loose.converged
    assert tight.converged
    assert loose.n_iter <= tight.n_iter


@each_of_six
@pytest.mark.parametrize("n_class", [1, 2, 4])
def test_one_worker_and_identical_workers_are_believed(strategy, n_class):
    if isinstance(strategy, KOS) and n_class > 2:
        pytest.skip("KOS is for two classes")
    opinion = np.arange(12) % n_class
    for n_worker in (1, 5):
        votes = full_crowd(np.repeat(opinion[:, None], n_worker, axis=1), n_class)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = strategy.fit(votes)
        check(result, votes)
        np.testing.assert_array_equal(result.labels, opinion)


@each_of_six
def test_a_worker_who_always_says_the_same_does_no_harm(strategy):
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=80)
    answers = np.where(rng.random((80, 6)) < 0.85, truth[:, None], 1 - truth[:, None])
    votes = full_crowd(np.column_stack([answers, np.zeros(80, dtype=int)]), 2)
    result = strategy.fit(votes)
    check(result, votes)
    assert (result.labels == truth).mean() > 0.95
    if not isinstance(strategy, BWA):  # the precision of a constant worker's votes is that of a guess
        assert result.worker_score[-1] == result.worker_score.min()


@pytest.mark.parametrize("name", SIX)
def test_adversaries_are_found(name):
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=100)
    right = rng.random((100, 9)) < np.where(np.arange(9) < 6, 0.85, 0.1)
    votes = full_crowd(np.where(right, truth[:, None], 1 - truth[:, None]), 2)
    result = SIX[name].fit(votes)
    check(result, votes)
    assert (result.labels == truth).mean() > (0.85 if name == "BWA" else 0.95)  # BWA can only stop listening
    assert result.worker_score[6:].max() < result.worker_score[:6].min()


@each_of_six
def test_workers_are_ranked_by_their_skill(strategy):
    rng = np.random.default_rng(3)
    truth, skill = rng.integers(2, size=400), np.linspace(0.55, 0.95, 8)
    votes = full_crowd(np.where(rng.random((400, 8)) < skill, truth[:, None], 1 - truth[:, None]), 2)
    score = strategy.fit(votes).worker_score
    assert np.corrcoef(np.argsort(np.argsort(score)), np.arange(8))[0, 1] > 0.85


@each_of_six
def test_the_same_seed_gives_the_same_bits(strategy, random_votes):
    votes, _ = random_votes(n_class=2)
    result, again = strategy.fit(votes, seed=5), strategy.fit(votes, seed=5)
    np.testing.assert_array_equal(result.labels, again.labels)
    np.testing.assert_array_equal(result.soft, again.soft)
