"""Known truths in partitions: the labels of one process that is told the same, and the same bits however it is cut."""

from functools import cache, partial
from inspect import signature

import numpy as np
import pytest
from scipy import sparse

from benchmark_utils.crowds.simulated.confusions import independent
from benchmark_utils.crowds.simulated.flora import flora
from benchmark_utils.strategies.catalogue import STRATEGIES
from benchmark_utils.strategies.partitioned import PARTITIONED
from benchmark_utils.strategies.steps.known_in_parts import KnownInParts
from benchmark_utils.strategies.steps.scratch import Scratch
from benchmark_utils.votes import Votes, VotesError
from benchmark_utils.votes.counts import is_large
from benchmark_utils.votes.partition_writing import write_partitions
from tests.strategies.partitioned_results import assert_same

ONE_PROCESS = STRATEGIES | {
    name: partial(STRATEGIES[name], support="voted") for name in ("DS", "FDS", "FDS-hybrid", "WDS")
}
ROUNDING = 1e-12  # sums over tasks are exact in partitions and rounded in one process
BY_TASK = ("OneCoinDS",)  # whose scores hang on sums over tasks
FEW = {"GLAD": 3, "MACE": 2}  # iterations of ten passes each


def takes(make, what):
    return what in signature(make().fit).parameters


TAKE_KNOWN = [name for name in PARTITIONED if takes(PARTITIONED[name], "known")]
each = pytest.mark.parametrize("name", TAKE_KNOWN)


def fit(make, votes, n_iter=8, **options):
    return make().fit(votes, **(dict(n_iter=n_iter) if takes(make, "n_iter") else {}) | options)


def dense(soft):
    return soft.toarray() if sparse.issparse(soft) else soft


def told(votes, truth, seed=0):
    """A fifth of the tasks is known: half of them by their truth, half by any class, mostly one without votes."""
    rng = np.random.default_rng(seed)
    known = np.where(rng.random(votes.n_task) < 0.5, truth, rng.integers(votes.n_class, size=votes.n_task))
    return np.where(rng.random(votes.n_task) < 0.2, known, -1)


@pytest.fixture(scope="module")
def crowd():
    """Votes and known truths; each fifteenth task has no votes."""
    data = flora(20_000, seed=2)
    votes, task = data.votes, np.arange(data.votes.n_task)
    place = task + task // 14 + 1
    votes = Votes(place[votes.task], votes.worker, votes.label, place[-1] + 3, votes.n_worker, votes.n_class)
    truth = np.zeros(votes.n_task, dtype=np.int64)
    truth[place] = data.truth
    return votes, told(votes, truth)


