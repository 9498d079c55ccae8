from benchmark_utils.crowds.download import Source
from benchmark_utils.crowds.published.audiobirds import are_experts, read_votes
from benchmark_utils.harness.dataset import CrowdDataset


class Dataset(CrowdDataset):
    """Does the species of a sample of sound vocalise in another one? 79,592 candidates, 205 volunteers.

    Lehikoinen, Rannisto, Camargo et al., "A successful crowdsourcing approach for bird sound classification", Citizen
    Science: Theory and Practice 2023. The truth is the vote of a worker who is a professional, the last one in the
    file where professionals differ. These votes are in the input as published (`expert_votes=kept`), or taken out of
    it (`removed`). Some tasks are then left without a vote and keep their truth: there, read acc_valid.
    """

    name = "audiobirds"
    parameters = {"expert_votes": ["kept"]}
    sources = [
        Source(
            "https://zenodo.org/records/7030863/files/bird_sound_training_data.zip",
            "bird_sound_training_data",
            files={"letters/annotations.tsv": "", "users.tsv": ""},  # their checksums are not known
        )
    ]
    files = ["bird_sound_training_data/letters/annotations.tsv", "bird_sound_training_data/users.tsv"]

    @classmethod
    def get_all_parameter_values(cls, name):
        return ["kept", "removed"] if name == "expert_votes" else None

    def read(self, folder):
        return read_votes(*(folder / file for file in self.files))

    def select(self, votes, truth):
        if self.expert_votes == "kept":
            return votes, truth
        expert = are_experts(votes.encoding.workers, self.folder() / self.files[1])
        return votes.keep(~expert[votes.worker]), truth
