"""What is pruned among points and why: figures by hand, and every picture of a small crowd."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from benchmark_utils.crowds.simulated.points import TASK_SCENARIOS, TaskCrowd
from benchmark_utils.learning import learnt, margins
from benchmark_utils.learning.pruning import WAUM
from benchmark_utils.learning.training.recipe import Recipe
from benchmark_utils.votes import Votes
from studies.learning import ablations, points


@pytest.fixture
def crowd(monkeypatch):
    """Sixteen points of two classes; two workers know them, the third is wrong on every fourth. Three epochs."""
    monkeypatch.setattr(learnt, "published_recipe", lambda shape, **changes: Recipe(**SHORT))
    truth = np.arange(16) % 2
    answers = np.stack([truth, truth, np.where(np.arange(16) % 4 == 0, 1 - truth, truth)], axis=1)
    tasks = np.stack([np.arange(16), 10 * truth], axis=1).astype(np.float32)
    return TaskCrowd(Votes.from_matrix(answers), truth, tasks, tasks[:6] + 1, truth[:6])


SHORT = dict(epochs=3, margin_epochs=3)


def test_the_areas_give_the_scores_that_prune(crowd):
    aum, trust, waum = points.areas(crowd.votes, crowd.tasks, 0)
    np.testing.assert_allclose(waum, WAUM(device="cpu").score_tasks(crowd.votes, crowd.tasks, 0), atol=1e-6)
    weighed = np.bincount(crowd.votes.task, aum * trust) / np.bincount(crowd.votes.task, trust)
    np.testing.assert_allclose(waum, weighed, atol=1e-6)


@pytest.mark.parametrize("name", list(points.PICTURES))
def test_every_picture_is_drawn(crowd, name, tmp_path):
    points.PICTURES[name](crowd, 0).savefig(tmp_path / "picture.png", dpi=20)


def test_what_is_pruned_is_drawn_by_whether_it_is_right(crowd):
    figure = points.draw_pruned(crowd, 0)
    counts = {text.get_text() for axis in figure.axes if axis.get_legend() for text in axis.get_legend().get_texts()}
    _, _, waum = points.areas(crowd.votes, crowd.tasks, 0)
    pruned = np.flatnonzero(~margins.kept_tasks(waum, points.ALPHA))
    n_differ = np.count_nonzero(pruned % 4 == 0)
    n_right = np.count_nonzero(points.is_right("WDS", crowd, 0)[pruned])
    assert {f"right: {n_right}", f"wrong: {len(pruned) - n_right}", f"workers disagree: {n_differ}"} <= counts


def test_the_ratio_of_right_labels_among_the_pruned(crowd, monkeypatch):
    """WAUM and AUMC are set: the tasks 0, 1 and 2 are the lowest, of which MV has 0 wrong where its truth is turned."""
    truth = crowd.truth.copy()
    truth[0] = 1 - truth[0]
    monkeypatch.setitem(TASK_SCENARIOS, "three_circles", lambda seed: crowd._replace(truth=truth))
    monkeypatch.setattr(points.AUMC, "score_tasks", lambda self, votes, tasks, seed: np.arange(16.0))
    monkeypatch.setattr(points.WAUM, "score_tasks", lambda self, votes, tasks, seed: -np.arange(16.0))
    table = points.ratios("three_circles", 2)
    assert table.loc["AUMC(0.25)"][("MV", "pruned")] == pytest.approx(3 / 4)
    assert table.loc["AUMC(0.25)"][("MV", "kept")] == 1
    assert table.loc["AUMC(0.1)"][("workers disagree", "pruned")] == pytest.approx(1 / 2)
    assert table.loc["WAUM(0.25)"][("MV", "pruned")] == 1
    assert table.loc["WAUM(0.25)"][("MV", "kept")] == pytest.approx(11 / 12)
    assert "| AUMC(0.25) | 0.75 / 1.00 |" in points.to_markdown(table)


def test_the_gain_of_pruning_pairs_the_seeds():
    """Gains of 0.1 and 0.3: mean 0.2, standard error 0.1, 12.706 of which are half of the interval with two seeds."""
    rows = [
        dict(strategy="MV", pruned=pruned, seed=seed, acc_test=acc, calibration=0.5)
        for pruned, accs in ((False, (0.5, 0.2)), (True, (0.6, 0.5)))
        for seed, acc in enumerate(accs)
    ]
    text = ablations.to_markdown("music", pd.DataFrame(rows))
    assert "alpha = 0.05" in text
    assert "| MV | 0.350 ± 1.906 | 0.550 ± 0.635 | +0.200 ± 1.271 | 0.500 ± 0.000 |" in text
    ablations.draw("music", pd.DataFrame(rows))


def test_every_row_of_the_figures_has_its_pruned_twin():
    pairs = ablations.strategies(0.05)
    assert list(pairs) == ["MV", "NS", "DS", "GLAD", "WDS", "CrowdLayer", "CoNAL(0)", "CoNAL(1e-4)"]
    assert all(getattr(plain, "alpha", 0) == 0 and pruned.alpha == 0.05 for plain, pruned in pairs.values())
    assert pairs["GLAD"][0].labels == pairs["GLAD"][1].labels == "GLAD"
    assert pairs["CoNAL(1e-4)"][0].scale == pairs["CoNAL(1e-4)"][1].scale == 1e-4
