"""The plots and the page read the right rows of a result."""

import pandas as pd
import pytest

from benchmark_utils.results import page as report_page
from benchmark_utils.results.names import short_names
from benchmark_utils.results.table import final_points
from benchmark_utils.scoring.columns import COLUMNS
from tests.conftest import ROOT


def row(solver, dataset, stop_val, accuracy, rep=0, time=0.1):
    scores = {column.name: accuracy for column in COLUMNS if column.title and column.better and column.name != "time"}
    return {
        "solver_name": solver,
        "dataset_name": dataset,
        "idx_rep": rep,
        "stop_val": stop_val,
        "time": time,
        "objective_n_iter": 1.0,
        "objective_converged": 1.0,
        **scores,
    }


@pytest.fixture
def results():
    return pd.DataFrame(
        [
            row("DS", "a[x=1,y=2]", 0, 0.5),
            row("DS", "a[x=1,y=2]", 3, 0.8),
            row("tolerance[strategy=DS]", "a[x=1,y=2]", 3e38, 0.1),
            row("tolerance[strategy=DS]", "a[x=1,y=2]", 1e-6, 0.8),
            row("MV", "a[x=1,y=2]", 1, 0.6),
            row("DS", "a[x=1,y=3]", 0, 0.7),
            row("MV", "a[x=1,y=3]", 1, 0.9),
            row("KOS", "a[x=1,y=3]", 1, 0.95),
        ]
    )


def test_the_last_point_is_the_last_measured_not_the_largest_stop_val(results):
    last = final_points(results).set_index(["solver_name", "dataset_name"])["objective_acc_train"]
    assert last["DS", "a[x=1,y=2]"] == 0.8
    assert last["tolerance[strategy=DS]", "a[x=1,y=2]"] == 0.8


def test_short_names_keep_what_differs():
    names = ["s[n=1,scenario=a]", "s[n=1,scenario=b]", "bluebirds", "local[path=x/y]"]
    assert list(short_names(names).values()) == ["s[a]", "s[b]", "bluebirds", "local"]
    assert list(short_names(["s[hard=True,n=1]", "s[hard=False,n=1]"]).values()) == ["s[hard=True]", "s[hard=False]"]


def test_the_page_holds_everything_and_loads_nothing(results, tmp_path, capsys):
    results.to_parquet(tmp_path / "r.parquet")
    report_page.main([str(tmp_path / "r.parquet")])
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "a[y=2]" in page
    assert "not ranked: KOS" in page
    assert "<script src=" not in page
    assert "<link" not in page
    assert str(tmp_path / "r.html") in capsys.readouterr().out


def test_a_missing_result_is_said_in_words(tmp_path):
    with pytest.raises(SystemExit, match="no result to report"):
        report_page.main([str(tmp_path / "absent.parquet")])


@pytest.mark.parametrize("name", ["accuracy_curve", "accuracy_table", "ranking"])
def test_plots_give_plain_numbers(benchmark, results, name):
    import json

    results["objective_name"] = "o"
    (plot_class,) = (plot for plot in benchmark.get_plots() if plot.name == name)
    plots, _ = plot_class.get_instance()._get_all_plots(results)
    assert plots
    json.dumps(plots)  # what Benchopt does with them


@pytest.mark.parametrize("lacking", ["objective_ece", "objective_acc_disagreement", "objective_converged"])
def test_a_result_without_a_column_still_opens(benchmark, runs, lacking):
    older = runs.drop(columns=lacking)
    assert "AccTrain" in report_page.build_page(older, "older")
    for plot in benchmark.get_plots():
        plots, _ = plot.get_instance()._get_all_plots(older)
        assert plots


@pytest.mark.parametrize("name", ["published", "published_learning", "published_learning_images"])
def test_the_published_results_open(benchmark, name):
    published = pd.read_parquet(ROOT / "outputs" / f"{name}.parquet")
    one = published[
        published["dataset_name"] == published["dataset_name"].iloc[0]
    ]  # each crowd's figure takes a second
    assert "AccTrain" in report_page.build_page(one, name)
    for plot in benchmark.get_plots():
        assert plot.get_instance()._get_all_plots(one[one["solver_name"] == one["solver_name"].iloc[0]])[0]
