import warnings

from benchmark_utils.crowds.published.plantnet import FILES, RECORDS, read
from benchmark_utils.crowds.published.plantnet_experts import remove_experts
from benchmark_utils.crowds.zenodo import fetch
from benchmark_utils.harness.dataset import CrowdDataset, find_data


class Dataset(CrowdDataset):
    """Which plant is it? Pl@ntNet's users in South-West Europe: 9,005,108 votes on 6,699,593 observations (version 1).

    Lefort, Affouard, Charlier, Lombardo, Chouet, Goëau, Salmon, Bonnet and Joly, "Pl@ntNet-CrowdSWE", Zenodo 2024;
    version 2, without the observations of several images, 2025. The truth is the vote of one of 98 experts. These
    votes are in the input as published (`expert_votes=kept`), or taken out of it (`removed`).
    """

    name = "plantnet_swe"
    parameters = {"version": ["v1"], "expert_votes": ["kept"]}
    prepare_cache_ignore = ("base_seed", "expert_votes")

    @classmethod
    def get_all_parameter_values(cls, name):
        return {"version": ["v1", "v2"], "expert_votes": ["kept", "removed"]}.get(name)

    @property
    def files(self):
        return FILES[self.version]

    def folder(self):
        return find_data(self.name if self.version == "v1" else f"{self.name}_v2")

    def prepare(self):
        fetch(RECORDS[self.version], self.folder(), self.files)
        self.load()

    def read(self, folder):
        return read(folder, self.version)

    def select(self, votes, truth):
        if self.expert_votes == "kept":
            return votes, truth
        votes, report = remove_experts(votes, truth)
        warnings.warn(f"{self.name}: {report}", stacklevel=2)
        return votes, truth

    def command(self):
        return f'benchopt prepare . -d "{self.name}[version={self.version}]" --force'
