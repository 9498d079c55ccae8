"""What the learnt strategies make of small crowds whose tasks can be seen."""

import numpy as np
import pytest
from scipy.stats import spearmanr

torch = pytest.importorskip("torch")

from benchmark_utils.learning import pruning  # noqa: E402
from benchmark_utils.learning.classifier import AGGREGATIONS, Classifier, aggregate  # noqa: E402
from benchmark_utils.learning.conal import CoNAL, CoNALModel  # noqa: E402
from benchmark_utils.learning.crowd_layer import FORMS, CrowdLayer, CrowdLayerModel, padded_examples  # noqa: E402
from benchmark_utils.learning.pruning import AUMC, WAUM  # noqa: E402
from benchmark_utils.learning.training.errors import LearningError  # noqa: E402
from benchmark_utils.learning.training.tasks import Tasks  # noqa: E402
from benchmark_utils.votes import Votes  # noqa: E402

QUICK = {"learning_rate": 0.02, "epochs": 12, "margin_epochs": 8, "batch_size": 32}


@pytest.fixture(scope="module")
def crowd():
    """Three blobs, 150 tasks; five good workers and two who always say the next class; ten tasks lie in between.

    The tasks in between, the last ten, are a coin's toss for every worker.
    """
    rng = np.random.default_rng(0)
    truth = np.arange(150) % 3
    corner = np.array([[0, 0], [4, 0], [0, 4]])
    tasks = corner[truth] + rng.normal(scale=0.4, size=(150, 2))
    tasks[-10:] = corner.mean(axis=0) + rng.normal(scale=0.1, size=(10, 2))
    task = np.repeat(np.arange(150), 4)
    worker = np.argsort(rng.random((150, 7)), axis=1)[:, :4].ravel()
    label = np.where(
        worker >= 5, truth[task] + 1, np.where(rng.random(600) < 0.9, truth[task], rng.integers(3, size=600))
    )
    label = np.where(task >= 140, rng.integers(3, size=600), label) % 3
    return Votes(task, worker, label, 150, 7, 3), tasks.astype(np.float32), truth


def right(learnt, tasks, truth):
    return (learnt.predict(tasks[:140]).argmax(axis=1) == truth[:140]).mean()


@pytest.mark.parametrize("labels", list(AGGREGATIONS))
def test_a_classifier_learns_from_aggregated_labels(crowd, labels):
    votes, tasks, truth = crowd
    learnt = Classifier(labels=labels, recipe=QUICK).fit(votes, tasks)
    assert right(learnt, tasks, truth) > 0.95
    assert learnt.n_iter == 12
    assert learnt.converged


@pytest.mark.parametrize("strategy", [CrowdLayer(recipe=QUICK), CoNAL(recipe=QUICK), CoNAL(scale=1e-4, recipe=QUICK)])
def test_the_layers_learn_the_tasks_and_the_workers(crowd, strategy):
    votes, tasks, truth = crowd
    learnt = strategy.fit(votes, tasks)
    assert right(learnt, tasks, truth) > 0.95
    score = learnt.worker_score()
    assert score[:5].min() > score[5:].max()  # those who always say the next class come last


def test_the_layers_train_on_images_with_adam_unless_told_otherwise():
    """SGD, published for classifiers, leaves the workers' matrices where they start."""
    image, features = (3, 32, 32), (512,)
    assert Classifier().recipe_for(image).optimizer == "sgd"
    for strategy in (CrowdLayer, CoNAL):
        assert strategy().recipe_for(image).optimizer == "adam"
        assert strategy().recipe_for(image).learning_rate == 0.001
        assert strategy().recipe_for(image).epochs == 150
        assert strategy(recipe={"optimizer": "sgd"}).recipe_for(image).optimizer == "sgd"
        assert strategy().recipe_for(features) == Classifier().recipe_for(features)


@pytest.mark.parametrize("strategy", [WAUM(alpha=0.06, recipe=QUICK), WAUM(alpha=0.06, epoch="votes", recipe=QUICK),
                                      AUMC(alpha=0.06, recipe=QUICK)])  # fmt: skip
