"""The workflows and forms keep their schemas, call make targets alone, and leave a security linter nothing to find."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
SCHEMAS = {
    "vendor.github-workflows": WORKFLOWS,
    "vendor.dependabot": [GITHUB / "dependabot.yml"],
    "vendor.github-issue-forms": [GITHUB / "ISSUE_TEMPLATE" / f"{name}.yml" for name in ("bug", "strategy", "dataset")],
}


def tool(name):
    """The path of a linter that `make test` installs."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        pytest.skip(f"{name} is not installed; make test installs it")
    return str(path)


def steps(name):
    workflow = yaml.safe_load((GITHUB / "workflows" / f"{name}.yml").read_text())
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def shell(name):
    return [step["run"] for step in steps(name) if "run" in step]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_file_keeps_its_schema(schema):
    command = [tool("check-jsonschema"), "--builtin-schema", schema, *map(str, SCHEMAS[schema])]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_security_linter_finds_nothing():
    run = subprocess.run([tool("zizmor"), "--offline", "--no-progress", str(GITHUB)], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_nothing_is_expanded_into_a_shell(path):
    text = path.read_text()
    for action in re.findall(r"uses: (\S+)", text):
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)
    for step in steps(path.stem):
        assert "${{" not in step.get("run", "")


def test_programs_run_through_make_alone():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M)
    assert shell("tests") == ["make test"]
    target = re.match(r"make -s ([a-z-]+)", shell("compare")[0]).group(1)
    assert target in targets


def test_only_the_workflow_without_code_may_write():
    for name in ("tests", "compare"):
        assert "write" not in (GITHUB / "workflows" / f"{name}.yml").read_text().replace("write nothing", "")
        assert "secrets." not in (GITHUB / "workflows" / f"{name}.yml").read_text()
    assert not [step for step in steps("comment") if "checkout" in step.get("uses", "")]


@pytest.fixture
def comment(tmp_path):
    """`comment(number, table)`: run the commenting step with a `gh` that writes down how it was called."""
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > called\n')
    gh.chmod(0o755)

    def run(number, table):
        folder = tmp_path / "comparison"
        folder.mkdir()
        (folder / "number.txt").write_text(number)
        (folder / "comparison.md").write_text(table)
        environment = os.environ | {"PATH": f"{gh.parent}:{os.environ['PATH']}", "REPOSITORY": "o/r", "GH_TOKEN": "t"}
        command = [shutil.which("bash"), "-e", "-c", shell("comment")[0]]
        code = subprocess.run(command, cwd=tmp_path, env=environment).returncode
        called = tmp_path / "called"
        return code, called.read_text().splitlines() if called.exists() else None

    return run


def test_the_comment_goes_to_the_number_and_is_cut_to_size(comment, tmp_path):
    code, called = comment("12\n", "x" * 70_000)
    assert code == 0
    assert called == ["pr", "comment", "12", "--repo", "o/r", "--body-file", "comment.md"]
    assert (tmp_path / "comment.md").stat().st_size == 60_000


def test_a_hostile_number_runs_nothing(comment, tmp_path):
    code, called = comment("7; touch broken $(touch broken) --body x\n", "table")
    assert code == 0
    assert called[2] == "7"
    assert not (tmp_path / "broken").exists()


def test_no_number_no_comment(comment):
    assert comment("none", "table") == (1, None)
