"""VI-BP against every assignment of classes, a loop over the edges, its bounds, KOS, and crowds it cannot take."""

from itertools import product

import numpy as np
import pytest
from scipy.special import betaln, expit, logsumexp

from benchmark_utils.crowds.simulated.confusions import ask
from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.strategies.vi_bp import VIBP, count_nodes, group_workers, quadrature
from benchmark_utils.votes import Votes, VotesError

# A crowd without a cycle: tasks 0 to 5, and workers who have at most one task in common.
TREE = Votes([0, 1, 2, 2, 3, 4, 4, 5, 0], [0, 0, 0, 1, 1, 1, 2, 2, 3], [1, 1, 0, 0, 1, 1, 0, 1, 0], 6, 4, 2)


def enumerate_classes(votes, right, wrong, known=None):
    """Posterior of class 1, log evidence and mean accuracies, as sums over all assignments of classes."""
    every = np.array(list(product([0, 1], repeat=votes.n_task)))
    if known is not None:
        every = every[((known < 0) | (every == known)).all(axis=1)]
    n = votes.votes_per_worker
    c = np.array([np.bincount(votes.worker, z[votes.task] == votes.label, votes.n_worker) for z in every])
    log_joint = (betaln(right + c, wrong + n - c) - betaln(right, wrong)).sum(axis=1) - votes.n_task * np.log(2)
    weight = np.exp(log_joint - logsumexp(log_joint))
    return weight @ every, logsumexp(log_joint), weight @ ((right + c) / (right + wrong + n))


@pytest.mark.parametrize("prior", [(2.0, 1.0), (1.0, 1.0), (5.5, 0.7)])
@pytest.mark.parametrize("known", [None, np.array([-1, -1, 1, -1, 0, -1])])
def test_it_is_exact_without_cycles(prior, known):
    result = VIBP(*prior).fit(TREE, tol=1e-14, known=known)
    posterior, log_evidence, accuracy = enumerate_classes(TREE, *prior, known)
    assert 2 < result.n_iter < 20
    np.testing.assert_allclose(result.soft[:, 1], posterior, rtol=1e-10)
    np.testing.assert_allclose(result.history[-1], log_evidence, rtol=1e-12)
    np.testing.assert_allclose(result.worker_score, accuracy, rtol=1e-10)


def loop(votes, right, wrong, n_iter):
    """The messages as the paper defines them: a worker's is a sum over the classes of all their other tasks."""
    edges = list(zip(votes.task, votes.worker, 2 * votes.label - 1, strict=True))
    y = np.ones(len(edges))
    for _ in range(n_iter):
        x = [
            sum(b * y[f] for f, (k, _, b) in enumerate(edges) if k == i and f != e) for e, (i, _, _) in enumerate(edges)
        ]
        y = np.array([message(edges, x, e, right, wrong) for e in range(len(edges))])
    return y


def message(edges, x, edge, right, wrong):
    odds = [a * x[f] for f, (_, worker, a) in enumerate(edges) if worker == edges[edge][1] and f != edge]
    sums = [[], []]
    for is_right in product([0, 1], repeat=len(odds)):
        probability = sum(np.log(expit(o if r else -o)) for r, o in zip(is_right, odds, strict=True))
        for own in (0, 1):
            c, n = own + sum(is_right), 1 + len(odds)
            sums[own].append(probability + betaln(right + c, wrong + n - c))
    return logsumexp(sums[1]) - logsumexp(sums[0])


@pytest.mark.parametrize("seed", range(3))
def test_against_a_loop_over_the_edges(seed, random_votes):
    votes, _ = random_votes(seed, n_task=12, n_worker=6, n_class=2, per_task=3, skill=0.5)
    for n_iter in (1, 3):
        result = VIBP().fit(votes, n_iter=n_iter, tol=-1)
        np.testing.assert_allclose(result.parameters["message"], loop(votes, 2.0, 1.0, n_iter), rtol=1e-9)


