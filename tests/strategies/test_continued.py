"""Continuing from an older result: what the first E-step believes, where it ends, what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.bwa import BWA
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.ebcc import EBCC
from benchmark_utils.strategies.fast_dawid_skene import FastDawidSkene
from benchmark_utils.strategies.glad import GLAD
from benchmark_utils.strategies.ibcc import IBCC
from benchmark_utils.strategies.mace import MACE
from benchmark_utils.strategies.one_coin import OneCoinDawidSkene
from benchmark_utils.strategies.steps.continued import (
    grown_accuracy,
    grown_cells,
    grown_rows,
    grown_triples,
    grown_values,
)
from benchmark_utils.strategies.weighted_dawid_skene import WeightedDawidSkene
from benchmark_utils.strategies.zc import ZC
from benchmark_utils.votes import Votes, VotesError

STRATEGIES = {
    "DS": DawidSkene(),
    "DS-smooth": DawidSkene(smoothing=0.1),
    "DS-voted": DawidSkene(support="voted"),
    "FDS": FastDawidSkene(),
    "FDS-voted": FastDawidSkene(support="voted"),
    "WDS": WeightedDawidSkene(),
    "WDS-voted": WeightedDawidSkene(support="voted"),
    "OneCoinDS": OneCoinDawidSkene(),
    "OneCoinDS-uniform": OneCoinDawidSkene(prevalence="uniform"),
    "iBCC": IBCC(),
    "EBCC": EBCC(groups=3, restarts=4),
    "ZC": ZC(),
    "GLAD": GLAD(),
    "BWA": BWA(),
    "MACE": MACE(),
    "MACE-EM": MACE(variational=False),
}
each = pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)


def with_older(votes, n_task, n_worker):
    """The votes on the first tasks by the first workers alone."""
    older = (votes.task < n_task) & (votes.worker < n_worker)
    return Votes(votes.task[older], votes.worker[older], votes.label[older], n_task, n_worker, votes.n_class)


@each
def test_the_same_votes_go_on_where_they_were(strategy, random_votes):
    votes, _ = random_votes(n_task=200, per_task=7)
    old = strategy.fit(votes)
    result = strategy.fit(votes, start=old)
    assert result.converged
    assert result.n_iter < old.n_iter or old.n_iter <= 2
    assert result.history[-1] == pytest.approx(old.history[-1], abs=0.02)
    np.testing.assert_array_equal(result.labels, old.labels)


@each
def test_tasks_need_not_be_found_again(strategy, random_votes):
    """The old result is of other tasks, in another order."""
    votes, _ = random_votes(n_task=150, per_task=7)
    old = strategy.fit(with_older(votes, 80, 10))
    name = np.random.default_rng(0).permutation(150)
    renamed = Votes(name[votes.task], votes.worker, votes.label, 150, votes.n_worker, votes.n_class)
    result, again = strategy.fit(votes, start=old), strategy.fit(renamed, start=old)
    np.testing.assert_array_equal(again.labels[name], result.labels)


@each
def test_known_truths_hold_from_the_first_e_step(strategy, random_votes):
    votes, truth = random_votes(n_task=100)
    old = strategy.fit(with_older(votes, 80, 12))
    known = np.where(np.arange(100) % 3 == 0, (truth + 1) % 4, -1)
    for n_iter in (0, 5):
        result = strategy.fit(votes, start=old, known=known, n_iter=n_iter)
        np.testing.assert_array_equal(result.labels[known >= 0], known[known >= 0])


@each
def test_what_an_old_result_ruled_out_may_be_true(strategy):
    """All old tasks are of class 0; on the new ones five workers, two of them new, say 1, and then 2."""
    task, worker = np.divmod(np.arange(30), 3)
    old = strategy.fit(Votes(task, worker, np.zeros(30, dtype=int), 10, 3, 3))
    new_task, new_worker = np.divmod(np.arange(50), 5)
    label = np.append(np.zeros(30, dtype=int), np.where(new_task < 5, 1, 2))
    votes = Votes(np.append(task, 10 + new_task), np.append(worker, new_worker), label, 20, 5, 3)
    result = strategy.fit(votes, start=old)
    np.testing.assert_array_equal(result.labels, np.repeat([0, 1, 2], [10, 5, 5]))
    assert np.isfinite(result.history).all()


def naive_grown(confusion, prevalence, n_votes, n_worker):
    """Row by row: the old one, at least the pooled one over n_j + 1; the pooled one where there is no old one."""
    n_class = confusion.shape[2]
    grown = np.empty((n_worker, *confusion.shape[1:]))
    right, n_met = 1 / n_class, 1
    for j, of_worker in enumerate(confusion):
        for row in range(n_class):
            if of_worker[row].any():
                right += n_votes[j] * prevalence[row] * of_worker[row, row]
                n_met += n_votes[j] * prevalence[row]
    share_right = right / n_met
    for row in range(confusion.shape[1]):
        pooled, total = np.full(n_class, (1 - share_right) / (n_class - 1)), 1
        pooled[row] = share_right
        for j, of_worker in enumerate(confusion):
            if of_worker[row].any():
                pooled, total = pooled + n_votes[j] * of_worker[row], total + n_votes[j]
        for j in range(n_worker):
            has_row = j < len(confusion) and confusion[j, row].any()
            own = np.maximum(confusion[j, row], pooled / total / (n_votes[j] + 1)) if has_row else pooled / total
            grown[j, row] = own
    return grown


def old_confusion(votes):
    parameters = DawidSkene().fit(with_older(votes, 40, 9)).parameters
    return parameters["confusion"], parameters["prevalence"]


def test_rows_of_new_workers_are_pooled_and_none_is_ruled_out(random_votes):
    votes, _ = random_votes(per_task=3, skill=0.95)
    confusion, prevalence = old_confusion(votes)
    assert (confusion.sum(axis=2) == 0).any()  # a worker who met no task of a class
    expected = naive_grown(confusion, prevalence, votes.votes_per_worker, votes.n_worker)
    np.testing.assert_allclose(grown_rows(confusion, prevalence, votes), expected, rtol=1e-12)
    assert expected.min() > 0


def test_triples_are_cells_of_the_same_rows(random_votes):
    votes, _ = random_votes(per_task=3, skill=0.95)
    confusion, prevalence = old_confusion(votes)
    old = np.flatnonzero(confusion.ravel())
    wanted = np.arange(votes.n_worker * 16)
    grown = grown_triples(old, confusion.ravel()[old], prevalence, wanted, votes)
    np.testing.assert_allclose(grown, grown_rows(confusion, prevalence, votes).ravel(), rtol=1e-12)


def test_accuracies_by_hand():
    """Three votes each by the old workers, who are right with 1 and 1/2; the third, who is new, has two."""
    votes = Votes([0, 1, 2, 0, 1, 2, 0, 1], [0, 0, 0, 1, 1, 1, 2, 2], [0] * 8, 3, 3, 2)
    pooled = (1 / 2 + 3 * 1 + 3 * 1 / 2) / 7
    expected = [1 - (1 - pooled) / 4, 1 / 2, pooled]
    np.testing.assert_allclose(grown_accuracy(np.array([1, 0.5]), votes), expected)


def test_cells_by_hand():
    """The first old worker stores class 0 alone, the second all; they weigh 3 and 1, and the third worker is new."""
    shares = sparse.csr_array(([0.6, 0.5, 0.3, 0.2], ([0, 1, 1, 1], [0, 0, 1, 2])), shape=(2, 3))
    worker, label = np.divmod(np.arange(9), 3)
    pooled = (1 / 3 + 3 * np.array([0.6, 0.2, 0.2]) + np.array([0.5, 0.3, 0.2])) / 5
    expected = [0.6, 0.2, 0.2, 0.5, 0.3, 0.2, *pooled]
    np.testing.assert_allclose(grown_cells(shares, np.array([3, 1]), worker, label), expected)


def test_values_by_hand():
    """The same votes, two values of each worker; one vote more has the values 4 and 8."""
    votes = Votes([0, 1, 2, 0, 1, 2, 0, 1], [0, 0, 0, 1, 1, 1, 2, 2], [0] * 8, 3, 3, 2)
    expected = [[1, 2], [3, 6], [(4 + 3 * 1 + 3 * 3) / 7, (8 + 3 * 2 + 3 * 6) / 7]]
    np.testing.assert_allclose(grown_values(np.array([[1, 2], [3, 6]]), np.array([4, 8]), votes), expected)


@pytest.mark.parametrize("name", ["ZC", "BWA", "MACE", "MACE-EM"])
def test_the_first_posterior_is_under_the_old_parameters(name, random_votes):
    votes, _ = random_votes(n_task=100)
    old = STRATEGIES[name].fit(votes, tol=1e-9)
    first = STRATEGIES[name].fit(votes, start=old, n_iter=0)
    np.testing.assert_allclose(first.soft, old.soft, atol=1e-4)


def test_the_first_posterior_of_glad_has_old_abilities_and_the_difficulty_of_the_prior(random_votes):
    votes, _ = random_votes(n_task=100)
    old = GLAD().fit(with_older(votes, 80, 9))
    n_votes = votes.votes_per_worker[:9]
    pooled = (1 + n_votes @ old.parameters["ability"]) / (1 + n_votes.sum())
    right = 1 / (1 + np.exp(-np.e * np.append(old.parameters["ability"], [pooled] * 3)))
    expected = np.ones((100, 4))
    for i, j, k in zip(votes.task, votes.worker, votes.label, strict=True):
        expected[i] *= np.where(np.arange(4) == k, right[j], (1 - right[j]) / 3)
    first = GLAD().fit(votes, start=old, n_iter=0)
    np.testing.assert_allclose(first.soft, expected / expected.sum(axis=1, keepdims=True), atol=1e-9)


def test_no_old_precision_is_above_that_of_votes_without_error():
    """Two old workers agreed on every old task; against three new ones they do not decide alone."""
    task, worker = np.divmod(np.arange(20), 2)
    old = BWA().fit(Votes(task, worker, task % 2, 10, 2, 2))
    new_task, new_worker = np.divmod(np.arange(25), 5)
    labels = np.append(task % 2, np.where(new_worker < 2, 0, 1))
    votes = Votes(np.append(task, 10 + new_task), np.append(worker, new_worker), labels, 15, 5, 2)
    first = BWA().fit(votes, start=old, n_iter=0)
    assert (first.soft[10:] > 0.01).all()


@each
def test_a_result_that_does_not_fit_is_refused_in_words(strategy, random_votes):
    votes, _ = random_votes()
    old = strategy.fit(votes, n_iter=2)
    with pytest.raises(VotesError, match="start has 12 workers and the votes have 9: worker j"):
        strategy.fit(with_older(votes, 60, 9), start=old)
    more = Votes(votes.task, votes.worker, votes.label, 60, 12, 5)
    with pytest.raises(VotesError, match="start has 4 classes and the votes have 5: encode the votes"):
        strategy.fit(more, start=old)
    with pytest.raises(VotesError, match="start is a ndarray: give what an earlier fit returned"):
        strategy.fit(votes, start=old.soft)
    other = Aggregation(old.labels, soft=old.soft, worker_score=old.worker_score, parameters={"weight": np.ones(12)})
    with pytest.raises(
        VotesError, match=r"start has no .*, its parameters are \['weight'\]: continue from a result of"
    ):
        strategy.fit(votes, start=other)


def test_other_options_of_the_same_strategy_are_refused(random_votes):
    votes, _ = random_votes()
    with pytest.raises(VotesError, match="start has no triple_confusion and no worker"):
        DawidSkene(support="voted").fit(votes, start=DawidSkene().fit(votes, n_iter=1))
    with pytest.raises(VotesError, match="start has 3 subtypes of a class"):
        EBCC(groups=2).fit(votes, start=EBCC(groups=3, restarts=1).fit(votes, n_iter=1))


@pytest.mark.parametrize("crowd", ["rte", "sp_amt"])
@pytest.mark.parametrize("name", ["OneCoinDS-uniform", "iBCC", "ZC", "GLAD", "BWA"])
def test_a_tenth_of_new_tasks_takes_fewer_iterations(literature, crowd, name):
    """To the objective of a fit from scratch, on the votes of a real crowd, encoded anew after the older ones."""
    votes, strategy = literature(crowd).votes, STRATEGIES[name]
    frame = pd.DataFrame({"task": votes.task, "worker": votes.worker, "label": votes.label})
    older = Votes.from_frame(frame[votes.task % 10 > 0], n_class=votes.n_class)
    votes = Votes.from_frame(frame, encoding=older.encoding)
    scratch, result = strategy.fit(votes), strategy.fit(votes, start=strategy.fit(older))
    assert result.n_iter < scratch.n_iter
    assert result.history[-1] == pytest.approx(scratch.history[-1], abs=0.01)
    np.testing.assert_array_equal(result.labels, scratch.labels)
