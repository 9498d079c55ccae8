"""`compare`: of two results, and of a solver's file, which is checked and run first."""

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.harness import compare_command
from benchmark_utils.scoring.right import pack_right
from tests.conftest import ROOT


def result_of(**n_right):
    """One crowd of 100 tasks, and how many each strategy has right."""
    rows = []
    for solver, n in n_right.items():
        labels = np.where(np.arange(100) < n, 0, 1)
        kept = dict(objective_right=pack_right(np.zeros(100), labels), objective_data="d", objective_acc_train=n / 100)
        rows.append(dict(dataset_name="c", solver_name=solver, idx_rep=0, base_seed=0, stop_val=1, time=1.0, **kept))
    return pd.DataFrame(rows)


@pytest.fixture
def published(tmp_path, monkeypatch):
    """The published result, and no other."""
    path = tmp_path / "published.parquet"
    result_of(MV=70, DS=80, WAWA=79, GLAD=60, IWMV=81).to_parquet(path)
    monkeypatch.setattr(compare_command, "PUBLISHED", path)
    return path


def test_two_results_are_compared(published, tmp_path, capsys):
    result_of(MV=70, Mine=80).to_parquet(tmp_path / "new.parquet")
    assert compare_command.main([str(tmp_path / "new.parquet")]) == 0
    assert capsys.readouterr().out.startswith("Mine, on 1 crowd\n")
    assert compare_command.main([str(tmp_path / "new.parquet"), str(published), "--markdown"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("## Mine, on 1 crowd\n")
    assert "Mine is better than MV on 1 of 1 crowds; not separated from DS, IWMV, WAWA. Over all crowds" in printed


def test_what_cannot_be_compared_ends_with_status_2(published, tmp_path, capsys):
    assert compare_command.main([str(tmp_path / "absent.parquet")]) == 2
    result_of(MV=70).to_parquet(tmp_path / "new.parquet")
    assert compare_command.main([str(tmp_path / "new.parquet")]) == 2
    said = capsys.readouterr().err
    assert "nothing compared: there is no result" in said
    assert "which strategy is new?" in said


@pytest.fixture
def runs(monkeypatch):
    """What is run, in place of running it: [(file, rivals)]."""
    asked = []

    def run(file, rivals):
        asked.append((file.name, rivals))
        return result_of(MyStrategy=80, **{rival: dict(MV=70, DS=80, WAWA=79, IWMV=81)[rival] for rival in rivals})

    monkeypatch.setattr(compare_command, "run", run)
    return asked


def test_a_file_is_checked_and_run_beside_its_nearest_rivals(published, runs, capsys):
    assert compare_command.main([str(ROOT / "solvers" / "template_solver.py")]) == 0
    printed = capsys.readouterr().out
    assert [rivals for _, rivals in runs] == [["MV", "DS"], ["MV", "DS", "IWMV", "WAWA"]]
    assert "MyStrategy: 22 passed, 0 failed" in printed
    assert "MyStrategy, on 1 crowd" in printed


def test_a_strategy_that_breaks_a_promise_is_not_run(published, runs, tmp_path, capsys):
    text = (ROOT / "solvers" / "template_solver.py").read_text()
    path = tmp_path / "my_strategy.py"
    path.write_text(text.replace("history, converged = [], False", "history, converged = [], np.random.rand() > 2"))
    assert compare_command.main([str(path)]) == 1
    assert runs == []
    assert compare_command.main([str(tmp_path / "absent.py")]) == 2


def test_the_command_line_runs_the_file_on_papers_crowds(monkeypatch, tmp_path):
    (tmp_path / "outputs").mkdir()
    monkeypatch.setattr(compare_command, "_ROOT", tmp_path)
    commands = []

    def run(command, **options):
        commands.append(command)
        result_of(MV=70).to_parquet(tmp_path / "outputs" / "compare_mine.parquet")

    monkeypatch.setattr(compare_command.subprocess, "run", run)
    assert len(compare_command.run(tmp_path / "mine.py", ["MV", "DS[start=spectral]"])) == 1
    (command,) = commands
    assert command[command.index("--config") + 1] == str(ROOT / "run_configs" / "paper.yml")
    chosen = [command[i + 1] for i, word in enumerate(command) if word == "-s"]
    assert chosen == [str(tmp_path / "mine.py"), "MV", "DS[start=spectral]"]
