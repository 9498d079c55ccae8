"""CBCC: its bound, its softmax, one community against iBCC, and communities that are there."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import digamma

from benchmark_utils.strategies.cbcc import CBCC
from benchmark_utils.strategies.conformance import PROPERTIES, try_property
from benchmark_utils.strategies.ibcc import IBCC
from benchmark_utils.strategies.steps.logistic_normal import Scores, climb, expected_log, prior_scores
from benchmark_utils.votes import Votes


def row_bound(mean, log_variance, tilt, count, center, precision):
    """The bound of one row, written out: expected log-likelihood less the divergence from the prior."""
    variance = np.exp(log_variance)
    log_total = np.log(np.exp(mean + (0.5 - tilt) * variance).sum()) + (tilt**2 * variance).sum() / 2
    spent = 0.5 * (precision * (variance + (mean - center) ** 2) - 1 - np.log(precision * variance)).sum()
    return count @ mean - count.sum() * log_total - spent


def best_row(count, center, precision):
    """E log softmax of the row whose bound a general optimiser finds highest."""
    n_class = len(count)

    def split(x):
        odds = np.exp(x[2 * n_class :] - x[2 * n_class :].max())
        return x[:n_class], x[n_class : 2 * n_class], odds / odds.sum()

    start = np.concatenate([center, np.full(n_class, -np.log(precision)), center])
    x = minimize(lambda x: -row_bound(*split(x), count, center, precision), start, tol=1e-12).x
    mean, log_variance, tilt = split(x)
    zero = np.zeros(n_class)
    log_total = -row_bound(zero + mean, log_variance, tilt, np.eye(n_class)[0], mean, 1.0) + mean[0]
    spent = 0.5 * (np.exp(log_variance) - 1 - log_variance).sum()
    return mean - (log_total - spent)


def test_expected_log_is_a_close_lower_bound():
    rng = np.random.default_rng(0)
    mean, log_variance = rng.normal(size=(3, 1)), np.log(rng.uniform(0.1, 1, (3, 1)))
    q = Scores(mean, log_variance, np.full((3, 1), 1 / 3))
    for _ in range(50):  # the tilt alone moves
        q = q._replace(tilt=np.exp(mean + (0.5 - q.tilt) * q.variance))
        q = q._replace(tilt=q.tilt / q.tilt.sum())
    draws = mean.T + np.exp(log_variance / 2).T * rng.normal(size=(400_000, 3))
    exact = (draws - np.log(np.exp(draws).sum(axis=1, keepdims=True))).mean(axis=0)
    gap, without_tilt = exact - expected_log(q)[:, 0], exact - expected_log(q._replace(tilt=0 * q.tilt))[:, 0]
    assert (gap > -0.003).all()  # three standard errors of the draws
    assert (gap < without_tilt / 2).all()


def test_steps_uphill_reach_what_a_general_optimiser_finds():
    rng = np.random.default_rng(1)
    count, center = rng.integers(0, 12, (3, 2)).astype(float), rng.normal(size=(3, 2))
    q = prior_scores(center, 5.0, (3, 2))
    for _ in range(200):
        q = climb(q, count, center, 5.0)
    for column in range(2):
        expected = best_row(count[:, column], center[:, column], 5.0)
        np.testing.assert_allclose(expected_log(q)[:, column], expected, atol=1e-4)


@pytest.mark.parametrize("communities", [1, 2, 4])
@pytest.mark.parametrize("skill", [0.2, 0.5, 0.9])
def test_the_bound_never_falls(communities, skill, random_votes):
    for seed in range(3):
        votes, truth = random_votes(seed, skill=skill)
        known = np.where(np.arange(votes.n_task) < 5, truth, -1) if seed == 2 else None
        history = CBCC(communities=communities).fit(votes, n_iter=60, tol=-1, known=known).history
        assert np.diff(history).min() >= -1e-9 * abs(history[0])
        assert history[-1] > history[0]


@pytest.mark.parametrize("name", ["bluebirds", "dog"])
def test_the_bound_never_falls_on_real_crowds(name, load_data):
    data = load_data(name) if name == "bluebirds" else load_data("local", path=name)
    history = CBCC(communities=3).fit(data["votes"], n_iter=60, tol=-1).history
    assert np.diff(history).min() >= -1e-9 * abs(history[0])


def test_one_community_is_ibcc_up_to_its_prior(random_votes):
    """iBCC vote by vote, each row's Dirichlet replaced by a Gaussian around the scores of the one community."""
    votes, _ = random_votes(n_task=25, n_worker=5, n_class=3, per_task=4, skill=0.6)
    result = CBCC(communities=1).fit(votes, n_iter=3000, tol=1e-12)
    center = np.log(result.parameters["community_confusion"][0])  # scores but for a constant, which centering removes
    count = np.zeros((votes.n_worker, 3, 3))
    for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
        count[j, :, k] += result.soft[i]
    log_pi = np.array([[best_row(count[j, c], center[c], 5.0) for c in range(3)] for j in range(votes.n_worker)])
    nu = 1 + result.soft.sum(axis=0)
    log_joint = np.tile(digamma(nu) - digamma(nu.sum()), (votes.n_task, 1))
    for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
        log_joint[i] += log_pi[j, :, k]
    expected = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
    np.testing.assert_allclose(result.soft, expected / expected.sum(axis=1, keepdims=True), atol=2e-3)


