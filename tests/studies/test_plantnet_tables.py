"""The chapter's tables and figures on results made by hand."""

import sys

import numpy as np
import pandas as pd
import pytest

from studies import plantnet, plantnet_figures, plantnet_tables
from studies.plantnet import report
from studies.plantnet_tables import METRICS, chapter_rows, origin, summarise

FLORA = "simulated_flora[expert_votes=kept,n_votes=2000]"
DEFAULTS = {**plantnet_tables.DEFAULTS, "theta_conf": np.nan}


def point(dataset, solver, rep, value, converged=1.0, valid=None, **changed):
    """One row of a result: every metric is `value`, but for those in `changed`; options of PlantNet beside them."""
    options = DEFAULTS | {name: changed.pop(name) for name in DEFAULTS if name in changed}
    if solver != "PlantNet":
        options = dict.fromkeys(options, np.nan)
    name = solver if solver != "PlantNet" else f"PlantNet[{','.join(f'{k}={v}' for k, v in options.items())}]"
    metrics = dict.fromkeys([*METRICS, "acc_valid"], value) | changed
    return dict(
        dataset_name=dataset,
        solver_name=name,
        idx_rep=rep,
        objective_converged=converged,
        **{f"p_solver_{option}": chosen for option, chosen in options.items()},
        **{f"objective_{metric}": number for metric, number in metrics.items()},
    )


def crowd(dataset=FLORA):
    """Three repetitions; PlantNet has a curve of two points, and 0.7, 0.8, 0.9 at its end."""
    rows = []
    for rep in range(3):
        rows += [point(dataset, name, rep, 0.5) for name in ("MV", "WAWA", "TwoThird")]
        rows += [point(dataset, "PlantNet", rep, 0.1, 0.0), point(dataset, "PlantNet", rep, 0.7 + rep / 10)]
        rows += [point(dataset, "PlantNet", rep, 0.6, weight=w) for w in ("linear", "sqrt", "power75", "square", "log")]
        rows += [point(dataset, "PlantNet", rep, 0.4, penalty=p) for p in ("difference", "accuracy")]
        rows += [point(dataset, "PlantNet", rep, 0.3, float(rep > 0), penalty="ratio")]
        rows += [point(dataset, "PlantNet", rep, 0.2, ai=role) for role in ("worker", "fixed", "invalidating")]
        rows += [point(dataset, "PlantNet", rep, t, ai="confident", theta_score=t) for t in (1.0, 0.0, 0.25, 0.7)]
    return pd.DataFrame(rows)


@pytest.fixture
def tables_only(monkeypatch):
    monkeypatch.setattr(plantnet, "FIGURES", {})


def section(text, title):
    """The cells of the first table under a title, by the first cell of each line."""
    lines = text[text.index(f"### {title}") :].split("\n\n### ")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {line[0]: line[1:] for line in cells}


def test_means_and_standard_errors_of_the_last_points():
    rows, left_out = chapter_rows(crowd())
    summary = summarise(rows)
    assert not left_out
    # 0.7, 0.8, 0.9: standard deviation 0.1 over the square root of 3; not the points 0.1 at the start of the curves
    for metric in METRICS:
        assert summary.loc["PlantNet", metric].tolist() == pytest.approx([0.8, 0.1 / np.sqrt(3)])
    assert summary.loc["ai=confident 0.25", ("acc_train", "mean")] == pytest.approx(0.25)


