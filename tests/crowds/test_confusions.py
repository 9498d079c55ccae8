"""The simulators: the crowds are what their papers say, and strategies score on them as published."""

import tracemalloc

import numpy as np
import pytest

from benchmark_utils.crowds.simulated.asking import assign
from benchmark_utils.crowds.simulated.confusions import (
    SCENARIOS,
    adversarial,
    answer,
    correlated,
    diagonally_dominant,
    difficulty,
    hammer_spammer,
    imbalanced_classes,
    independent,
)
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.majority_vote import NaiveSoft
from benchmark_utils.votes import VotesError

every_scenario = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)


def right(crowd):
    """Whether each vote is right, (n_votes,)."""
    return crowd.votes.label == crowd.truth[crowd.votes.task]


def arrays(crowd):
    votes = crowd.votes
    return votes.task, votes.worker, votes.label, crowd.truth, crowd.confusion


@every_scenario
def test_every_task_is_answered_by_as_many_different_workers_as_asked(scenario):
    crowd = scenario(n_task=150, n_worker=20, n_class=3, feedback=7, seed=1)
    votes = crowd.votes
    assert (votes.n_task, votes.n_worker, votes.n_class, votes.n_votes) == (150, 20, 3, 1050)
    assert (votes.votes_per_task == 7).all()
    assert len(np.unique(votes.task * 20 + votes.worker)) == 1050
    assert crowd.truth.dtype == np.int64
    assert crowd.truth.shape == (150,)
    assert crowd.confusion.shape == (20, 3, 3)
    np.testing.assert_allclose(crowd.confusion.sum(axis=2), 1)
    assert (crowd.confusion >= 0).all()


@every_scenario
def test_every_class_occurs_in_the_truth_and_in_the_answers(scenario):
    crowd = scenario(n_task=2000, n_worker=30, n_class=8, feedback=3)
    assert set(crowd.truth) == set(crowd.votes.label) == set(range(8))


@every_scenario
def test_a_seed_gives_the_same_bits_and_another_seed_another_crowd(scenario):
    once, again, other = scenario(seed=3), scenario(seed=3), scenario(seed=4)
    assert all(np.array_equal(a, b) for a, b in zip(arrays(once), arrays(again), strict=True))
    assert not np.array_equal(once.truth, other.truth)
    assert not np.array_equal(once.votes.worker, other.votes.worker)
    assert not np.array_equal(once.votes.label, other.votes.label)


@every_scenario
def test_answers_have_the_frequencies_of_the_confusion_matrices(scenario):
    options = {"ratio": 0.0} if scenario is difficulty else {}  # hard tasks only
    crowd = scenario(n_task=60_000, n_worker=6, n_class=3, feedback=4, seed=5, **options)
    cell = (crowd.votes.worker * 3 + crowd.truth[crowd.votes.task]) * 3 + crowd.votes.label
    count = np.bincount(cell, minlength=54).reshape(6, 3, 3)
    np.testing.assert_allclose(count / count.sum(axis=2, keepdims=True), crowd.confusion, atol=0.025)
    assert (count[crowd.confusion == 0] == 0).all()


@every_scenario
def test_imbalanced_votes_are_uniform_from_one_to_all_workers(scenario):
    crowd = scenario(n_task=20_000, n_worker=5, imbalanced_votes=True, seed=6)
    share = np.bincount(crowd.votes.votes_per_task, minlength=6) / 20_000
    np.testing.assert_allclose(share, [0, 0.2, 0.2, 0.2, 0.2, 0.2], atol=0.015)
    assert len(np.unique(crowd.votes.task * 5 + crowd.votes.worker)) == crowd.votes.n_votes


def test_independent_workers_are_diagonally_dominant_and_all_differ():
    crowd = independent(n_task=20_000, n_worker=2000, feedback=1)
    assert (crowd.confusion.argmax(axis=2) == np.arange(5)).all()
    assert len(np.unique(crowd.confusion[:, 0, 0])) == 2000
    np.testing.assert_allclose(np.bincount(crowd.truth) / 20_000, 0.2, atol=0.015)


def test_the_diagonal_is_the_mean_largest_part_of_a_broken_stick():
    confusion = diagonally_dominant(np.random.default_rng(0), 20_000, 5)
    largest = (1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5) / 5
    expected = np.full((5, 5), (1 - largest) / 4)
    np.fill_diagonal(expected, largest)
    np.testing.assert_allclose(confusion.mean(axis=0), expected, atol=0.004)


def test_students_share_the_matrix_of_a_teacher():
    confusion = correlated(n_worker=30).confusion
    assert (confusion.argmax(axis=2) == np.arange(5)).all()
    teachers, students = confusion[:6], confusion[6:]  # 80 % of 30 workers are students
    same = (students[:, None] == teachers).all(axis=(2, 3))
    assert (same.sum(axis=1) == 1).all()
    assert len(np.unique(teachers[:, 0, 0])) == 6


def test_students_choose_teachers_uniformly():
    confusion = correlated(n_worker=10_000, student_share=0.9996, n_task=10).confusion
    _, count = np.unique(confusion[:, 0, 0], return_counts=True)
    np.testing.assert_allclose(count / 10_000, [0.25] * 4, atol=0.02)


