"""The list of columns is the objective's, docs/columns.md is written from it, and older results still open."""

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.results.ranking import mean_ranks
from benchmark_utils.scoring.columns import COLUMNS, scores, shown, to_markdown
from tests.conftest import ROOT


def test_the_list_has_every_column_of_a_result_and_no_other(benchmark, random_votes):
    votes, truth = random_votes()
    objective = benchmark.get_benchmark_objective().get_instance()
    objective.set_data(votes=votes, truth=truth)
    returned = objective.evaluate_result(**objective.get_one_result())
    columns = {c.short for c in COLUMNS if c.name.startswith("objective_")}
    assert columns - {"heldout_agreement", "heldout_log_score"} == set(returned)
    assert columns >= set(returned)
    assert [c.name for c in COLUMNS if not c.name.startswith("objective_")] == ["time", "stop_val"]


def test_the_page_of_the_columns_is_written_from_the_list():
    written = (ROOT / "docs" / "columns.md").read_text(encoding="utf-8")
    assert written == to_markdown(), "python -m benchmark_utils.scoring.columns > docs/columns.md"


def test_each_column_has_a_sentence_and_a_name_of_its_own():
    assert len({c.name for c in COLUMNS}) == len(COLUMNS)
    titles = [c.title for c in COLUMNS if c.title]
    assert len(set(titles)) == len(titles)
    assert all(c.meaning.endswith(".") for c in COLUMNS)
    assert {c.better for c in COLUMNS} == {"higher", "lower", ""}


def test_texts_are_in_no_table_and_have_no_better():
    texts = [c for c in COLUMNS if c.kind == "text"]
    assert [c.short for c in texts] == ["right", "worker_scores", "task_scores", "data", "crowd", "suite", "software"]
    assert not any(c.title or c.better for c in texts)


def test_what_a_result_lacks_is_left_out(runs_without):
    names = [c.title for c in shown(runs_without)]
    assert "ECE" not in names
    assert "macro F1" not in names  # all NaN
    assert names[:3] == ["AccTrain", "AccTrain, expected", "AccTrain, valid"]
    assert "iterations" not in [c.title for c in scores(runs_without)]


@pytest.fixture
def runs_without():
    columns = {c.name: [0.5, 0.6] if c.kind == "number" else ["a", "b"] for c in COLUMNS if c.name != "objective_ece"}
    return pd.DataFrame(columns | {"objective_f1_macro": [np.nan, np.nan]})


@pytest.mark.parametrize(
    ("column", "best"),
    [("objective_acc_train", "A"), ("objective_ece", "B"), ("objective_log_loss", "B"), ("objective_f1_macro", "A")],
)
def test_the_best_is_first_whichever_way_the_column_goes(column, best):
    results = pd.DataFrame({"solver_name": ["A", "B"], "dataset_name": "d", "idx_rep": 0, column: [0.9, 0.1]})
    ranks = mean_ranks(results, column)
    assert ranks.index[0] == best
    assert ranks.loc[best, "mean rank"] == 1