def test_only_one_choice_differs_from_the_published_strategy():
    other = [
        point(FLORA, "PlantNet", 0, 0.9, theta_acc=0.5),
        point(FLORA, "PlantNet", 0, 0.9, theta_conf=2.0),
        point(FLORA, "PlantNet", 0, 0.9, w_ai=1.0, ai="fixed"),
        point(FLORA, "PlantNet", 0, 0.9, w_ai=1.0, ai="confident"),
        point(FLORA, "PlantNet", 0, 0.9, theta_score=0.5),
        point(FLORA, "PlantNet", 0, 0.9, weight="log", penalty="ratio"),
        point(FLORA, "tolerance[strategy=PlantNet]", 0, 0.9),
        point(FLORA, "DS", 0, 0.9),
    ]
    results = pd.concat([crowd(), pd.DataFrame(other)])
    rows, left_out = chapter_rows(results)
    assert left_out == sorted(row["solver_name"] for row in other)
    pd.testing.assert_frame_equal(summarise(rows), summarise(chapter_rows(crowd())[0]))


def test_tables(tmp_path, tables_only):
    text = report(crowd(), tmp_path, "png")
    strategies = section(text, "Strategies")
    assert list(strategies) == ["strategy", "---", "MV", "WAWA", "TwoThird", "PlantNet"]
    assert strategies["PlantNet"][0] == "0.800 ± 0.058"
    assert strategies["TwoThird"][-3:] == ["0.60", "0.41", "0.234"]
    weights = section(text, "Weight functions")
    assert weights["current"] == ["2", *["0.800 ± 0.058"] * 3, "0.781"]
    assert weights["log"] == ["2.82", *["0.600 ± 0.000"] * 3, "0.721"]
    assert list(weights)[2:] == ["current", "linear", "sqrt", "power75", "square", "log"]
    penalties = section(text, "Penalties")
    assert list(penalties)[2:] == ["none", "difference", "ratio (not converged)", "accuracy"]
    ai = section(text, "The AI's vote")
    thresholds = ["confident, 0", "confident, 0.25", "confident, 0.7", "confident, 1"]
    assert list(ai)[2:] == ["ignored", "worker", "fixed", "invalidating", *thresholds]
    assert ai["confident, 0.7"][0] == "0.700 ± 0.000"


def test_columns_are_not_mixed_up(tmp_path, tables_only):
    values = {metric: i / 100 for i, metric in enumerate(METRICS, start=1)}
    text = report(pd.DataFrame([point(FLORA, "PlantNet", 0, 0.5, **values)]), tmp_path)
    column = {
        "Acc, all": "acc_train",
        "species, all": "class_coverage",
        "Acc, multiple votes": "acc_multiple_votes",
        "species, multiple votes": "coverage_multiple_votes",
        "Acc, disagreement": "acc_disagreement",
        "species, disagreement": "coverage_disagreement",
        "macro precision, disagreement": "precision_disagreement",
        "macro recall, disagreement": "recall_disagreement",
        "valid": "valid_fraction",
    }
    names = {"Strategies": "PlantNet", "Weight functions": "current", "Penalties": "none", "The AI's vote": "ignored"}
    for title, name in names.items():
        cells = section(text, title)
        header = cells[next(iter(cells))]
        shown = {title: cell for title, cell in zip(header, cells[name], strict=True) if title in column}
        assert len(shown) >= 3
        assert shown == {title: f"{values[column[title]]:.3f}" for title in shown}  # one repetition: no error
    assert "1 repetition." in text


def test_figures_of_each_dataset(tmp_path):
    report(pd.concat([crowd(), crowd("bluebirds")]), tmp_path / "new", "png")
    figures = ("accuracy_species", "precision_recall", "valid", "penalties", "ai")
    names = {f"simulated_flora_expert_votes_kept_n_votes_2000_{figure}.png" for figure in figures}
    assert {file.name for file in (tmp_path / "new").iterdir()} == names


def test_every_table_and_figure_names_its_data(tmp_path, monkeypatch):
    titles = []
    monkeypatch.setattr("matplotlib.figure.Figure.suptitle", lambda figure, text, **style: titles.append(text))
    text = report(crowd(), tmp_path)
    assert "Left out" not in text
    assert text.count(f"Data: {FLORA} (simulated") == text.count("###") == 4
    assert len(titles) == 5
    assert all(FLORA in title and "(simulated" in title for title in titles)


