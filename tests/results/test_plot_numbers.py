"""The plots hand Benchopt the right numbers, under the right names, in the right order, as worked out by hand."""

from pathlib import Path

import numpy as np
import pytest
import yaml

EASY, OTHER = "crowd[n=1,scenario=easy]", "other"
SCORES = ["AccTrain", "AccTrain, valid", "valid", "macro F1", "AccTrain, disagreement", "ECE", "log loss"]


@pytest.fixture
def plot(benchmark):
    """`plot("ranking")`: one of the plots that Benchopt's page offers."""
    return lambda name: next(p for p in benchmark.get_plots() if p.name == name).get_instance()


def numbers(values):
    return pytest.approx(values, nan_ok=True)


def curves_of(plot, runs, **options):
    return {curve["label"]: curve for curve in plot("accuracy_curve").plot(runs, **options)}


def test_the_curve_is_of_means_over_repetitions_in_the_order_of_iterations(plot, runs):
    curves = curves_of(plot, runs, dataset=EASY, column="acc_train", X_axis="Time")
    assert {name: (numbers(curve["x"]), numbers(curve["y"])) for name, curve in curves.items()} == {
        "DS": ([3, 25, 60], [0.54, 0.80, 0.74]),
        "FDS": ([0.3, 5], [0.92, 0.72]),
        "MV": ([0.03], [0.73]),
        "KOS": ([0.5], [0.65]),
        "tolerance[strategy=DS]": ([3, 75], [0.51, 0.76]),
    }


def test_the_curve_spans_the_second_to_the_eighth_tenth_of_time(plot, runs):
    curves = curves_of(plot, runs, dataset=EASY, column="acc_train", X_axis="Time")
    spans = {name: (numbers(c["x_low"]), numbers(c["x_high"])) for name, c in curves.items() if "x_low" in c}
    assert spans == {
        "DS": ([1.4, 18, 44], [4.4, 33, 74]),
        "FDS": ([0.14, 3.4], [0.44, 6.4]),
        "MV": ([0.014], [0.044]),
        "tolerance[strategy=DS]": ([2.4, 72], [3.6, 78]),
    }
    assert "x_high" not in curves["KOS"]  # one repetition has no spread


def test_the_curve_against_iterations_has_no_span(plot, runs):
    curves = curves_of(plot, runs, dataset=EASY, column="log_loss", X_axis="Iteration")
    assert {name: (numbers(curve["x"]), numbers(curve["y"])) for name, curve in curves.items()} == {
        "DS": ([0, 4, 12], [1.46, 1.20, 1.26]),
        "FDS": ([0, 2], [1.08, 1.28]),
        "MV": ([1], [1.27]),
        "KOS": ([20], [1.35]),
        "tolerance[strategy=DS]": ([0, 12.5], [1.49, 1.24]),
    }
    assert not any("x_low" in curve or "x_high" in curve for curve in curves.values())


def test_the_curve_leaves_out_solvers_without_the_score(plot, runs):
    assert list(curves_of(plot, runs, dataset=OTHER, column="acc_test", X_axis="Time")) == ["FDS"]


def test_the_curve_names_its_axes(plot, runs):
    curve = plot("accuracy_curve")
    time = curve.get_metadata(runs, dataset=EASY, column="ece", X_axis="Time")
    assert time == {"title": EASY, "xlabel": "Time [s]", "ylabel": "ECE"}
    iteration = curve.get_metadata(runs, dataset=EASY, column="acc_valid", X_axis="Iteration")
    assert iteration == {"title": EASY, "xlabel": "Iterations", "ylabel": "AccTrain, valid"}


def test_the_table_has_means_over_repetitions_of_last_points_and_opens_best_first(plot, runs):
    table = plot("accuracy_table")
    assert {name: numbers(row) for name, *row in table.plot(runs, dataset=EASY)} == {
        "DS": [0.74, 0.75, 0.26, 0.64, 0.54, 0.36, 1.26, np.nan, 12, 2 / 3, 60],
        "FDS": [0.72, 0.73, 0.28, 0.62, 0.52, 0.38, 1.28, np.nan, 2, 1, 5],
        "KOS": [0.65, 0.66, 0.35, 0.55, 0.45, 0.45, 1.35, np.nan, 20, 0, 0.5],
        "MV": [0.73, 0.74, 0.27, 0.63, 0.53, 0.37, 1.27, np.nan, 1, 1, 0.03],
        "tolerance[strategy=DS]": [0.76, 0.77, 0.24, 0.66, 0.56, 0.34, 1.24, np.nan, 12.5, 1, 75],
    }
    fds = next(row for name, *row in table.plot(runs, dataset=OTHER) if name == "FDS")
    assert fds == numbers([0.90, 0.91, 0.10, 0.80, 0.70, 0.20, 1.10, 0.33, 2, 1, 7])
    assert table.get_metadata(runs, dataset=EASY) == {
        "title": EASY,
        "columns": ["solver", *SCORES, "test accuracy", "iterations", "converged", "time [s]"],
        "default_order_column": 1,  # AccTrain, the highest first
        "default_order_ascending": False,
    }


def test_the_ranking_is_by_the_mean_of_last_points_and_opens_best_first(plot, runs):
    ranking = plot("ranking")
    assert [[name, numbers(ranks)] for name, *ranks in ranking.plot(runs)] == [
        ["FDS", [1.5, 3, 1, 1]],  # easy and hard are one family: (2 + 1) / 2
        ["DS", [2, 1, 3, 2]],
        ["MV", [3, 2, 3, 3.5]],
        ["KOS", [3.5, 4, 3, 3.5]],  # the majority vote's score, where KOS did not run
    ]
    assert ranking.get_metadata(runs) == {
        "title": "Mean rank by AccTrain (1 is best; where a solver did not run it has MV's score)",
        "columns": ["solver", "mean rank", "crowd[easy]", "crowd[hard]", "other"],
        "default_order_column": 1,  # the mean rank, the lowest first
        "default_order_ascending": True,
    }


def test_benchopt_opens_on_acctrain_against_the_logarithm_of_time(benchmark):
    views = yaml.safe_load((Path(benchmark.benchmark_dir) / "config.yml").read_text())["plot_configs"]
    assert views["Accuracy against time"] == {
        "plot_kind": "accuracy_curve",
        "accuracy_curve_column": "acc_train",
        "accuracy_curve_X_axis": "Time",
        "scale": "semilog-x",
    }
