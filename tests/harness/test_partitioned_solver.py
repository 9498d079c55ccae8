"""The solver `partitioned`: strategies on partitions, measured like any other, in no selection that has them."""

import re
import tempfile
from functools import partial

import pandas as pd
import pytest
import yaml
from benchopt.cli.main import run as benchopt_run

from benchmark_utils.results.names import is_repeat, repeated
from benchmark_utils.strategies.partitioned import PARTITIONED
from tests.conftest import ROOT

CROWD = "simulated_flora[n_votes=3000]"
SCORES = ["stop_val", "objective_acc_train", "objective_brier", "objective_n_iter", "objective_converged"]


@pytest.fixture
def curves(tmp_path, monkeypatch):
    """`curves(solvers)`: the curve of each, by name, in one run; nothing stays in the folder of temporary files."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))

    def curves(*solvers, max_runs=100, known_share=0):
        output = tmp_path / f"known {known_share}.parquet"
        chosen = [word for solver in solvers for word in ("-s", solver)]
        chosen += ["-o", f"Crowdsourced label aggregation[known_share={known_share}]"]
        fixed = ["-d", CROWD, "-r", "1", "-n", str(max_runs), "--output", str(output), "--no-cache", "--no-plot"]
        benchopt_run([str(ROOT), *chosen, *fixed], standalone_mode=False)
        results = pd.read_parquet(output)
        assert not list((tmp_path / "scratch").glob("partition*"))
        return {name: rows.reset_index(drop=True) for name, rows in results.groupby("solver_name")}

    return curves


def assert_same_curve(found, expected):
    pd.testing.assert_frame_equal(found[SCORES], expected[SCORES], rtol=1e-9)


def test_its_curves_are_those_of_the_votes_in_memory(curves):
    options = "engine=disk,votes_per_partition=400"
    found = curves("MV", "OneCoinDS", "DS[support=voted]", f"partitioned[strategy=[MV,OneCoinDS,DS],{options}]")
    own = {name.partition("[")[0]: rows for name, rows in found.items() if not is_repeat(name)}
    for name, rows in found.items():
        if is_repeat(name):
            strategy = re.search("strategy=([^,]*)", name)[1]
            assert name == f"partitioned[strategy={strategy},{options}]"
            if strategy == "MV":
                assert rows["objective_acc_train"].tolist() == own["MV"]["objective_acc_train"].tolist()
            else:
                assert_same_curve(rows, own[strategy])
    assert len(found) == 6


def test_known_truths_help_as_in_memory(curves):
    options = "engine=disk,votes_per_partition=400"
    solvers = "WAWA", "ZC", f"partitioned[strategy=[WAWA,ZC],{options}]"
    found, without = curves(*solvers, known_share=0.4), curves("WAWA", "ZC")
    score = "objective_acc_train"
    for name in ("WAWA", "ZC"):
        on_disk = found[f"partitioned[strategy={name},{options}]"]
        assert on_disk[score].tolist() == found[name][score].tolist()
        assert on_disk[score].iloc[-1] != without[name][score].iloc[-1]
    assert_same_curve(on_disk, found["ZC"])
    assert len(on_disk) > 2


def test_of_several_runs_it_keeps_one_in_memory(curves, monkeypatch):
    """Each point is the whole fit, where the points in memory end."""

    class NeverIterates(PARTITIONED["MACE"]):
        iterate = None

    monkeypatch.setitem(PARTITIONED, "MACE", partial(NeverIterates, restarts=2))
    on_disk = "partitioned[strategy=MACE,engine=disk,votes_per_partition=1500]"
    found = curves("MACE[variational=True,restarts=2]", on_disk)
    (end,) = (rows[-1:] for name, rows in found.items() if not is_repeat(name))
    (rows,) = (rows for name, rows in found.items() if is_repeat(name))
    assert rows["objective_converged"].tolist() == [1.0]
    pd.testing.assert_frame_equal(*(t[SCORES[1:]].reset_index(drop=True) for t in (rows, end)), rtol=1e-9)


def test_on_dask_it_has_the_same_curve(curves):
    pytest.importorskip("distributed", reason="the engine needs distributed")
    options = "strategy=OneCoinDS,votes_per_partition=1500"
    found = curves(f"partitioned[engine=disk,{options}]", f"partitioned[engine='dask:2',{options}]", max_runs=3)
    on_dask, on_disk = sorted(found, key=lambda name: "disk" in name)
    assert "engine=dask:2" in on_dask
    assert len(found[on_disk]) == 4
    assert_same_curve(found[on_dask], found[on_disk])


def test_without_distributed_it_says_how_to_get_it(benchmark, monkeypatch, random_votes):
    (solver,) = benchmark.check_solver_patterns(["partitioned"], class_only=True)
    monkeypatch.setitem(solver.skip.__globals__, "find_spec", lambda name: None)
    votes, _ = random_votes()
    assert solver.get_instance(engine="dask").skip(votes) == (
        True,
        "the engine needs a package that is not installed: pip install distributed",
    )
    assert solver.get_instance().skip(votes) == (False, None)


def test_it_has_every_strategy_that_runs_on_partitions(benchmark):
    (solver,) = benchmark.check_solver_patterns(["partitioned"], class_only=True)
    assert solver.parameters["strategy"] == list(PARTITIONED)


def test_no_selection_that_has_the_strategies_repeats_them(benchmark):
    configs = [(ROOT / "run_configs" / name).read_text() for name in ("quick.yml", "paper.yml")]
    patterns = [yaml.safe_load(config)["solver"] for config in configs]
    patterns.append([re.search(r"whole_run,-s '(.*?)'", (ROOT / "Makefile").read_text())[1]])
    for chosen in patterns:
        assert "partitioned" not in {solver.name for solver in benchmark.check_solver_patterns(chosen, class_only=True)}


def test_a_repeat_is_known_by_its_name():
    assert is_repeat("tolerance[strategy=DS]")
    assert is_repeat("partitioned[strategy=DS,engine=disk]")
    assert not is_repeat("DS[support=full]")
    assert repeated("tolerance[strategy=DS]") == "DS"
    assert repeated("partitioned[strategy=DS,engine=disk]") == "partitioned[strategy=DS,engine=disk]"
