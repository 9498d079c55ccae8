"""Soft labels as sparse arrays: when, and that they say what the dense ones say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from benchmark_utils.strategies.majority_vote import NaiveSoft
from benchmark_utils.votes import Votes, counts
from tests.strategies.ours import COINS_AND_VOTES, OURS

crowds = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=40)


def votes_of(crowd, n_task=6, n_worker=5, n_class=4):
    return Votes(*zip(*crowd, strict=True), n_task=n_task, n_worker=n_worker, n_class=n_class)


def without_ties(votes):
    """The votes of the tasks whose majority is clear."""
    count = np.sort(counts.sum_votes(votes), axis=1)
    clear = count[:, -1] > count[:, -2]
    keep = clear[votes.task]
    columns = votes.task[keep], votes.worker[keep], votes.label[keep]
    return Votes(*columns, votes.n_task, votes.n_worker, votes.n_class)


def test_soft_labels_are_sparse_where_hardly_any_entry_has_a_vote():
    """Two million entries: 40 for each vote are few zeros, and 200 are many."""
    n_vote, n_task = 50_000, 2_000
    rng = np.random.default_rng(0)
    votes = Votes(
        rng.integers(n_task, size=n_vote), np.arange(n_vote), rng.integers(9, size=n_vote), n_task, n_vote, 1000
    )
    assert isinstance(NaiveSoft().fit(votes).soft, np.ndarray)
    few = Votes(votes.task[::5], votes.worker[::5], votes.label[::5], n_task, n_vote, 1000)
    assert isinstance(NaiveSoft().fit(few).soft, sparse.csr_array)
    small = Votes([0, 1], [0, 0], [0, 1], 2, 1, 1000)
    assert isinstance(NaiveSoft().fit(small).soft, np.ndarray)


@given(crowds)
@settings(max_examples=50, deadline=None)
def test_sparse_and_dense_sums_agree(crowd):
    votes = votes_of(crowd)
    weight = 1 + votes.worker / 7
    sums = counts.sum_votes(votes), counts.sum_votes(votes, weight)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts, "DENSE_ENTRIES", 0)
        for total, given_weight in zip(sums, (None, weight), strict=True):
            np.testing.assert_allclose(counts.sum_votes(votes, given_weight).toarray(), total)


@pytest.mark.parametrize("name", ["MV", "NS", "WAWA", "TwoThird"])
def test_sparse_and_dense_results_agree_without_iterations(name, random_votes, monkeypatch):
    votes, _ = random_votes(n_task=300, n_worker=30, per_task=5, n_class=6, skill=0.4)
    votes = Votes(votes.task, votes.worker, votes.label, 305, 30, 6)  # five tasks without votes
    count = np.sort(counts.sum_votes(votes), axis=1)
    clear = count[:, -1] > count[:, -2]
    keep = clear[votes.task]  # ties fall otherwise: leave the tied tasks out
    votes = Votes(votes.task[keep], votes.worker[keep], votes.label[keep], 305, 30, 6)
    expected = OURS[name]().fit(votes)
    assert expected.soft is None or isinstance(expected.soft, np.ndarray)
    monkeypatch.setattr(counts, "DENSE_ENTRIES", 0)
    result = OURS[name]().fit(votes)
    np.testing.assert_array_equal(result.labels, expected.labels)
    if expected.soft is not None:
        assert isinstance(result.soft, sparse.csr_array)
        assert result.soft.nnz <= votes.n_votes
        np.testing.assert_allclose(result.soft.toarray(), expected.soft, atol=1e-12)


@pytest.mark.parametrize("name", COINS_AND_VOTES)
def test_sparse_and_dense_results_agree(name, random_votes, monkeypatch):
    strategy = OURS[name]()
    votes = without_ties(random_votes(n_task=200, n_worker=20, n_class=5, per_task=6, skill=0.4)[0])
    expected = strategy.fit(votes, n_iter=15)
    assert isinstance(expected.soft, np.ndarray)
    monkeypatch.setattr(counts, "DENSE_ENTRIES", 0)
    result = strategy.fit(votes, n_iter=15)
    np.testing.assert_array_equal(result.labels, expected.labels)
    np.testing.assert_allclose(result.history, expected.history)
    np.testing.assert_allclose(result.worker_score, expected.worker_score)
    if getattr(strategy, "support", "voted") == "voted":
        assert isinstance(result.soft, sparse.csr_array)
        assert result.soft.nnz <= votes.n_votes
        received = np.zeros((200, 5), dtype=bool)
        received[votes.task, votes.label] = True
        np.testing.assert_allclose(result.soft.toarray(), np.where(received, expected.soft, 0), atol=1e-12)
