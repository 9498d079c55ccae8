"""The libraries' strategies as solvers: aligned by task, iterations as asked, skipped with a reason."""

import importlib.util
import runpy

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.votes import Votes
from tests.conftest import ROOT

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:crowdkit")  # of pandas 3

NEVER_STOPS = 10**6
WORKING = {
    "crowd-kit": [
        "MajorityVote",
        "Wawa",
        "ZeroBasedSkill",
        "DawidSkene",
        "OneCoinDawidSkene",
        "GLAD",
        "MACE",
        "KOS",
        "MMSR",
    ],
    "peerannot": ["majority_voting", "wawa", "twothird", "dawid_skene", "glad", "plantnet", "iwmv"],
}
FAILING = {"peerannot": ["naive_soft", "wds", "dawid_skene_clust"]}
MODULE = {"crowd-kit": "crowdkit", "peerannot": "peerannot"}


def pairs(strategies):
    return [pytest.param(name, s, id=f"{name}-{s}") for name, of_library in strategies.items() for s in of_library]


@pytest.fixture
def solver(benchmark, monkeypatch):
    """`solver("crowd-kit", "Wawa", votes)`: the solver, ready to run on these votes."""

    def make(name, strategy, votes=None, **parameters):
        pytest.importorskip(MODULE[name])
        (solver_class,) = benchmark.check_solver_patterns([name], class_only=True)
        instance = solver_class.get_instance(strategy=strategy, **parameters)
        monkeypatch.setattr(instance, "get_seed", lambda **scope: 3, raising=False)
        if votes is not None:
            assert instance.skip(votes=votes) == (False, None)
            instance.set_objective(votes=votes)
            instance.warm_up()
        return instance

    return make


def answer(solver, n_iter):
    solver.run(n_iter)
    return solver.get_result()


@pytest.fixture
def unanimous():
    """Five workers who agree on nine tasks of twelve, the other three without votes, and what they say."""
    opinion = np.array([1, -1, 0, 1, 1, -1, 0, 0, 1, 0, -1, 1])
    voted = np.flatnonzero(opinion >= 0)
    votes = Votes(np.repeat(voted, 5), np.tile(np.arange(5), len(voted)), np.repeat(opinion[voted], 5), 12, 5, 2)
    return votes, opinion


@pytest.mark.parametrize(("name", "strategy"), pairs(WORKING))
def test_answers_are_aligned_by_task(name, strategy, unanimous, solver):
    votes, opinion = unanimous
    result = answer(solver(name, strategy, votes), 4)
    assert result["labels"].dtype == np.int64
    np.testing.assert_array_equal(result["labels"], opinion)
    if result["soft"] is not None:
        np.testing.assert_allclose(result["soft"].sum(axis=1), opinion >= 0, atol=1e-6)
        np.testing.assert_array_equal(result["soft"].argmax(axis=1)[opinion >= 0], opinion[opinion >= 0])


@pytest.mark.parametrize(("name", "strategy"), pairs(WORKING))
@pytest.mark.parametrize("n_class", [2, 3])
def test_what_works_is_not_skipped(name, strategy, n_class, random_votes, solver):
    """The trial crowd must not be what breaks a strategy; KOS is for two classes."""
    skip, _ = solver(name, strategy).skip(votes=random_votes(n_class=n_class)[0])
    assert skip == (strategy == "KOS" and n_class == 3)


@pytest.mark.parametrize(("name", "strategy"), pairs(WORKING))
def test_a_curve_ends_at_the_librarys_own_end(name, strategy, random_votes, solver):
    votes, _ = random_votes(n_task=20, n_worker=5, n_class=2, per_task=3)
    instance = solver(name, strategy, votes)
    limit = instance.iterations.get(strategy, 0)
    start = answer(instance, 0)
    assert start["n_iter"] == 0
    assert start["converged"] == (limit == 0)
    if limit:
        assert answer(instance, 1)["n_iter"] == 1
        if strategy == "MMSR":
            return  # its filter may keep it from the tolerance, and 10,000 iterations are too many for a test
        end = answer(instance, NEVER_STOPS)
        assert end["converged"]
        assert end["n_iter"] <= limit