def test_points_are_drawn_where_they_are(tmp_path):
    summary = summarise(chapter_rows(crowd())[0])
    figure = plantnet_figures.draw_ai(summary, "data")
    (curve,) = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 4 and line.get_marker() == "o"]
    assert curve.get_xdata().tolist() == [0, 0.25, 0.7, 1]
    assert curve.get_ydata().tolist() == pytest.approx([0, 0.25, 0.7, 1])
    axis = plantnet_figures.draw_penalties(summary, "data").axes[0]
    assert axis.get_legend_handles_labels()[1] == ["none", "difference", "accuracy"]
    (note,) = axis.texts
    assert note.get_text() == "not drawn, not converged: ratio"
    plantnet.plt.close("all")


@pytest.mark.parametrize(
    ("dataset", "n_truth", "expected"),
    [
        ("plantnet_swe[expert_votes=kept,version=v1]", 26_811, "real"),
        ("plantnet_swe[expert_votes=kept,version=v2]", 21_656, "real"),
        ("plantnet_swe[expert_votes=kept,version=v2]", 26_811, "NOT the published data"),
        ("plantnet_swe[expert_votes=kept,version=v1]", 734, "NOT the published data"),
        ("bluebirds", 108, None),
    ],
)
def test_origin(dataset, n_truth, expected):
    n_right = np.array([0.31, 0.77, 0.98]) * n_truth // 1
    assert origin(dataset, pd.DataFrame({"objective_acc_train": n_right / n_truth})) == expected


def test_share_of_the_experts_own_votes(tmp_path, tables_only):
    kept, removed = "plantnet_swe[expert_votes=kept,version=v1]", "plantnet_swe[expert_votes=removed,version=v1]"
    rows = []
    for rep, voted in enumerate([0.6, 0.8]):  # of the truths have a vote left, half of which majority vote gets right
        rows += [point(kept, "MV", rep, 0.98), point(removed, "MV", rep, voted / 2, acc_valid=0.5)]
        rows += [point(kept, "PlantNet", rep, 0.99), point(removed, "PlantNet", rep, voted / 4, acc_valid=0.9)]
    text = report(pd.DataFrame(rows), tmp_path)
    assert "Share of the truths that only an expert voted on: 0.300 ± 0.100." in text
    table = section(text, "The experts' own votes")
    assert table["MV"] == ["0.980 ± 0.000", "0.350 ± 0.050", "0.500 ± 0.000"]
    assert table["PlantNet"] == ["0.990 ± 0.000", "0.175 ± 0.025", "0.250 ± 0.000"]
    assert "experts' own" not in report(pd.DataFrame(rows).query("dataset_name == @kept"), tmp_path)


def test_partial_results(tmp_path):
    rows = [point(FLORA, name, 0, 0.5, precision_disagreement=np.nan) for name in ("MV", "DS", "NS")]
    text = report(pd.DataFrame(rows), tmp_path)
    assert section(text, "Strategies")["MV"][6] == "-"
    assert "compare them: DS, NS." in text
    with pytest.raises(ValueError, match="plantnet_swe or simulated_flora"):
        report(crowd("bluebirds"), tmp_path)


def test_command(tmp_path, monkeypatch, capsys):
    crowd().to_parquet(tmp_path / "result.parquet")
    monkeypatch.setattr(sys, "argv", ["", str(tmp_path / "result.parquet"), "--output", str(tmp_path / "figures")])
    plantnet.main()
    assert "### Weight functions" in capsys.readouterr().out
    assert len(list((tmp_path / "figures").glob("*.svg"))) == 5
    monkeypatch.setattr(sys, "argv", ["", str(tmp_path / "absent.parquet"), "--output", str(tmp_path)])
    with pytest.raises(SystemExit):
        plantnet.main()
    assert "run_configs/plantnet.yml makes it" in capsys.readouterr().err
