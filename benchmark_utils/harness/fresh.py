"""What a figure rests on, made a part of the keys of Benchopt's caches.

Benchopt keeps two caches, one of whole curves and one of their points. Their keys hold the text of the files in
datasets/, solvers/ and of objective.py, and the parameters; but neither the files of a dataset, nor the code here,
nor the versions of the libraries. Both keys hold the objective as `_get_state` describes it. So the objective says
there what else its figures rest on, and nobody needs `--no-cache` for a right figure.

The same state travels with the objective to the workers of a parallel run. A worker on which anything is different
refuses to run: its figure would be kept under the key of another.
"""

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchopt import BaseObjective, BaseSolver

from benchmark_utils.harness import workers  # noqa: F401 (which mends what runs on several workers)
from benchmark_utils.harness.whole import Watched, note_dataset

_HERE = Path(__file__).parents[1]
_NO_FIGURE = _HERE / "results"  # its pages show figures and make none


def hash_code():
    """One SHA-256 for the code that figures rest on: every Python file of benchmark_utils/ but those of results/."""
    digest = hashlib.sha256()
    for file in sorted(_HERE.rglob("*.py")):
        if _NO_FIGURE not in file.parents:
            digest.update(f"{file.relative_to(_HERE)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


CODE = hash_code()  # when it was loaded: a worker that outlives an edit still runs what it had loaded


@cache
def version_of(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


class ChangedError(RuntimeError):
    """A worker has other files, code or libraries than the process that asked it."""


class FreshObjective(Watched, BaseObjective):
    """An objective that knows what its figures rest on: the files of the dataset, the code, the libraries."""

    libraries = ("numpy", "scipy", "pandas", "scikit-learn")
    files = ""  # fingerprint of the files of the dataset
    sent = None  # the state that came along, in a worker or a copy

    def find_state(self):
        return dict(code=CODE, files=self.files, **{name: version_of(name) for name in self.libraries})

    def _get_state(self):
        return self.sent or self.find_state()

    def __setstate__(self, state):
        self.sent = state

    def skip(self, missing=None, files="", **data):
        """Skip a dataset that is absent or refused, with the reason that its `get_data` gave.

        A worker raises instead. Its run was handed out because the dataset could be read, and Benchopt would remember
        a reason to skip as if it were a result.
        """
        self.files = files
        if self.sent is None:
            note_dataset(self._run_context, self._dataset, missing)
            return missing is not None, missing
        if missing is not None:
            raise ChangedError(f"this worker cannot read what the run began with: {missing}")
        refuse_changes(self.sent, self.find_state())
        return False, None


class FreshSolver(Watched, BaseSolver):
    """A solver whose figures rest on further libraries."""

    libraries = ()  # names of packages
    sent = None

    def find_state(self):
        return {name: version_of(name) for name in self.libraries}

    def _get_state(self):
        return self.sent or self.find_state()

    def __setstate__(self, state):
        self.sent = state

    def pre_run_hook(self, stop_val):
        refuse_changes(self.sent or {}, self.find_state())


_MENDS = {
    "code": "benchmark_utils/ was edited since this worker or the run began: run again, with new workers",
    "files": "the files of the dataset changed since the run began: run again",
}


def refuse_changes(sent, here):
    """Raise where a worker has something else than the process that asked it."""
    for name, value in sent.items():
        if here[name] != value:
            raise ChangedError(_MENDS.get(name, f"this worker has {name} {here[name]} and the run began with {value}"))
