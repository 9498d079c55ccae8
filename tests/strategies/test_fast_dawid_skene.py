"""FDS against a dense program, and what its hybrid form does when."""

import numpy as np
import pytest

from benchmark_utils.scoring import against_truth
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.fast_dawid_skene import FastDawidSkene
from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.votes import Votes


def naive(votes, labels, n_iter):
    """Hard EM from labels, in logs of counts."""
    likelihoods = []
    for _ in range(n_iter):
        count = np.zeros((votes.n_worker, votes.n_class, votes.n_class))
        np.add.at(count, (votes.worker, labels[votes.task], votes.label), 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_confusion = np.nan_to_num(np.log(count / count.sum(axis=2, keepdims=True)), nan=-np.inf, neginf=-np.inf)
            log_joint = np.tile(np.log(np.bincount(labels, minlength=votes.n_class) / votes.n_task), (votes.n_task, 1))
        for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
            log_joint[i] += log_confusion[j, :, k]
        likelihoods.append(log_joint.max(axis=1).sum())
        labels = log_joint.argmax(axis=1)
    return labels, likelihoods


@pytest.mark.parametrize("n_iter", [1, 3, 10])
@pytest.mark.parametrize("skill", [0.4, 0.7])
def test_it_is_the_dense_program(random_votes, skill, n_iter):
    votes, _ = random_votes(n_task=200, n_class=3, per_task=8, skill=skill)
    labels, likelihoods = naive(votes, MajorityVote().fit(votes, seed=5).labels, n_iter)
    result = FastDawidSkene().fit(votes, n_iter=n_iter, tol=-1, seed=5)
    np.testing.assert_array_equal(result.labels, labels)
    np.testing.assert_allclose(result.history, likelihoods)


def test_it_starts_at_the_majority_and_its_hybrid_at_naive_soft_labels(random_votes):
    votes, _ = random_votes(skill=0.3)
    majority = MajorityVote().fit(votes, seed=2).labels
    np.testing.assert_array_equal(FastDawidSkene().fit(votes, n_iter=0, seed=2).labels, majority)
    soft, hybrid = DawidSkene().fit(votes, n_iter=4, tol=-1), FastDawidSkene(hybrid=True, threshold=0)
    np.testing.assert_array_equal(hybrid.fit(votes, n_iter=4, tol=-1).soft, soft.soft)  # never turns hard


def test_the_hybrid_turns_hard_once_the_prevalence_stands_still(random_votes):
    votes, _ = random_votes(1, n_task=200, n_class=3, per_task=6, skill=0.3)
    rho = [DawidSkene().fit(votes, n_iter=n, tol=-1).parameters["prevalence"] for n in range(60)]
    change = np.abs(np.diff(rho, axis=0)).max(axis=1)
    threshold = change[1:4].min()
    n_soft = 1 + np.flatnonzero(change < threshold)[0]
    assert n_soft > 2
    soft = DawidSkene().fit(votes, n_iter=n_soft, tol=-1)
    hybrid = FastDawidSkene(hybrid=True, threshold=threshold)
    turned = hybrid.fit(votes, n_iter=n_soft, tol=-1)
    np.testing.assert_array_equal(turned.soft, soft.soft)
    # the first hard E-step still uses rho and pi of the soft labels; from its labels on all is hard
    first_hard = hybrid.fit(votes, n_iter=n_soft + 1, tol=-1)
    np.testing.assert_array_equal(first_hard.soft, DawidSkene().fit(votes, n_iter=n_soft + 1, tol=-1).soft)
    labels, likelihoods = naive(votes, first_hard.labels, 5)
    result = hybrid.fit(votes, n_iter=n_soft + 6, tol=-1)
    np.testing.assert_array_equal(result.labels, labels)
    np.testing.assert_allclose(result.history[-5:], likelihoods)
    assert hybrid.fit(votes).converged
    assert np.diff(hybrid.fit(votes).history[n_soft:]).min() >= 0


def test_it_stops_when_the_labels_stand_still(random_votes):
    votes, _ = random_votes(n_task=200, skill=0.3)
    result = FastDawidSkene().fit(votes)
    before, earlier = (FastDawidSkene().fit(votes, n_iter=result.n_iter - n).labels for n in (1, 2))
    np.testing.assert_array_equal(result.labels, before)
    assert (before != earlier).any()


def test_a_task_without_votes_stays_out():
    votes = Votes([0, 0, 2], [0, 1, 0], [1, 1, 0], 4, 2, 2)
    for support in ("full", "voted"):
        result = FastDawidSkene(support=support).fit(votes)
        assert result.labels.tolist() == [1, -1, 0, -1]
        np.testing.assert_allclose(result.parameters["prevalence"], [0.5, 0.5])


@pytest.mark.parametrize("dataset", ["music", "web"])
def test_fds_is_faster_than_ds_and_its_hybrid_hardly_worse(load_data, dataset):
    data = load_data("local", path=dataset) if dataset == "web" else load_data(dataset)
    ds = DawidSkene().fit(data["votes"])
    for hybrid in (False, True):
        fds = FastDawidSkene(hybrid=hybrid).fit(data["votes"])
        assert fds.converged
        assert fds.n_iter < ds.n_iter
    assert against_truth.accuracy(fds.labels, data["truth"]) >= against_truth.accuracy(ds.labels, data["truth"]) - 0.02
