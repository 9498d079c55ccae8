import warnings

from benchmark_utils.crowds.published import literature
from benchmark_utils.harness.dataset import CrowdDataset, find_data


class Dataset(CrowdDataset):
    """The crowds that papers of the field compare strategies on: `literature[name=web]`, `literature[name=all]`.

    The default is the three small ones of Zhang, Chen, Zhou and Jordan, "Spectral methods meet EM", NIPS 2014.
    `benchmark_utils/crowds/published/literature.py` has all of them, with their papers.
    """

    name = "literature"  # an instance keeps it: its parameter of this name is `crowd`
    parameters = {"name": ["dog", "rte", "web"]}
    prepare_cache_ignore = ("base_seed",)

    @classmethod
    def get_all_parameter_values(cls, name):
        return list(literature.CROWDS) if name == "name" else None

    @property
    def crowd(self):
        return literature.find(self._parameters["name"])

    @property
    def sources(self):
        return self.crowd.sources

    @property
    def files(self):
        return [file.name for file in self.crowd.files]

    def folder(self):
        return find_data(self.name) / self.crowd.name

    def read(self, folder):
        return literature.read(self.crowd.name, folder)

    def select(self, votes, truth):
        counts = {
            "exact repeats of a vote are dropped": votes.n_repeated,
            "votes contradict another of the same worker on the same task and are kept": literature.count_conflicts(
                votes
            ),
            "truths of tasks without a vote are left out": self.crowd.truths_without_votes,
        }
        said = [f"{count:,} {what}" for what, count in counts.items() if count]
        if said:
            warnings.warn(f"{self.crowd.name}: {'; '.join(said)}", stacklevel=2)
        return votes, truth

    def command(self):
        return f'benchopt prepare . -d "{self.name}[name={self.crowd.name}]" --force'
