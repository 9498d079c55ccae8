"""What the command says of known truths: scores by hand, no task labelled with its own truth, few said to be few."""

import re
from dataclasses import dataclass
from html import unescape

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, norm

from benchmark_utils.harness import known_truths, label_folder
from benchmark_utils.harness.known_truths import FEW, Checked, check_known_tasks, known_verdict, takes_known
from benchmark_utils.harness.recommend import ROWS, recommend, why_not
from benchmark_utils.strategies.zc import ZC
from benchmark_utils.votes import Votes


@dataclass
class Labels:
    labels: np.ndarray


def test_which_strategies_take_known_truths():
    assert takes_known(ROWS["ZC"].make())
    assert not takes_known(ROWS["KOS"].make())


def test_no_task_is_labelled_with_its_own_truth(random_votes):
    votes, truth = random_votes(n_task=40, per_task=3)
    truth = np.where(np.arange(40) < 12, truth, -1)
    seen = []

    def fit(votes, known=None):
        seen.append(known)
        return Labels(np.where(known >= 0, known, 0))  # knows nothing but what it is told

    checked = check_known_tasks(votes, truth, {"told": fit}, {"told": True})
    assert (checked.right[0] == (truth[:12] == 0)).all()
    assert len(seen) == 5
    hidden = np.array([(known == -1)[:12] for known in seen])
    assert (hidden.sum(axis=0) == 1).all()  # each is hidden once
    assert all((known[12:] == -1).all() for known in seen)
    assert set(hidden.sum(axis=1)) == {2, 3}


def test_a_large_crowd_has_two_folds(random_votes, monkeypatch):
    votes, truth = random_votes(n_task=40, per_task=3)
    calls = []

    def fit(votes, known=None):
        calls.append(known)
        return Labels(truth)

    for most, n_fold in ((votes.n_votes, 5), (votes.n_votes - 1, 2)):
        calls.clear()
        monkeypatch.setattr(known_truths, "LARGE", most)
        check_known_tasks(votes, truth, {"told": fit}, {"told": True})
        assert len(calls) == n_fold


def test_one_that_takes_none_is_fitted_once(random_votes):
    votes, truth = random_votes(n_task=40, per_task=3)
    calls = []
    checked = check_known_tasks(votes, truth, {"MV": lambda votes: calls.append(0) or Labels(truth)}, {"MV": False})
    assert len(calls) == 1
    assert checked.right.all()


def test_a_known_task_without_votes_is_not_scored():
    votes = Votes([0, 0, 1], [0, 1, 0], [0, 0, 1], 3, 2, 2)
    fits = {"MV": lambda votes: Labels(np.array([0, 1, -1]))}
    assert check_known_tasks(votes, np.array([0, -1, 1]), fits, {"MV": False}).n_known == 1
    assert check_known_tasks(votes, np.array([-1, -1, 1]), fits, {"MV": False}) is None


def test_one_known_truth(random_votes):
    votes, truth = random_votes(n_task=20, per_task=3)
    truth = np.where(np.arange(20) == 4, truth, -1)
    checked = check_known_tasks(votes, truth, {"ZC": ZC().fit}, {"ZC": True})
    assert checked.right[0, 0] == (ZC().fit(votes).labels[4] == truth[4])


def test_the_interval_is_wilsons():
    """(p + z^2 / 2n ± z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n), by hand."""
    right = np.array([np.arange(20) < 17, np.arange(20) < 20])
    z, n = norm.ppf(0.975), 20
    for row, p in zip(Checked(["A", "B"], right).table().itertuples(), (0.85, 1.0), strict=True):
        half = z * (p * (1 - p) / n + z**2 / 4 / n**2) ** 0.5
        expected = [(p + z**2 / 2 / n + sign * half) / (1 + z**2 / n) for sign in (-1, 1)]
        assert [row.low, row.high] == pytest.approx(expected)
        assert row.accuracy == pytest.approx(p)


