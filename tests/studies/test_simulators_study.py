"""The study of simulators: every crowd it names is drawn as it says, and its table has means and standard errors."""

import numpy as np
import pytest

from studies import simulators


def test_votes_are_imbalanced_only_where_it_says_so():
    efforts = {name: np.unique(make(seed=0).votes.votes_per_task) for name, make in simulators.CROWDS.items()}
    assert len(efforts) == 7
    assert {name for name, effort in efforts.items() if len(effort) > 1} == {"independent, imbalanced votes"}


def test_one_row_per_strategy_of_one_crowd(monkeypatch):
    some = {name: simulators.STRATEGIES[name] for name in ("MV", "KOS", "DS")}
    monkeypatch.setattr(simulators, "STRATEGIES", some)
    rows = {row["strategy"]: row for row in simulators.score("independent, imbalanced votes", 3)}
    assert set(rows) == {"MV", "DS"}  # KOS is for two classes
    assert np.isnan(rows["MV"]["skill"])
    assert -1 <= rows["DS"]["skill"] <= 1


def test_the_table_has_means_and_standard_errors():
    accuracy = {"A": [0.5, 0.7], "B": [0.9, 0.9]}
    rows = [
        dict(scenario="s", seed=i, strategy=name, accuracy=value, skill=0.25 if name == "A" else np.nan)
        for name, values in accuracy.items()
        for i, value in enumerate(values)
    ]
    table = simulators.to_markdown(rows).splitlines()
    assert table[2:] == ["| B | 0.900 ± 0.000 |", "| A | 0.600 ± 0.100 (0.25) |"]


@pytest.mark.parametrize("name", simulators.CROWDS)
def test_a_crowd_is_the_seeds(name):
    one, two = (simulators.CROWDS[name](seed=5).votes.label for _ in range(2))
    assert np.array_equal(one, two)
