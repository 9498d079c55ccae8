"""Strategies on partitions on disk: the labels of one process, and the same bits for any number of partitions."""

from fractions import Fraction
from functools import cache, partial
from inspect import signature

import numpy as np
import pytest
from scipy import sparse

from benchmark_utils.crowds.simulated.confusions import independent
from benchmark_utils.crowds.simulated.flora import flora
from benchmark_utils.strategies.catalogue import STRATEGIES
from benchmark_utils.strategies.partitioned import PARTITIONED
from benchmark_utils.strategies.steps import dawid_skene_voted
from benchmark_utils.strategies.steps.draws import draws_at
from benchmark_utils.strategies.steps.pairs import Pairs
from benchmark_utils.strategies.steps.partition_passes import Index, add_in_order, as_float, whole_sum
from benchmark_utils.votes import Votes
from benchmark_utils.votes.counts import is_large
from benchmark_utils.votes.partition_writing import write_partitions

N_PARTS = (1, 3, 9, 50)
WEIGHTED = ("IWMV", "ZBS", "CATD", "CRH")
IN_ORDER = ("PlantNet", "GLAD", "LA-1", "LA-2", "MACE")
VOTED = ("DS", "FDS", "FDS-hybrid", "WDS")
ONE_PROCESS = STRATEGIES | {name: partial(STRATEGIES[name], support="voted") for name in VOTED}
ROUNDING = 1e-12  # sums over tasks are exact in partitions and rounded in one process


FEW = {"GLAD": 4, "MACE": 2}  # iterations of ten passes each


def iterates(make):
    return "n_iter" in signature(make().fit).parameters


def fit(make, votes, n_iter=20, **options):
    return make().fit(votes, **(dict(n_iter=n_iter) if iterates(make) else {}) | options)


@pytest.fixture(scope="module")
def crowd():
    return flora(20_000, seed=2).votes


