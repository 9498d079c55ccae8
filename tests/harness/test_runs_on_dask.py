"""What keeps a run on several workers whole."""

import pickle

import pandas as pd
import pytest
from benchopt.utils.terminal_output import TerminalOutput

from benchmark_utils.harness import workers  # noqa: F401 (which says how a terminal is pickled)
from tests.harness import runs


class Meddler:
    """Writes to the terminal while it is pickled, like the thread that shows the results."""

    def __init__(self, terminal):
        self.terminal = terminal

    def __reduce__(self):
        self.terminal.rep["another"] += 1
        self.terminal.another = True
        return str, ("pickled",)


def test_a_terminal_can_be_written_to_while_it_is_pickled():
    terminal = TerminalOutput(3, True)
    terminal.rep[Meddler(terminal)] = 1
    terminal.rep["last"] = 2
    copy = pickle.loads(pickle.dumps(terminal))
    assert copy.rep == {"pickled": 1, "last": 2}
    assert copy.rep["new"] == 0
    assert (copy.n_repetitions, copy.show_progress, copy.verbose) == (3, True, True)
    assert terminal.rep["another"] == 1


def test_on_dask_a_solver_that_kills_its_workers_costs_only_its_own_results(tmp_path):
    pytest.importorskip("distributed", reason="the dask backend needs distributed")
    benchmark = runs.copy_benchmark(tmp_path / "benchmark")
    (benchmark / "solvers" / "zed.py").write_text(runs.BAD_SOLVER)
    runs.write_crowd(tmp_path / "home" / "local" / "one", ["cat", "cat", "cat", "dog"])
    runs.write_crowd(tmp_path / "home" / "local" / "two", ["cat", "cat", "cat", "cat", "dog"])
    patterns = ["-d", "local[path=all]", "-s", "MV", "-s", "Zed[how=kill]"]
    printed, _ = runs.run(benchmark, tmp_path / "home", *patterns, *runs.SIDE_BY_SIDE["dask"])
    assert "dask gave up Zed[how=kill] on local[path=two], repetition 1: KilledWorker" in printed
    assert set(runs.figures(benchmark)) == {("one", "MV"), ("two", "MV"), ("one", "Zed")}


def test_on_dask_and_alone_crowds_from_files_give_the_same_bits(tmp_path):
    pytest.importorskip("distributed", reason="the dask backend needs distributed")
    benchmark = runs.copy_benchmark(tmp_path / "benchmark")
    for i, crowd in enumerate(["one", "two", "three"]):
        runs.write_crowd(tmp_path / "home" / "local" / crowd, ["cat"] * (3 + i) + ["dog"])

    def rows(*options):
        fixed = ["-d", "local[path=all]", "-s", "MV", "-s", "DS", "-r", "4", "--no-cache", "--output", "result"]
        printed, done = runs.run(benchmark, tmp_path / "home", *fixed, *options)
        assert done.returncode == 0, printed
        path = benchmark / "outputs" / "result.parquet"
        found = pd.read_parquet(path)
        path.unlink()
        keys = ["dataset_name", "solver_name", "idx_rep", "stop_val"]
        figures = sorted(c for c in found if c.startswith("objective_") and c != "objective_name")
        return found.sort_values(keys)[[*keys, *figures]].reset_index(drop=True)

    pd.testing.assert_frame_equal(rows(), rows(*runs.SIDE_BY_SIDE["dask"]), check_exact=True)