def test_ambiguous_tasks_are_pruned(crowd, strategy):
    votes, tasks, truth = crowd
    learnt = strategy.fit(votes, tasks)
    labels, soft = learnt.train_labels()
    pruned = np.flatnonzero(labels == -1)
    assert len(pruned) == 9  # 6 % of 150
    majority = aggregate("MV", votes, 0).labels
    # WAUM finds the tasks in between, 7 % of all; AUMC those whose majority is wrong, too
    sought = pruned >= 140 if isinstance(strategy, WAUM) else (pruned >= 140) | (majority != truth)[pruned]
    assert sought.mean() > 0.7
    assert set(pruned) == set(np.argsort(learnt.task_score)[:9])
    np.testing.assert_allclose(soft[pruned], 0)
    assert right(learnt, tasks, truth) > 0.95


@pytest.mark.parametrize("strategy", [CrowdLayer, CoNAL])
def test_the_layers_learn_from_what_waum_leaves(crowd, strategy):
    votes, tasks, truth = crowd
    learnt = strategy(alpha=0.06, recipe=QUICK).fit(votes, tasks)
    np.testing.assert_array_equal(learnt.task_score, WAUM(recipe=QUICK).score_tasks(votes, tasks))
    labels, _ = learnt.train_labels()
    assert set(np.flatnonzero(labels == -1)) == set(np.argsort(learnt.task_score)[:9])
    assert set(learnt.trainer.examples["task"].tolist()) == set(np.flatnonzero(labels >= 0))
    assert right(learnt, tasks, truth) > 0.95


def test_images_get_the_epochs_that_visits_to_tasks_want():
    image, features = (3, 32, 32), (512,)
    assert WAUM().recipe_for(image).margin_epochs == 200
    assert WAUM(epoch="votes").recipe_for(image).margin_epochs == 50
    assert AUMC().recipe_for(image).margin_epochs == 50
    assert WAUM(recipe={"margin_epochs": 7}).recipe_for(image).margin_epochs == 7
    assert WAUM().recipe_for(features) == AUMC().recipe_for(features)
    assert WAUM().recipe_for(image).epochs == 150


def test_the_area_of_hard_labels_is_that_of_the_labels_given(crowd):
    votes, tasks, truth = crowd
    majority, ds = (aggregate(name, votes, 0).labels for name in ("MV", "DS"))
    assert (majority != ds).any()
    areas = []
    monitored = AUMC(recipe=QUICK)
    record = monitored.record
    object.__setattr__(monitored, "record", lambda *args: areas.append(record(*args)) or areas[-1])
    score = monitored.score_labels(truth, votes, tasks)
    np.testing.assert_allclose(score, areas[0].mean()[np.arange(150), truth], atol=1e-6)
    np.testing.assert_array_equal(
        AUMC(recipe=QUICK).score_tasks(votes, tasks), AUMC(recipe=QUICK).score_labels(majority, votes, tasks)
    )
    aggregated = AUMC(labels="DS", given="aggregated", recipe=QUICK)
    np.testing.assert_array_equal(aggregated.score_tasks(votes, tasks), aggregated.score_labels(ds, votes, tasks))
    some = np.where(np.arange(150) == 3, -1, truth)
    assert np.flatnonzero(np.isnan(AUMC(recipe=QUICK).score_labels(some, votes, tasks))).tolist() == [3]


def test_the_two_kinds_of_epoch_rank_the_tasks_alike(crowd):
    votes, tasks, _ = crowd
    # an epoch of votes has four times the steps
    few = WAUM(epoch="votes", recipe={**QUICK, "margin_epochs": 5}).score_tasks(votes, tasks)
    many = WAUM(epoch="tasks", recipe={**QUICK, "margin_epochs": 20}).score_tasks(votes, tasks)
    assert spearmanr(few, many).statistic > 0.8


def test_the_trust_with_voted_support(monkeypatch):
    """Where every class of every task was voted, both supports are one model."""
    rng = np.random.default_rng(0)
    label = np.concatenate([np.arange(3), rng.integers(3, size=5)])[
        rng.permuted(np.tile(np.arange(8), (40, 1)), axis=1)
    ]
    votes = Votes.from_matrix(label)
    full = pruning.worker_diagonals(votes)
    monkeypatch.setattr(pruning, "CONFUSION_BYTES", 0)
    np.testing.assert_allclose(pruning.worker_diagonals(votes), full, atol=1e-6)
    assert full.std() > 0.01


