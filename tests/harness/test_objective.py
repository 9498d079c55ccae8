"""The objective: what is withheld or given, and that nothing changes without; the scores of workers and tasks."""

import inspect

import numpy as np
import pandas as pd
import pytest
from benchopt.cli.main import run as benchopt_run
from benchopt.utils.parametrized_name_mixin import product_param
from benchopt.utils.run_context import RunContext

from benchmark_utils.harness.hidden import reveal
from benchmark_utils.harness.solver import IterativeSolver, OneShotSolver
from benchmark_utils.results.outcomes import crowds_of
from benchmark_utils.scoring.disagreement import disagreement_scores
from benchmark_utils.scoring.kept_scores import unpack_scores
from benchmark_utils.scoring.right import unpack_right
from benchmark_utils.scoring.truth_free import heldout_scores
from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.catalogue import CATALOGUE
from tests.conftest import ROOT

NAME = "Crowdsourced label aggregation"


@pytest.fixture
def make(benchmark):
    """`make(votes, truth, repetition=0, **parameters)`: an objective as in a run, with its data."""

    def make(votes, truth, repetition=0, **parameters):
        objective = benchmark.get_benchmark_objective().get_instance(**parameters)
        context = RunContext().set_run_context(objective, "d", "s", repetition, base_seed=0)
        context.attach(objective, None, None)
        objective.set_data(votes=votes, truth=truth)
        return objective

    return make


def test_by_default_nothing_is_withheld_and_nothing_is_drawn(make, random_votes):
    votes, truth = random_votes()
    objective = make(votes, truth)
    assert str(objective) == NAME  # as in results from before there was a parameter
    seen = objective.get_objective()["votes"]
    assert all(getattr(seen, name) is getattr(votes, name) for name in ("task", "worker", "label"))
    assert not any(objective._seed_params.values())  # so that Benchopt caches the data over repetitions, as before
    assert not [name for name in objective.evaluate_result(truth) if name.startswith("heldout")]
    assert "known" not in objective.get_objective()


def test_a_share_of_the_workers_is_withheld_and_predicted(make, random_votes):
    votes, truth = random_votes(n_worker=10)
    objective = make(votes, truth, heldout_share=0.3)
    assert str(objective) == f"{NAME}[heldout_share=0.3]"
    seen = objective.get_objective()["votes"]
    withheld = reveal(objective)[2]
    assert len(set(withheld.worker)) == 3
    assert not set(seen.worker) & set(withheld.worker)
    assert seen.n_votes + withheld.n_votes == votes.n_votes
    assert not [name for name, value in vars(objective).items() if value is withheld]  # no solver sees them
    scores = objective.evaluate_result(truth)
    expected = heldout_scores(seen, withheld, truth) | disagreement_scores(seen, withheld, truth)
    assert {name: scores[name] for name in expected} == expected
    assert scores["acc_train"] == 1


def test_each_repetition_withholds_other_workers(make, random_votes):
    votes, truth = random_votes()
    first, again, second = (make(votes, truth, repetition, heldout_share=0.3) for repetition in (0, 0, 1))
    drawn = [set(reveal(objective)[2].worker) for objective in (first, again, second)]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize(("share", "reason"), [(1, "is a share of the workers"), (0.5, "one worker gave all")])
def test_what_cannot_be_withheld_skips_in_words(benchmark, random_votes, share, reason):
    votes, _ = random_votes(n_worker=1, per_task=1)
    objective = benchmark.get_benchmark_objective().get_instance(heldout_share=share)
    skips, said = objective.skip(votes=votes)
    assert skips
    assert reason in said


def test_a_run_with_withheld_votes(tmp_path):
    output = tmp_path / "result.parquet"
    chosen = ["-s", "MV", "-s", "OneCoinDS", "-d", "simulated[scenario=independent,n_task=60]", "-r", "2"]
    objective = ["-o", f"{NAME}[heldout_share=0.2]", "--output", str(output), "--no-cache", "--no-plot"]
    benchopt_run([str(ROOT), *chosen, *objective], standalone_mode=False)
    results = pd.read_parquet(output)
    assert results["objective_name"].unique() == [f"{NAME}[heldout_share=0.2]"]
    assert results["objective_heldout_agreement"].between(0, 1).all()
    assert (results["objective_heldout_log_score"] < 0).all()
    assert np.unique(results["objective_heldout_log_score"]).size > 2