@pytest.fixture(scope="module")
def folders(crowd, tmp_path_factory):
    place, votes = tmp_path_factory.mktemp("crowds"), crowd[0]
    return [write_partitions(votes, place / str(n), votes_per_partition=-(-votes.n_votes // n)) for n in (1, 3, 9)]


@pytest.fixture(scope="module")
def results(crowd, folders):
    """Of a strategy: in one process, and on each folder."""

    @cache
    def of(name):
        given = dict(n_iter=FEW.get(name, 8), seed=3, known=crowd[1])
        return fit(ONE_PROCESS[name], crowd[0], **given), [fit(PARTITIONED[name], votes, **given) for votes in folders]

    return of


@pytest.mark.parametrize("name", PARTITIONED)
def test_a_strategy_takes_known_truths_in_partitions_where_it_does_in_one_process(name):
    assert takes(PARTITIONED[name], "known") == takes(STRATEGIES[name], "known")


@each
def test_the_labels_are_those_of_one_process_ties_included(name, crowd, results):
    votes, known = crowd
    expected, found = results(name)
    assert is_large(votes)
    for result in found:
        np.testing.assert_array_equal(result.labels, expected.labels)
        np.testing.assert_allclose(result.history, expected.history, rtol=ROUNDING)
        if name not in BY_TASK:
            assert_same(result, expected, rtol=ROUNDING)
        else:
            np.testing.assert_allclose(result.worker_score, expected.worker_score, rtol=ROUNDING)
            np.testing.assert_array_equal(result.soft.indices, expected.soft.indices)
            np.testing.assert_allclose(result.soft.data, expected.soft.data, atol=ROUNDING)
            np.testing.assert_allclose(result.soft.proportions, expected.soft.proportions, rtol=ROUNDING)
    without = fit(ONE_PROCESS[name], votes, FEW.get(name, 8), seed=3)
    assert (expected.labels != without.labels)[known < 0].any() == (name != "MV")  # which learns nothing of workers


@each
def test_any_number_of_partitions_gives_the_same_bits(name, results):
    first, *others = results(name)[1]
    for other in others:
        assert other.history == first.history
        assert_same(other, first, rtol=0)
        if first.soft is not None:
            np.testing.assert_array_equal(other.soft.indptr, first.soft.indptr)
            np.testing.assert_array_equal(other.soft.indices, first.soft.indices)
            assert (first.soft.proportions is None) == (other.soft.proportions is None) == (name not in BY_TASK)


@each
def test_known_tasks_keep_their_class(name, crowd, results):
    """A class that nobody voted for and tasks without votes included."""
    votes, known = crowd
    tasks = np.flatnonzero(known >= 0)
    voted = set(zip(votes.task.tolist(), votes.label.tolist(), strict=True))
    n_voted = sum(pair in voted for pair in zip(tasks.tolist(), known[tasks].tolist(), strict=True))
    assert 100 < n_voted < len(tasks) - 100
    assert not votes.has_vote[tasks].all()
    for result in results(name)[1]:
        np.testing.assert_array_equal(result.labels[tasks], known[tasks])
        assert (result.labels[(known < 0) & ~votes.has_vote] == -1).all()
        assert (result.labels[(known < 0) & votes.has_vote] >= 0).all()
        if result.soft is not None:
            rows = sparse.csr_array(result.soft)[tasks]
            np.testing.assert_array_equal(rows.sum(axis=1), 1)
            np.testing.assert_array_equal(rows.argmax(axis=1), known[tasks])
            assert rows.max() == 1


@each
def test_nothing_known_changes_nothing(name, crowd, folders):
    nothing = np.full(crowd[0].n_task, -1)
    found, expected = (fit(PARTITIONED[name], folders[1], 1, known=known) for known in (nothing, None))
    assert found.history == expected.history
    assert_same(found, expected, rtol=0)


@each
def test_a_small_crowd_has_dense_soft_labels(name, tmp_path):
    data = independent(seed=5)
    votes, known = data.votes, told(data.votes, data.truth)
    parts = write_partitions(votes, tmp_path / "crowd", votes_per_partition=300)
    assert len(parts) > 5
    expected, found = (
        fit(make, one, known=known) for make, one in ((ONE_PROCESS[name], votes), (PARTITIONED[name], parts))
    )
    np.testing.assert_array_equal(found.labels, expected.labels)
    np.testing.assert_allclose(found.history, expected.history, rtol=ROUNDING)
    if expected.soft is not None:
        np.testing.assert_allclose(found.soft, expected.soft, atol=ROUNDING)


@each
def test_small_crowds_however_they_are_cut(name, tmp_path):
    """Few votes, so that most tasks tie; every partition may be known wholly, or not at all."""
    for seed in range(6):
        rng = np.random.default_rng(seed)
        n_task, n_class = 40, 7
        task, worker = (a.ravel() for a in np.nonzero(rng.random((n_task, 6)) < 0.35))
        votes = Votes(task, worker, rng.integers(3, size=len(task)), n_task, 6, n_class)
        known = np.where(rng.random(n_task) < seed / 5, rng.integers(n_class, size=n_task), -1)
        known[: rng.integers(n_task)] = -1
        parts = write_partitions(votes, tmp_path / str(seed), votes_per_partition=int(rng.integers(4, 30)))
        expected, found = (
            fit(make, one, known=known, seed=seed)
            for make, one in ((ONE_PROCESS[name], votes), (PARTITIONED[name], parts))
        )
        np.testing.assert_array_equal(found.labels, expected.labels)
        np.testing.assert_allclose(found.history, expected.history, rtol=ROUNDING)
        assert (found.n_iter, found.converged) == (expected.n_iter, expected.converged)
        if expected.soft is not None:
            np.testing.assert_allclose(found.soft, expected.soft, atol=ROUNDING)


@pytest.mark.parametrize("name", ["DS", "FDS", "WDS", "OneCoinDS", "ZC", "GLAD", "MACE"])
def test_a_fit_that_goes_on_is_told_too(name, crowd, folders):
    votes, known = crowd
    older = fit(ONE_PROCESS[name], votes, 1, seed=3)
    given = dict(n_iter=1, seed=3, known=known, start=older)
    expected, found = fit(ONE_PROCESS[name], votes, **given), fit(PARTITIONED[name], folders[1], **given)
    np.testing.assert_array_equal(found.labels, expected.labels)
    np.testing.assert_allclose(found.history, expected.history, rtol=ROUNDING)


@pytest.mark.parametrize("name", ["DS", "FDS", "WDS"])
def test_the_prior_of_confusion_matrices_joins(name, crowd, folders):
    given = dict(n_iter=3, known=crowd[1])
    expected = fit(partial(ONE_PROCESS[name], smoothing=0.1), crowd[0], **given)
    assert_same(fit(partial(PARTITIONED[name], smoothing=0.1), folders[2], **given), expected, rtol=ROUNDING)


@each
@pytest.mark.parametrize(
    ("known", "message"),
    [
        ([0, 1], r"known has shape \(2,\): it needs one entry per task, \(3,\)"),
        ([0, -1, 2], r"known is not below n_class = 2 in row 2 \(found 2\)"),
        ([0, -2, 1], r"known is below -1 in row 1 \(found -2\)"),
        ([0, 1, 0.5], r"known is fractional or missing in row 2 \(found 0.5\)"),
        ([np.nan, 0, 0], "known is fractional or missing in row 0"),
        (["a", "b", "a"], "known holds <U1: it needs integer codes"),
    ],
)
def test_what_is_not_a_truth_is_refused_as_in_one_process(name, known, message, tmp_path):
    votes = Votes([0, 1, 2], [0, 0, 0], [0, 1, 0], 3, 1, 2)
    parts = write_partitions(votes, tmp_path / "crowd", votes_per_partition=1)
    assert len(parts) == 3
    for make, one in ((ONE_PROCESS[name], votes), (PARTITIONED[name], parts)):
        with pytest.raises(VotesError, match=message):
            make().fit(one, known=known)


def test_each_partition_reads_its_own(crowd, folders):
    known = crowd[1]
    for votes in folders:
        kept = KnownInParts(known, votes, Scratch())
        assert kept
        np.testing.assert_array_equal(np.concatenate([kept.of(part.tasks) for part in votes]), known)
    nothing = KnownInParts(None, votes, Scratch())
    assert not nothing
    assert nothing.of(slice(5, 10**12)).strides == (0,)  # in the memory of one number


@each
def test_nothing_is_left_behind(name, crowd, folders, tmp_path):
    result = fit(partial(PARTITIONED[name], scratch=tmp_path), folders[1], 1, known=crowd[1])
    assert result.labels.shape == (folders[1].n_task,)
    assert list(tmp_path.iterdir()) == []
