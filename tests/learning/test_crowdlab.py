"""CROWDLAB vote by vote from the paper, by hand, as the library has it, and on a crowd whose tasks can be seen."""

import tracemalloc

import numpy as np
import pytest

pytest.importorskip("torch")

from scipy.stats import spearmanr

from benchmark_utils.learning import crowdlab
from benchmark_utils.learning.crowdlab import CROWDLAB, consensus, deal
from benchmark_utils.learning.training.errors import LearningError
from benchmark_utils.votes import Votes

QUICK = {"learning_rate": 0.02, "epochs": 12, "batch_size": 32}


def answers(votes, truth, seed=0, skill=0.8):
    """The probabilities of a classifier that is right more often than not."""
    rng = np.random.default_rng(seed)
    says = np.where(rng.random(len(truth)) < skill, truth, rng.integers(votes.n_class, size=len(truth)))
    return 0.6 * np.eye(votes.n_class)[says] + 0.4 * rng.dirichlet(np.ones(votes.n_class), len(truth))


def by_the_paper(votes, probability):
    """Soft labels, vote and worker qualities, with loops over tasks, workers and votes, from the equations alone."""
    given = {i: [] for i in range(votes.n_task)}
    for i, j, k in zip(votes.task.tolist(), votes.worker.tolist(), votes.label.tolist(), strict=True):
        given[i].append((j, k))
    shared = [i for i, votes_of_i in given.items() if len(votes_of_i) > 1]
    n, n_class = sum(len(v) > 0 for v in given.values()), votes.n_class
    chosen = [k for v in given.values() for _, k in v]
    y = {}
    for i, v in given.items():
        times = [[k for _, k in v].count(k) for k in range(n_class)]
        y[i] = max((k for k in range(n_class) if times[k] == max(times)), key=lambda k, i=i: probability[i, k])
    p_right = np.mean([np.mean([k == y[i] for _, k in given[i]]) for i in shared])
    most = max(range(n_class), key=chosen.count)
    a_mlc = np.mean([most == y[i] for i in shared])
    a_m = np.mean([int(np.argmax(probability[i])) == y[i] for i in shared])
    per_task = len(chosen) / n
    w_m = max(1 - (1 - a_m) / (1 - a_mlc), 1e-6) * per_task**0.5
    s = {}
    for worker in {j for v in given.values() for j, _ in v}:
        equal = [
            k == other
            for v in given.values()
            for j, k in v
            if j == worker
            for neighbour, other in v
            if neighbour != worker
        ]
        if equal:
            s[worker] = np.mean(equal)
    for worker in {j for v in given.values() for j, _ in v} - s.keys():
        s[worker] = np.nan
    s = {j: np.nanmean(list(s.values())) if np.isnan(of_j) else of_j for j, of_j in s.items()}
    w = {j: max(1 - (1 - of_j) / (1 - a_mlc), 1e-6) for j, of_j in s.items()}
    soft = np.zeros((votes.n_task, n_class))
    for i, v in given.items():
        for k in range(n_class):
            if v:
                votes_for_k = sum(w[j] * (p_right if said == k else (1 - p_right) / (n_class - 1)) for j, said in v)
                soft[i, k] = (w_m * probability[i, k] + votes_for_k) / (w_m + sum(w[j] for j, _ in v))
    share = w_m / (w_m + np.mean(list(w.values())) * per_task)
    quality = np.full(votes.n_worker, np.nan)
    for worker in w:
        mine = [(i, k) for i, v in given.items() for j, k in v if j == worker]
        quality[worker] = np.mean([soft[i, k] for i, k in mine])
        agrees = [k == soft[i].argmax() for i, k in mine if i in shared]
        if agrees:
            quality[worker] = share * quality[worker] + (1 - share) * np.mean(agrees)
    return soft, w_m, quality


def thinned(votes, seed):
    """Without the votes of two tasks and of a worker; some tasks keep one vote."""
    drop = np.random.default_rng(seed).random(votes.n_votes) < 0.5
    return votes.keep(~drop & (votes.task > 1) & (votes.worker != 3))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("skill", [0.8, 0.45])
