"""The study of choosing without truth: its regrets and correlations by hand, its table cell by cell."""

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.strategies.catalogue import CATALOGUE
from studies import without_truth
from studies.without_truth import STRATEGIES, correlations, measure, measure_one, regrets, summarise, to_markdown


@pytest.fixture
def table():
    """Agreement is highest for A, the log score for B; EBCC is best by the truth."""
    rows = {"A": (0.9, -2.0, 0.7), "B": (0.8, -1.0, 0.6), "EBCC": (0.7, -1.5, 0.8), "MV": (0.6, -3.0, 0.5)}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["agreement", "log_score", "acc_train"])


def test_regret_is_how_much_is_lost_against_the_best(table):
    assert regrets(table) == pytest.approx(
        {"agreement": 0.1, "log_score": 0.2, "always MV": 0.3, "always EBCC": 0.0}, abs=1e-12
    )
    assert np.isnan(regrets(table.drop("EBCC"))["always EBCC"])


def test_rank_correlation_by_hand(table):
    """Spearman's 1 - 6 sum d^2 / (n (n^2 - 1)) with n = 4: ranks of the truth are 3, 2, 4, 1."""
    assert correlations(table) == pytest.approx({"agreement": 1 - 6 * 6 / 60, "log_score": 1 - 6 * 6 / 60})


def test_each_strategy_is_measured(random_votes):
    votes, truth = random_votes(n_task=40, per_task=4)
    table = measure(votes, truth)
    assert set(table.index) == set(STRATEGIES)
    assert table["acc_train"].between(0.5, 1).all()
    assert (table["log_score"] < 0).all()


def test_what_is_measured_is_kept_and_not_measured_again(random_votes, tmp_path, monkeypatch):
    votes, truth = random_votes(n_task=20, per_task=3)
    monkeypatch.setattr(without_truth, "STRATEGIES", ("MV", "WAWA", "DS"))
    file, asked = tmp_path / "kept" / "crowd.csv", []

    def measured(row, *_):
        asked.append(row.name)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return None if row.name == "WAWA" else [0.1, -2 / 3, 1.0]  # None: too slow

    monkeypatch.setattr(without_truth, "measure_one", measured)
    with pytest.raises(KeyboardInterrupt):
        measure(votes, truth, file)
    table = measure(votes, truth, file)
    assert asked == ["MV", "WAWA", "DS", "DS"]
    assert table.loc["MV"].tolist() == [0.1, -2 / 3, 1.0]
    assert list(table.index) == ["MV", "DS"]


def test_a_strategy_that_takes_too_long_is_stopped(random_votes):
    votes, truth = random_votes(n_task=200, per_task=5)
    (row,) = [row for row in CATALOGUE if row.name == "EBCC"]
    assert measure_one(row, votes, truth, seconds=0.05) is None
    (row,) = [row for row in CATALOGUE if row.name == "MV"]
    assert measure_one(row, votes, truth) is not None


def test_the_page_has_the_figures(table):
    tables = {"one": table, "two": table.drop("EBCC")}
    text = to_markdown(tables, {"one": 1234, "two": 5}, "the command")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    by_name = {row[0]: row[1:] for row in rows}
    assert by_name["one"] == ["1,234", "4", "EBCC", "0.40", "0.40", "0.1000", "0.2000", "0.3000", "0.0000"]
    assert by_name["two"][-1] == "too slow"
    assert by_name["by held-out agreement"][1] == "0.1000"  # crowd two could not be run on by EBCC
    assert by_name["EBCC"] == ["0.8000"]
    assert summarise(tables).loc["two", "best"] == "A"
    assert "accuracy" not in text