def test_ahead_is_ahead_beyond_chance():
    mine, rows = np.arange(40) < 20, {}
    for name, n_more in (("five", 5), ("six", 6)):
        rows[name] = mine | ((np.arange(40) >= 20) & (np.arange(40) < 20 + n_more))
    checked = Checked(["mine", *rows], np.array([mine, *rows.values()]))
    assert binomtest(5, 5).pvalue > 0.05 > binomtest(6, 6).pvalue
    assert checked.ahead_of("mine") == ["six"]
    assert checked.ahead_of("six") == []


@pytest.mark.parametrize("n_known", [FEW - 1, FEW])
def test_few_are_said_to_be_few(n_known):
    said = " ".join(known_verdict(Checked(["A"], np.ones((1, n_known), dtype=bool)), "A", True))
    assert ("fewer than 30" in said) == (n_known < FEW)
    assert f"{n_known} of the {n_known} tasks with a known truth right, 1.000, 95 % interval" in said


@pytest.mark.parametrize("strategy", ["MV", "ZC", "TwoThird", "WAWA"])
def test_known_tasks_have_their_truth_and_help_where_they_can(random_votes, strategy):
    votes, truth = random_votes(n_task=60, n_worker=8, per_task=3)
    truth = np.where(np.arange(60) < 20, (truth + (np.arange(60) % 2)) % votes.n_class, -1)
    found = recommend(votes, strategy, truth=truth)
    known = truth >= 0
    assert (found.result.labels[known] == truth[known]).all()
    assert all((labels[known] == truth[known]).all() for labels in found.labels.values())
    soft = np.asarray(found.result.soft.todense() if hasattr(found.result.soft, "todense") else found.result.soft)
    assert soft[known] == pytest.approx(np.eye(votes.n_class)[truth[known]])
    if strategy == "ZC":
        assert (found.result.labels == ZC().fit(votes, known=truth).labels).all()
        assert found.result.worker_score != pytest.approx(ZC().fit(votes).worker_score)
    else:
        assert (found.result.labels == recommend(votes, strategy).result.labels)[~known].all()


def test_a_strategy_that_its_further_fits_would_make_too_slow_is_left_out(random_votes):
    votes, truth = random_votes(n_task=1000, n_worker=20, n_class=2, per_task=5)
    assert why_not(ROWS["EBCC"], votes) == ""
    assert why_not(ROWS["EBCC"], votes, n_fit=11) == "too slow for a crowd of this size"
    assert "EBCC" in recommend(votes, "MV", truth=truth).too_large


@pytest.mark.parametrize("n_known", [5, 60, 0])
def test_from_the_folder_to_the_page(random_votes, tmp_path, capsys, n_known):
    votes, truth = random_votes(n_task=100, n_worker=10, per_task=4)
    votes.to_frame().rename(columns={"task": "item"}).to_csv(tmp_path / "label.csv", index=False)
    if n_known:
        pd.DataFrame({"item": np.arange(n_known), "truth": truth[:n_known]}).to_csv(tmp_path / "truth.csv", index=False)
    assert label_folder.main([str(tmp_path), "--strategy", "ZC", "--output", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    page = unescape((tmp_path / "out" / "votes.html").read_text(encoding="utf-8"))
    labels = pd.read_csv(tmp_path / "out" / "labels.csv").set_index("task")
    assert (labels["label"][:n_known] == truth[:n_known]).all()
    assert (labels["confidence"][:n_known] == 1).all()
    assert ("accuracy on" in printed) == (f"Accuracy on {n_known} known truths" in page) == (n_known > 0)
    scores = [line for line in printed.splitlines() if re.match(r"(MV|ZC) +[01]\.", line) and " [-" not in line]
    scores = [line for line in scores if line.count("[") == 1]
    assert len(scores) == 2 * (n_known > 0)
    assert all((f"of {n_known}, fewer than 30" in line) == (n_known < FEW) for line in scores)
    assert ("right, fewer than 30 known" in page) == (0 < n_known < FEW)
    assert (f"Accuracy on {n_known} known truths, fewer than 30" in page) == (0 < n_known < FEW)
