"""What keeps a run on several workers whole."""

import pickle

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