def test_the_pruned_votes_are_those_of_the_kept_tasks(crowd):
    votes = crowd[0]
    score = np.arange(150.0)
    kept = WAUM(alpha=0.1).prune(votes, score)
    assert np.array_equal(np.unique(kept.task), np.arange(15, 150))
    assert (kept.n_task, kept.n_worker, kept.n_class) == (150, 7, 3)
    assert np.array_equal(kept.votes_per_task[15:], votes.votes_per_task[15:])
    by_class = WAUM(alpha=0.1, by_class=True).prune(votes, score)
    lost = np.flatnonzero(by_class.votes_per_task == 0)
    labels = aggregate("MV", votes, 0).labels  # each class loses a tenth of its own
    shares = np.bincount(labels[lost], minlength=3) / np.bincount(labels)
    assert shares.min() > 0.08
    assert shares.max() < 0.13


def test_the_same_seed_gives_the_same_bits(crowd):
    votes, tasks, _ = crowd
    strategy = WAUM(recipe={**QUICK, "epochs": 2, "margin_epochs": 2})
    first, second, other = (strategy.fit(votes, tasks, seed=seed) for seed in (4, 4, 5))
    assert np.array_equal(first.task_score, second.task_score)
    assert np.array_equal(first.predict(tasks), second.predict(tasks))
    assert not np.array_equal(first.task_score, other.task_score)


def test_tasks_without_votes_are_not_learnt_and_not_valid(crowd):
    votes, tasks, _ = crowd
    keep = votes.task != 7
    some = Votes(votes.task[keep], votes.worker[keep], votes.label[keep], 150, 7, 3)
    for strategy in (Classifier, AUMC, WAUM, CrowdLayer, CoNAL):
        learnt = strategy(recipe={**QUICK, "epochs": 1, "margin_epochs": 1}).fit(some, tasks)
        labels, _ = learnt.train_labels()
        assert labels[7] == -1
        assert 7 not in learnt.trainer.examples["task"]
        if learnt.task_score is not None:
            assert np.flatnonzero(np.isnan(learnt.task_score)).tolist() == [7]


def test_after_epoch_sees_every_epoch_and_can_end_the_training(crowd):
    votes, tasks, _ = crowd
    seen = []

    def after_epoch(learnt):
        seen.append(learnt.n_iter)
        return learnt.n_iter < 3

    learnt = Classifier(recipe=QUICK).fit(votes, tasks, after_epoch=after_epoch)
    assert seen == [0, 1, 2, 3]
    assert learnt.n_iter == 3
    assert not learnt.converged


def test_a_task_counts_as_often_as_it_was_voted():
    votes = Votes([0, 0, 0, 2], [0, 1, 2, 0], [1, 1, 0, 2], 3, 3, 3)
    examples = pruning.frequency_examples(votes)
    assert examples["task"].tolist() == [0, 2]
    np.testing.assert_allclose(examples["target"], [[1 / 3, 2 / 3, 0], [0, 0, 1]], rtol=1e-6)
    np.testing.assert_allclose(examples["weight"], [1.5, 0.5])


def test_a_tasks_votes_are_laid_out_in_one_row():
    votes = Votes([0, 0, 2, 2, 2], [4, 1, 1, 4, 7], [1, 0, 2, 2, 0], 3, 8, 3)
    examples = padded_examples(votes)
    assert examples["task"].tolist() == [0, 2]
    rows = [
        {(w, k) for w, k in zip(*row, strict=True) if k >= 0}
        for row in zip(examples["worker"].tolist(), examples["label"].tolist(), strict=True)
    ]
    assert rows == [{(4, 1), (1, 0)}, {(1, 2), (4, 2), (7, 0)}]


class Fixed(torch.nn.Module):
    """A classifier whose logits are the task's features."""

    def forward(self, x):
        return x


def naive_loss(x, batch, scores):
    """Sum over a task's votes of -log softmax(scores)[label], vote by vote."""
    losses = []
    for i in range(len(x)):
        p = np.exp(x[i]) / np.exp(x[i]).sum()
        loss = 0.0
        for j, k in zip(batch["worker"][i], batch["label"][i], strict=True):
            if k >= 0:
                s = scores(i, j, p)
                loss -= s[k] - np.log(np.exp(s).sum())
        losses.append(loss)
    return losses


