"""A run from which a result is missing lists it and ends with status 1, on every backend."""

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmark_utils.harness.whole import would_skip
from benchmark_utils.results.table import read_skips
from tests.conftest import ROOT
from tests.harness import runs

PATTERNS = ["-d", "local[path=all]", "-s", "MV", "-s", "KOS", "-s"]  # KOS skips the crowd of three classes


@pytest.fixture
def benchmark(tmp_path):
    """With the crowds `one` and `two`, a solver that can fail on `two`, and one that skips it."""
    folder = runs.copy_benchmark(tmp_path / "benchmark", solvers=["mv", "kos"])
    (folder / "solvers" / "zed.py").write_text(runs.BAD_SOLVER)
    runs.write_crowd(folder / "data" / "local" / "one", ["cat", "cat", "cat", "dog"])
    runs.write_crowd(folder / "data" / "local" / "two", ["cow", "cat", "cat", "cat", "dog"], first="cow")
    return folder


@pytest.mark.parametrize("backend", runs.SIDE_BY_SIDE)
def test_what_is_missing_is_listed(benchmark, backend):
    if backend == "dask":
        pytest.importorskip("distributed", reason="the dask backend needs distributed")
    options = [*PATTERNS, "Zed[how=raise]", "-r", "2", *runs.SIDE_BY_SIDE[backend]]
    for _ in range(2 if backend == "alone" else 1):  # afresh, and with all but the failed ones from the cache
        printed, done = runs.run(benchmark, benchmark / "data", *options)
        assert done.returncode == 1
        assert "2 of 10 results are missing:" in printed
        missing = [line for line in printed.splitlines() if ", repetition " in line]
        assert missing == [f"  Zed[how=raise] on local[path=two], repetition {i}" for i in (1, 2)]
        found = runs.figures(benchmark)
        assert set(found) == {("one", "MV"), ("one", "KOS"), ("one", "Zed"), ("two", "MV")}


def test_nothing_is_missing_from_a_whole_run(benchmark):
    crowds = ["-d", "local[path=gone]", "-d", "local[path=two]"]  # one is skipped, the other is so by KOS
    printed, done = runs.run(benchmark, benchmark / "data", *crowds, "-s", "KOS", "-s", "MV")
    assert done.returncode == 0, printed
    assert "results are missing" not in printed
    (kept,) = (benchmark / "outputs").glob("*.skips.csv")
    skips = read_skips(kept.parent)
    assert set(skips) == {("", "local[path=gone]"), ("KOS", "local[path=two]")}
    assert skips["KOS", "local[path=two]"] == "KOS is for 2 classes at most, and these votes have 3"
    assert "gone" in skips["", "local[path=gone]"]


def test_an_error_is_no_skip_and_is_said(capsys):
    def fail(**parameters):
        raise OSError("votes.csv is gone")

    context = SimpleNamespace(solver_name="KOS", dataset_name="local[path=one]")
    parts = dict(context=context, Objective=(None, {}), Solver=(None, {}))
    assert would_skip(parts, (SimpleNamespace(get_instance=fail), {})) == ""
    said = "Whether KOS skips local[path=one] cannot be told: OSError: votes.csv is gone\n"
    assert capsys.readouterr().err == said


def test_results_of_another_run_do_not_count(benchmark):
    options = [*PATTERNS[:4], "-s", "Zed[how=raise]"]
    runs.run(benchmark, benchmark / "data", "-d", "local[path=one]", *options[2:])
    printed, done = runs.run(benchmark, benchmark / "data", *options)  # Benchopt writes result_1.parquet
    assert done.returncode == 1
    assert "1 of 4 results are missing:" in printed
    printed, done = runs.run(benchmark, benchmark / "data", "-d", "local[path=two]", "-s", "Zed[how=raise]")
    assert done.returncode == 1
    assert "1 of 1 results are missing:" in printed


def test_after_a_crash_it_is_said_how_to_go_on(benchmark):
    options = [*PATTERNS, "Zed[how=kill]"]
    printed, done = runs.run(benchmark, benchmark / "data", *options, "-j", "2")
    assert done.returncode != 0
    assert "with --collect it writes what there is" in printed.splitlines()[-1]
    printed, done = runs.run(benchmark, benchmark / "data", *options, "--collect")
    assert done.returncode == 0
    # the run beside the one that is killed is lost with it; which one that is depends on the time
    assert {("one", "MV"), ("one", "KOS")} & set(runs.figures(benchmark))


def test_make_run_keeps_what_had_ended_and_goes_on_from_there(benchmark):
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    (benchmark / ".venv").mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (benchmark / ".venv" / name).symlink_to(Path(sys.prefix) / name)
    for name in ("requirements.txt", ".venv/python", ".venv/run"):
        (benchmark / name).touch()
    for name, default, other in (
        ("solvers/zed.py", '["raise"]', '["kill"]'),
        ("datasets/local.py", "[EXAMPLE]", '["one", "two"]'),
    ):
        text = (benchmark / name).read_text()
        assert default in text
        (benchmark / name).write_text(text.replace(default, other))

    def make():
        command = ["make", "-f", str(ROOT / "Makefile"), "run"]
        return subprocess.run(
            command, cwd=benchmark, env=runs.environment(benchmark / "data", benchmark / "parsed"),
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip

    kept = []
    for _ in range(2):
        done = make()
        assert done.returncode != 0
        _, collected = (done.stdout + done.stderr).split("the same `make` goes on from there")
        assert collected.count("(cached)") == 5  # the crowd `one`, and MV and KOS on `two`
        (result,) = (benchmark / "outputs").glob("*.parquet")
        assert result.with_suffix(".html").exists()
        result.unlink()
        curves = (benchmark / "__cache__").glob("**/run_one_to_cvg/*/output.pkl")
        kept.append({path: path.stat().st_mtime_ns for path in curves})
    assert len(kept[0]) == 5
    assert kept[0] == kept[1]  # none was computed again
