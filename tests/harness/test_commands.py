"""python -m benchmark_utils: what the commands print, and the statuses that they end with."""

import subprocess
import sys

import pytest

from benchmark_utils.__main__ import COMMANDS
from benchmark_utils.harness.solver_file import SolverFileError, load_strategy
from benchmark_utils.strategies.conformance import PROPERTIES
from tests.conftest import ROOT


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "benchmark_utils", *map(str, arguments)], capture_output=True, text=True, cwd=ROOT
    )


def outcomes(printed):
    """Property to outcome, of the lines that `check` prints."""
    lines = [line.split() for line in printed.splitlines()]
    return {words[1]: words[0] for words in lines if words and words[0] in ("passed", "failed", "excluded")}


@pytest.fixture
def copy_of_template(tmp_path):
    """`copy_of_template(old, new)`: a file outside the repository, the template with a text replaced."""

    def make(old="", new=""):
        text = (ROOT / "solvers" / "template_solver.py").read_text()
        assert text.count(old) == 1 or not old
        path = tmp_path / "my_strategy.py"
        path.write_text(text.replace(old, new) if old else text)
        return path

    return make


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_the_commands_are_listed_with_a_sentence_each(arguments):
    done = run(*arguments)
    assert done.returncode == 0
    listed = dict(line.split(maxsplit=1) for line in done.stdout.splitlines()[2:])
    assert list(listed) == ["page", "compare", "publish", "label", "partition", "check", "describe"]
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in listed.values())


def test_an_unknown_command_is_refused_with_those_there_are():
    done = run("chekc")
    assert done.returncode == 2
    assert "'chekc'" in done.stderr
    assert all(name in done.stderr for name in COMMANDS)


def test_a_command_is_loaded_only_when_asked_for():
    code = (
        "import sys\n"
        "from benchmark_utils.__main__ import main\n"
        "main([]), main(['describe', 'examples/animals'])\n"
        "loaded = {'benchopt', 'scipy.optimize', 'plotly', 'benchmark_utils.results.page'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_page_writes_the_page(tmp_path):
    page = tmp_path / "page.html"
    done = run("page", ROOT / "outputs" / "published_learning.parquet", page)
    assert done.returncode == 0, done.stderr
    assert "<h1>Crowdsourced label aggregation</h1>" in page.read_text(encoding="utf-8")


def test_describe_prints_the_statistics_of_a_folder_in_two_columns():
    done = run("describe", "examples/animals")
    assert done.returncode == 0
    lines = done.stdout.partition("\n\n")[0].splitlines()
    printed = dict(line.split() for line in lines)
    assert [printed[name] for name in ("tasks", "votes", "workers", "disagreement")] == ["24", "96", "6", "0.7917"]
    assert len({len(line) for line in lines}) == 1


def test_describe_refuses_what_it_cannot_read(tmp_path):
    done = run("describe", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds no votes: put a file label.csv" in done.stderr


@pytest.mark.parametrize("solver", ["solvers/ds.py", None], ids=["ds", "template"])
def test_check_passes_what_is_right(solver, copy_of_template):
    done = run("check", solver or copy_of_template())
    assert done.returncode == 0, done.stdout
    taken = {"n_iter", "iterate", "known", "start"} if solver else {"n_iter"}  # the template iterates, and no more
    excluded = {promised.name for promised in PROPERTIES if promised.needs and promised.needs not in taken}
    assert outcomes(done.stdout) == {p.name: "excluded" if p.name in excluded else "passed" for p in PROPERTIES}
    n = len(excluded)
    assert f"{len(PROPERTIES) - n} passed, 0 failed, {n} excluded" in done.stdout


def test_check_says_what_a_bad_strategy_breaks_and_how_to_mend_it(copy_of_template):
    signature = "    def fit(self, votes, n_iter=100, tol=1e-6, seed=0) -> Aggregation:\n"
    loop = "        for j in votes.worker:\n            j + 1\n"
    path = copy_of_template(signature, signature + loop)
    done = run("check", path)
    assert done.returncode == 1
    assert {name for name, outcome in outcomes(done.stdout).items() if outcome == "failed"} == {"no_loop_in_python"}
    failed = next(i for i, line in enumerate(done.stdout.splitlines()) if line.startswith("failed"))
    assert "how to mend it: Sum with np.bincount" in done.stdout.splitlines()[failed + 1]


def test_a_solver_is_checked_at_the_first_values_of_its_parameters(copy_of_template):
    path = copy_of_template("    parameters = {}", '    parameters = {"a, b": [(1, 2), (3, 4)], "c": [5, 6]}')
    returned = "        return MyStrategy()"
    path.write_text(path.read_text().replace(returned, "        raise ValueError((self.a, self.b, self.c))"))
    with pytest.raises(SolverFileError, match=r"get_strategy\(\) raised ValueError: \(1, 2, 5\)"):
        load_strategy(path)


SOLVER = """
from benchmark_utils.harness.solver import IterativeSolver

class Solver(IterativeSolver):
    name = "mine"
"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "is not a Python file"),
        ("x = 1", "has no class Solver"),
        ("x = (", "cannot be imported: SyntaxError"),
        ("import not_there", "cannot be imported: ModuleNotFoundError"),
        ("class Solver: pass", r"has no get_strategy\(\)"),
        (SOLVER, "names no strategy"),
        (SOLVER + "    def get_strategy(self):\n        return 1", r"int has no fit\(votes, seed=...\)"),
        (
            "class AUMC:\n    def fit(self, votes, tasks, seed=0): pass\n"
            + SOLVER
            + "    def get_strategy(self):\n        return AUMC()",
            "'tasks'. The properties are those of strategies that look at votes alone",
        ),
    ],
)
def test_a_file_without_a_strategy_is_refused_in_words(tmp_path, text, reason):
    path = tmp_path / "my_solver.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SolverFileError, match=reason) as refusal:
        load_strategy(path)
    assert str(path) in str(refusal.value)


def test_check_ends_with_status_2_where_there_is_nothing_to_check(tmp_path):
    done = run("check", tmp_path / "my_solver.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not a Python file: give the file of a solver" in done.stderr
    assert "Traceback" not in done.stderr