@pytest.fixture
def batch():
    rng = np.random.default_rng(2)
    worker = np.array([[0, 1, 2], [1, 0, 0]])
    label = np.array([[2, 0, 1], [1, -1, -1]])
    return rng.normal(size=(2, 3)), {"worker": worker, "label": label}, rng


def tensors(batch):
    return {name: torch.as_tensor(value) for name, value in batch.items()}


def test_the_loss_of_crowd_layer_is_the_papers(batch):
    x, batch, rng = batch
    model = CrowdLayerModel(Fixed(), 3, 3).double()
    assert torch.equal(model.confusion, torch.eye(3).double().expand(3, 3, 3))
    w = rng.normal(size=(3, 3, 3))
    model.confusion.data = torch.as_tensor(w)
    expected = naive_loss(x, batch, lambda i, j, p: w[j] @ p)
    np.testing.assert_allclose(model.loss(torch.as_tensor(x), tensors(batch)).detach(), expected)


def test_the_loss_of_conal_is_the_papers(batch):
    x, batch, rng = batch
    model = CoNALModel(Fixed(), (3,), np.array([True, True, False]), 3, scale=0.1, votes_per_task=2.0).double()
    w, common = rng.normal(size=(3, 3, 3)), rng.normal(size=(3, 3))
    model.confusion.data, model.common.data = torch.as_tensor(w), torch.as_tensor(common)
    u = rng.normal(size=(3, 20))
    model.worker_embedding.data = torch.as_tensor(u)
    v = model.task_embedding(torch.as_tensor(x)).detach().numpy()

    def scores(i, j, p):
        omega = 1 / (1 + np.exp(-u[j] @ v[i]))
        return omega * common @ p + (1 - omega) * w[j] @ p

    distance = sum(np.sqrt(((common - w[j]) ** 2).sum()) for j in (0, 1))  # worker 2 has no vote
    expected = (np.array(naive_loss(x, batch, scores)) - 0.1 * distance) / 2
    np.testing.assert_allclose(model.loss(torch.as_tensor(x), tensors(batch)).detach(), expected)


@pytest.mark.parametrize("form", FORMS)
def test_the_loss_of_each_form_is_its_equation(batch, form):
    x, batch, rng = batch
    model = CrowdLayerModel(
        Fixed(), 3, 3, 2.0, form, trace=0.3 if form == "probability" else 0, voted=[1, 1, 0]
    ).double()
    w, b = rng.normal(size=model.confusion.shape), rng.normal(size=(3, 3))
    model.confusion.data = torch.as_tensor(w)
    if form == "vector_bias":
        model.bias.data = torch.as_tensor(b)

    def answers(j):
        """P(answer l | class k), rows l."""
        return np.array([[np.exp(w[j][m, k]) / np.exp(w[j][:, k]).sum() for k in range(3)] for m in range(3)])

    def scores(i, j, p):
        if form == "matrix":
            return w[j] @ p
        if form == "probability":
            return np.log(answers(j) @ p)
        return w[j] * p + (b[j] if form == "vector_bias" else 0)

    penalty = 0.3 * np.mean([np.trace(answers(j)) for j in (0, 1)]) if form == "probability" else 0  # 2 has no vote
    expected = np.array(naive_loss(x, batch, scores)) / 2 + penalty
    np.testing.assert_allclose(model.loss(torch.as_tensor(x), tensors(batch)).detach(), expected)
    confusion = model.worker_confusion().numpy()
    for j, k in np.ndindex(3, 3):
        s = np.exp(scores(None, j, np.eye(3)[k]))
        np.testing.assert_allclose(confusion[j, k], s / s.sum())


def test_the_start_from_the_agreement(batch):
    """A worker answers with the class of which the network is certain as often as votes agree with the majority."""
    votes = Votes([0, 0, 0, 1, 1, 2], [0, 1, 2, 0, 1, 0], [1, 1, 2, 0, 0, 2], 4, 3, 3)
    share = 5 / 6
    for form in FORMS:
        layer = CrowdLayer(form=form, start="agreement")
        model = layer.model(Fixed(), votes, np.zeros((4, 3)))
        np.testing.assert_allclose(model.worker_confusion().diagonal(dim1=1, dim2=2), share, rtol=1e-5)
    shared = CoNAL(start="agreement").model(Fixed(), votes, Tasks(np.zeros((4, 3)), torch.device("cpu")))
    np.testing.assert_allclose(shared.worker_confusion().diagonal(dim1=1, dim2=2), share, rtol=1e-5)
    np.testing.assert_allclose(shared.common.detach(), shared.confusion[0].detach())
    one_mind = Votes([0, 0], [0, 1], [1, 1], 1, 2, 3)
    assert np.isfinite(CrowdLayer(start="agreement").diagonal(one_mind))


