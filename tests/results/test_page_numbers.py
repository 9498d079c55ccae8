"""The page shows the right numbers, under the right names, in the right order, as worked out by hand."""

import base64
import json
import os
from html.parser import HTMLParser

import numpy as np
import pytest

from benchmark_utils.results import page as report

SCORES = ["AccTrain", "AccTrain, valid", "valid", "macro F1", "AccTrain, disagreement", "ECE", "log loss"]


class PageReader(HTMLParser):
    """What a reader of the page sees: `sections`, {heading: {"table": rows of cells, "figure": (curves, layout)}}."""

    def __init__(self, page):
        super().__init__()
        self.sections, self.section, self.links, self.text = {}, {}, [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.text = ""
        if tag == "h2":
            self.section = {"anchor": dict(attrs).get("id")}
        elif tag == "a":
            self.links.append(dict(attrs)["href"])
        elif tag == "table":
            assert "table" not in self.section
            self.section["table"] = []
        elif tag == "tr":
            self.section["table"].append([])

    def handle_data(self, data):
        self.text += data

    def handle_endtag(self, tag):
        if tag == "h2":
            self.sections[self.text] = self.section
        elif tag in ("th", "td"):
            self.section["table"][-1].append(self.text)
        elif tag == "p":
            self.section["note"] = self.text
        elif tag == "script" and self.section and "Plotly.newPlot(" in self.text:
            curves, layout = read_plotly_call(self.text)
            self.section["figure"] = {curve["name"]: curve for curve in curves}, layout


def read_plotly_call(script):
    """The curves and the layout of `Plotly.newPlot("id", [curves], {layout}, ...)`."""
    arguments = script.partition("Plotly.newPlot(")[2]
    start = arguments.index("[")
    curves, end = json.JSONDecoder().raw_decode(arguments[start:])
    layout, _ = json.JSONDecoder().raw_decode(arguments[arguments.index("{", start + end) :])
    return curves, layout


def numbers(values):
    """Plotly's numbers, which are a list or the bytes of an array."""
    if isinstance(values, dict):
        values = np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"])
    return pytest.approx(list(values))


@pytest.fixture(scope="module")
def page(runs):
    return PageReader(report.build_page(runs, "a title"))


def test_the_page_has_a_section_for_each_dataset_in_the_order_of_the_run(page):
    assert list(page.sections) == ["Mean rank by AccTrain (1 is best)", "other", "crowd[easy]", "crowd[hard]"]
    links = [f"#{page.sections[name]['anchor']}" for name in ("other", "crowd[easy]", "crowd[hard]")]
    assert page.links == links
    assert len(set(links)) == 3


def test_the_page_table_has_means_over_repetitions_of_last_points_best_first(page):
    assert page.sections["crowd[easy]"]["table"] == [
        ["solver", *SCORES, "iterations", "converged", "time [s]"],
        ["tolerance", "0.76", "0.77", "0.24", "0.66", "0.56", "0.34", "1.24", "12.5", "1", "75"],
        ["DS", "0.74", "0.75", "0.26", "0.64", "0.54", "0.36", "1.26", "12", "0.6667", "60"],
        ["MV", "0.73", "0.74", "0.27", "0.63", "0.53", "0.37", "1.27", "1", "1", "0.03"],
        ["FDS", "0.72", "0.73", "0.28", "0.62", "0.52", "0.38", "1.28", "2", "1", "5"],
        ["KOS", "0.65", "0.66", "0.35", "0.55", "0.45", "0.45", "1.35", "20", "0", "0.5"],
    ]


def test_the_page_table_leaves_a_cell_blank_where_only_some_solvers_have_the_score(page):
    header, *rows = page.sections["other"]["table"]
    assert header == ["solver", *SCORES, "test accuracy", "iterations", "converged", "time [s]"]
    assert {row[0]: row[8] for row in rows} == {"tolerance": "", "FDS": "0.33", "DS": "", "MV": ""}


def test_the_page_ranks_last_points_by_their_mean_best_first(page):
    ranking = page.sections["Mean rank by AccTrain (1 is best)"]
    assert ranking["table"] == [
        ["solver", "mean rank", "crowd[easy]", "crowd[hard]", "other"],
        ["FDS", "1.67", "3", "1", "1"],
        ["DS", "1.83", "1", "2.5", "2"],
        ["MV", "2.5", "2", "2.5", "3"],
    ]
    assert ranking["note"] == "Not on every dataset, so not ranked: KOS."


def test_the_page_draws_median_acctrain_against_median_time_on_a_log_axis(page):
    curves, layout = page.sections["crowd[easy]"]["figure"]
    assert {name: (numbers(curve["x"]), numbers(curve["y"])) for name, curve in curves.items()} == {
        "DS": ([2, 30, 50], [0.52, 0.79, 0.71]),
        "FDS": ([0.2, 4], [0.90, 0.72]),
        "MV": ([0.02], [0.60]),
        "KOS": ([0.5], [0.65]),
        "tolerance": ([3, 75], [0.51, 0.76]),
    }
    assert all(curve["type"] == "scatter" and curve["mode"] == "lines+markers" for curve in curves.values())
    assert layout["xaxis"]["type"] == "log"
    assert layout["xaxis"]["title"]["text"] == "time [s]"
    assert layout["yaxis"]["title"]["text"] == "AccTrain"
    assert layout["yaxis"].get("type", "linear") == "linear"
    assert layout["showlegend"]


def test_the_page_says_where_and_when_the_run_was(runs):
    about = {"run_date": "2026-01-02", "system-cpus": 7, "version-numpy": "2.0", "version-scipy": "1.1"}
    page = report.build_page(runs.assign(**about), "<title>")
    assert "<p>&lt;title&gt;. run 2026-01-02, CPUs 7, numpy 2.0, scipy 1.1</p>" in page


@pytest.fixture
def three_results(runs, tmp_path, monkeypatch):
    """`outputs/` with b.parquet newest, c.parquet oldest; each page says which result it is of."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outputs").mkdir()
    for name, written in ("c", 1), ("b", 3), ("a", 2):
        path = tmp_path / "outputs" / f"{name}.parquet"
        runs.assign(run_date=f"of {name}").to_parquet(path)
        os.utime(path, (written, written))
    return tmp_path / "outputs"


def test_without_arguments_the_page_is_of_the_newest_result_and_lies_beside_it(three_results):
    report.main([])
    assert [path.name for path in three_results.glob("*.html")] == ["b.html"]
    assert "<p>b. run of b</p>" in (three_results / "b.html").read_text(encoding="utf-8")


def test_a_named_result_and_a_named_page_are_used(three_results, tmp_path):
    report.main([str(three_results / "a.parquet"), str(tmp_path / "mine.html")])
    assert [path.name for path in tmp_path.rglob("*.html")] == ["mine.html"]
    assert "<p>a. run of a</p>" in (tmp_path / "mine.html").read_text(encoding="utf-8")