def test_easy_tasks_are_answered_right_by_all():
    n_wrong = np.bincount((crowd := difficulty(n_task=5000, seed=2)).votes.task, weights=~right(crowd), minlength=5000)
    # a hard task, ten votes, is answered right by all with a probability below 0.001
    assert 0.48 < (n_wrong == 0).mean() < 0.52
    assert right(difficulty(ratio=1e12)).all()
    easy_share = (np.bincount((crowd := difficulty(n_task=5000, ratio=3)).votes.task, ~right(crowd)) == 0).mean()
    assert 0.73 < easy_share < 0.77


def test_good_workers_are_diagonally_dominant_and_bad_ones_are_not():
    confusion = difficulty(n_worker=2000, n_task=20).confusion
    good, bad = confusion[:700], confusion[700:]  # 35 %
    assert (good.argmax(axis=2) == np.arange(5)).all()
    np.testing.assert_allclose(bad.mean(axis=0), 0.2, atol=0.02)
    np.testing.assert_allclose(bad.var(axis=0), 4 / 150, atol=0.005)  # uniform in the simplex: (K - 1) / K^2 (K + 1)


def test_hammers_are_always_right_and_spammers_answer_at_random():
    crowd = hammer_spammer(n_task=20_000, n_worker=30, n_class=4, hammer_share=0.3)
    hammer = crowd.votes.worker < 9
    assert right(crowd)[hammer].all()
    assert 0.24 < right(crowd)[~hammer].mean() < 0.26
    np.testing.assert_allclose(np.bincount(crowd.votes.label[~hammer]) / (~hammer).sum(), 0.25, atol=0.01)


def test_adversaries_are_never_right_and_give_any_other_class():
    crowd = adversarial(n_task=20_000, n_worker=30, n_class=4, adversary_share=0.2)
    adversary = crowd.votes.worker < 6
    assert not right(crowd)[adversary].any()
    shift = (crowd.votes.label - crowd.truth[crowd.votes.task])[adversary] % 4
    np.testing.assert_allclose(np.bincount(shift) / adversary.sum(), [0, 1 / 3, 1 / 3, 1 / 3], atol=0.01)
    assert (crowd.confusion[6:].argmax(axis=2) == np.arange(4)).all()
    assert right(adversarial(n_class=1)).all()


def test_the_prevalence_of_imbalanced_classes_is_zipfs():
    crowd = imbalanced_classes(n_task=60_000, n_class=3, feedback=1)
    np.testing.assert_allclose(np.bincount(crowd.truth) / 60_000, [6 / 11, 3 / 11, 2 / 11], atol=0.01)
    assert (crowd.confusion.argmax(axis=2) == np.arange(3)).all()


def test_every_set_of_workers_is_equally_likely():
    rng = np.random.default_rng(0)
    for n_vote in (2, 3):  # below half of the workers, and above
        task, worker = assign(rng, np.full(50_000, n_vote), 5)
        assert (np.bincount(task) == n_vote).all()
        chosen = np.bincount(np.bincount(task, weights=2.0**worker).astype(int), minlength=32)
        is_a_set = np.array([bin(members).count("1") == n_vote for members in range(32)])
        assert (chosen[~is_a_set] == 0).all()
        np.testing.assert_allclose(chosen[is_a_set] / 50_000, 0.1, atol=0.006)


def test_assign_mixes_tasks_with_few_votes_many_and_none():
    n_votes = np.array([0, 20, 1, 3, 19, 9, 10, 0])
    task, worker = assign(np.random.default_rng(0), n_votes, 20)
    assert (np.bincount(task, minlength=8) == n_votes).all()
    assert len(np.unique(task * 20 + worker)) == n_votes.sum()


def test_a_large_crowd_takes_memory_by_votes():
    n_task, n_worker = 100_000, 50_000  # a dense array would take 5 GB
    tracemalloc.start()
    task, worker = assign(np.random.default_rng(0), np.full(n_task, 3), n_worker)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 * 3 * n_task
    assert (np.bincount(task) == 3).all()
    assert len(np.unique(task * n_worker + worker)) == 3 * n_task


def test_an_answer_is_never_a_class_of_probability_zero():
    confusion = np.array([[[0, 0.5, 0, 0.5], [0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0]]], dtype=float)
    true_class = np.repeat(np.arange(4), 10_000)
    label = answer(np.random.default_rng(0), confusion, np.zeros(40_000, dtype=int), true_class)
    share = np.bincount(true_class * 4 + label, minlength=16).reshape(4, 4) / 10_000
    np.testing.assert_allclose(share, confusion[0], atol=0.02)
    assert (share[confusion[0] == 0] == 0).all()


@every_scenario
def test_more_votes_than_workers_are_refused(scenario):
    with pytest.raises(VotesError, match="10 votes per task need as many workers, and there are 9"):
        scenario(n_worker=9)


# Mean accuracy and its standard error over 20 seeds, by an independent implementation.
PUBLISHED = {
    "independent": {DawidSkene: (0.854, 0.007), NaiveSoft: (0.789, 0.007)},
    "correlated": {DawidSkene: (0.826, 0.013), NaiveSoft: (0.778, 0.013)},
    "difficulty": {DawidSkene: (0.718, 0.009), NaiveSoft: (0.706, 0.007)},
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_accuracy_over_20_seeds_is_within_two_standard_errors_of_the_published(name):
    crowds = [SCENARIOS[name](seed=seed) for seed in range(20)]
    for strategy, (mean, error) in PUBLISHED[name].items():
        accuracy = [(strategy().fit(c.votes, seed=seed).labels == c.truth).mean() for seed, c in enumerate(crowds)]
        assert abs(np.mean(accuracy) - mean) <= 2 * error
