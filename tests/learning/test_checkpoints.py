"""A training that is stopped goes on from its last whole epoch, to the same bits; nobody else's checkpoint is taken."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from benchmark_utils.learning import margins  # noqa: E402
from benchmark_utils.learning.classifier import Classifier  # noqa: E402
from benchmark_utils.learning.conal import CoNAL  # noqa: E402
from benchmark_utils.learning.confident_learning import ConfidentLearning  # noqa: E402
from benchmark_utils.learning.crowd_layer import CrowdLayer  # noqa: E402
from benchmark_utils.learning.crowdlab import CROWDLAB  # noqa: E402
from benchmark_utils.learning.pruning import AUMC, WAUM  # noqa: E402
from benchmark_utils.learning.training import checkpoints as module  # noqa: E402
from benchmark_utils.learning.training import networks  # noqa: E402
from benchmark_utils.learning.training.checkpoints import VARIABLE, checkpoints  # noqa: E402
from benchmark_utils.learning.training.errors import LearningError  # noqa: E402
from benchmark_utils.learning.training.recipe import Recipe  # noqa: E402
from benchmark_utils.learning.training.tasks import Tasks  # noqa: E402
from benchmark_utils.learning.training.trainer import PlainLoss, Trainer  # noqa: E402
from benchmark_utils.votes import Votes  # noqa: E402
from tests.conftest import ROOT  # noqa: E402

QUICK = {"learning_rate": 0.01, "epochs": 4, "margin_epochs": 4, "batch_size": 16, "drops": (2,)}
STRATEGIES = {
    "Classifier": Classifier(recipe=QUICK),
    "AUMC": AUMC(alpha=0.1, recipe=QUICK),
    "WAUM": WAUM(alpha=0.1, recipe={**QUICK, "optimizer": "sgd"}),
    "CrowdLayer": CrowdLayer(alpha=0.1, recipe={**QUICK, "crowd_learning_rate": 0.02}),
    "CoNAL": CoNAL(alpha=0.1, scale=1e-3, recipe=QUICK),
    "CROWDLAB": CROWDLAB(folds=2, recipe=QUICK),
    "ConfidentLearning": ConfidentLearning(folds=2, recipe=QUICK),
}


def crowd(shape=(5,)):
    """Forty tasks, five workers, three classes, three votes a task. Features are learnt with dropout."""
    rng = np.random.default_rng(0)
    truth = np.arange(40) % 3
    tasks = rng.normal(size=(40, *shape)) + truth.reshape(-1, *[1] * len(shape))
    task = np.repeat(np.arange(40), 3)
    worker = np.argsort(rng.random((40, 5)), axis=1)[:, :3].ravel()
    label = np.where(rng.random(120) < 0.7, truth[task], rng.integers(3, size=120))
    return Votes(task, worker, label, 40, 5, 3), tasks.astype(np.float32)


def bits(learnt, tasks):
    """All that a fit leaves behind."""
    score = np.zeros(0) if learnt.task_score is None else learnt.task_score
    return [learnt.predict(tasks), score, learnt.train_labels()[0], learnt.worker_score()]


def same(one, other):
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, other, strict=True))


@pytest.fixture
def steps(monkeypatch):
    """Counts epochs begun and steps, and interrupts the step of the number `at`."""

    class Steps:
        n, n_epoch, at = 0, 0, None

    advance, train_epoch = Trainer._advance, Trainer.train_epoch

    def counted(trainer):
        Steps.n += 1
        if Steps.n == Steps.at:
            raise KeyboardInterrupt
        advance(trainer)

    def begun(trainer):
        Steps.n_epoch += 1
        return train_epoch(trainer)

    monkeypatch.setattr(Trainer, "_advance", counted)
    monkeypatch.setattr(Trainer, "train_epoch", begun)
    return Steps


def stop(strategy, steps, folder, at, votes, tasks):
    """Interrupt a fit in its step of the number `at`; counting starts again."""
    steps.n, steps.at = 0, at
    with pytest.raises(KeyboardInterrupt), checkpoints(folder):
        strategy.fit(votes, tasks, seed=3)
    steps.n, steps.n_epoch, steps.at = 0, 0, None


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_fit_goes_on_to_the_same_bits(name, steps, tmp_path, capsys):
    votes, tasks = crowd()
    strategy = STRATEGIES[name]
    whole = bits(strategy.fit(votes, tasks, seed=3), tasks)
    n_step, n_epoch = steps.n, steps.n_epoch
    for at in (2, n_step // 3, n_step // 2 + 1, n_step - 1):  # in the first epoch, and in each of the networks
        steps.n_epoch = 0
        stop(strategy, steps, tmp_path, at, votes, tasks)
        left = n_epoch - len_of(tmp_path)
        with checkpoints(tmp_path):
            gone_on = strategy.fit(votes, tasks, seed=3)
        assert steps.n_epoch == left  # no whole epoch is trained twice
        assert same(bits(gone_on, tasks), whole)
        assert (": goes on after epoch" in capsys.readouterr().err) == (left < n_epoch)
        assert not list(tmp_path.iterdir())


def len_of(folder):
    """The number of epochs that lie in the files of a folder."""
    return sum(torch.load(file, weights_only=True)["trainer"]["n_epoch"] for file in folder.glob("*.pt"))


def test_images_go_on_to_the_same_bits(steps, tmp_path):
    """Crops and flips draw at random, batch normalisation and the optimiser have states, the learning rate drops."""
    votes, tasks = crowd((3, 8, 8))
    strategy = Classifier(device="cpu", recipe={**QUICK, "optimizer": "sgd", "epochs": 3, "augment": True})
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        whole = bits(strategy.fit(votes, tasks, seed=3), tasks)
        stop(strategy, steps, tmp_path, 8, votes, tasks)  # of nine steps
        with checkpoints(tmp_path):
            assert same(bits(strategy.fit(votes, tasks, seed=3), tasks), whole)
        assert steps.n_epoch == 1
    finally:
        torch.set_num_threads(threads)


KILLED = """
import os, signal, sys
from benchmark_utils.learning.training.checkpoints import checkpoints
from benchmark_utils.learning.training.trainer import Trainer
from tests.learning.test_checkpoints import STRATEGIES, crowd

