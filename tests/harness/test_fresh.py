"""Edited votes, another data folder and edited code give new figures through `benchopt run`; all else is cached."""

import shutil

import pytest

from benchmark_utils.harness import fresh
from tests.harness import runs

CROWDS = ["one", "two", "three"]
PATTERNS = ["-d", "local[path=all]", "-s", "MV", "-s", "DS"]


def cached(printed):
    """How often a whole curve came from the cache."""
    return printed.count("(cached)")


@pytest.mark.parametrize("backend", runs.SIDE_BY_SIDE)
def test_every_edit_gives_new_figures(tmp_path, backend):
    if backend == "dask":
        pytest.importorskip("distributed", reason="the dask backend needs distributed")
    benchmark = runs.copy_benchmark(tmp_path / "benchmark")
    home, other = tmp_path / "home", tmp_path / "other"
    for crowd in CROWDS:
        runs.write_crowd(home / "local" / crowd, ["cat", "cat", "cat", "dog"])
        runs.write_crowd(other / "local" / crowd, ["dog", "dog", "cat", "dog"])

    def run(home):
        printed, done = runs.run(benchmark, home, *PATTERNS, *runs.SIDE_BY_SIDE[backend])
        assert done.returncode == 0, printed
        return printed, runs.figures(benchmark)

    def same(**figures):
        return {(crowd, solver): figures[crowd] for crowd in CROWDS for solver in ("MV", "DS")}

    printed, found = run(home)
    assert found == same(one=1.0, two=1.0, three=1.0)
    assert cached(printed) == 0

    runs.write_crowd(home / "local" / "one", ["cat", "dog", "cat", "dog"])  # the truth
    runs.write_crowd(home / "local" / "two", ["cat", "cat", "cat", "dog"], first="dog")  # the votes
    printed, found = run(home)
    assert found == same(one=0.75, two=0.75, three=1.0)
    assert cached(printed) == 2  # both curves of the crowd that is as it was

    printed, found = run(other)
    assert found == same(one=0.5, two=0.5, three=0.5)
    assert cached(printed) == 0

    if backend == "alone":  # spares the others the seconds of a start
        printed, found = run(home)
        assert found == same(one=0.75, two=0.75, three=1.0)
        assert cached(printed) == 6

    with open(benchmark / "benchmark_utils" / "strategies" / "majority_vote.py", "a") as file:
        file.write("\n\nMajorityVote.fit = lambda self, votes, **_: Aggregation(1 + 0 * votes.votes_per_task)\n")
    printed, found = run(home)
    assert {crowd: found[crowd, "MV"] for crowd in CROWDS} == dict(one=0.5, two=0.25, three=0.25)
    assert cached(printed) == 0


def test_any_file_of_the_code_counts_but_those_that_only_show_figures(tmp_path, monkeypatch):
    copy = tmp_path / "benchmark_utils"
    shutil.copytree(fresh._HERE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(fresh, "_HERE", copy)
    monkeypatch.setattr(fresh, "_NO_FIGURE", copy / "results")
    before = fresh.hash_code()
    assert before == fresh.CODE
    (copy / "results" / "page.py").write_text("")
    assert fresh.hash_code() == before
    (copy / "strategies" / "extra.py").write_text("")
    assert fresh.hash_code() != before


def test_a_new_version_of_a_library_is_another_state(benchmark, monkeypatch):
    objective = benchmark.get_benchmark_objective().get_instance()
    library = [s for s in benchmark.get_solvers() if s.name in ("crowd-kit", "WAUM")]
    solvers = [solver.get_instance() for solver in library if solver.is_installed()]
    states = [part._get_state() for part in (objective, *solvers)]
    monkeypatch.setattr(fresh, "version_of", lambda package: "next")
    for part, state in zip((objective, *solvers), states, strict=True):
        assert part._get_state() != state


@pytest.mark.parametrize("name", ["code", "files", "numpy"])
def test_a_worker_that_has_something_else_refuses(benchmark, name):
    objective = benchmark.get_benchmark_objective().get_instance()
    sent = objective._get_state()
    objective.__setstate__(sent)
    assert objective.skip(files="") == (False, None)
    objective.__setstate__(sent | {name: "other"})
    with pytest.raises(fresh.ChangedError, match=r"run again|numpy"):
        objective.skip(files="")


def test_a_worker_does_not_skip_what_it_cannot_read(benchmark):
    objective = benchmark.get_benchmark_objective().get_instance()
    assert objective.skip(missing="gone") == (True, "gone")
    objective.__setstate__(objective._get_state())
    with pytest.raises(fresh.ChangedError, match="gone"):
        objective.skip(missing="gone")
