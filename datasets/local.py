from pathlib import Path

from benchopt.config import get_data_path

from benchmark_utils.crowds.errors import SourceError
from benchmark_utils.crowds.formats.folder import find_files, read_folder
from benchmark_utils.harness.dataset import CrowdDataset

EXAMPLE = "examples/animals"


class Dataset(CrowdDataset):
    """Your own votes: `local[path=FOLDER]` reads label.csv or answers.json of a folder; the README shows the layouts.

    FOLDER is absolute, or in the current folder, in the folder `local` of the data, or in the benchmark's. The default
    is a small made-up example. `local[path=all]` reads every folder of votes in the folder `local` of the data.
    """

    name = "local"
    parameters = {"path": [EXAMPLE]}
    prepare_cache_ignore = ("base_seed",)

    @classmethod
    def get_all_parameter_values(cls, name):
        if name != "path":
            return None
        folder = get_data_path("local")
        return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else [EXAMPLE]

    def folder(self):
        places = [Path.cwd(), get_data_path("local"), Path(__file__).parents[1]]
        for place in places:
            folder = place / Path(str(self.path)).expanduser()
            if folder.is_dir():
                return folder
        searched = " or ".join(map(str, dict.fromkeys(places)))
        raise SourceError(f'there is no folder {self.path} in {searched}; usage: -d "local[path=FOLDER]"')

    def paths(self):
        return find_files(self.folder())

    def load(self):
        return self.read_cached(self.paths(), lambda: read_folder(self.folder()))
