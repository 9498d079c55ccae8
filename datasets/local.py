from pathlib import Path

from benchmark_utils.crowds.errors import SourceError
from benchmark_utils.crowds.formats.folder import find_files, read_folder
from benchmark_utils.crowds.formats.own_tasks import read_tasks, task_files
from benchmark_utils.harness.dataset import CrowdDataset, find_data

EXAMPLE = "examples/animals"
MARKUP = "<>&\"'"  # Benchopt's page would take a name with these for a part of itself, and run it


class Dataset(CrowdDataset):
    """Your own votes: `local[path=FOLDER]` reads label.csv or answers.json of a folder; the README shows the layouts.

    FOLDER is absolute, or in the current folder, in the folder `local` of the data, or in the benchmark's. The default
    is a small made-up example. `local[path=all]` reads every folder of votes in the folder `local` of the data.
    Where features or images lie beside the votes, the strategies that learn from tasks run too (docs/formats.md).

    Benchopt reads a bare FOLDER only where it begins with a letter or a slash and has no others than letters of ASCII,
    digits, `.`, `_`, `-` and `/`. Any other goes in quotes: `local[path='../my votes']`. A single bracket or a
    backslash does not go through even so: write such a folder into a file for `--config`. A name with one of
    `< > & " '` is refused.
    """

    name = "local"
    parameters = {"path": [EXAMPLE]}
    prepare_cache_ignore = ("base_seed",)

    @classmethod
    def get_all_parameter_values(cls, name):
        if name != "path":
            return None
        folder = find_data("local")
        return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else [EXAMPLE]

    def folder(self):
        places = [Path.cwd(), find_data("local"), Path(__file__).parents[1]]
        path = str(self.path)
        if set(path) & set(MARKUP):
            raise SourceError(f"the name of the folder {path!r} has one of {' '.join(MARKUP)}: rename the folder")
        for name in (path, path.replace(":", "=")):  # Benchopt makes ":" of "="
            for place in places:
                folder = place / Path(name).expanduser()
                if folder.is_dir():
                    return folder.resolve()
        searched = " or ".join(map(str, dict.fromkeys(places)))
        usage = (
            "-d \"local[path='FOLDER']\", with both kinds of quotes, unless FOLDER is plain letters, digits and ./_-"
        )
        raise SourceError(f"there is no folder {path} in {searched}; usage: {usage}")

    def paths(self):
        return [*find_files(self.folder()), *task_files(self.folder())]

    def load(self):
        return self.read_cached(find_files(self.folder()), lambda: read_folder(self.folder()))

    def read_tasks(self, folder, votes):
        tasks = read_tasks(folder, votes)
        return {} if tasks is None else {"tasks": tasks}