@pytest.mark.parametrize(("name", "strategy"), pairs(WORKING))
def test_the_same_seed_gives_the_same_labels(name, strategy, random_votes, solver):
    votes, _ = random_votes(n_task=20, n_worker=5, n_class=2, per_task=4, skill=0.5)
    instance = solver(name, strategy, votes)
    np.testing.assert_array_equal(answer(instance, 2)["labels"], answer(instance, 2)["labels"])


@pytest.mark.parametrize(("name", "strategy"), pairs(FAILING))
def test_what_the_library_cannot_do_is_skipped_with_its_error(name, strategy, random_votes, solver):
    skip, reason = solver(name, strategy).skip(votes=random_votes()[0])
    assert skip
    assert reason.startswith(f"{name} ")
    assert "Error: " in reason


def test_iterations_are_crowd_kits(random_votes, solver):
    crowd_kit = pytest.importorskip("crowdkit.aggregation")
    votes, _ = random_votes(skill=0.4)
    result = answer(solver("crowd-kit", "DawidSkene", votes), 3)
    assert result["n_iter"] == 3
    frame = pd.DataFrame({"task": votes.task, "worker": votes.worker, "label": votes.label})
    theirs = crowd_kit.DawidSkene(n_iter=3).fit_predict_proba(frame)
    np.testing.assert_allclose(result["soft"], theirs.reindex(index=range(60), columns=range(4)).to_numpy())


def test_kos_of_crowd_kit_is_skipped_for_three_classes(random_votes, solver):
    skip, reason = solver("crowd-kit", "KOS").skip(votes=random_votes(n_class=3)[0])
    assert skip
    assert "binary" in reason


def test_a_broken_strategy_is_skipped_with_what_it_raises(random_votes, solver, monkeypatch):
    classification = pytest.importorskip("crowdkit.aggregation").classification

    class Broken:
        def fit_predict(self, data):
            raise AttributeError("no attribute '__sklearn_tags__'")

    monkeypatch.setattr(classification, "Wawa", Broken)
    skip, reason = solver("crowd-kit", "Wawa").skip(votes=random_votes()[0])
    assert skip
    assert reason.startswith("crowd-kit ")
    assert reason.endswith("fails: AttributeError: no attribute '__sklearn_tags__'")


def test_what_would_not_end_is_skipped_with_the_way_to_force_it(random_votes, solver):
    votes, _ = random_votes(n_task=3000)
    skip, reason = solver("crowd-kit", "GLAD").skip(votes=votes)
    assert skip
    assert reason == (
        "would not end soon on 15000 votes for 4 classes; force it with -s 'crowd-kit[strategy=GLAD,max_votes=15000]'"
    )
    assert solver("crowd-kit", "GLAD", max_votes=15000).skip(votes=votes) == (False, None)
    assert solver("crowd-kit", "DawidSkene").skip(votes=votes) == (False, None)
    assert solver("crowd-kit", "DawidSkene", max_votes=100).skip(votes=votes)[0]


def test_two_answers_of_a_worker_to_a_task_are_more_than_peerannot_reads(solver):
    votes = Votes([0, 0, 1], [0, 0, 1], [0, 1, 1], 2, 2, 2)
    skip, reason = solver("peerannot", "wawa").skip(votes=votes)
    assert skip
    assert "two answers" in reason


@pytest.mark.parametrize("name", MODULE)
def test_a_missing_library_is_one_line(name, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: None)
    with pytest.raises(ImportError, match=f"^{name} is not installed$"):
        runpy.run_path(str(ROOT / "solvers" / f"{name.replace('-', '_')}.py"))
