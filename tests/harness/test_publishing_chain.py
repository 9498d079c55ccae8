"""From a run to the page of Benchopt's results site, without a network: run, publish, upload, generate, open."""

import json
import re
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from benchmark_utils.results.names import is_library
from benchmark_utils.results.publishing import KEY, MARKERS
from benchmark_utils.results.table import read_result
from tests.conftest import ROOT
from tests.harness.runs import copy_benchmark, environment, run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NAME = "benchmark_crowd_labels"
PAGE = f"{NAME}_{NAME}_result.html"

# What `benchopt publish` asks of the package PyGithub; a repository is a folder.
FAKE_GITHUB = """
import os
from pathlib import Path
from types import SimpleNamespace

SITE = Path(os.environ["FAKE_SITE"])


class GithubException(Exception):
    pass


class Repository:
    default_branch = "main"

    def create_fork(self):
        return self

    def get_branch(self, name):
        if name != "main":
            raise GithubException("no such branch")
        return SimpleNamespace(commit=SimpleNamespace(sha="0"))

    def create_git_ref(self, ref, sha):
        pass

    def get_contents(self, path, ref):
        if not (SITE / path).is_file():
            raise GithubException("no such file")
        return SimpleNamespace(decoded_content=(SITE / path).read_bytes(), sha="1")

    def create_file(self, path, message, content, branch):
        (SITE / path).parent.mkdir(parents=True, exist_ok=True)
        (SITE / path).write_bytes(content.encode() if isinstance(content, str) else content)

    def update_file(self, path, message, content, sha, branch):
        self.create_file(path, message, content, branch)

    def get_pulls(self, head, state):
        return []

    def create_pull(self, title, body, base, head):
        return SimpleNamespace(html_url=f"{title}: {head} into {base}")


class Github:
    def __init__(self, login_or_token):
        assert login_or_token == "a-token"

    def get_repo(self, name):
        assert name == "benchopt/results"
        return Repository()

    def get_user(self):
        return SimpleNamespace(login="somebody")
"""

# What it asks of the package huggingface_hub; a dataset is a folder.
FAKE_HUB = """
import os
import shutil
from pathlib import Path

from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

HUB = Path(os.environ["FAKE_HUB"])


class HfApi:
    def __init__(self, token):
        assert token == "a-token"

    def whoami(self):
        pass

    def repo_info(self, repo_id, repo_type):
        assert repo_type == "dataset"
        if not (HUB / repo_id).is_dir():
            raise RepositoryNotFoundError("no such dataset")

    def create_repo(self, repo_id, repo_type, exist_ok):
        (HUB / repo_id).mkdir(parents=True)

    def upload_file(self, path_or_fileobj, path_in_repo, repo_id, repo_type, commit_message):
        shutil.copy(path_or_fileobj, HUB / repo_id / path_in_repo)


def hf_hub_download(repo_id, filename, repo_type, local_dir, token):
    if not (HUB / repo_id / filename).is_file():
        raise EntryNotFoundError("no such file")
    return shutil.copy(HUB / repo_id / filename, local_dir)
"""
FAKE_HUB_ERRORS = """
class EntryNotFoundError(Exception):
    pass


class RepositoryNotFoundError(Exception):
    pass


class LocalTokenNotFoundError(Exception):
    pass
"""


def call(*command, cwd, **variables):
    """What a command printed; it must end with status 0."""
    env = environment(cwd, cwd / "parsed") | variables
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=cwd, env=env, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A benchmark with a small result of two strategies with curves and one without."""
    folder = copy_benchmark(tmp_path_factory.mktemp("benchmark"), ("mv", "ds", "plantnet"))
    shutil.copytree(ROOT / "plots", folder / "plots", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "datasets" / "simulated.py", folder / "datasets")
    printed, done = run(folder, folder, "-d", "simulated[scenario=independent,n_task=[20,30]]", "-r", "2")
    assert done.returncode == 0, printed
    return folder


@pytest.fixture(scope="module")
def site(measured, tmp_path_factory):
    """The folder of the results site, after the copy was uploaded twice and the pages were made."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "package" / "github").mkdir(parents=True)
    (folder / "package" / "github" / "__init__.py").write_text(FAKE_GITHUB)
    fake = dict(PYTHONPATH=str(folder / "package"), FAKE_SITE=str(folder))
    call("benchmark_utils", "publish", "outputs/result.parquet", cwd=measured)
    upload = ["benchopt", "publish", ".", "-f", "outputs/publish/result.parquet", "-t", "a-token"]
    assert "Uploaded file result.parquet in benchopt/results" in call(*upload, cwd=measured, **fake)
    assert f"{NAME}/result.parquet is already uploaded" in call(*upload, cwd=measured, **fake)
    call("benchopt", "generate-results", "--root", "benchmarks", "--no-display", cwd=folder)
    return folder


