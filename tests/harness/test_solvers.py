"""The solvers as Benchopt runs them: sampling, where curves end, what a solver sees, reproducibility."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from benchopt.callback import _Callback
from benchopt.cli.main import run as benchopt_run

from benchmark_utils.harness.solver import Converged, OnePassSolver, SeveralRunsSolver
from benchmark_utils.strategies.aggregation import Aggregation, Point
from benchmark_utils.strategies.steps.mace import Steps
from benchmark_utils.strategies.steps.runs import Run, SeveralRuns
from tests.conftest import ROOT

SMALL = "simulated[scenario=independent,n_task=60]"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """`run(solvers, ...)`: the results of a fresh run on a small crowd, rows in the order they were measured."""

    def run(solvers, *options, seed=1):
        output = tmp_path_factory.mktemp("run") / "result.parquet"
        chosen = [word for solver in solvers for word in ("-s", solver)]
        fixed = ["-d", SMALL, "--seed", str(seed), "--output", str(output), "--no-cache", "--no-plot"]
        benchopt_run([str(ROOT), *chosen, *fixed, *options], standalone_mode=False)
        return pd.read_parquet(output)

    return run


def scores(results):
    """What must not depend on how a run is scheduled: every objective column, in a fixed order."""
    columns = sorted(c for c in results if c.startswith("objective_") and c != "objective_name")
    return results.sort_values(["solver_name", "idx_rep", "stop_val"])[
        ["solver_name", "stop_val", *columns]
    ].reset_index(drop=True)


def test_a_curve_goes_from_the_start_to_convergence(run):
    curve = run(["DS"])
    assert curve["objective_n_iter"].iloc[0] == 0
    assert curve["objective_converged"].tolist() == [0.0] * (len(curve) - 1) + [1.0]
    assert len(curve) > 5  # Benchopt's own criterion stops after four points
    assert curve["objective_n_iter"].is_monotonic_increasing


FROM_SCRATCH = """
from benchmark_utils.harness.solver import IterativeSolver
from benchmark_utils.strategies.dawid_skene import DawidSkene

class Solver(IterativeSolver):
    name = "from-scratch"
    parameters = {"support": ["full"]}

    def get_strategy(self):
        return DawidSkene(support=self.support)
"""


@pytest.mark.parametrize("options", [(), ("--max-runs", "4"), ("-o", "*[known_share=0.3]")], ids=str)
def test_one_pass_has_the_points_of_runs_from_scratch(run, tmp_path, options):
    """The same rows, and what was asked for: up to the end by its own rule, or to the last point allowed."""
    (tmp_path / "from_scratch.py").write_text(FROM_SCRATCH)
    results = run(["DS", str(tmp_path / "from_scratch.py")], "-r", "3", *options)
    one_pass, from_scratch = (results[results["solver_name"].str.startswith(name)] for name in ("DS", "from"))
    assert one_pass["idx_rep"].nunique() == 3
    assert len(one_pass) == 15 if "4" in options else one_pass["objective_converged"].sum() == 3
    columns = [c for c in scores(results) if c != "solver_name"]
    pd.testing.assert_frame_equal(scores(one_pass)[columns], scores(from_scratch)[columns], check_exact=True)


SEVERAL_RUNS_FROM_SCRATCH = """
from benchmark_utils.harness.solver import IterativeSolver
from benchmark_utils.strategies.cbcc import CBCC
from benchmark_utils.strategies.ebcc import EBCC
from benchmark_utils.strategies.mace import MACE
from benchmark_utils.strategies.minimax import Minimax

STRATEGIES = {"MACE": MACE(), "EBCC": EBCC(restarts=3), "CBCC": CBCC(), "Minimax": Minimax()}

class Solver(IterativeSolver):
    name = "from-scratch"
    parameters = {"strategy": ["MACE"]}

    def get_strategy(self):
        return STRATEGIES[self.strategy]

    def get_next(self, n_iter):
        return max(n_iter + 1, 2 * n_iter)
