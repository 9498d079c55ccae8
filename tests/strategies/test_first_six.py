"""MV, NS, WAWA, TwoThird, DS and WDS: by hand, against naive programs, properties, and published accuracies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from benchmark_utils.scoring import against_truth
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.majority_vote import MajorityVote, NaiveSoft
from benchmark_utils.strategies.two_third import TwoThird
from benchmark_utils.strategies.wawa import WAWA
from benchmark_utils.strategies.weighted_dawid_skene import WeightedDawidSkene
from benchmark_utils.votes import Votes, counts

SIX = {
    "MV": MajorityVote(),
    "NS": NaiveSoft(),
    "WAWA": WAWA(),
    "TwoThird": TwoThird(),
    "DS": DawidSkene(),
    "WDS": WeightedDawidSkene(),
}
each_of_six = pytest.mark.parametrize("strategy", SIX.values(), ids=SIX)

crowds = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=40)


def votes_of(crowd, n_task=6, n_worker=5, n_class=4):
    return Votes(*zip(*crowd, strict=True), n_task=n_task, n_worker=n_worker, n_class=n_class)


def dense(soft):
    return soft.toarray() if sparse.issparse(soft) else soft


def fit(strategy, votes, seed=0):
    """The strategy's result, after 5 iterations where it has any."""
    steps = dict(n_iter=5, tol=-1) if isinstance(strategy, DawidSkene) else {}
    return strategy.fit(votes, seed=seed, **steps)


def same_bits(a, b):
    np.testing.assert_array_equal(a.labels, b.labels)
    if a.soft is not None:
        np.testing.assert_array_equal(dense(a.soft), dense(b.soft))


# --- properties


