"""The Benchopt base class of the datasets that are read from files.

A dataset file names its sources and says how to read them. `prepare` fetches what is absent; `get_data` only reads,
from the parsed cache where it can, and answers with a reason, never an exception, which would end the run of every
other dataset.
"""

from pathlib import Path

from benchopt import BaseDataset
from benchopt.config import get_data_path

from benchmark_utils.crowds.cache import read_cached
from benchmark_utils.crowds.errors import SourceError
from benchmark_utils.votes import VotesError

_ROOMS = [Path(__file__).parents[1] / room for room in ("crowds", "votes")]
_PROGRAMS = sorted(file for room in _ROOMS for file in room.rglob("*.py"))  # all that can change what is read


class CrowdDataset(BaseDataset):
    """Votes of a crowd. A subclass has a `name`, `sources`, `files` and `read`."""

    sources = ()  # of benchmark_utils.crowds.download.Source
    files = ()  # what `read` needs, relative to the dataset's folder
    requirements = ["numpy", "scipy", "pandas"]
    prepare_cache_ignore = "all"

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
        return get_data_path(self.name)

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
        try:
            votes, truth = self.select(*self.load())
            tasks = self.read_tasks(self.folder(), votes)
        except (SourceError, VotesError) as error:
            return dict(votes=None, truth=None, missing=f"{self.name}: {error}")
        except Exception as error:  # whatever the files hold, the other datasets go on
            reason = f"{self.folder()} cannot be read ({type(error).__name__}: {error})"
            mend = f"move it away and fetch it again: {self.command()}"
            return dict(votes=None, truth=None, missing=f"{self.name}: {reason}; {mend}")
        return dict(votes=votes, truth=truth, **tasks)

    def command(self):
        return f"benchopt prepare . -d {self.name} --force"  # Benchopt remembers what it prepared, deleted or not
