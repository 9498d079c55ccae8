import re

from benchopt import BaseDataset
from benchopt.benchmark import get_running_benchmark

from benchmark_utils.crowds.published.literature import CROWDS
from benchmark_utils.crowds.varied import vary
from benchmark_utils.harness.dataset import CrowdDataset
from benchmark_utils.votes import VotesError

USAGE = 'usage: -d "varied[crowd=dog,votes_per_task=3]" or -d "varied[crowd=bluebirds,spammer_share=0.5]"'


class Dataset(BaseDataset):
    """Another crowd with at most `votes_per_task` votes of each task, or with workers added who answer at random.

    The votes are drawn anew each repetition. Spammers make up the share `spammer_share` of the workers and are added
    first. None and 0 change nothing. `crowd` is a crowd of the literature, `crowd=dog`, or a dataset that is read from
    files, `crowd=bluebirds`, `crowd='cifar10h[split=train]'`.
    """

    name = "varied"
    parameters = {"crowd": [None], "votes_per_task": [None], "spammer_share": [0]}
    test_config = {"crowd": "local", "votes_per_task": 2, "spammer_share": 0.5}
    requirements = ["numpy", "scipy", "pandas"]
    prepare_cache_ignore = ("base_seed", "votes_per_task", "spammer_share")

    @classmethod
    def get_all_parameter_values(cls, name):
        return list(CROWDS) if name == "crowd" else None

    def original(self):
        """The dataset whose votes are varied.

        Benchopt writes `crowd='cifar10h[split=train]'` of a command line as `cifar10h[split:train]`.
        """
        if self.crowd in CROWDS:
            return self.dataset("literature", {"name": self.crowd})
        name, _, options = str(self.crowd).removesuffix("]").partition("[")
        return self.dataset(name, dict(re.findall(r"(\w+)[=:]([^,]*)", options)))

    def dataset(self, name, parameters):
        found = [dataset for dataset in get_running_benchmark().get_datasets() if dataset.name == name]
        if not found or not issubclass(found[0], CrowdDataset):
            raise VotesError(f"{self.crowd!r} is neither a crowd of the literature nor a dataset of files; {USAGE}")
        unknown = set(parameters) - set(found[0].parameters)
        if unknown:
            raise VotesError(f"{name} has no parameter {', '.join(sorted(unknown))}; {USAGE}")
        return found[0].get_instance(**parameters)

    def prepare(self):
        if self.crowd is not None:
            self.original().prepare()

    def get_data(self):
        if self.crowd is None:
            return dict(votes=None, truth=None, missing=f"{self.name} needs a crowd; {USAGE}")
        try:
            data = self.original().get_data()
            if data.get("missing"):
                return data
            seed = self.get_seed(use_repetition=True)
            return dict(data, votes=vary(data["votes"], self.votes_per_task, self.spammer_share, seed))
        except VotesError as error:
            return dict(votes=None, truth=None, missing=f"{self.name}: {error}")