@each_of_six
@given(crowds, st.randoms())
@settings(max_examples=25, deadline=None)
def test_the_order_and_the_repetition_of_votes_are_irrelevant(strategy, crowd, random):
    result = fit(strategy, votes_of(crowd))
    same_bits(result, fit(strategy, votes_of(random.sample(crowd, len(crowd)))))
    same_bits(result, fit(strategy, votes_of(crowd + crowd[: len(crowd) // 2])))


@each_of_six
@given(crowds, st.permutations(range(5)))
@settings(max_examples=25, deadline=None)
def test_renaming_workers_changes_nothing(strategy, crowd, name):
    result = fit(strategy, votes_of(crowd))
    renamed = fit(strategy, votes_of([(i, name[j], k) for i, j, k in crowd]))
    np.testing.assert_array_equal(renamed.labels, result.labels)
    if result.soft is not None:
        np.testing.assert_allclose(renamed.soft, result.soft, atol=1e-9)
    if result.worker_score is not None:
        np.testing.assert_allclose(renamed.worker_score[list(name)], result.worker_score, atol=1e-9)


@each_of_six
@given(crowds, st.permutations(range(4)))
@settings(max_examples=25, deadline=None)
def test_permuting_classes_permutes_the_results(strategy, crowd, name):
    if isinstance(strategy, WAWA):  # its weights hang on how ties of the majority fall: leave the tied tasks out
        count = counts.sum_votes(votes_of(crowd))
        clear = (count == count.max(axis=1, keepdims=True)).sum(axis=1) == 1
        crowd = [vote for vote in crowd if clear[vote[0]]]
        if not crowd:
            return
    votes = votes_of(crowd)
    result = fit(strategy, votes)
    permuted = fit(strategy, votes_of([(i, j, name[k]) for i, j, k in crowd]))
    soft = result.soft if result.soft is not None else counts.sum_votes(votes)
    if result.soft is not None:
        np.testing.assert_allclose(permuted.soft[:, list(name)], result.soft, atol=1e-9)
    top = np.sort(soft, axis=1)
    decided = (top[:, -1] - top[:, -2] > 1e-6) & (result.labels >= 0)
    np.testing.assert_array_equal(permuted.labels[decided], np.array(name)[result.labels[decided]])
    np.testing.assert_array_equal(permuted.labels >= 0, result.labels >= 0)


@each_of_six
@given(crowds)
@settings(max_examples=25, deadline=None)
def test_a_worker_and_a_task_without_votes_change_nothing(strategy, crowd):
    result = fit(strategy, votes_of(crowd))
    larger = fit(strategy, votes_of(crowd, n_task=8, n_worker=7))
    np.testing.assert_array_equal(larger.labels[:6], result.labels)
    assert larger.labels[6:].tolist() == [-1, -1]
    if result.soft is not None:
        np.testing.assert_allclose(larger.soft[:6], result.soft, atol=1e-12)
        assert not larger.soft[6:].any()


@each_of_six
@given(crowds)
@settings(max_examples=25, deadline=None)
def test_results_are_well_formed(strategy, crowd):
    votes = votes_of(crowd)
    voted = votes.votes_per_task > 0
    result = fit(strategy, votes)
    assert result.labels.dtype == np.int64
    assert (result.labels[~voted] == -1).all()
    if result.soft is None:
        return
    assert (result.soft >= 0).all()
    np.testing.assert_allclose(result.soft.sum(axis=1), voted)
    chosen = result.soft[np.arange(6), result.labels]
    np.testing.assert_allclose(chosen[voted], result.soft.max(axis=1)[voted])


@each_of_six
def test_one_class(strategy):
    result = strategy.fit(Votes([0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 0, 0], 2, 2, 1))
    assert result.labels.tolist() == [0, 0]
    assert result.converged


@each_of_six
def test_one_worker(strategy):
    result = strategy.fit(Votes([0, 1, 2], [0, 0, 0], [2, 0, 2], 3, 1, 3))
    expected = [-1, -1, -1] if isinstance(strategy, TwoThird) else [2, 0, 2]  # TwoThird wants two votes
    assert result.labels.tolist() == expected


@each_of_six
def test_one_task(strategy):
    result = strategy.fit(Votes([0, 0, 0], [0, 1, 2], [1, 1, 0], 1, 3, 2))
    assert result.labels.tolist() == [1]


@each_of_six
def test_the_seed_alone_decides(strategy, random_votes):
    votes, _ = random_votes(n_task=200, per_task=2, n_class=6, skill=0.2)
    same_bits(fit(strategy, votes, seed=3), fit(strategy, votes, seed=3))


# --- ties, sparse arrays


@pytest.mark.parametrize("limit", [counts.DENSE_ENTRIES, 0], ids=["dense", "sparse"])
@pytest.mark.parametrize("strategy", [MajorityVote(), NaiveSoft()], ids=["MV", "NS"])
def test_ties_are_broken_uniformly(strategy, limit, monkeypatch):
    monkeypatch.setattr(counts, "DENSE_ENTRIES", limit)

    def chi_square(labels):
        counts = np.bincount(labels, minlength=5)
        assert counts[[0, 4]].tolist() == [0, 0]
        expected = len(labels) / 3
        return ((counts[1:4] - expected) ** 2 / expected).sum()

    one = Votes([0, 0, 0], [0, 1, 2], [1, 2, 3], 1, 3, 5)
    over_seeds = np.array([strategy.fit(one, seed=seed).labels[0] for seed in range(1500)])
    many = Votes(np.repeat(np.arange(1500), 3), np.tile(np.arange(3), 1500), np.tile([1, 2, 3], 1500), 1500, 3, 5)
    assert chi_square(over_seeds) < 13.8  # exceeded once in a thousand by fair draws
    assert chi_square(strategy.fit(many, seed=0).labels) < 13.8


@pytest.mark.parametrize("name", ["MV", "NS", "WAWA", "TwoThird"])
def test_sparse_and_dense_results_agree(name, random_votes, monkeypatch):
    votes, _ = random_votes(n_task=300, n_worker=30, per_task=5, n_class=6, skill=0.4)
    votes = Votes(votes.task, votes.worker, votes.label, 305, 30, 6)  # five tasks without votes
    count = np.sort(counts.sum_votes(votes), axis=1)
    clear = count[:, -1] > count[:, -2]
    keep = clear[votes.task]  # ties fall otherwise: leave the tied tasks out
    votes = Votes(votes.task[keep], votes.worker[keep], votes.label[keep], 305, 30, 6)
    expected = SIX[name].fit(votes)
    assert expected.soft is None or isinstance(expected.soft, np.ndarray)
    monkeypatch.setattr(counts, "DENSE_ENTRIES", 0)
    result = SIX[name].fit(votes)
    np.testing.assert_array_equal(result.labels, expected.labels)
    if expected.soft is not None:
        assert isinstance(result.soft, sparse.csr_array)
        assert result.soft.nnz <= votes.n_votes
        np.testing.assert_allclose(result.soft.toarray(), expected.soft, atol=1e-12)


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


# --- by hand


def test_two_third_by_hand():
    given_votes = {
        0: [1],  # one vote is not enough
        1: [1, 1],
        2: [0, 1],
        3: [2, 2, 0],  # exactly two thirds
        4: [0, 0, 0, 0, 1, 2],  # exactly two thirds
        5: [0, 0, 0, 1, 1],  # three fifths
        6: [3, 3, 3, 1],
        7: [],
        8: [1] * 32 + [0] * 16,  # exactly two thirds
        9: [1] * 31 + [0] * 16 + [2],
    }
    rows = [(i, j, k) for i, given in given_votes.items() for j, k in enumerate(given)]
    votes = votes_of(rows, n_task=10, n_worker=48)
    assert TwoThird().fit(votes).labels.tolist() == [-1, 1, -1, 2, 0, -1, 3, -1, 1, -1]


def test_wawa_by_hand():
    # majorities 0, 1, 0; agreement with them 3/3, 2/3, 1/3
    votes = Votes.from_matrix([[0, 0, 1], [1, 1, 0], [0, 1, 0]])
    result = WAWA().fit(votes)
    np.testing.assert_allclose(result.worker_score, [1, 2 / 3, 1 / 3])
    np.testing.assert_allclose(result.soft, [[5 / 6, 1 / 6], [1 / 6, 5 / 6], [2 / 3, 1 / 3]])
    assert result.labels.tolist() == [0, 1, 0]


def test_wawa_against_a_naive_program():
    rng = np.random.default_rng(0)
    right = rng.random((80, 9)) < [0.95, 0.95, 0.9, 0.9, 0.9, 0.5, 0.5, 0.2, 0.2]
    matrix = right.astype(int)
    matrix[np.arange(80)[:, None], rng.random((80, 9)).argsort(axis=1)[:, :4]] = -1  # five votes are left: no ties
    votes = Votes.from_matrix(matrix)
    rows = list(zip(votes.task, votes.worker, votes.label, strict=True))
    majority = [round(np.mean([k for i, _, k in rows if i == task])) for task in range(80)]
    weight = [np.mean([majority[i] == k for i, j, k in rows if j == worker]) for worker in range(9)]
    score = np.zeros((80, 2))
    for i, j, k in rows:
        score[i, k] += weight[j]
    assert (score.argmax(axis=1) != majority).any()
    np.testing.assert_array_equal(WAWA().fit(votes).labels, score.argmax(axis=1))


def test_wds_by_hand():
    votes = Votes.from_matrix([[0, 0, 1], [1, 0, 0]])
    # both tasks start at (2/3, 1/3); each worker's pi_kk then: (1/2, 1/2), (1, 0), (1/2, 1/2)
    result = WeightedDawidSkene().fit(votes, n_iter=0)
    diagonal = np.einsum("jkk->jk", result.parameters["confusion"])
    np.testing.assert_allclose(diagonal, [[1 / 2, 1 / 2], [1, 0], [1 / 2, 1 / 2]])
    np.testing.assert_allclose(result.soft, [[3 / 4, 1 / 4], [3 / 4, 1 / 4]])
    assert result.labels.tolist() == [0, 0]


def test_wds_weighs_votes_by_the_diagonals_of_ds(random_votes):
    votes, _ = random_votes(skill=0.5)
    confusion = DawidSkene().fit(votes, n_iter=7, tol=-1).parameters["confusion"]
    score = np.zeros((votes.n_task, votes.n_class))
    for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
        score[i, k] += confusion[j, k, k]
    result = WeightedDawidSkene().fit(votes, n_iter=7, tol=-1)
    np.testing.assert_allclose(result.soft, score / score.sum(axis=1, keepdims=True), atol=1e-9)
    assert result.n_iter == 7


# --- Dawid and Skene


def naive_dawid_skene(votes, n_iter):
    """Algorithm 1 of the thesis, with rho_l for its rho_k, in probabilities and dense arrays."""
    given = np.zeros((votes.n_task, votes.n_worker, votes.n_class))
    given[votes.task, votes.worker, votes.label] = 1
    posterior = given.sum(axis=1) / np.maximum(given.sum(axis=(1, 2)), 1)[:, None]
    voted = given.any(axis=(1, 2))
    likelihoods = []
    for step in range(n_iter + 1):
        count = np.einsum("il,ijk->jlk", posterior, given)
        total = count.sum(axis=2, keepdims=True)
        confusion = np.divide(count, total, out=np.zeros_like(count), where=total > 0)
        prevalence = posterior[voted].mean(axis=0)
        if step == n_iter:
            return posterior, confusion, prevalence, likelihoods
        joint = np.tile(prevalence, (votes.n_task, 1))
        for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
            joint[i] *= confusion[j, :, k]
        evidence = joint.sum(axis=1)
        likelihoods.append(np.log(evidence[voted]).sum())
        posterior = joint / evidence[:, None] * voted[:, None]


@given(crowds, st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_ds_is_algorithm_1(crowd, n_iter):
    votes = votes_of(crowd)
    posterior, confusion, prevalence, likelihoods = naive_dawid_skene(votes, n_iter)
    result = DawidSkene().fit(votes, n_iter=n_iter, tol=-1)
    np.testing.assert_allclose(result.soft, posterior, atol=1e-9)
    np.testing.assert_allclose(result.parameters["confusion"], confusion, atol=1e-9)
    np.testing.assert_allclose(result.parameters["prevalence"], prevalence, atol=1e-9)
    np.testing.assert_allclose(result.history, likelihoods, rtol=1e-9, atol=1e-9)


def test_ds_is_algorithm_1_on_a_larger_crowd(random_votes):
    votes, _ = random_votes(n_task=150, n_worker=20, n_class=5, per_task=6, skill=0.5)
    posterior, confusion, prevalence, likelihoods = naive_dawid_skene(votes, 30)
    result = DawidSkene().fit(votes, n_iter=30, tol=-1)
    np.testing.assert_allclose(result.soft, posterior, atol=1e-8)
    np.testing.assert_allclose(result.parameters["confusion"], confusion, atol=1e-8)
    np.testing.assert_allclose(result.parameters["prevalence"], prevalence, atol=1e-8)
    np.testing.assert_allclose(result.history, likelihoods)
    np.testing.assert_allclose(result.worker_score, np.einsum("jkk->jk", confusion).mean(axis=1), atol=1e-8)


@pytest.mark.parametrize("seed", range(8))
def test_the_likelihood_of_ds_never_decreases(random_votes, seed):
    votes, _ = random_votes(seed, n_class=2 + seed, skill=0.2 + 0.1 * seed)
    history = DawidSkene().fit(votes, n_iter=200, tol=-1).history
    assert len(history) == 200
    assert history[-1] > history[0]
    assert np.diff(history).min() >= -1e-9 * abs(history[0])


def test_ds_starts_at_naive_soft_labels(random_votes):
    votes, _ = random_votes(skill=0.4)
    start, naive = DawidSkene().fit(votes, n_iter=0), NaiveSoft().fit(votes)
    same_bits(start, naive)
    assert (start.n_iter, start.history, start.converged) == (0, [], False)


@pytest.mark.parametrize("strategy", [DawidSkene(), WeightedDawidSkene()], ids=["DS", "WDS"])
def test_em_stops_once_the_likelihood_stands_still(strategy, random_votes):
    votes, _ = random_votes(skill=0.5)
    result = strategy.fit(votes, tol=1e-4)
    change = np.abs(np.diff(result.history)) / np.abs(result.history[1:])
    assert result.converged
    assert result.n_iter == len(result.history) > 3
    assert change[-1] <= 1e-4
    assert (change[:-1] > 1e-4).all()
    cut = strategy.fit(votes, n_iter=result.n_iter - 1, tol=1e-4)
    assert not cut.converged
    assert cut.history == result.history[:-1]
    same_bits(strategy.fit(votes, n_iter=result.n_iter, tol=-1), result)


def test_ds_does_not_underflow():
    """A thousand votes on a task: the product of their probabilities is below the smallest double."""
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=20)
    right = rng.random((20, 1000)) < 0.4
    votes = Votes.from_matrix(np.where(right, truth[:, None], rng.integers(3, size=(20, 1000))))
    result = DawidSkene().fit(votes, n_iter=50)
    assert np.isfinite(result.history).all()
    assert (result.labels == truth).all()


def test_ds_says_what_it_needs():
    votes = Votes([0], [0], [0], n_task=10**6, n_worker=10**5, n_class=10**3)
    assert DawidSkene().bytes_needed(votes) > 8 * (10**5 * 10**6 + 10**6 * 10**3)


# --- published accuracies


SEEDS = 20
TIES = 0.005  # how far a published figure may lie away, for its own ties fell at random


def mean_accuracy(strategy, data):
    labels = (strategy.fit(data["votes"], seed=seed).labels for seed in range(SEEDS))
    return np.mean([against_truth.accuracy(one, data["truth"]) for one in labels])


@pytest.mark.parametrize(
    ("name", "accuracy"), [("bluebirds", 0.8981), ("labelme", 0.797), ("music", 0.7757), ("audiobirds", 0.943)]
)
def test_published_accuracy_of_ds(load_data, name, accuracy):
    data = load_data(name)
    labels = DawidSkene().fit(data["votes"], n_iter=100, tol=-1).labels
    digits = 3 if name == "audiobirds" else 4
    assert round(against_truth.accuracy(labels, data["truth"]), digits) == accuracy


@pytest.mark.parametrize(("name", "accuracy"), [("bluebirds", 0.565), ("labelme", 0.680), ("music", 0.407)])
def test_published_accuracy_of_two_third(load_data, name, accuracy):
    data = load_data(name)
    assert round(against_truth.accuracy(TwoThird().fit(data["votes"]).labels, data["truth"]), 3) == accuracy


@pytest.mark.parametrize(
    ("name", "accuracy"), [("bluebirds", 0.759), ("labelme", 0.769), ("music", 0.711), ("audiobirds", 0.9597)]
)
def test_published_accuracy_of_naive_soft_if_ties_go_to_the_lowest_class(load_data, name, accuracy):
    data = load_data(name)
    labels = NaiveSoft().fit(data["votes"]).soft.argmax(axis=1)
    assert round(against_truth.accuracy(labels, data["truth"]), len(str(accuracy)) - 2) == accuracy


@pytest.mark.parametrize("strategy", [MajorityVote(), NaiveSoft()], ids=["MV", "NS"])
@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [("bluebirds", 0.759, 0.7593), ("labelme", 0.761, 0.769), ("music", 0.704, 0.711), ("audiobirds", 0.954, 0.954)],
)
def test_published_accuracy_of_the_majority(load_data, strategy, name, lowest, highest):
    data = load_data(name)
    known = data["truth"] >= 0
    count, truth = counts.sum_votes(data["votes"])[known], data["truth"][known]
    top = count == count.max(axis=1, keepdims=True)
    chance = top[np.arange(len(truth)), truth] / top.sum(axis=1)  # of being right, when ties fall at random
    standard_error = np.sqrt((chance * (1 - chance)).sum() / SEEDS) / len(truth)
    accuracy = mean_accuracy(strategy, data)
    assert abs(accuracy - chance.mean()) <= 4 * standard_error + 1e-12
    assert lowest - TIES <= accuracy <= highest + TIES


@pytest.mark.parametrize(
    ("name", "lowest", "highest"), [("bluebirds", 0.759, 0.7593), ("labelme", 0.764, 0.774), ("music", 0.797, 0.797)]
)
def test_published_accuracy_of_wawa(load_data, name, lowest, highest):
    assert lowest - TIES <= mean_accuracy(WAWA(), load_data(name)) <= highest + TIES