def read_page(path):
    """What the script of a page holds: {kind: {key: plot}} and the views."""
    html = path.read_text(encoding="utf-8")
    plots = re.search(r"window\._plots = (\{.*\});\n", html)[1]
    views = re.search(r"window\.metadata = (\{.*\});\n", html)[1]
    kinds = re.findall(r'<option value="(\w+)">\s*\w', html.partition('id="plot_kind"')[2].partition("</select>")[0])
    return kinds, json.loads(plots), json.loads(views)["plot_configs"]


def drawn(plots):
    """The solvers whose curves have points, for each plot."""
    return [
        {curve["label"] for curve in plot["data"] if curve["x"] and len(curve["x"]) == len(curve["y"])}
        for plot in plots
    ]


def markers(plots):
    return {curve["marker"] for plot in plots.values() for curve in plot["data"]}


def test_the_upload_lies_where_the_site_looks_for_it(site):
    folder = site / "benchmarks" / NAME
    assert [path.name for path in (folder / "outputs").iterdir()] == ["result.parquet"]
    meta = json.loads((folder / "benchmark_meta.json").read_text())
    assert meta["pretty_name"] == "Crowdsourced label aggregation"
    assert meta["url"].endswith(NAME)
    assert {"index.html", f"{NAME}.html", PAGE} <= {path.name for path in (site / "html").iterdir()}


def test_the_page_of_the_site_opens_on_curves_that_are_there(site):
    kinds, plots, views = read_page(site / "html" / PAGE)
    assert kinds == list(plots) == ["objective_curve", "table"]  # nothing can be chosen that the site cannot draw
    first = next(iter(views.values()))
    for crowd in (20, 30):
        (key,) = [
            key
            for key in plots["objective_curve"]
            if f"n_task={crowd}" in key and key.endswith(f"_{first['objective_curve_objective_column']}_Time")
        ]
        curves = plots["objective_curve"][key]["data"]
        assert {curve["label"].partition("[")[0] for curve in curves} == {"MV", "DS", "PlantNet"}
        assert all(len(curve["x"]) == len(curve["y"]) > 0 for curve in curves)
        assert all(0 < y <= 1 for curve in curves for y in curve["y"])
    assert all(marker < MARKERS for marker in markers(plots["objective_curve"]))


def test_a_dataset_hub_keeps_every_row_and_the_newest_of_those_that_are_there_twice(measured, tmp_path):
    """Two uploads, of which the second has one crowd of the first, measured again, and is the newer."""
    pytest.importorskip("requests", reason="Benchopt's upload to a dataset hub imports requests")
    fake = tmp_path / "package" / "huggingface_hub"
    fake.mkdir(parents=True)
    (fake / "__init__.py").write_text(FAKE_HUB)
    (fake / "errors.py").write_text(FAKE_HUB_ERRORS)
    variables = dict(PYTHONPATH=str(tmp_path / "package"), FAKE_HUB=str(tmp_path))
    call("benchmark_utils", "publish", "outputs/result.parquet", "--to", "outputs/hub", cwd=measured)
    first = pd.read_parquet(measured / "outputs" / "hub" / "result.parquet")
    again = first[first["dataset_name"] == first["dataset_name"][0]].assign(time=1234.5)
    again.to_parquet(measured / "outputs" / "hub" / "again.parquet")
    for name, said in (("result", "not found, creating"), ("again", "merging")):
        upload = ["publish", ".", "--hub", "huggingface", "-R", "somebody/crowds", "-t", "a-token"]
        assert said in call("benchopt", *upload, "-f", f"outputs/hub/{name}.parquet", cwd=measured, **variables)
    kept = pd.read_csv(tmp_path / "somebody" / "crowds" / f"{NAME}.csv").sort_values(KEY, ignore_index=True)
    first = first.sort_values(KEY, ignore_index=True)
    assert len(kept) == len(first) > len(again) > 0
    is_new = first["dataset_name"] == again["dataset_name"].iloc[0]
    assert (kept["time"] == 1234.5).tolist() == is_new.tolist()
    for column in [*KEY, "objective_right", "objective_data", "objective_suite", "objective_acc_train"]:
        pd.testing.assert_series_equal(kept[column], first[column], check_dtype=False)