@pytest.fixture(scope="module")
def folders(crowd, tmp_path_factory):
    place = tmp_path_factory.mktemp("crowds")
    return [write_partitions(crowd, place / str(n), votes_per_partition=-(-crowd.n_votes // n)) for n in N_PARTS]


@pytest.fixture(scope="module")
def results(folders):
    return cache(lambda name: [fit(PARTITIONED[name], votes, FEW.get(name, 20), seed=3) for votes in folders])


@pytest.mark.parametrize("name", PARTITIONED)
def test_the_labels_are_those_of_one_process_ties_included(name, crowd, results):
    assert is_large(crowd)
    expected = fit(ONE_PROCESS[name], crowd, FEW.get(name, 20), seed=3)
    for result in results(name):
        np.testing.assert_array_equal(result.labels, expected.labels)
        assert (result.n_iter, result.converged) == (expected.n_iter, expected.converged)
        np.testing.assert_allclose(result.history, expected.history, rtol=ROUNDING)
        if expected.worker_score is not None:
            np.testing.assert_allclose(result.worker_score, expected.worker_score, rtol=ROUNDING)
        if expected.soft is not None:
            np.testing.assert_array_equal(result.soft.indptr, expected.soft.indptr)
            np.testing.assert_array_equal(result.soft.indices, expected.soft.indices)
            np.testing.assert_allclose(result.soft.data, expected.soft.data, atol=ROUNDING)


@pytest.mark.parametrize("name", [name for name in PARTITIONED if name != "TwoThird"])  # which has no ties
def test_ties_of_the_start_are_broken_as_in_one_process(name, crowd, folders):
    start = dict(n_iter=0) if iterates(PARTITIONED[name]) else {}

    def labels(make, votes, seed):
        found = fit(make, votes, seed=seed, **start)
        return found.parameters.get("proposed", found.labels)  # to PlantNet a tie is not valid

    expected = labels(ONE_PROCESS[name], crowd, seed=3)
    assert (labels(ONE_PROCESS[name], crowd, seed=4) != expected).any()
    for votes in folders:
        np.testing.assert_array_equal(labels(PARTITIONED[name], votes, seed=3), expected)


@pytest.mark.parametrize("name", ["WAWA", *WEIGHTED, "ZC", *IN_ORDER, *VOTED])
def test_what_is_summed_by_worker_alone_is_the_same_to_the_bit(name, crowd, results):
    expected = fit(ONE_PROCESS[name], crowd, FEW.get(name, 20), seed=3)
    for result in results(name):
        np.testing.assert_array_equal(result.worker_score, expected.worker_score)
        np.testing.assert_array_equal(result.soft.data, expected.soft.data)
        for key, value in expected.parameters.items():
            value, found = (p.toarray() if sparse.issparse(p) else p for p in (value, result.parameters[key]))
            np.testing.assert_array_equal(found, value)


@pytest.mark.parametrize("name", PARTITIONED)
def test_any_number_of_partitions_gives_the_same_bits(name, results):
    first, *others = results(name)
    for other in others:
        np.testing.assert_array_equal(other.labels, first.labels)
        assert other.history == first.history
        if first.soft is not None:
            np.testing.assert_array_equal(other.soft.data, first.soft.data)
            np.testing.assert_array_equal(other.worker_score, first.worker_score)
        for key, value in first.parameters.items():
            value, found = (p.toarray() if sparse.issparse(p) else p for p in (value, other.parameters[key]))
            np.testing.assert_array_equal(found, value)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("MV", {}),
        ("NS", {}),
        ("TwoThird", {}),
        ("WAWA", {}),
        ("LA-1", {}),
        ("LA-2", {}),
        *(("MACE", o) for o in ({"n_iter": 3}, {"n_iter": 0}, {"tol": 1e9})),
        *((name, o) for name in (*WEIGHTED, "OneCoinDS", "ZC", *VOTED) for o in ({}, {"n_iter": 0}, {"tol": 1e9})),
    ],
)
def test_a_small_crowd_has_dense_soft_labels(name, options, tmp_path):
    votes = independent(seed=5).votes
    parts = write_partitions(votes, tmp_path / "crowd", votes_per_partition=300)
    assert len(parts) > 5
    expected, found = fit(ONE_PROCESS[name], votes, **options), fit(PARTITIONED[name], parts, **options)
    if name in ("OneCoinDS", "ZC") and options == {"n_iter": 0}:
        # one process has a dense posterior here, whose ties go otherwise
        clear = np.sort(expected.soft, axis=1)[:, -2:] @ [-1, 1] > ROUNDING
        np.testing.assert_array_equal(found.labels[clear], expected.labels[clear])
    else:
        np.testing.assert_array_equal(found.labels, expected.labels)
    assert (found.n_iter, found.converged) == (expected.n_iter, expected.converged)
    np.testing.assert_allclose(found.history, expected.history, rtol=ROUNDING)
    if expected.soft is not None:
        np.testing.assert_allclose(found.soft, expected.soft, atol=ROUNDING)


def test_the_options_are_those_of_one_process(crowd, folders):
    parts = folders[1]
    expected = ONE_PROCESS["OneCoinDS"](prevalence="uniform").fit(crowd, n_iter=5)
    found = PARTITIONED["OneCoinDS"](prevalence="uniform").fit(parts, n_iter=5)
    np.testing.assert_allclose(found.worker_score, expected.worker_score, rtol=ROUNDING)
    for name in VOTED:
        expected = ONE_PROCESS[name](smoothing=0.1).fit(crowd, n_iter=5)
        found = PARTITIONED[name](smoothing=0.1).fit(parts, n_iter=5)
        np.testing.assert_array_equal(found.worker_score, expected.worker_score)
        np.testing.assert_allclose(found.history, expected.history, rtol=ROUNDING)
        with pytest.raises(ValueError, match="need 'voted'"):
            PARTITIONED[name](support="full").fit(parts)


def test_the_hybrid_turns_hard_at_the_same_iteration(crowd, folders):
    histories = []
    for threshold in (1.0, 1e-4, 0.0):
        expected = ONE_PROCESS["FDS-hybrid"](threshold=threshold).fit(crowd, n_iter=15)
        found = PARTITIONED["FDS-hybrid"](threshold=threshold).fit(folders[1], n_iter=15)
        np.testing.assert_array_equal(found.worker_score, expected.worker_score)
        np.testing.assert_allclose(found.history, expected.history, rtol=ROUNDING)
        histories.append(found.history)
    assert histories[0] != histories[1] != histories[2]


@pytest.mark.parametrize("name", [*WEIGHTED, "FDS", "FDS-hybrid"])
def test_it_stops_where_so_few_labels_change(name, tmp_path):
    votes = independent(n_task=3_000, n_worker=60, feedback=3, seed=5).votes  # whose labels take long to stand still
    parts = write_partitions(votes, tmp_path / "crowd", votes_per_partition=700)
    lengths = set()
    for tol in (0, 0.01, 1):
        expected, found = fit(ONE_PROCESS[name], votes, tol=tol), fit(PARTITIONED[name], parts, tol=tol)
        np.testing.assert_array_equal(found.labels, expected.labels)
        np.testing.assert_array_equal(found.worker_score, expected.worker_score)
        np.testing.assert_allclose(found.history, expected.history, rtol=ROUNDING)
        assert (found.n_iter, found.converged) == (expected.n_iter, expected.converged)
        lengths.add(found.n_iter)
    assert len(lengths) == 3


@pytest.mark.parametrize("name", PARTITIONED)
def test_tasks_without_votes_have_no_label(name, tmp_path):
    votes = Votes([1, 1, 3, 3, 3, 6], [0, 1, 0, 1, 2, 2], [0, 1, 1, 1, 0, 1], 8, 4, 3)
    parts = write_partitions(votes, tmp_path / "crowd", votes_per_partition=2)
    found = fit(PARTITIONED[name], parts)
    assert (found.labels[~votes.has_vote] == -1).all()
    np.testing.assert_array_equal(found.labels, fit(ONE_PROCESS[name], votes).labels)


@pytest.mark.parametrize("name", PARTITIONED)
def test_nothing_is_left_behind(name, folders, tmp_path):
    result = fit(partial(PARTITIONED[name], scratch=tmp_path), folders[1])
    assert result.labels.shape == (folders[1].n_task,)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("smoothing", [0, 0.1])
def test_triples_are_divided_and_named_a_block_at_a_time(crowd, smoothing, monkeypatch):
    expected = ONE_PROCESS["DS"](smoothing=smoothing).fit(crowd, n_iter=2)
    monkeypatch.setattr(dawid_skene_voted, "_BLOCK", 1_000)
    found = ONE_PROCESS["DS"](smoothing=smoothing).fit(crowd, n_iter=2)
    assert len(expected.parameters["worker"]) > 10_000
    assert found.history == expected.history
    for name in ("worker", "true_class", "voted_class", "triple_confusion"):
        np.testing.assert_array_equal(found.parameters[name], expected.parameters[name])


def test_draws_go_by_position_in_the_whole_crowd(crowd, folders):
    rng, pairs = np.random.default_rng(7), Pairs(crowd)
    of_pairs, of_tasks = rng.random(len(pairs.label)), rng.random((2, len(pairs.filled)))
    for parts in ([pairs], *map(Index, folders)):
        draws = [part.draws(7) for part in parts]
        np.testing.assert_array_equal(np.concatenate([found.of_tasks for found in draws], axis=1), of_tasks)
        np.testing.assert_array_equal(np.concatenate([found.of_pairs for found in draws]), of_pairs)
    np.testing.assert_array_equal(draws_at(7, 3, 4), np.random.default_rng(7).random(7)[3:])


def test_sums_do_not_depend_on_how_they_are_cut():
    rng = np.random.default_rng(0)
    values, keys = rng.lognormal(sigma=8, size=3_000), rng.integers(20, size=3_000)
    totals = []
    for size in (1, 7, 3_000):
        total = np.zeros(20)
        for start in range(0, 3_000, size):
            key, inverse = np.unique(keys[start : start + size], return_inverse=True)
            add_in_order(total, key, inverse, values[start : start + size])
        totals.append(total)
    np.testing.assert_array_equal(totals[0], np.bincount(keys, values, 20))
    np.testing.assert_array_equal(totals[0], totals[1])
    np.testing.assert_array_equal(totals[0], totals[2])


def test_a_whole_sum_is_exact_and_in_any_order():
    rng = np.random.default_rng(1)
    values = -rng.exponential(20, size=100_000)
    total = whole_sum(values)
    assert total == whole_sum(values[:30]) + whole_sum(values[30:]) == whole_sum(values[::-1])
    exact = sum(map(Fraction, values.tolist()))
    assert abs(Fraction(total, 2**56) - exact) <= Fraction(len(values), 2**57)
    assert as_float(total) == pytest.approx(values.sum(), rel=1e-14)
    assert as_float(whole_sum(np.zeros(0))) == 0
