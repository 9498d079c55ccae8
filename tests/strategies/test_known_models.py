"""Known truths in the models of confusion matrices and of one coin: against naive programs and the survey's figures."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.ebcc import EBCC
from benchmark_utils.strategies.fast_dawid_skene import FastDawidSkene
from benchmark_utils.strategies.ibcc import IBCC
from benchmark_utils.strategies.one_coin import OneCoinDawidSkene
from benchmark_utils.strategies.weighted_dawid_skene import WeightedDawidSkene
from benchmark_utils.votes import Votes
from tests.strategies.literature_crowds import accuracy

STRATEGIES = {
    "DS": DawidSkene(),
    "DS-smooth": DawidSkene(smoothing=0.1),
    "DS-voted": DawidSkene(support="voted"),
    "DS-voted-smooth": DawidSkene(support="voted", smoothing=0.1),
    "DS-spectral": DawidSkene(start="spectral"),
    "FDS": FastDawidSkene(),
    "FDS-voted": FastDawidSkene(support="voted"),
    "FDS-hybrid": FastDawidSkene(hybrid=True),
    "WDS": WeightedDawidSkene(),
    "WDS-voted": WeightedDawidSkene(support="voted"),
    "OneCoinDS": OneCoinDawidSkene(),
    "OneCoinDS-uniform": OneCoinDawidSkene(prevalence="uniform"),
    "iBCC": IBCC(),
    "EBCC": EBCC(groups=3, restarts=4),
}
each = pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)


def dense(soft):
    return soft.toarray() if sparse.issparse(soft) else soft


def crowd(random_votes, n_task=60, n_class=9, per_task=3, skill=0.7):
    """Votes and known classes: every other task is known, its class often unvoted, and two tasks have no votes."""
    votes, _ = random_votes(n_task=n_task, n_class=n_class, per_task=per_task, skill=skill)
    votes = Votes(votes.task, votes.worker, votes.label, n_task + 2, votes.n_worker, n_class)
    task = np.arange(n_task + 2)
    return votes, np.where(task % 2 == 0, task % n_class, -1)


@each
def test_known_tasks_keep_their_class_and_unknown_ones_without_votes_have_none(strategy, random_votes):
    votes, known = crowd(random_votes)
    for n_iter in (0, 5, 1000):
        result = strategy.fit(votes, known=known, n_iter=n_iter)
        is_known = known >= 0
        np.testing.assert_array_equal(result.labels[is_known], known[is_known])
        np.testing.assert_array_equal(dense(result.soft)[is_known], np.eye(9)[known[is_known]])
        assert result.labels[61] == -1
        assert not dense(result.soft)[61].any()


@each
def test_the_objective_still_never_decreases(strategy, random_votes):
    votes, known = crowd(random_votes, n_class=4, skill=0.4)
    history = strategy.fit(votes, known=known, n_iter=60, tol=-1).history
    assert np.diff(history).min() >= -1e-9 * abs(history[0])


@each
def test_a_known_task_without_votes_counts_for_the_prevalence(strategy, random_votes):
    votes, truth = random_votes()
    votes = Votes(votes.task, votes.worker, votes.label, 160, votes.n_worker, 4)
    known = np.where(np.arange(160) < 60, -1, 2)
    result, without = strategy.fit(votes, known=known), strategy.fit(votes)
    prevalence = result.parameters["prevalence"]
    if getattr(strategy, "prevalence", "") == "uniform":
        np.testing.assert_array_equal(prevalence, np.full(4, 0.25))
        assert result.history == pytest.approx(np.array(without.history) - 100 * np.log(4))
    else:
        assert prevalence[2] > 0.65
        assert without.parameters["prevalence"][2] < 0.4
    assert np.mean(result.labels[:60] == truth) > 0.8


def counted(votes, truth):
    """The share of each worker's answers to the tasks of each class, and of each class, a vote at a time."""
    count = np.zeros((votes.n_worker, votes.n_class, votes.n_class))
    for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
        count[j, truth[i], k] += 1
    return count, np.bincount(truth, minlength=votes.n_class)


@each
def test_all_truths_known_the_parameters_are_counted(strategy, random_votes):
    votes, truth = random_votes(n_task=300, n_class=3, per_task=6)
    result = strategy.fit(votes, known=truth)
    np.testing.assert_array_equal(result.labels, truth)
    count, n_task = counted(votes, truth)
    right = np.einsum("jkk->j", count) / votes.votes_per_worker
    parameters = result.parameters
    if isinstance(strategy, OneCoinDawidSkene):
        np.testing.assert_allclose(parameters["accuracy"], right, rtol=1e-12)
        expected = n_task / 300 if strategy.prevalence == "estimated" else np.full(3, 1 / 3)
        np.testing.assert_allclose(parameters["prevalence"], expected, rtol=1e-12)
        return
    prior = np.where(np.eye(3), 4, 1) if isinstance(strategy, IBCC) else getattr(strategy, "smoothing", 0)
    alpha = {IBCC: 1, EBCC: n_task}.get(type(strategy), 0)
    np.testing.assert_allclose(parameters["prevalence"], (n_task + alpha) / np.sum(n_task + alpha), rtol=1e-12)
    confusion = count + prior
    confusion /= confusion.sum(axis=2, keepdims=True)
    if "triple_confusion" in parameters:
        triples = parameters["worker"], parameters["true_class"], parameters["voted_class"]
        np.testing.assert_allclose(parameters["triple_confusion"], confusion[triples], rtol=1e-12)
        assert len(triples[0]) == np.count_nonzero(count)
    elif "confusion" in parameters:
        np.testing.assert_allclose(parameters["confusion"], confusion, rtol=1e-12)
    else:  # EBCC splits a class over its subtypes
        assert np.corrcoef(result.worker_score, right)[0, 1] > 0.98


