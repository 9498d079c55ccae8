"""The learnt solvers as Benchopt sees them: names, what they skip, what they return."""

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("torch")

from benchmark_utils.harness import learnt_solver, limits
from benchmark_utils.votes import Votes
from tests.conftest import ROOT

NAMES = ["WAUM", "AUMC", "ConfidentLearning", "CrowdLayer", "CoNAL", "Classifier", "CROWDLAB", "cleanlab"]
POINTS = np.zeros((60, 2), dtype=np.float32)
IMAGES = np.zeros((60, 3, 8, 8), dtype=np.uint8)


@pytest.fixture
def solver(benchmark):
    def make(name, **parameters):
        if name == "cleanlab":
            pytest.importorskip("cleanlab")
        (solver_class,) = benchmark.check_solver_patterns([name], class_only=True)
        return solver_class.get_instance(**parameters)

    return make


@pytest.mark.parametrize("name", NAMES)
def test_what_is_skipped_and_why(solver, random_votes, monkeypatch, name):
    import torch

    votes, _ = random_votes()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "votes only" in solver(name).skip(votes, tasks=None)[1]
    assert "images need a GPU" in solver(name).skip(votes, tasks=IMAGES)[1]
    assert f"{name}[device=cpu]" in solver(name).skip(votes, tasks=IMAGES)[1]
    assert "no CUDA device" in solver(name, device="cuda").skip(votes, tasks=POINTS)[1]
    assert solver(name).skip(votes, tasks=POINTS) == (False, None)
    assert solver(name, device="cpu").skip(votes, tasks=IMAGES) == (False, None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert solver(name).skip(votes, tasks=IMAGES) == (False, None)


@pytest.mark.parametrize("name", NAMES)
def test_a_curve_has_a_point_per_epoch_and_all_that_is_learnt(solver, random_votes, name):
    votes, _ = random_votes()
    rng = np.random.default_rng(0)
    points, held_out = rng.normal(size=(60, 2)), rng.normal(size=(7, 2))
    instance = solver(name, epochs=3)
    instance.get_seed = lambda **_: 5
    instance.set_objective(votes, points, held_out)
    results = []

    def callback():
        results.append(instance.get_result())
        return True

    instance.run(callback)
    assert [result["n_iter"] for result in results] == [0, 1, 2, 3]
    assert [result["converged"] for result in results] == [False] * 3 + [True]
    last = results[-1]
    assert last["labels"].shape == (60,)
    assert last["test_proba"].shape == (7, votes.n_class)
    np.testing.assert_allclose(last["test_proba"].sum(axis=1), 1, atol=1e-6)
    assert not np.array_equal(last["test_proba"], results[0]["test_proba"])
    assert last["worker_score"].shape == (votes.n_worker,)
    if name in ("WAUM", "AUMC"):
        assert last["task_score"].shape == (60,)
        assert (last["labels"] == -1).sum() == 1  # 1 % of 60


def test_a_run_that_was_stopped_goes_on(solver, random_votes, tmp_path, monkeypatch):
    votes, _ = random_votes()
    points = np.random.default_rng(0).normal(size=(60, 2))
    monkeypatch.setenv("CROWD_LABELS_CHECKPOINTS", str(tmp_path))
    seen, stop_at = [], None

    def callback():
        seen.append(instance.get_result())
        if len(seen) == stop_at:
            raise KeyboardInterrupt
        return True

    instance = solver("WAUM", epochs=4)
    instance.get_seed = lambda **_: 5
    instance.set_objective(votes, points, points)
    instance.run(callback)
    whole, stop_at = seen.copy(), 3
    seen.clear()
    with pytest.raises(KeyboardInterrupt):
        instance.run(callback)
    stop_at = None
    seen.clear()
    instance.run(callback)
    assert [result["n_iter"] for result in seen] == [2, 3, 4]
    for result, expected in zip(seen, whole[2:], strict=True):
        for name in ("labels", "soft", "test_proba", "task_score", "worker_score"):
            np.testing.assert_array_equal(result[name], expected[name])
    assert not list(tmp_path.iterdir())


def test_what_cleanlab_and_crowdlab_cannot_read_is_skipped(solver, monkeypatch):
    once = Votes([0, 1, 2], [0, 1, 0], [0, 1, 1], 3, 2, 2)
    for name in ("CROWDLAB", "cleanlab"):
        skip, reason = solver(name).skip(once, tasks=POINTS[:3])
        assert skip
        assert "no task has two votes" in reason
    twice = Votes([0, 0, 1], [0, 0, 1], [0, 1, 1], 2, 2, 2)
    assert solver("CROWDLAB").skip(twice, tasks=POINTS[:2]) == (False, None)
    assert "two answers" in solver("cleanlab").skip(twice, tasks=POINTS[:2])[1]
    monkeypatch.setattr(limits, "memory_limit", lambda: 2**30)
    wide = Votes([0, 0, 99_999], [0, 1, 99_999], [0, 1, 1], 100_000, 100_000, 2)
    assert "needs 74.5 GiB" in solver("cleanlab").skip(wide, tasks=POINTS)[1]
    assert solver("CROWDLAB").skip(wide, tasks=POINTS) == (False, None)


@pytest.mark.parametrize(("module", "names"), [("torch", NAMES), ("cleanlab", ["cleanlab"])])
def test_a_missing_library_is_one_line(benchmark, monkeypatch, module, names):
    monkeypatch.setattr(learnt_solver, "find_spec", lambda name: None if name == module else True)
    for name in NAMES:
        (solver_class,) = benchmark.check_solver_patterns([name], class_only=True)
        assert solver_class.is_installed() == (name not in names)
        if name in names:
            with pytest.raises(ImportError, match="is not installed"):
                solver_class.is_installed(raise_on_not_installed=True)


def test_a_figure_of_cleanlab_rests_on_its_version(solver):
    assert solver("cleanlab").find_state()["cleanlab"][0].isdigit()
    assert "cleanlab" not in solver("CROWDLAB").find_state()


@pytest.mark.parametrize("name", NAMES)
def test_the_first_measurement_is_not_of_what_pytorch_loads(solver, name, monkeypatch):
    from benchmark_utils.learning.training.trainer import Trainer

    steps = []
    step = Trainer._step
    monkeypatch.setattr(Trainer, "_step", lambda trainer: steps.append(step(trainer)))
    solver(name).warm_up()
    assert steps


def test_names_show_what_differs_from_the_default(solver):
    assert str(solver("WAUM")) == "WAUM[alpha=0.01,epoch=tasks,labels=WDS]"
    assert str(solver("WAUM", stem="cifar", batch_size=1024)) == (
        "WAUM[alpha=0.01,batch_size=1024,epoch=tasks,labels=WDS,stem=cifar]"
    )
    assert str(solver("CrowdLayer")) == "CrowdLayer[default]"
    assert str(solver("CrowdLayer", form="vector", start="agreement")) == "CrowdLayer[form=vector,start=agreement]"
    assert str(solver("WAUM", estimator="DSWC")) == "WAUM[alpha=0.01,epoch=tasks,estimator=DSWC,labels=WDS]"
    assert str(solver("AUMC", given="aggregated")) == "AUMC[alpha=0.01,given=aggregated,labels=WDS]"


def test_what_the_solvers_hand_on(solver):
    assert solver("WAUM", estimator="FDS").get_strategy().estimator == "FDS"
    assert solver("AUMC", given="aggregated").get_strategy().given == "aggregated"
    layer = solver("CrowdLayer", form="probability", trace=0.1, start="agreement").get_strategy()
    assert (layer.form, layer.trace, layer.start) == ("probability", 0.1, "agreement")
    assert solver("CoNAL", start="agreement").get_strategy().start == "agreement"
    assert solver("ConfidentLearning", folds=3).get_strategy().folds == 3


def test_reading_the_solvers_does_not_import_torch():
    code = (
        "import sys; from benchopt.benchmark import Benchmark; "
        "classes = Benchmark('.').get_solvers(); "
        "assert {'WAUM', 'CoNAL'} <= {c.name for c in classes}; "
        "print('torch' in sys.modules, 'sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