@pytest.fixture(scope="module")
def plotted(measured):
    """The result after `benchopt plot`, which notes the plots of config.yml in it, as `benchopt run` does."""
    shutil.copy(measured / "outputs" / "result.parquet", measured / "outputs" / "plotted.parquet")
    call("benchopt", "plot", ".", "-f", "outputs/plotted.parquet", "--no-display", cwd=measured)
    return measured / "outputs"


def test_benchopts_local_page_opens_on_curves_with_short_names(plotted):
    kinds, plots, views = read_page(plotted / f"{NAME}_plotted.html")
    assert kinds == list(plots) == ["accuracy_curve", "accuracy_table", "ranking"]
    assert next(iter(views.values()))["plot_kind"] == "accuracy_curve"
    for plot in plots["accuracy_curve"].values():
        assert all(len(curve["label"]) < 50 for curve in plot["data"])
    of_acctrain = [plot for key, plot in plots["accuracy_curve"].items() if key.endswith("_acc_train_Time")]
    assert [len(plot["data"]) for plot in of_acctrain] == [3, 3]
    assert all(curve["x"] and curve["y"] for plot in of_acctrain for curve in plot["data"])
    assert markers(plots["accuracy_curve"]) == {0, 1, 2}


def test_what_a_run_wrote_would_give_a_blank_page(plotted, site, tmp_path):
    """Why there is a copy at all: once Benchopt's site has plots of ours, this fails and the copy can go."""
    there = tmp_path / "benchmarks" / NAME
    shutil.copytree(site / "benchmarks" / NAME, there)
    shutil.copy(plotted / "plotted.parquet", there / "outputs" / "result.parquet")
    call("benchopt", "generate-results", "--root", "benchmarks", "--no-display", cwd=tmp_path)
    _, plots, _ = read_page(tmp_path / "html" / PAGE)
    assert plots == {}


# The page loads plotly.js, a library of tables and one of an animation from elsewhere. Here the first is a local file,
# the two others do nothing. Every choice that the page offers is then made once.
BEFORE = """
window.errors = [];
window.onerror = message => { window.errors.push(message); };
const still = {add: () => still};
window.anime = {timeline: () => still};
window.gridjs = {html: text => text, Grid: class { on() {} render() {} updateConfig() { return this; } }};
"""
AFTER = """
window.addEventListener("load", () => setTimeout(() => {
  const drawn = () => (document.querySelector("#plot_with_legend_container").data || [])
    .filter(curve => curve.name && curve.x.length).length;
  const first = state();
  const seen = {drawn: drawn(), kind: first.plot_kind, column: first.objective_curve_objective_column,
                scale: first.scale, lines: document.querySelectorAll(".scatterlayer .trace").length};
  for (const select of document.querySelectorAll("select[id^=change_objective_curve_]"))
    for (const option of select.options) {
      const before = select.value;
      select.value = option.value; select.onchange(); select.value = before; select.onchange();
    }
  document.title = JSON.stringify({...seen, errors: window.errors});
}, 500));
"""


