"""The catalogue is the one list: solvers, wrappers, studies and docs have what it has."""

import pytest
import yaml
from benchopt.utils.parametrized_name_mixin import product_param

from benchmark_utils.strategies.catalogue import CATALOGUE, CROWDKIT, ITERATIVE, PEERANNOT
from tests.conftest import ROOT


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.name)
def test_its_solver_runs_this_strategy_with_these_options(benchmark, row):
    (chosen,) = benchmark.check_solver_patterns([row.solver])
    solver, grid = chosen[:2]
    made = solver.get_instance(**next(product_param(grid))).get_strategy()
    expected = row.make()
    assert type(made) is type(expected)
    assert vars(made) == vars(expected)
    from_scratch = "iteration" if row.iterates else "run_once"
    assert solver.sampling_strategy == ("callback" if hasattr(expected, "iterate") else from_scratch)


@pytest.mark.parametrize(("library", "names"), [("crowd-kit", CROWDKIT), ("peerannot", PEERANNOT)])
def test_the_wrappers_have_the_strategies_that_it_names(benchmark, library, names):
    (solver,) = benchmark.check_solver_patterns([library], class_only=True)
    assert set(solver.parameters["strategy"]) == set(names.values())


def test_tolerance_takes_what_iterates(benchmark):
    (solver,) = benchmark.check_solver_patterns(["tolerance"], class_only=True)
    assert solver.parameters["strategy"] == list(ITERATIVE)


@pytest.mark.parametrize("config", ["quick.yml", "paper.yml"])
def test_the_quick_and_the_published_run_have_all_of_them(benchmark, config):
    patterns = yaml.safe_load((ROOT / "run_configs" / config).read_text())["solver"]
    chosen = [solver.name for solver in benchmark.check_solver_patterns(patterns, class_only=True)]
    assert {row.solver.partition("[")[0] for row in CATALOGUE} <= set(chosen)
    assert len(chosen) == len(set(chosen))  # what is listed twice runs twice


def test_the_page_of_strategies_has_all_of_them():
    page = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
    listed = {line.split("`")[1].partition("[")[0] for line in page.splitlines() if line.startswith("| `")}
    assert {row.solver.partition("[")[0] for row in CATALOGUE} <= listed