def test_a_message_is_bounded_by_the_prior(random_votes):
    votes, _ = random_votes(n_task=300, n_worker=5, n_class=2, per_task=4, skill=0.95)
    n = votes.votes_per_worker[votes.worker]
    y = VIBP(2.0, 1.0).fit(votes, n_iter=30, tol=-1).parameters["message"]
    assert (y <= np.log((n - 1 + 2) / 1) + 1e-9).all()
    assert (y >= np.log(2 / (n - 1 + 1)) - 1e-9).all()
    assert y.max() > np.log(20)


def test_with_a_prior_at_both_ends_the_messages_are_those_of_kos(random_votes):
    """Beta(e, e), e near 0: a worker is always right or always wrong, and y is a sum, as in KOS but for its scale."""
    votes, _ = random_votes(n_task=12, n_worker=6, n_class=2, per_task=2)
    answer, y = 2 * votes.label - 1, np.ones(votes.n_votes)
    for n_iter in (1, 2, 3):
        x = np.bincount(votes.task, answer * y, votes.n_task)[votes.task] - answer * y
        y = np.bincount(votes.worker, answer * x, votes.n_worker)[votes.worker] - answer * x
        result = VIBP(1e-12, 1e-12).fit(votes, n_iter=n_iter, tol=-1)
        assert 1 < np.abs(y).max() < 20  # beyond log 1e12 the prior's middle counts again
        np.testing.assert_allclose(result.parameters["message"], y, atol=1e-3)


def test_many_votes_of_a_worker_need_few_nodes():
    """4 sqrt(n) nodes give what half the degree gives, which is exact, for sharp and for divided opinions."""
    n, rng = 2000, np.random.default_rng(0)
    votes = Votes(np.arange(n), np.zeros(n, int), np.ones(n, int), n, 1, 2)
    (few,) = group_workers(votes, 2.0, 1.0)
    assert len(few.q) == 256
    assert count_nodes(n) < 256
    q, p, log_weight = quadrature(n // 2 + 1, 2.0, 1.0)
    exact = few._replace(q=q, p=p, log_weight=log_weight)
    for odds in (rng.normal(0, 2, n), np.where(rng.random(n) < 0.5, 20.0, -20.0), np.full(n, 30.0)):
        for one, other in zip(few.answer(odds), exact.answer(odds), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_a_lone_vote_of_a_worker_says_what_the_prior_says():
    votes = Votes([0, 0, 1], [0, 1, 2], [1, 1, 0], 2, 3, 2)
    result = VIBP(3.0, 1.0).fit(votes)
    np.testing.assert_allclose(result.parameters["message"], np.log(3))
    np.testing.assert_allclose(result.soft, [[1 / 10, 9 / 10], [3 / 4, 1 / 4]])


def test_it_starts_from_the_majority_and_leaves_spammers_behind():
    rng = np.random.default_rng(0)
    right = np.repeat([0.95, 0.5], [5, 15])[:, None, None]
    crowd = ask(rng, rng.integers(2, size=400), np.where(np.eye(2, dtype=bool), right, 1 - right), 5)
    start, end, majority = (
        s.fit(crowd.votes, **n) for s, n in [(VIBP(), {"n_iter": 0}), (VIBP(), {}), (MajorityVote(), {})]
    )
    np.testing.assert_array_equal(start.labels, majority.labels)
    assert (end.labels == crowd.truth).mean() > (start.labels == crowd.truth).mean() + 0.05
    assert end.worker_score[:5].min() > end.worker_score[5:].max()


def test_messages_that_do_not_stand_still_end_after_a_hundred_iterations(random_votes):
    votes, _ = random_votes(n_class=2)
    result = VIBP().fit(votes, tol=-1)
    assert (result.n_iter, result.converged) == (100, True)


def test_more_than_two_classes_are_refused(random_votes):
    votes, _ = random_votes(n_class=3)
    with pytest.raises(VotesError, match="two classes and these votes have 3"):
        VIBP().fit(votes)


def test_known_tasks_keep_their_truth(random_votes):
    votes, truth = random_votes(n_task=80, n_class=2, skill=0.3)
    known = np.where(np.arange(80) < 40, truth, -1)
    result, without = VIBP().fit(votes, known=known), VIBP().fit(votes)
    np.testing.assert_array_equal(result.labels[:40], truth[:40])
    assert (result.soft[40:] != without.soft[40:]).any()