@pytest.mark.parametrize(("heldout_share", "shares"), [(0, ""), (0.3, "heldout_share=0.3,")])
def test_a_share_of_the_truths_is_given_and_the_others_are_scored(make, random_votes, heldout_share, shares):
    votes, truth = random_votes()
    truth[:20] = -1
    objective = make(votes, truth, known_share=0.25, heldout_share=heldout_share)
    assert str(objective) == f"{NAME}[{shares}known_share=0.25]"
    known = objective.get_objective()["known"]
    is_given = known >= 0
    assert np.count_nonzero(is_given) == 10
    np.testing.assert_array_equal(known[is_given], truth[is_given])
    with pytest.raises(ValueError, match="read-only"):
        known[:] = truth
    right_there, right_elsewhere = np.where(is_given, truth, 3), np.where(is_given, 3, truth)
    assert objective.evaluate_result(np.where(truth < 0, 0, right_elsewhere))["acc_train"] == 1
    others = (truth >= 0) & ~is_given
    assert objective.evaluate_result(right_there)["acc_train"] == np.mean(truth[others] == 3)
    result = objective.evaluate_result(right_there)
    assert unpack_right(result["right"])[1] == 30
    np.testing.assert_array_equal(unpack_right(result["right"])[0], truth[others] == 3)
    assert "truth of 66.7 %" in result["crowd"]


def test_a_solver_finds_no_truth_that_is_not_given(make, random_votes):
    votes, truth = random_votes()
    objective = make(votes, truth, known_share=0.25)
    is_given = objective.known >= 0
    for value in vars(objective).values():
        if isinstance(value, np.ndarray) and value.shape == truth.shape:
            assert (value[~is_given] == -1).all()


def test_each_repetition_gives_other_truths_and_is_scored_on_other_data(make, random_votes):
    votes, truth = random_votes()
    first, again, second = (make(votes, truth, repetition, known_share=0.3) for repetition in (0, 0, 1))
    drawn = [objective.known.tolist() for objective in (first, again, second)]
    assert drawn[0] == drawn[1] != drawn[2]
    data = [objective.evaluate_result(truth)["data"] for objective in (first, again, second)]
    assert data[0] == data[1] != data[2]


@pytest.mark.parametrize("share", [-0.1, 1, float("nan")])
def test_a_share_of_truths_out_of_range_skips_in_words(benchmark, random_votes, share):
    votes, truth = random_votes()
    skips, said = benchmark.get_benchmark_objective().get_instance(known_share=share).skip(votes=votes, truth=truth)
    assert skips
    assert "is a share of the known truths" in said


@pytest.mark.parametrize("n_known", [0, 1])
def test_too_few_truths_skip_in_words(benchmark, random_votes, n_known):
    votes, truth = random_votes()
    truth[n_known:] = -1
    objective = benchmark.get_benchmark_objective()
    skips, said = objective.get_instance(known_share=0.5).skip(votes=votes, truth=truth)
    assert skips
    assert f"{n_known} of its truths" in said
    assert not objective.get_instance().skip(votes=votes, truth=truth)[0]


class Told:
    """Labels 1 where a class is known, else 0: scored on other tasks, it is right where the truth is 0."""

    def fit(self, votes, n_iter=1, tol=0, seed=0, known=None):
        told = np.zeros(votes.n_task, bool) if known is None else known >= 0
        return Aggregation(told.astype(np.int64), converged=n_iter > 0)


class NotTold:
    def fit(self, votes, seed=0):
        return Aggregation(np.zeros(votes.n_task, dtype=np.int64))


@pytest.mark.parametrize("base", [OneShotSolver, IterativeSolver])
def test_what_has_a_place_for_known_truths_is_given_them(make, random_votes, base):
    votes, truth = random_votes()
    solver = type("Solver", (base,), dict(name="s", get_strategy=lambda self: Told()))()
    solver.get_seed = lambda **uses: 0
    objective = make(votes, truth, known_share=0.3)
    shown = objective.get_objective()
    solver.set_objective(**shown)
    solver.warm_up()
    solver.run(1)
    np.testing.assert_array_equal(solver.get_result()["labels"], shown["known"] >= 0)
    solver.set_objective(**make(votes, truth).get_objective())
    solver.run(1)
    assert not solver.get_result()["labels"].any()


def test_what_has_none_runs_without(make, random_votes):
    votes, truth = random_votes()
    solver = type("Solver", (OneShotSolver,), dict(name="s", get_strategy=lambda self: NotTold()))()
    solver.get_seed = lambda **uses: 0
    solver.set_objective(**make(votes, truth, known_share=0.3).get_objective())
    solver.run(1)
    assert not solver.get_result()["labels"].any()


