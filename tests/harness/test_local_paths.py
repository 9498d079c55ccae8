"""Which forms of `local[path=FOLDER]` reach the folder."""

import threading
from pathlib import Path

import benchopt.benchmark
import pytest
from benchopt.benchmark import Benchmark

from benchmark_utils.harness import dataset
from tests.conftest import ROOT
from tests.harness import runs

BARE = ["m", "a-b_c.d", "votes/m", "all1", "2024", "x1e5"]
QUOTED = [
    "./m", "../m", "my votes", "données", "日本", "a,b", "a[b]", "a(b)", "a=b", "a+b", "a:b", "a#b", "_m", ".hidden",
    "2024-01", "2024_01", "007", "1e5", "2024.10",
]  # fmt: skip
UNREADABLE = ["a[b"]
MARKUP = ["a<b", "a>b", "a&b", 'a"b', "it's", "<script>alert(1)", "<img src=x onerror=alert(1)>"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "here"


def reached(benchmark, pattern):
    """The folder that a pattern leads to."""
    ((dataset_class, parameters),) = benchmark.check_dataset_patterns([pattern])
    path = parameters["path"]
    instance = dataset_class.get_instance(path=path[0] if isinstance(path, list) else path)
    data = instance.get_data()
    assert "missing" not in data, data["missing"]
    return instance.folder()


@pytest.mark.parametrize("quote", ["", "'", '"'])
@pytest.mark.parametrize("name", [*BARE, *QUOTED, "~/m", "absolute"])
def test_a_folder_is_reached(benchmark, place, name, quote):
    folder = place.parent / "home" / "m" if name == "~/m" else place / name
    name = str(folder) if name == "absolute" else name
    if quote == "" and name in (*QUOTED, "~/m"):
        pytest.skip("needs quotes")
    runs.write_crowd(folder, ["cat", "cat", "dog"])
    assert reached(benchmark, f"local[path={quote}{name}{quote}]") == folder.resolve()


@pytest.mark.parametrize("name", [*QUOTED, *UNREADABLE, "a\\b"])
def test_any_folder_is_reached_by_a_file_of_options(benchmark, place, name):
    runs.write_crowd(place / name, ["cat", "cat", "dog"])
    assert reached(benchmark, {"local": {"path": [name]}}) == (place / name).resolve()


@pytest.mark.parametrize("name", MARKUP)
def test_a_name_that_the_page_would_run_is_refused(benchmark, place, name):
    runs.write_crowd(place / name, ["cat", "cat", "dog"])
    (dataset_class,) = benchmark.check_dataset_patterns(["local"], class_only=True)
    data = dataset_class.get_instance(path=name).get_data()
    assert data["votes"] is None
    assert "has one of < > & \" ': rename the folder" in data["missing"]


def test_a_form_that_benchopt_cannot_read_is_refused_with_the_one_that_it_can(tmp_path):
    printed, done = runs.run(runs.copy_benchmark(tmp_path), tmp_path, "-d", "local[path=../m]", "-s", "MV")
    assert done.returncode == 2
    assert "local[path='../my votes']" in printed
    assert "Traceback" not in printed


def test_the_folder_is_waited_for_while_the_running_benchmark_is_made_anew(benchmark, monkeypatch):
    half_made = object.__new__(Benchmark)
    half_made.benchmark_dir = Path(ROOT)
    monkeypatch.setattr(benchopt.benchmark, "_RUNNING_BENCHMARK", half_made)
    with pytest.raises(AttributeError, match="name"):
        dataset.get_data_path("local")
    threading.Timer(0.1, lambda: setattr(half_made, "name", benchmark.name)).start()
    assert dataset.find_data("local").name == "local"
