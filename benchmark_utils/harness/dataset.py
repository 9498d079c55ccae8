"""The Benchopt base class of the datasets that are read from files.

A dataset file names its sources and says how to read them. `prepare` fetches what is absent; `get_data` only reads,
from the parsed cache where it can, and answers with a reason, never an exception, which would end the run of every
other dataset.
"""

import contextlib
import time
from pathlib import Path
from uuid import uuid4

from benchopt import BaseDataset
from benchopt.config import get_data_path

from benchmark_utils.crowds.cache import fingerprint, read_cached
from benchmark_utils.crowds.errors import SourceError
from benchmark_utils.votes import VotesError

_ROOMS = [Path(__file__).parents[1] / room for room in ("crowds", "votes")]
_PROGRAMS = sorted(file for room in _ROOMS for file in room.rglob("*.py"))  # all that can change what is read


def find_data(name):
    """`get_data_path`, once the running benchmark is complete.

    With each run that is handed out or that arrives, Benchopt 1.10 replaces the running benchmark by a new one, and
    gives it its name last. On dask this happens in another thread. It takes some milliseconds.
    """
    for _ in range(1000):
        with contextlib.suppress(AttributeError):
            return get_data_path(name)
        time.sleep(0.01)
    return get_data_path(name)


class CrowdDataset(BaseDataset):
    """Votes of a crowd. A subclass has a `name`, `sources`, `files` and `read`."""

    sources = ()  # of benchmark_utils.crowds.download.Source
    files = ()  # what `read` needs, relative to the dataset's folder
    task_files = ()  # what `read_tasks` reads where it is there
    requirements = ["numpy", "scipy", "pandas"]
    prepare_cache_ignore = "all"
    _state = None

    def read(self, folder):
        """The votes and the truth, (n_task,), -1 unknown, from the files in `folder`."""
        raise NotImplementedError

    def select(self, votes, truth):
        """The part of the votes and of the truth that the parameters ask for."""
        return votes, truth

    def read_tasks(self, folder, votes):
        """`tasks`, `test_tasks`, `test_truth` for the strategies that look at the tasks, where their files are."""
        return {}

    def folder(self):
        return find_data(self.name)

    def paths(self):
        """Every file that the votes, the truth and the tasks are read from."""
        return [self.folder() / file for file in (*self.files, *self.task_files)]

    def _get_state(self):
        """What Benchopt's caches and workers are told beside the parameters: where the files are, and what they hold.

        This is found once, by `get_data`, and kept: a worker reads the folder of the process that began the run,
        whatever its own environment says.
        """
        return self._state or self.find_state()

    def __setstate__(self, state):
        self._state = state
        if state["folder"] is not None:
            self.folder = lambda: Path(state["folder"])

    def find_state(self):
        """Where the files cannot be read no two states are the same: `benchopt prepare` must not remember them."""
        folder = None
        try:
            folder = self.folder()
            if all((folder / file).is_file() for file in self.files):
                return dict(folder=str(folder), files=fingerprint(self.paths()))
        except Exception:  # `load` meets it again, and says what it is
            pass
        return dict(folder=folder and str(folder), files=uuid4().hex)

    def load(self):
        folder = self.folder()
        absent = [file for file in self.files if not (folder / file).is_file()]
        if absent:
            raise SourceError(f"{absent[0]} is not in {folder}; to fetch it: {self.command()}")
        return self.read_cached([folder / file for file in self.files], lambda: self.read(folder))

    def read_cached(self, paths, read):
        return read_cached(self.name, paths, [*_PROGRAMS, self._module_filename], read)

    def prepare(self):
        for source in self.sources:
            source.fetch(self.folder())
        self.load()

    def get_data(self):
        found = self.find_state()
        try:
            votes, truth = self.select(*self.load())
            tasks = self.read_tasks(self.folder(), votes)
            if self.find_state() != found:
                raise SourceError("its files were edited while they were read; run again")
        except (SourceError, VotesError) as error:
            return dict(votes=None, truth=None, missing=f"{self.name}: {error}")
        except Exception as error:  # whatever the files hold, the other datasets go on
            reason = f"{found['folder']} cannot be read ({type(error).__name__}: {error})"
            mend = f"move it away and fetch it again: {self.command()}"
            return dict(votes=None, truth=None, missing=f"{self.name}: {reason}; {mend}")
        self._state = self._state or found
        return dict(votes=votes, truth=truth, files=found["files"], **tasks)

    def command(self):
        return f"benchopt prepare . -d {self.name} --force"  # Benchopt remembers what it prepared, deleted or not