"""


@pytest.mark.parametrize("known_share", [0, 0.3])
@pytest.mark.parametrize("solver", ["MACE[variational=True]", "EBCC[restarts=3]", "CBCC", "Minimax"])
def test_several_runs_in_one_pass_have_the_points_of_fits(run, tmp_path, solver, known_share):
    (tmp_path / "from_scratch.py").write_text(SEVERAL_RUNS_FROM_SCRATCH)
    fits = f"{tmp_path / 'from_scratch.py'}[strategy={solver.partition('[')[0]}]"
    results = run([solver, fits], "-r", "2", "-o", f"*[known_share={known_share}]")
    from_scratch = results["solver_name"].str.startswith("from-scratch")
    one_pass, points = scores(results[~from_scratch]), scores(results[from_scratch])
    assert len(one_pass) > 10
    assert one_pass["objective_converged"].sum() == 2
    assert one_pass["objective_acc_train"].nunique() > 2
    pd.testing.assert_frame_equal(*(t.drop(columns="solver_name") for t in (one_pass, points)), check_exact=True)


def test_a_curve_of_several_runs_takes_the_iterations_of_its_last_point(run, monkeypatch):
    original, n_expected = Steps.expect, []

    def expect(self, parameters):
        n_expected.append(self.votes.n_task)
        return original(self, parameters)

    monkeypatch.setattr(Steps, "expect", expect)
    curve = run(["MACE[variational=True,restarts=1]"])
    assert curve["stop_val"].tolist() == [0, *(2**i for i in range(len(curve) - 1))]
    assert len(curve) > 4
    assert n_expected.count(60) == 1 + curve["objective_n_iter"].iloc[-1]  # the start, and each iteration once


class Clockwork:
    """A strategy of five iterations, which take 10 seconds each by the clock; its labels take 1 second."""

    def __init__(self, clock):
        self.clock = clock

    def iterate(self, votes, tol=1e-3, seed=0):
        history = []
        while True:
            yield Point(history, len(history) == 5, self.answer, votes)
            if len(history) == 5:
                return
            self.clock.append(10)
            history.append(0.0)

    def answer(self, votes):
        self.clock.append(1)
        return Aggregation(np.zeros(votes.n_task, dtype=int))


class ClockworkRuns(SeveralRuns, Clockwork):
    """Two runs of it; to choose among them takes 2 seconds."""

    def runs(self, votes, seed=0):
        for _ in range(2):
            yield Run(Clockwork.iterate(self, votes))

    def choose(self, runs, n_iter):
        self.clock.append(2)
        return super().choose(runs, n_iter)


@pytest.mark.parametrize(
    ("strategy", "base", "points"),
    [
        (Clockwork, OnePassSolver, [(0, 1), (1, 11), (2, 21), (3, 31), (4, 41), (6, 51)]),
        (ClockworkRuns, SeveralRunsSolver, [(0, 3), (1, 25), (2, 47), (4, 89), (8, 111)]),
    ],
)
def test_the_time_of_a_point_is_that_of_a_run_which_stops_there(monkeypatch, random_votes, strategy, base, points):
    """Its iterations and its own labels: none of those of the points before, nor of the metrics."""
    clock = [0]
    monkeypatch.setattr("time.perf_counter", lambda: sum(clock))

    def measure(result):
        clock.append(100)
        return [dict(objective_converged=float(result["converged"]))]

    class Solver(base):
        name, seed, told, votes = "clockwork", 0, {}, random_votes()[0]

        def get_strategy(self):
            return strategy(clock)

    solver = Solver.get_instance()
    criterion = Converged(strategy="callback").get_runner_instance(solver=solver, max_runs=100)
    callback = _Callback(measure, solver, {}, criterion)
    callback.start()
    solver.run(callback)
    curve, status, _ = callback.get_results()
    assert [(point["stop_val"], point["time"]) for point in curve] == points
    assert status == "done"


def test_the_start_of_dawid_skene_is_naive_soft(run):
    results = run(["DS", "NS"])
    start = results[results["solver_name"].str.startswith("DS") & (results["stop_val"] == 0)].iloc[0]
    naive = results[results["solver_name"] == "NS"].iloc[0]
    assert start["objective_acc_train"] == naive["objective_acc_train"]
    assert start["objective_brier"] == naive["objective_brier"]


def test_tolerance_ends_where_the_iterations_end(run):
    results = run(["DS", "tolerance[strategy=DS]"])
    last = results.groupby("solver_name").tail(1)
    assert last["objective_converged"].eq(1).all()
    assert last["objective_n_iter"].nunique() == 1
    assert last["objective_brier"].nunique() == 1
    tolerances = results[results["solver_name"].str.startswith("tolerance")]["stop_val"]
    assert tolerances.is_monotonic_decreasing


def test_the_expected_accuracy_does_not_depend_on_the_draw(run):
    results = run(["MV", "NS"])
    assert results["objective_acc_expected"].nunique() == 1
    majority = results[results["solver_name"] == "MV"].iloc[0]
    assert majority["objective_acc_expected"] != majority["objective_acc_train"]


def test_one_shot_strategies_have_one_point(run):
    results = run(["MV", "NS", "WAWA", "TwoThird"])
    assert results.groupby("solver_name").size().eq(1).all()


def test_repetitions_draw_new_crowds_and_seeds_repeat_them(run):
    first, again, other = (
        run(["NS"], "-r", "3"),
        run(["NS"], "-r", "3"),
        run(["NS"], "-r", "3", seed=2),
    )
    pd.testing.assert_frame_equal(scores(first), scores(again))
    assert first["objective_brier"].nunique() == 3
    assert not set(first["objective_brier"]) & set(other["objective_brier"])


@pytest.mark.parametrize("backend", ["loky", "dask"])
def test_parallel_runs_give_the_same_bits(run, tmp_path, backend):
    options = ["-j", "2"]
    if backend == "dask":
        pytest.importorskip("distributed", reason="the dask backend needs distributed")
        config = tmp_path / "dask.yml"
        config.write_text("backend: dask\ndask_n_workers: 2\ndask_threads_per_worker: 1\n")
        options = ["--parallel-config", str(config)]
    solvers = ["MV", "WAWA", "DS", "WDS"]
    one_by_one, side_by_side = run(solvers, "-r", "2"), run(solvers, "-r", "2", *options)
    pd.testing.assert_frame_equal(scores(one_by_one), scores(side_by_side), check_exact=True)


def test_no_solver_sees_the_truth(benchmark, random_votes):
    votes, truth = random_votes()
    objective = benchmark.get_benchmark_objective().get_instance()
    confusion = np.zeros((votes.n_worker, votes.n_class, votes.n_class))
    objective.set_data(votes=votes, truth=truth, confusion=confusion, test_truth=truth[:5])
    shown = objective.get_objective()
    assert set(shown) == {"votes", "tasks", "test_tasks"}
    assert shown["tasks"] is None
    assert shown["test_tasks"] is None


def test_a_strategy_too_large_for_memory_is_skipped_with_the_bytes(benchmark, random_votes):
    votes, _ = random_votes(n_class=4)
    large = type(votes)(votes.task, votes.worker, votes.label, votes.n_task, 100_000, 1000)
    (solver_class,) = benchmark.check_solver_patterns(["DS"], class_only=True)
    skip, reason = solver_class.get_instance().skip(votes=large)
    assert skip
    assert "GiB" in reason
    assert solver_class.get_instance().skip(votes=votes) == (False, None)


def test_commands_do_not_load_what_they_do_not_use():
    heavy = ["torch", "crowdkit", "sklearn", "plotly"]
    code = (
        "import sys\n"
        "from benchopt.benchmark import Benchmark\n"
        f"b = Benchmark({str(ROOT)!r}); b.get_solvers(); b.get_datasets(); b.get_benchmark_objective()\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert loaded.strip() == "[]"


def test_requirements_are_what_benchopt_install_can_read(benchmark):
    components = [*benchmark.get_solvers(), *benchmark.get_datasets(), benchmark.get_benchmark_objective()]
    for component in components:
        assert component.requirements, component
        for requirement in component.requirements:
            assert requirement.startswith("pip::") or requirement.isidentifier() or "-" in requirement, requirement


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({}, "PlantNet[weight=current]"),
        ({"weight": "log"}, "PlantNet[weight=log]"),
        ({"ai": "fixed", "w_ai": 3}, "PlantNet[ai=fixed,w_ai=3,weight=current]"),
    ],
)
def test_the_name_of_plantnet_has_the_options_that_differ(benchmark, changed, name):
    (solver,) = benchmark.check_solver_patterns(["PlantNet"], class_only=True)
    assert str(solver.get_instance(**changed)) == name