def test_one_community_gives_the_labels_of_ibcc_where_votes_outweigh_priors(random_votes):
    votes, _ = random_votes(n_task=2000, n_worker=8, n_class=3, per_task=6, skill=0.6)
    one, ibcc = CBCC(communities=1).fit(votes), IBCC().fit(votes)
    assert (one.labels == ibcc.labels).mean() > 0.995
    np.testing.assert_allclose(one.parameters["confusion"], ibcc.parameters["confusion"], atol=0.02)


def test_communities_that_are_there_are_found():
    rng = np.random.default_rng(0)
    truth, kind = rng.integers(3, size=300), np.repeat([0, 1], [14, 6])
    matrices = np.array([0.8 * np.eye(3) + 0.2 / 3, np.tile([0.8, 0.1, 0.1], (3, 1))])  # good, and biased to class 0
    answers = np.array([[rng.choice(3, p=matrices[c][z]) for c in kind] for z in truth])
    result = CBCC(communities=2).fit(Votes.from_matrix(answers, n_class=3))
    found = result.parameters["community"].argmax(axis=1)
    assert len(set(found[kind == 0])) == len(set(found[kind == 1])) == 1
    assert found[0] != found[-1]
    by_kind = result.parameters["community_confusion"][[found[0], found[-1]]]
    np.testing.assert_allclose(by_kind, matrices, atol=0.05)
    assert (result.labels == truth).mean() > 0.97
    assert result.worker_score[kind == 1].max() < result.worker_score[kind == 0].min()


def test_the_number_of_communities_has_the_highest_bound():
    """Workers of two kinds are two communities, and workers who are all alike are one."""
    rng = np.random.default_rng(0)
    truth, kind = rng.integers(3, size=300), np.repeat([0, 1], [14, 6])
    matrices = np.array([0.8 * np.eye(3) + 0.2 / 3, np.tile([0.8, 0.1, 0.1], (3, 1))])
    for kinds, expected in [(kind, 2), (np.zeros(20, int), 1)]:
        answers = np.array([[rng.choice(3, p=matrices[c][z]) for c in kinds] for z in truth])
        votes = Votes.from_matrix(answers, n_class=3)
        result = CBCC().fit(votes)
        assert result.parameters["community"].shape[1] == expected
        alone = [CBCC(communities=m).fit(votes) for m in range(1, expected + 2)]
        np.testing.assert_array_equal(result.parameters["bounds"], [end.history[-1] for end in alone])
        assert np.argmax(result.parameters["bounds"]) == expected - 1 == len(result.parameters["bounds"]) - 2
        np.testing.assert_array_equal(result.soft, alone[expected - 1].soft)
        assert result.history[-1] == alone[expected - 1].history[-1]
        assert result.n_iter == max(end.n_iter for end in alone)


@pytest.mark.parametrize("name", ["no_loop_in_python", "time_follows_votes"])
def test_with_a_given_number_of_communities_its_cost_follows_the_votes(name):
    (promised,) = [one for one in PROPERTIES if one.name == name]
    found = try_property(CBCC(communities=3), promised)
    assert found.outcome == "passed", found.seen


def test_known_tasks_keep_their_truth(random_votes):
    votes, truth = random_votes(n_task=80, skill=0.3)
    known = np.where(np.arange(80) < 40, truth, -1)
    result, without = CBCC().fit(votes, known=known), CBCC().fit(votes)
    np.testing.assert_array_equal(result.labels[:40], truth[:40])
    np.testing.assert_array_equal(result.soft[np.arange(40), truth[:40]], 1)
    assert (result.soft[40:] != without.soft[40:]).any()