def open_page(page, folder):
    """What AFTER finds on a page of Benchopt in Chromium."""
    plotly = pytest.importorskip("plotly", reason="its plotly.js stands in for the one that the page loads")
    here = plotly.__path__[0] + "/package_data/plotly.min.js"
    html = page.read_text(encoding="utf-8")
    html, n = re.subn(r'<script src="https://cdn.plot.ly/[^"]*">', f'<script src="file://{here}">', html)
    assert n == 1
    html = html.replace("<head>", f"<head><script>{BEFORE}</script>", 1)
    (folder / "page.html").write_text(html.replace("</body>", f"<script>{AFTER}</script></body>"), encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=20000", "--dump-dom"]
    dom = subprocess.run([*command, (folder / "page.html").as_uri()], capture_output=True, text=True, timeout=240)
    return json.loads(re.search(r"<title>(\{.*?\})</title>", dom.stdout)[1].replace("&quot;", '"'))


needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: apt-get install chromium")


@needs_chromium
def test_the_page_of_the_site_draws_its_curves_without_a_script_error(site, tmp_path):
    found = open_page(site / "html" / PAGE, tmp_path)
    assert found["errors"] == []
    assert (found["kind"], found["column"], found["scale"]) == ("objective_curve", "objective_acc_train", "semilog-x")
    assert found["drawn"] == 3
    assert found["lines"] >= 3


@pytest.fixture(scope="module", params=["published", "published_learning"])
def committed(request, tmp_path_factory):
    """A committed result, its first two crowds alone, since Benchopt takes seconds for each one's page."""
    folder = copy_benchmark(tmp_path_factory.mktemp("benchmark"), ())
    shutil.copytree(ROOT / "plots", folder / "plots", ignore=shutil.ignore_patterns("__pycache__"))
    results = read_result(ROOT / "outputs" / f"{request.param}.parquet")
    results = results[results["dataset_name"].isin(results["dataset_name"].unique()[:2])]
    (folder / "outputs").mkdir()
    results.to_parquet(folder / "outputs" / "result.parquet")
    return folder, results


@needs_chromium
def test_the_site_draws_every_curve_of_a_committed_result(committed, tmp_path):
    folder, results = committed
    there = tmp_path / "benchmarks" / NAME
    fewer = ["--without", "peerannot", "crowd-kit"]  # with all of them there are more than Benchopt's page draws
    call("benchmark_utils", "publish", "outputs/result.parquet", *fewer, "--to", there / "outputs", cwd=folder)
    results = results[~results["solver_name"].map(is_library) | results["solver_name"].str.startswith("cleanlab")]
    (there / "benchmark_meta.json").write_text(
        '{"pretty_name": "Crowds", "url": "https://github.com/a/benchmark_crowd_labels"}'
    )
    call("benchopt", "generate-results", "--root", "benchmarks", "--no-display", cwd=tmp_path)
    page = tmp_path / "html" / PAGE
    _, plots, _ = read_page(page)
    of_acctrain = [plot for key, plot in plots["objective_curve"].items() if key.endswith("_acc_train_Time")]
    assert drawn(of_acctrain) == [(set(rows["solver_name"])) for _, rows in results.groupby("dataset_name")]
    found = open_page(page, tmp_path)
    assert found["errors"] == []
    assert found["drawn"] in [rows["solver_name"].nunique() for _, rows in results.groupby("dataset_name")]


@needs_chromium
def test_benchopts_local_page_draws_every_curve_of_a_committed_result(committed, tmp_path):
    folder, results = committed
    call("benchopt", "plot", ".", "-f", "outputs/result.parquet", "--no-display", cwd=folder)
    page = folder / "outputs" / f"{NAME}_result.html"
    _, plots, _ = read_page(page)
    of_acctrain = [plot for key, plot in plots["accuracy_curve"].items() if key.endswith("_acc_train_Time")]
    assert [len(plot["data"]) for plot in of_acctrain] == results.groupby("dataset_name")[
        "solver_name"
    ].nunique().tolist()
    assert all(curve["x"] and curve["y"] for plot in of_acctrain for curve in plot["data"])
    found = open_page(page, tmp_path)
    assert found["errors"] == []
    assert (found["kind"], found["drawn"] > 0) == ("accuracy_curve", True)
