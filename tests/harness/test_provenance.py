"""Each result says what it is of: which tasks are right, on which data, by which version."""

import re
import subprocess

import numpy as np
import pytest

from benchmark_utils.harness import version
from benchmark_utils.scoring.right import unpack_right
from benchmark_utils.votes.digest import digest
from tests.conftest import ROOT


def test_the_objective_keeps_which_tasks_are_right(benchmark, random_votes):
    votes, truth = random_votes()
    truth[::3] = -1
    objective = benchmark.get_benchmark_objective().get_instance()
    objective.set_data(votes=votes, truth=truth)
    result = objective.evaluate_result(labels=np.where(np.arange(60) % 2, truth, -1))
    right, _ = unpack_right(result["right"])
    assert right.tolist() == [bool(i % 2) for i in range(60) if i % 3]
    assert right.mean() == result["acc_train"]
    assert result["data"] == digest(votes, truth)
    assert result["suite"] == version.suite()
    assert re.match(r"Python 3\.\d+\.\d+, benchopt 1\.\d+", result["software"])
    assert f"numpy {np.__version__}" in result["software"]
    assert result["crowd"].startswith("60 tasks, 300 votes of 12 workers, 4 classes, alpha 0.")
    assert result["crowd"].endswith("truth of 66.7 % of the tasks")


def test_the_version_stands_in_the_citation_too():
    assert f"\nversion: {version.VERSION}\n" in (ROOT / "CITATION.cff").read_text()
    assert re.fullmatch(rf"{re.escape(version.VERSION)}( [0-9a-f]{{8,}}(, edited)?)?", version.suite())


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository of a solver and a result, in the place of ours."""
    monkeypatch.setattr(version, "_ROOT", tmp_path)
    (tmp_path / "solvers").mkdir()
    (tmp_path / "outputs").mkdir()
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "m"]):
        (tmp_path / "solvers" / "one.py").write_text("1")
        (tmp_path / "outputs" / "published.parquet").write_text("1")
        subprocess.run(["git", "-C", tmp_path, *command], check=True)
    return tmp_path


def test_an_edited_file_is_said_and_a_new_one_is_not(checkout):
    commit = subprocess.run(["git", "-C", checkout, "rev-parse", "HEAD"], capture_output=True, text=True).stdout[:8]
    (checkout / "solvers" / "my_strategy.py").write_text("new")
    (checkout / "outputs" / "published.parquet").write_text("of the run that asks")
    assert version.suite.__wrapped__() == f"{version.VERSION} {commit}"
    (checkout / "solvers" / "one.py").write_text("2")
    assert version.suite.__wrapped__() == f"{version.VERSION} {commit}, edited"


def test_without_git_there_is_the_version(checkout, monkeypatch):
    inside = checkout / "a_copy_inside_another_repository"
    inside.mkdir()
    monkeypatch.setattr(version, "_ROOT", inside)
    assert version.suite.__wrapped__() == version.VERSION
    monkeypatch.setenv("PATH", "")
    assert version.suite.__wrapped__() == version.VERSION