advance, n = Trainer._advance, 0

def killed(trainer):
    global n
    n += 1
    if n == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
    advance(trainer)

Trainer._advance = killed
with checkpoints():
    STRATEGIES["WAUM"].fit(*crowd(), seed=3)
"""


def test_a_process_that_is_killed_goes_on(steps, tmp_path, monkeypatch, capsys):
    """Processes that SIGKILL ends in the margins and in the classifier, whose steps are twelve each; then one ends."""
    votes, tasks = crowd()
    whole = bits(STRATEGIES["WAUM"].fit(votes, tasks, seed=3), tasks)
    folder = tmp_path / "kept" / "here"
    environment = os.environ | {"OMP_NUM_THREADS": "1", VARIABLE: str(folder)}
    for at, files in ((8, {"WAUM_margins"}), (11, {"WAUM_margins", "WDS_classifier"})):
        command = [sys.executable, "-c", KILLED, str(at)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert {file.name.partition("-")[0] for file in folder.iterdir()} == files
    assert "WAUM margins: goes on after epoch 2 of 4" in done.stderr
    monkeypatch.setenv(VARIABLE, str(folder))
    steps.n_epoch = 0
    with checkpoints():
        assert same(bits(STRATEGIES["WAUM"].fit(votes, tasks, seed=3), tasks), whole)
    assert steps.n_epoch == 3  # of the classifier's four
    said = capsys.readouterr().err
    assert "WAUM margins: goes on after epoch 4 of 4" in said
    assert "WDS classifier: goes on after epoch 1 of 4" in said
    assert not list(folder.iterdir())


def others():
    votes, tasks = crowd()
    base = STRATEGIES["WAUM"]
    turned = votes.label.copy()
    turned[0] = (turned[0] + 1) % 3
    changed = tasks.copy()
    changed[0, 0] += 1e-3
    yield "votes", base, Votes(votes.task, votes.worker, turned, 40, 5, 3), tasks, 3
    yield "tasks", base, votes, changed, 3
    yield "seed", base, votes, tasks, 4
    yield "margin", replace(base, margin="pleiss"), votes, tasks, 3
    for setting in ({"learning_rate": 0.02}, {"margin_epochs": 5}, {"batch_size": 8}, {"weight_decay": 0.1}):
        yield next(iter(setting)), replace(base, recipe={**base.recipe, **setting}), votes, tasks, 3


@pytest.mark.parametrize("case", list(others()), ids=lambda case: case[0])
def test_what_differs_is_trained_from_the_start(case, steps, tmp_path):
    stop(STRATEGIES["WAUM"], steps, tmp_path, 11, *crowd())
    assert len_of(tmp_path) == 3
    _, strategy, votes, tasks, seed = case
    expected = strategy.score_tasks(votes, tasks, seed)
    n_epoch, steps.n_epoch = steps.n_epoch, 0
    with checkpoints(tmp_path):
        assert np.array_equal(strategy.score_tasks(votes, tasks, seed), expected)
    assert steps.n_epoch == n_epoch
    assert len_of(tmp_path) == 3  # the other's is left alone


@pytest.mark.parametrize("setting", [{"scale": 1e-2}, {"start": "agreement"}])
def test_settings_of_a_crowds_layer_count_too(setting, steps, tmp_path):
    votes, tasks = crowd()
    layer = CoNAL(scale=1e-3, recipe=QUICK)
    stop(layer, steps, tmp_path, 11, votes, tasks)
    with checkpoints(tmp_path):
        replace(layer, **setting).fit(votes, tasks, seed=3)
    assert steps.n_epoch == 4


def test_other_code_trains_from_the_start(steps, tmp_path, monkeypatch):
    votes, tasks = crowd()
    stop(STRATEGIES["Classifier"], steps, tmp_path, 11, votes, tasks)
    monkeypatch.setattr(module, "CODE", "another")
    with checkpoints(tmp_path):
        STRATEGIES["Classifier"].fit(votes, tasks, seed=3)
    assert steps.n_epoch == 4


def test_the_order_and_the_dropout_count_too():
    """Where two trainings start from the same weights."""
    network = networks.two_dense(5, 3)
    _, tasks = crowd()
    examples = {"task": np.arange(40), "target": np.arange(40) % 3}

    def found(order, dropout):
        torch.manual_seed(dropout)
        trainer = Trainer(PlainLoss(network), Tasks(tasks, torch.device("cpu")), examples, Recipe(), 2, order)
        return module.fingerprint(trainer)

    assert found(0, 0) == found(0, 0)
    assert len({found(0, 0), found(1, 0), found(0, 1)}) == 3


class Mischief:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("damage", ["cut", "empty", "another's", "pickle"])
def test_a_file_that_is_no_checkpoint_is_refused(damage, steps, tmp_path):
    votes, tasks = crowd()
    folder = tmp_path / "kept"
    stop(STRATEGIES["Classifier"], steps, folder, 11, votes, tasks)
    (file,) = folder.iterdir()
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-100])
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "another's":
        torch.save({"trainer": {"n_epoch": 2}}, file)
    else:
        torch.save({"trainer": Mischief(tmp_path / "made")}, file)
    with pytest.raises(LearningError, match=rf"{file.name} is not a whole checkpoint .*remove it"), checkpoints(folder):
        STRATEGIES["Classifier"].fit(votes, tasks, seed=3)
    assert file.exists()
    assert not (tmp_path / "made").exists()


def test_a_folder_that_cannot_be_written_is_said_in_words(tmp_path, monkeypatch):
    votes, tasks = crowd()
    (tmp_path / "file").write_text("")
    with pytest.raises(LearningError, match="checkpoints cannot be written"), checkpoints(tmp_path / "file"):
        pass

    def full(state, file):
        raise RuntimeError("no space left")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(LearningError, match=r"no space left.*another folder"), checkpoints(tmp_path / "kept"):
        STRATEGIES["Classifier"].fit(votes, tasks)


def test_what_a_killed_process_had_begun_to_write_goes_too(steps, tmp_path):
    votes, tasks = crowd()
    stop(STRATEGIES["Classifier"], steps, tmp_path, 11, votes, tasks)
    (file,) = tmp_path.iterdir()
    (tmp_path / f"{file.stem}.abc.part").write_bytes(b"half")
    (tmp_path / "mine.txt").write_text("")
    with checkpoints(tmp_path):
        STRATEGIES["Classifier"].fit(votes, tasks, seed=3)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "save", lambda *_: pytest.fail("something was written"))
    votes, tasks = crowd()
    with checkpoints():
        STRATEGIES["WAUM"].fit(votes, tasks)
    STRATEGIES["WAUM"].fit(votes, tasks)


def test_margins_go_on_where_they_were():
    sigmas = torch.rand(6, 10, 4, generator=torch.Generator().manual_seed(0)).softmax(dim=2)
    whole, half, rest = (margins.AreaUnderMargin() for _ in range(3))
    for sigma in sigmas:
        whole.record(sigma)
    for sigma in sigmas[:3]:
        half.record(sigma)
    rest.restore(half.state(), "cpu")
    for sigma in sigmas[3:]:
        rest.record(sigma)
    assert np.array_equal(rest.mean(), whole.mean())
    assert np.array_equal(rest.softmax, whole.softmax)