def naive_dawid_skene(votes, known, n_iter, confined, one_coin=False):
    """EM in probabilities, a vote at a time; `confined` to the classes voted for; returns T and log-likelihoods."""
    shape = votes.n_task, votes.n_class
    given = np.zeros(shape)
    np.add.at(given, (votes.task, votes.label), 1)
    has_class = (given.sum(axis=1) > 0) | (known >= 0)
    certain = np.where((known >= 0)[:, None], known[:, None] == np.arange(votes.n_class), 1.0)
    posterior = np.divide(
        given, given.sum(axis=1, keepdims=True), where=given.sum(axis=1, keepdims=True) > 0, out=given
    )
    posterior[known >= 0] = certain[known >= 0]
    possible = certain * np.where((known >= 0)[:, None], 1, posterior > 0) if confined else certain
    likelihoods = []
    for _ in range(n_iter):
        count = np.zeros((votes.n_worker, votes.n_class, votes.n_class))
        for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
            count[j, :, k] += posterior[i]
        if one_coin:
            right = np.einsum("jkk->j", count) / count.sum(axis=(1, 2))
            wrong = (1 - right) / (votes.n_class - 1)
            pi = np.where(np.eye(votes.n_class), right[:, None, None], wrong[:, None, None])
        else:
            pi = count / np.maximum(count.sum(axis=2, keepdims=True), 1e-300)
        joint = posterior.sum(axis=0) / posterior.sum() * possible
        for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
            joint[i] *= pi[j, :, k]
        likelihoods.append(np.log(joint.sum(axis=1)[has_class]).sum())
        posterior = has_class[:, None] * joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300)
    return posterior, likelihoods


@pytest.mark.parametrize("n_class", [2, 9])
@pytest.mark.parametrize("name", ["DS", "DS-voted", "OneCoinDS"])
def test_it_is_the_naive_program(name, n_class, random_votes):
    votes, known = crowd(random_votes, n_class=n_class, per_task=5)
    posterior, likelihoods = naive_dawid_skene(votes, known, 12, name == "DS-voted", name == "OneCoinDS")
    result = STRATEGIES[name].fit(votes, known=known, n_iter=12, tol=-1)
    np.testing.assert_allclose(dense(result.soft), posterior, atol=1e-9)
    np.testing.assert_allclose(result.history, likelihoods, rtol=1e-12)


@each
def test_workers_who_are_wrong_alike_are_found_out(strategy, random_votes):
    """Three workers are always wrong, and alike; two are right: without known tasks the three are believed."""
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=200)
    matrix = np.column_stack([1 - truth] * 3 + [truth] * 2)
    matrix[rng.random((200, 5)) < 0.1] = -1
    known = np.where(np.arange(200) < 120, truth, -1)
    votes = Votes.from_matrix(matrix, n_class=2)
    asked = votes.has_vote & (known < 0)
    result = strategy.fit(votes, known=known)
    assert result.worker_score[3:].min() > result.worker_score[:3].max()
    if isinstance(strategy, WeightedDawidSkene):  # whose votes for an answer cannot speak against it
        asked &= (matrix[:, 3:] >= 0).any(axis=1)
    assert np.mean((result.labels == truth)[asked]) > 0.95


# the survey's D&S: accuracy on the other tasks where 10, ..., 50 % of the truths are known, and the number of draws
SURVEY = pd.DataFrame(
    {
        "bluebirds": [0.8882, 0.8897, 0.8903, 0.8923, 0.8883],
        "dog": [0.8429, 0.8437, 0.8442, 0.8463, 0.8475],
        "face": [0.6553, 0.6626, 0.6650, 0.6668, 0.6693],
        "cf_amt": [0.8596, 0.8592, 0.8586, 0.8594, 0.8573],
    },
    index=[0.1, 0.2, 0.3, 0.4, 0.5],
)
SURVEY_DRAWS = {"cf_amt": 10}


class FromEqualWorkers(DawidSkene):
    """From workers who are all right with probability 0.7, as the survey's program, which makes 20 E-steps."""

    def start_of(self, model, votes, start=None):
        confusion = np.where(np.eye(votes.n_class), 0.7, 0.3 / (votes.n_class - 1))
        uniform = np.full(votes.n_class, 1 / votes.n_class)
        return model.expect((np.log(np.tile(confusion, (votes.n_worker, 1))), np.log(uniform)))[0], ""


@pytest.mark.parametrize("crowd", SURVEY)
def test_accuracy_by_share_of_known_truth_is_the_surveys(literature, crowd):
    """Within three standard errors of the difference of two means of draws.

    From its start: from the majority, EM ends elsewhere, two points lower on cf_amt whatever the share.
    """
    data, n_draw = literature(crowd), 20
    for share, figure in SURVEY[crowd].items():
        found = []
        for seed in range(n_draw):
            drawn = np.random.default_rng(seed).permutation(len(data.truth)) < round(share * len(data.truth))
            known = np.where(drawn, data.truth, -1)
            labels = FromEqualWorkers().fit(data.votes, n_iter=19, tol=-1, known=known).labels
            found.append(accuracy(labels, data, of=~drawn))
        error = np.std(found, ddof=1) * np.sqrt(1 / n_draw + 1 / SURVEY_DRAWS.get(crowd, 100))
        assert abs(np.mean(found) - figure) <= 3 * error, (share, np.mean(found), error)