def test_against_the_paper_vote_by_vote(random_votes, seed, skill):
    votes, truth = random_votes(seed, n_task=40, n_class=3, per_task=3, skill=skill)
    votes = thinned(votes, seed)
    assert set(votes.votes_per_task) >= {0, 1, 2}
    probability = answers(votes, truth, seed)
    result = consensus(votes, probability)
    soft, w_m, quality = by_the_paper(votes, probability)
    np.testing.assert_allclose(result.soft, soft, rtol=1e-12, atol=1e-15)
    assert result.parameters["model_weight"] == pytest.approx(w_m)
    np.testing.assert_allclose(result.worker_score, quality, rtol=1e-12)
    voted = votes.votes_per_task > 0
    np.testing.assert_array_equal(result.labels, np.where(voted, soft.argmax(axis=1), -1))
    np.testing.assert_allclose(result.parameters["vote_quality"], soft[votes.task, votes.label], rtol=1e-12)
    np.testing.assert_allclose(
        result.parameters["consensus_quality"], np.where(voted, soft.max(axis=1), np.nan), rtol=1e-12
    )


def test_a_worker_who_shares_no_task_gets_the_mean_agreement_and_the_mean_quality():
    votes = Votes([0, 0, 1, 1, 2, 3, 3], [0, 1, 0, 1, 2, 0, 1], [0, 0, 1, 1, 0, 1, 0], 4, 3, 2)
    probability = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
    result = consensus(votes, probability)
    soft, _, quality = by_the_paper(votes, probability)
    np.testing.assert_allclose(result.soft, soft)
    np.testing.assert_allclose(result.worker_score, quality)
    assert result.parameters["worker_weight"][2] == pytest.approx(result.parameters["worker_weight"][:2].mean())
    assert result.worker_score[2] == soft[2, 0]


def test_who_is_no_better_than_the_baseline_decides_only_where_nobody_else_does():
    """Three workers who are right, one who never is, and a classifier that contradicts the majority."""
    truth = np.array([0, 1, 0, 1])
    label = np.append(np.stack([truth, truth, truth, 1 - truth]).T.ravel(), 1)
    votes = Votes(np.append(np.repeat(np.arange(4), 4), 4), np.append(np.tile(np.arange(4), 4), 3), label, 5, 4, 2)
    probability = np.array([[0.1, 0.9], [0.9, 0.1]] * 2 + [[0.8, 0.2]])
    result = consensus(votes, probability)
    np.testing.assert_allclose(result.parameters["worker_weight"], [1 / 3, 1 / 3, 1 / 3, crowdlab.LEAST_WEIGHT])
    least = crowdlab.LEAST_WEIGHT * (17 / 5) ** 0.5
    assert result.parameters["model_weight"] == pytest.approx(least)
    assert result.labels[:4].tolist() == truth.tolist()
    alone = (least * probability[4] + crowdlab.LEAST_WEIGHT * np.array([0.25, 0.75])) / (least + crowdlab.LEAST_WEIGHT)
    np.testing.assert_allclose(result.soft[4], alone)


def test_a_crowd_of_one_mind_and_of_one_class():
    votes = Votes([0, 0, 1, 1], [0, 1, 0, 1], [1, 1, 1, 1], 2, 2, 2)
    result = consensus(votes, np.full((2, 2), 0.5))
    assert result.labels.tolist() == [1, 1]
    only = consensus(Votes([0, 0], [0, 1], [0, 0], 1, 2, 1), np.ones((1, 1)))
    assert only.labels.tolist() == [0]
    assert only.soft.tolist() == [[1]]


def test_without_a_shared_task_nothing_can_be_weighed():
    with pytest.raises(LearningError, match="no task has two votes"):
        consensus(Votes([0, 1], [0, 1], [0, 1], 2, 2, 2), np.full((2, 2), 0.5))


def test_every_class_is_dealt_out_evenly():
    labels = np.repeat([0, 1, 2, -1], [50, 23, 7, 4])
    fold = deal(labels, 5, seed=0)
    assert (fold[labels < 0] == -1).all()
    for k in range(3):
        in_fold = np.bincount(fold[labels == k], minlength=5)
        assert in_fold.max() - in_fold.min() <= 1
    assert not np.array_equal(fold, deal(labels, 5, seed=1))
    for folds in (1, 81):
        with pytest.raises(LearningError, match="folds"):
            deal(labels, folds, seed=0)


@pytest.fixture(scope="module")
def crowd():
    """Three blobs, 150 tasks, two votes each: four good workers, and one who always says the next class."""
    rng = np.random.default_rng(0)
    truth = np.arange(150) % 3
    tasks = np.array([[0, 0], [4, 0], [0, 4]])[truth] + rng.normal(scale=0.4, size=(150, 2))
    task = np.repeat(np.arange(150), 2)
    worker = np.argsort(rng.random((150, 5)), axis=1)[:, :2].ravel()
    label = np.where(worker == 4, truth[task] + 1, truth[task]) % 3
    return Votes(task, worker, label, 150, 5, 3), tasks.astype(np.float32), truth


