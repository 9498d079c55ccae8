"""Own tasks beside the votes: the learnt strategies run on them, and the command shows which are hard to learn."""

import re

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.crowds.formats.folder import read_folder
from benchmark_utils.harness import hard_tasks as module
from benchmark_utils.harness import label_folder
from benchmark_utils.harness.hard_tasks import hard_tasks
from tests.harness import runs


@pytest.fixture
def folder(tmp_path):
    """Sixty tasks in two clouds, four workers who say which; on the last three tasks they are at odds."""
    rng = np.random.default_rng(0)
    truth = np.arange(60) % 2
    rows = [(f"t{i:02}", f"w{j}", ("cat", "dog")[truth[i] ^ (i >= 57 and j < 2)]) for i in range(60) for j in range(4)]
    folder = tmp_path / "mine"
    folder.mkdir()
    pd.DataFrame(rows, columns=["item", "worker", "label"]).to_csv(folder / "label.csv", index=False)
    features = rng.normal(size=(60, 5)) + 3 * truth[:, None]
    np.save(folder / "features.npy", features[::-1])
    (folder / "tasks.csv").write_text("\n".join(["task", *(f"t{i:02}" for i in reversed(range(60)))]) + "\n")
    return folder


def label(folder, tmp_path, capsys):
    status = label_folder.main([str(folder), "--strategy", "MV", "--output", str(tmp_path / "out"), "--force"])
    printed = capsys.readouterr()
    page = (tmp_path / "out" / "votes.html").read_text(encoding="utf-8") if status == 0 else ""
    return status, printed.out + printed.err, page


def test_the_page_shows_the_hardest_first(folder, tmp_path, capsys):
    pytest.importorskip("torch")
    status, said, page = label(folder, tmp_path, capsys)
    assert status == 0
    assert "The page shows the tasks that are hardest to learn by their WAUM." in said
    shown = page.split("<caption>The tasks with the lowest WAUM")[1].split("</table>")[0]
    assert {"t57", "t58", "t59"} <= set(re.findall(r'<th scope="row">(\w+)</th>', shown)[:6])  # of sixty


def test_without_torch_it_says_so(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    status, said, page = label(folder, tmp_path, capsys)
    assert status == 0
    assert "PyTorch is absent, pip install torch" in said
    assert "PyTorch is absent, pip install torch" in page


def test_tasks_that_cannot_be_read_are_refused(folder, tmp_path, capsys):
    np.save(folder / "features.npy", np.zeros((59, 5)))
    status, said, _ = label(folder, tmp_path, capsys)
    assert status == 2
    assert "tasks.csv: it names 60 tasks, and features.npy has 59 rows" in said
    assert not (tmp_path / "out").exists()


def test_without_tasks_nothing_is_said(folder, tmp_path, capsys):
    (folder / "features.npy").unlink()
    (folder / "tasks.csv").unlink()
    assert hard_tasks(folder, read_folder(folder)[0]) is None
    status, said, page = label(folder, tmp_path, capsys)
    assert status == 0
    assert "WAUM" not in said + page


def test_a_learnt_strategy_runs_on_own_features(folder, tmp_path):
    pytest.importorskip("torch")
    benchmark = runs.copy_benchmark(tmp_path / "benchmark", solvers=("mv", "waum"))
    printed, done = runs.run(benchmark, tmp_path, "-d", f"local[path={folder}]", "-s", "MV", "-s", "WAUM[epochs=2]")
    assert done.returncode == 0, printed
    assert "WAUM" in printed
    assert "the dataset has votes only" not in printed


def test_what_was_interrupted_goes_on(folder, tmp_path, capsys, monkeypatch):
    pytest.importorskip("torch")
    from benchmark_utils.learning.training.trainer import Trainer

    votes, _ = read_folder(folder)
    whole = hard_tasks(folder, votes)
    train_epoch, begun = Trainer.train_epoch, []

    def interrupted(trainer):
        begun.append(trainer.n_epoch)
        if len(begun) == 6:
            raise KeyboardInterrupt
        return train_epoch(trainer)

    monkeypatch.setattr(Trainer, "train_epoch", interrupted)
    monkeypatch.setenv("CROWD_LABELS_CHECKPOINTS", str(tmp_path / "kept"))
    with pytest.raises(KeyboardInterrupt):
        hard_tasks(folder, votes)
    assert np.array_equal(hard_tasks(folder, votes).waum, whole.waum)
    assert "WAUM margins: goes on after epoch 5 of 320" in capsys.readouterr().err
    assert begun[6:] == list(range(5, 320))
    assert not list((tmp_path / "kept").iterdir())
