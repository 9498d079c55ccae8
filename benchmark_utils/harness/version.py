"""Which version of the suite measured a result, with which libraries."""

import platform
import subprocess
from functools import cache
from pathlib import Path

from benchmark_utils.harness.fresh import version_of

VERSION = "0.2.0"
_LIBRARIES = ("benchopt", "numpy", "scipy", "pandas", "scikit-learn", "crowd-kit", "peerannot", "torch")
_ROOT = Path(__file__).parents[2]
_FIGURES = (
    "benchmark_utils",
    "datasets",
    "solvers",
    "objective.py",
)  # a run itself writes over the results in outputs/


@cache
def suite() -> str:
    """The version, the git commit, and whether files that figures rest on were edited since: `0.2.0 1a2b3c4d, edited`.

    Only the version where the suite is no git checkout, or where there is no git.
    """
    commit = _git("rev-parse", "--short=8", "HEAD")
    if not commit or _git("rev-parse", "--show-toplevel") != str(_ROOT.resolve()):
        return VERSION
    return f"{VERSION} {commit}" + (
        ", edited" if _git("status", "--porcelain", "--untracked-files=no", "--", *_FIGURES) else ""
    )


@cache
def software() -> str:
    """Benchopt, Python, and the libraries that strategies run on, with their versions; what is not installed is not."""
    versions = {name: version_of(name) for name in _LIBRARIES}
    python = f"Python {platform.python_version()}"
    return ", ".join([python, *(f"{name} {v}" for name, v in versions.items() if v != "not installed")])


def _git(*arguments):
    try:
        done = subprocess.run(["git", "-C", _ROOT, *arguments], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