def test_the_classifier_mends_the_votes(crowd):
    votes, tasks, truth = crowd
    learnt = CROWDLAB(recipe=QUICK).fit(votes, tasks)
    labels, soft = learnt.train_labels()
    majority = crowdlab.aggregate("MV", votes, 0).labels
    assert (majority == truth).mean() < 0.9
    assert (labels == truth).mean() > 0.97
    np.testing.assert_allclose(soft.sum(axis=1), 1)
    assert (learnt.predict(tasks).argmax(axis=1) == truth).mean() > 0.97
    assert learnt.worker_score().argmin() == 4
    assert learnt.converged
    quality = learnt.aggregation.parameters["vote_quality"]
    assert quality[votes.worker == 4].max() < 0.5 < quality[votes.worker < 4].min()
    np.testing.assert_array_equal(learnt.task_score, soft.max(axis=1))


def test_no_network_answers_for_a_task_that_it_learnt_from(crowd, monkeypatch):
    """A network that knows by heart what it learnt, and says class 0 elsewhere, is never seen to know."""
    votes, tasks, _ = crowd

    class Heart:
        n_epoch = 0

        def __init__(self, model, tasks, examples, recipe, epochs, *rest):
            self.epochs = epochs
            self.said = np.eye(3)[np.zeros(150, dtype=int)]
            self.said[examples["task"]] = np.eye(3)[2 - examples["target"] // 2]  # never class 0

        def train_epoch(self):
            self.n_epoch += 1

        def predict(self):
            import torch

            return torch.as_tensor(self.said)

    monkeypatch.setattr(crowdlab, "Trainer", Heart)
    assert (CROWDLAB(recipe=QUICK).out_of_sample(votes, tasks).argmax(axis=1) == 0).all()


def test_the_same_seed_gives_the_same_bits_and_a_task_without_votes_has_no_label(crowd):
    votes, tasks, _ = crowd
    some = votes.keep(votes.task != 7)
    strategy = CROWDLAB(folds=3, recipe={**QUICK, "epochs": 2})
    first, second, other = (strategy.fit(some, tasks, seed=seed) for seed in (4, 4, 5))
    assert np.array_equal(first.train_labels()[1], second.train_labels()[1])
    assert np.array_equal(first.predict(tasks), second.predict(tasks))
    assert not np.array_equal(first.train_labels()[1], other.train_labels()[1])
    assert first.train_labels()[0][7] == -1
    assert np.flatnonzero(np.isnan(first.task_score)).tolist() == [7]
    assert 7 not in first.trainer.examples["task"]


@pytest.mark.parametrize("name", ["labelme", "music"])
def test_cleanlab_agrees(name, load_data, benchmark):
    """Consensus equal on 99 % of the tasks, qualities with rank correlation 0.99.

    They are not equal, since the library forms the weights once more with its consensus in place of the majority.
    """
    pytest.importorskip("cleanlab")
    data = load_data(name)
    votes, tasks = data["votes"], data["tasks"]
    (solver,) = benchmark.check_solver_patterns(["cleanlab"], class_only=True)
    probability = CROWDLAB(folds=2, recipe={"epochs": 10}).out_of_sample(votes, tasks)
    ours, theirs = consensus(votes, probability), solver.get_instance().get_strategy().agree(votes, probability)
    assert (ours.labels == theirs.labels).mean() >= 0.99
    assert spearmanr(ours.worker_score, theirs.worker_score).statistic >= 0.99
    for score in ("consensus_quality", "vote_quality"):
        voted = np.isfinite(ours.parameters[score])
        assert spearmanr(ours.parameters[score][voted], theirs.parameters[score][voted]).statistic >= 0.99


def test_memory_is_that_of_the_votes_and_of_tasks_times_classes():
    """A table of tasks and workers would have 400 million cells."""
    n = 20_000
    task, worker = np.repeat(np.arange(n), 3), np.random.default_rng(0).permutation(np.repeat(np.arange(n), 3))
    votes = Votes(task, worker, (task + (worker % 5 == 0)) % 2, n, n, 2)
    probability = np.full((n, 2), 0.5)
    tracemalloc.start()
    consensus(votes, probability)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * 8 * (votes.n_votes + 2 * n)