@pytest.fixture(scope="module")
def confused():
    """Four blobs, 300 tasks, six votes each by ten workers whose confusion matrices are drawn; these."""
    rng = np.random.default_rng(3)
    truth = np.arange(300) % 4
    tasks = 3 * np.eye(4)[truth] + rng.normal(scale=0.4, size=(300, 4))
    confusion = rng.dirichlet(np.ones(4), size=(10, 4))
    for j, k in np.ndindex(10, 4):  # the largest entry on the diagonal
        largest = confusion[j, k].argmax()
        confusion[j, k, [k, largest]] = confusion[j, k, [largest, k]]
    task = np.repeat(np.arange(300), 6)
    worker = np.argsort(rng.random((300, 10)), axis=1)[:, :6].ravel()
    label = (rng.random(1800)[:, None] > confusion[worker, truth[task]].cumsum(axis=1)[:, :-1]).sum(axis=1)
    return Votes(task, worker, label, 300, 10, 4), tasks.astype(np.float32), truth, confusion


def mistaken_by(found, confusion):
    """The mean absolute error of confusion matrices."""
    return np.abs(found - confusion).mean()


@pytest.mark.parametrize(("form", "bound"), [
    # measured: .043, .075, .062, .095, .043; chance, all answers alike, .173
    ("matrix", 0.06), ("vector", 0.09), ("vector_bias", 0.075), ("scalar", 0.11), ("probability", 0.06),
])  # fmt: skip
def test_each_form_recovers_simulated_confusions_better_than_chance(confused, form, bound):
    votes, tasks, truth, confusion = confused
    slow = {"learning_rate": 0.02, "epochs": 60, "batch_size": 32}
    trace = 0.01 if form == "probability" else 0
    learnt = CrowdLayer(form=form, trace=trace, start="agreement", recipe=slow).fit(votes, tasks)
    found = learnt.trainer.model.worker_confusion().numpy()
    others = np.mean([mistaken_by(np.roll(found, shift, axis=0), confusion) for shift in range(1, 10)])
    mine = mistaken_by(found, confusion)
    assert mine < bound < 0.17 < mistaken_by(0.25, confusion)
    assert mine < others
    assert (learnt.predict(tasks).argmax(axis=1) == truth).mean() > 0.95


def test_the_start_of_conal_has_finite_gradients(batch):
    """All matrices are equal at the start, where the norm of their difference has no derivative."""
    x, batch, _ = batch
    model = CoNALModel(Fixed(), (3,), np.array([True, True, True]), 3, scale=1e-4)
    model.loss(torch.as_tensor(x).float(), tensors(batch)).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_what_cannot_be_is_refused(crowd):
    votes, tasks, _ = crowd
    with pytest.raises(LearningError, match="one row per task"):
        Classifier().fit(votes, tasks[:-1])
    with pytest.raises(LearningError, match="labels"):
        Classifier(labels="best").fit(votes, tasks)
    with pytest.raises(LearningError, match="epoch"):
        WAUM(epoch="workers").fit(votes, tasks)
    with pytest.raises(LearningError, match="estimator"):
        WAUM(estimator="GLAD").fit(votes, tasks)
    with pytest.raises(LearningError, match="given"):
        AUMC(given="truth").fit(votes, tasks)
    with pytest.raises(LearningError, match="form"):
        CrowdLayer(form="tensor").fit(votes, tasks)
    with pytest.raises(LearningError, match="trace"):
        CrowdLayer(trace=0.1).fit(votes, tasks)
    with pytest.raises(LearningError, match="start"):
        CrowdLayer(start="chance").fit(votes, tasks)
    with pytest.raises(LearningError, match="form and trace"):
        CoNAL(form="vector").fit(votes, tasks)