def test_a_run_with_known_truths(tmp_path):
    output = tmp_path / "result.parquet"
    chosen = [
        "-s",
        "MV",
        "-s",
        "ZC",
        "-s",
        "tolerance[strategy=CRH]",
        "-d",
        "simulated[scenario=independent,n_task=60]",
    ]
    objective = ["-o", f"{NAME}[known_share=0.5]", "-r", "2", "--output", str(output), "--no-cache", "--no-plot"]
    benchopt_run([str(ROOT), *chosen, *objective], standalone_mode=False)
    results = pd.read_parquet(output)
    assert results["objective_name"].unique() == [f"{NAME}[known_share=0.5]"]
    assert {unpack_right(text)[1] for text in results["objective_right"]} == {30}
    assert results.groupby("idx_rep")["objective_data"].nunique().tolist() == [1, 1]
    assert results["objective_data"].nunique() == 2
    (crowd,) = crowds_of(results)
    assert crowd.n_known == 60  # thirty of each repetition
    assert sorted(crowd.right.index) == sorted(results["solver_name"].unique())


def test_the_true_skill_scores_the_workers_and_no_solver_sees_it(benchmark, random_votes):
    votes, truth = random_votes(n_worker=12)
    skill = np.linspace(0.3, 1, 12)
    confusion = np.stack([np.where(np.eye(4, dtype=bool), one, (1 - one) / 3) for one in skill])
    objective = benchmark.get_benchmark_objective().get_instance()
    objective.set_data(votes=votes, truth=truth, confusion=confusion)
    assert "confusion" not in objective.get_objective()
    assert not [name for name, value in vars(objective).items() if value is confusion]
    scores = objective.evaluate_result(truth, worker_score=skill**2, task_score=np.arange(60.0))
    assert scores["skill_correlation"] == pytest.approx(1)
    kept, n_worker = unpack_scores(scores["worker_scores"])
    assert n_worker == 12
    assert kept == pytest.approx(skill**2, abs=1e-4)
    assert unpack_scores(scores["task_scores"])[0] == pytest.approx(np.arange(60), abs=1e-3)
    before = objective.evaluate_result(truth, worker_score=skill, task_score=np.arange(60.0), converged=False)
    assert before["skill_correlation"] == pytest.approx(1)
    assert (before["worker_scores"], before["task_scores"]) == ("", "")  # kept once, of the end
    scores = objective.evaluate_result(truth)  # hard labels alone: nothing is known of workers or tasks
    assert np.isnan(scores["skill_correlation"])
    assert (scores["worker_scores"], scores["task_scores"]) == ("", "")


def test_every_strategy_hands_over_its_scores(tmp_path):
    output = tmp_path / "result.parquet"
    solvers = ["MV", "TwoThird", "WAWA", "DS", "GLAD", "tolerance[strategy=OneCoinDS]"]
    chosen = [word for solver in solvers for word in ("-s", solver)] + ["-d", "simulated[scenario=independent]"]
    benchopt_run([str(ROOT), *chosen, "-r", "1", "--output", str(output), "--no-plot"], standalone_mode=False)
    last = pd.read_parquet(output).groupby("solver_name").tail(1).set_index("solver_name")
    last.index = last.index.str.replace(r".*strategy=(\w+).*", r"\1", regex=True).str.partition("[").get_level_values(0)
    workers = last.loc[["WAWA", "DS", "GLAD", "OneCoinDS"]]
    assert workers["objective_skill_correlation"].gt(2 / 29**0.5).all()  # 30 workers: by chance 0, +- 1 / sqrt(29)
    assert [len(unpack_scores(text)[0]) for text in workers["objective_worker_scores"]] == [30] * 4
    assert [len(unpack_scores(text)[0]) for text in last["objective_task_scores"].drop("TwoThird")] == [200] * 5
    assert (last["objective_worker_scores"][["MV", "TwoThird"]] == "").all()
    assert unpack_scores(last["objective_task_scores"]["GLAD"])[0].max() > 1.5  # easiness, no probability
    assert unpack_scores(last["objective_task_scores"]["DS"])[0].max() == pytest.approx(1)


class FirstPoint:
    """What Benchopt calls after each iteration, of a curve that ends at its start."""

    it = next_stopval = time_iter = 0

    def __call__(self):
        return False


TOLD = [row for row in CATALOGUE if "known" in inspect.signature(row.make().fit).parameters]


@pytest.mark.parametrize("row", TOLD, ids=lambda row: row.name)
def test_each_solver_whose_strategy_has_a_place_for_known_truths_gives_them(benchmark, random_votes, row):
    votes, truth = random_votes(n_class=2)
    known = np.where(np.arange(votes.n_task) < 20, 1 - truth, -1)  # which no strategy would find by itself
    (chosen,) = benchmark.check_solver_patterns([row.solver])
    solver = chosen[0].get_instance(**next(product_param(chosen[1])))
    solver.get_seed = lambda **uses: 0
    solver.set_objective(votes, known=known)
    solver.run(FirstPoint() if solver.sampling_strategy == "callback" else 0)
    np.testing.assert_array_equal(solver.get_result()["labels"][:20], known[:20])
