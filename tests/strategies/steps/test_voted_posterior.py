"""Posteriors over voted classes: against dense naive ones, and how ties fall."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark_utils.strategies.steps.pairs import Pairs
from benchmark_utils.strategies.steps.voted_posterior import (
    Scores,
    naive_posterior,
    posterior_of_coins,
    weighted_vote,
)
from benchmark_utils.votes import Votes, counts, normalise

N_TASK, N_WORKER, N_CLASS = 6, 5, 4
crowds = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=40)
shares = st.lists(st.floats(0.01, 1), min_size=N_CLASS, max_size=N_CLASS)


def votes_of(crowd):
    return Votes(*zip(*crowd, strict=True), n_task=N_TASK, n_worker=N_WORKER, n_class=N_CLASS)


def dense_posterior(votes, right, wrong, prevalence):
    """p(class | votes) by Bayes's rule, in probabilities, and log p(votes) of each task."""
    joint = np.tile(prevalence, (votes.n_task, 1))
    for i, k, r, w in zip(votes.task, votes.label, right, wrong, strict=True):
        for other in range(votes.n_class):
            joint[i, other] *= np.exp(r if other == k else w)
    return joint / joint.sum(axis=1, keepdims=True), np.log(joint.sum(axis=1))


@given(crowds, shares, st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_the_posterior_is_the_dense_one(crowd, share, seed):
    votes = votes_of(crowd)
    voted = votes.votes_per_task > 0
    prevalence = np.array(share) / np.sum(share)
    accuracy = np.random.default_rng(seed).beta(0.5, 0.5, votes.n_votes).clip(1e-4, 1 - 1e-4)
    right, wrong = np.log(accuracy), np.log((1 - accuracy) / 3)
    expected, expected_evidence = dense_posterior(votes, right, wrong, prevalence)
    posterior, log_likelihood = posterior_of_coins(Pairs(votes), right, wrong, prevalence)
    np.testing.assert_allclose(posterior.soft(posterior.labels(0)), expected * voted[:, None], atol=1e-9)
    np.testing.assert_allclose(log_likelihood, expected_evidence[voted].sum(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(posterior.class_totals(), expected[voted].sum(axis=0), atol=1e-8)
    top = np.sort(expected, axis=1)
    clear = voted & (top[:, -1] > top[:, -2] * (1 + 1e-6))
    np.testing.assert_array_equal(posterior.labels(0)[clear], expected.argmax(axis=1)[clear])
    assert (posterior.labels(0)[~voted] == -1).all()


@given(crowds, shares)
@settings(max_examples=30, deadline=None)
def test_sparse_soft_labels_are_the_voted_part_and_the_label_which_is_the_same(crowd, share):
    votes = votes_of(crowd)
    right, wrong = np.log(0.2 + votes.worker / 10), np.log((0.8 - votes.worker / 10) / 3)

    def posterior():
        return posterior_of_coins(Pairs(votes), right, wrong, np.array(share) / np.sum(share))[0]

    dense, count = posterior(), counts.sum_votes(votes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts, "DENSE_ENTRIES", 0)
        sparse = posterior()
    labels = dense.labels(3)
    np.testing.assert_array_equal(sparse.labels(3), labels)
    stored = (count > 0) | (labels[:, None] == np.arange(N_CLASS))
    np.testing.assert_allclose(sparse.soft(labels).toarray(), np.where(stored, dense.soft(labels), 0), atol=1e-15)


def test_the_naive_posterior_counts_votes(random_votes):
    votes, _ = random_votes(skill=0.3)
    posterior = naive_posterior(Pairs(votes))
    np.testing.assert_allclose(posterior.soft(posterior.labels(0)), normalise(counts.sum_votes(votes)))
    np.testing.assert_allclose(posterior.class_totals(), normalise(counts.sum_votes(votes)).sum(axis=0))


def test_an_unvoted_class_wins_where_the_voters_are_known_to_err():
    votes = Votes([0, 0, 1], [0, 1, 0], [0, 0, 1], 2, 2, 2)
    posterior, _ = posterior_of_coins(Pairs(votes), np.log([0.1] * 3), np.log([0.9] * 3), np.full(2, 0.5))
    assert posterior.labels(0).tolist() == [1, 0]


def test_a_class_of_no_prevalence_does_not_win_where_all_the_others_were_voted():
    """1 - sum of the prevalences voted is a rounding error here, and may not be taken for a class."""
    votes = Votes([0, 0, 0], [0, 1, 2], [0, 1, 2], 1, 3, 3)
    prevalence = np.array([0.1, 0.2, 0.7])
    posterior, _ = posterior_of_coins(Pairs(votes), np.full(3, np.log(1e-30)), np.zeros(3), prevalence)
    np.testing.assert_allclose(posterior.soft(posterior.labels(0)), [prevalence], atol=1e-12)


def test_nothing_underflows():
    """A million votes on a task."""
    label = np.r_[np.zeros(500_001, int), np.ones(499_999, int)]
    votes = Votes(np.zeros(10**6, int), np.arange(10**6), label, 1, 10**6, 3)
    posterior, log_likelihood = posterior_of_coins(
        Pairs(votes), np.full(10**6, np.log(0.5)), np.full(10**6, np.log(0.25)), np.full(3, 1 / 3)
    )
    np.testing.assert_allclose(posterior.soft(posterior.labels(0)), [[0.8, 0.2, 0]], atol=1e-6)
    assert np.isfinite(log_likelihood)


def chi_square(labels, classes):
    counts = np.bincount(labels, minlength=classes[-1] + 1)
    assert counts[classes].sum() == len(labels)
    expected = len(labels) / len(classes)
    return ((counts[classes] - expected) ** 2 / expected).sum()


@pytest.mark.parametrize(
    ("given_labels", "score", "winners"),
    [
        ([1, 2, 3], 1.0, [1, 2, 3]),  # voted classes tie
        ([1, 2], -1.0, [0, 3, 4]),  # all classes that were not voted tie
        ([1, 2], 0.0, [0, 1, 2, 3, 4]),  # both kinds tie
        ([0, 1, 2, 3, 4], -1.0, [0, 1, 2, 3, 4]),
    ],
)
def test_ties_are_broken_uniformly(given_labels, score, winners):
    n = len(given_labels)
    votes = Votes(np.repeat(np.arange(3000), n), np.tile(np.arange(n), 3000), given_labels * 3000, 3000, n, 5)
    labels = weighted_vote(Pairs(votes), np.full(votes.n_worker, score)).labels(1)
    assert chi_square(labels, winners) < 18.5  # exceeded once in a thousand by fair draws of five


def test_a_tie_of_unvoted_classes_is_between_the_most_prevalent():
    votes = Votes(np.repeat(np.arange(2000), 2), np.tile([0, 1], 2000), np.tile([0, 2], 2000), 2000, 2, 6)
    prevalence = np.array([0.3, 0.2, 0.1, 0.2, 0.1, 0.1])
    scores = Scores(Pairs(votes), np.full(4000, 1e-3), np.ones(2000), prevalence)
    assert chi_square(scores.labels(0), [1, 3]) < 10.8  # class 0 was voted
    prevalence = np.array([0.2, 0.2, 0.1, 0.2, 0.2, 0.1])
    scores = Scores(Pairs(votes), np.full(4000, 1e-3), np.ones(2000), prevalence)
    assert chi_square(scores.labels(0), [1, 3, 4]) < 13.8


def test_a_tie_is_broken_alike_each_time():
    votes = Votes(np.repeat(np.arange(500), 2), np.tile([0, 1], 500), np.tile([0, 1], 500), 500, 2, 3)
    pairs = Pairs(votes)
    first = np.ones(1000)
    first[:100] = -1  # the first fifty tasks go to the class that nobody voted for
    uniform = np.full(3, 1 / 3)
    labels = Scores(pairs, first, np.zeros(500), uniform).labels(7)
    assert (labels[:50] == 2).all()
    np.testing.assert_array_equal(labels[50:], weighted_vote(pairs, np.ones(2)).labels(7)[50:])
