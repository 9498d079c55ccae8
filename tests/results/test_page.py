"""The page opens anywhere, loads nothing, runs nothing of a result, and its script works."""

import re
import shutil
import subprocess

import pandas as pd
import pytest

from benchmark_utils.results import page as report_page
from benchmark_utils.results.names import family_of, is_selected, short_names
from benchmark_utils.results.table import final_points, read_result
from benchmark_utils.scoring.columns import COLUMNS
from tests.conftest import ROOT
from tests.results.test_page_numbers import PageReader

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


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


@pytest.mark.parametrize(
    ("crowd", "family"),
    [
        ("literature[name=zencrowd_us]", "zencrowd"),
        ("literature[name=zencrowd_all]", "zencrowd"),
        ("literature[name=cf_amt]", "cf_amt"),
        ("simulated[n_task=200,scenario=difficulty]", "simulated"),
        ("plantnet_swe[version=v1]", "plantnet_swe"),
        ("varied[crowd=zencrowd_us,votes_per_task=3]", "zencrowd"),
        ("local[path=a/b]", "local[path=a/b]"),
        ("bluebirds", "bluebirds"),
    ],
)
def test_families_of_crowds(crowd, family):
    assert family_of(crowd) == family


def test_a_selection_names_a_solver_by_some_of_its_parameters():
    assert is_selected("FDS[hybrid=False,support=full]", "FDS[hybrid=False]")
    assert not is_selected("FDS[hybrid=True,support=full]", "FDS[hybrid=False]")
    assert is_selected("DS[support=full]", "DS")
    assert not is_selected("DSWC[L=5]", "DS")


class Loads(PageReader):
    """Every address that a page would fetch."""

    def handle_starttag(self, tag, attrs):
        self.fetched = [*getattr(self, "fetched", [])]
        self.fetched += [
            value for name, value in attrs if name in ("src", "href", "action", "data", "srcset", "poster")
        ]
        super().handle_starttag(tag, attrs)


def test_the_page_loads_nothing(runs):
    page = report_page.build_page(runs, "r")
    assert all(address.startswith("#") or address == "data:," for address in Loads(page).fetched)
    assert not re.search(r"https?://|//\w+\.\w|@import|url\(|fetch\(|XMLHttp|<iframe|<object", page)
    assert "default-src 'none'" in page
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in page
    assert "prefers-color-scheme: dark" in page
    assert len(page) < 200_000


def test_names_of_a_result_are_text(runs, tmp_path):
    evil = '"><script>document.title="ran"</script><img src=x onerror=alert(1)>'
    named = runs.assign(
        solver_name=runs["solver_name"].replace({"DS": f"DS{evil}"}),
        dataset_name=runs["dataset_name"].replace({"other": f"other{evil}"}),
        objective_crowd=evil,
        platform=evil,
    )
    page = report_page.build_page(named, f"title{evil}")
    assert "<img" not in page
    assert page.count("<script>") == 1  # ours
    assert f"DS{evil}" in [cells[0] for cells in PageReader(page).tables["leaderboard-table"]]


def test_one_row_is_a_page(runs):
    assert (
        "has the highest mean accuracy, 0.600" in PageReader(report_page.build_page(runs[runs.index == 2], "r")).words
    )


def test_a_missing_or_broken_result_is_said_in_words(tmp_path, capsys):
    assert report_page.main([str(tmp_path / "absent.parquet")]) == 2
    (tmp_path / "broken.parquet").write_text("nothing")
    assert report_page.main([str(tmp_path / "broken.parquet")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("no page: there is no result")
    assert "cannot be read as a parquet" in said[1]


def test_without_a_result_it_says_what_writes_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert report_page.main([]) == 2
    assert "outputs/ holds no parquet; `benchopt run .` writes one" in capsys.readouterr().err


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


@pytest.mark.parametrize("name", ["published", "published_learning"])
def test_the_published_results_open(benchmark, name):
    published = read_result(ROOT / "outputs" / f"{name}.parquet")
    assert "AccTrain" in report_page.build_page(published, name)
    one = published[published["dataset_name"] == published["dataset_name"].iloc[0]]
    for plot in benchmark.get_plots():
        assert plot.get_instance()._get_all_plots(one[one["solver_name"] == one["solver_name"].iloc[0]])[0]


SORTS = """
const table = document.getElementById("leaderboard-table");
const click = column => table.tHead.rows[0].cells[column].querySelector("button").click();
const first = () => [...table.tBodies[0].rows].map(row => row.cells[0].textContent).join(" ");
const seen = [];
click(1); seen.push(first()); click(1); seen.push(first()); click(0); seen.push(first());
seen.push(writers.csv([["a", "b"], ['x,"y"', "1"]]), writers.Markdown([["a", "b"], ["x|y", "1"]]));
seen.push(writers.LaTeX([["a_b", "c"], ["50%", "1"]]));
document.title = seen.join(" ; ");
"""


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: apt-get install chromium")
def test_the_script_sorts_tables_and_writes_csv_markdown_and_latex(runs, tmp_path):
    page = report_page.build_page(runs, "r").replace("</script></body>", f"{SORTS}</script></body>")
    (tmp_path / "r.html").write_text(page, encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom", (tmp_path / "r.html").as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)[1]
    assert [" ".join(part.split()) for part in title.split(" ; ")] == [
        "FDS DS MV KOS",
        "KOS MV DS FDS",
        "MV KOS FDS DS",
        'a,b "x,""y""",1',
        "| a | b | | --- | --- | | x\\|y | 1 |",
        "\\begin{tabular}{lr} \\hline a\\_b &amp; c \\\\ \\hline 50\\% &amp; 1 \\\\ \\hline \\end{tabular}",
    ]
    assert dom.count(">Download CSV<") == dom.count("<table")
