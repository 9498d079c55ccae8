"""The rooms of docs/architecture.md import downward only."""

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

BELOW = {
    "votes": set(),
    "crowds": {"votes"},
    "strategies": {"votes"},
    "learning": {"strategies", "votes"},
    "scoring": {"votes"},
    "results": {"scoring"},
    "harness": {"results", "scoring", "learning", "strategies", "crowds", "votes"},
    "__main__": {"harness", "results", "scoring", "learning", "strategies", "crowds", "votes"},
}
ONLY = {"benchopt": {"harness"}, "torch": {"learning", "harness"}, "crowdkit": set(), "peerannot": set()}
FILES = sorted((ROOT / "benchmark_utils").rglob("*.py"))
TABLES = {
    "benchmark_utils/scoring/columns.py",
    "benchmark_utils/crowds/published/literature.py",
}  # of data, not programs


def imported(path):
    """(module, names) of every import of a file, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module or "", [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_what_lies_below_it(path):
    room = path.relative_to(ROOT / "benchmark_utils").parts[0].removesuffix(".py")
    for module, _ in imported(path):
        package, _, rest = module.partition(".")
        if package == "benchmark_utils" and rest:
            assert rest.split(".")[0] in BELOW[room] | {room}, f"{room} imports {module}"
        if package in ONLY:
            assert room in ONLY[package], f"{room} imports {module}"


@pytest.mark.parametrize("folder", ["benchmark_utils", "solvers", "datasets", "plots", "studies", "tests"])
def test_private_names_stay_in_their_module(folder):
    for path in (ROOT / folder).rglob("*.py"):
        for module, names in imported(path):
            ours = module.split(".")[0] in ("benchmark_utils", "studies", "tests")
            assert not (ours and [name for name in names if name.startswith("_")]), f"{path}: {module} {names}"


def test_no_program_is_long():
    ours = [
        path
        for folder in ("benchmark_utils", "solvers", "datasets", "plots", "studies")
        for path in (ROOT / folder).rglob("*.py")
    ]
    long = {str(path.relative_to(ROOT)) for path in ours if len(path.read_text(encoding="utf-8").splitlines()) > 300}
    assert long <= TABLES


def test_the_map_names_every_file():
    """docs/architecture.md has one line per file; the papers of the strategies stand in docs/strategies.md."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    papers = ROOT / "benchmark_utils" / "strategies"
    machinery = {"aggregation.py", "catalogue.py", "conformance.py"}
    listed = [p for p in FILES if p.name != "__init__.py" and (p.parent != papers or p.name in machinery)]
    assert not [str(p.relative_to(ROOT)) for p in listed if p.name not in page]


def test_the_tree_is_read_from_the_right_place():
    assert Path(ROOT / "benchmark_utils" / "votes" / "votes.py") in FILES
