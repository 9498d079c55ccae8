import numpy as np
import pandas as pd

from benchmark_utils.crowds.download import Source
from benchmark_utils.harness.dataset import CrowdDataset
from benchmark_utils.votes import Votes

PROFESSIONAL = 4  # "I am a bird researcher or professional birdwatcher"


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
        rows = pd.read_csv(folder / self.files[0], sep="\t")
        votes = Votes.from_frame(rows, "candidate_id", "user_id", "annotation", n_class=2)
        expert = rows["user_id"].isin(self.experts(folder)).to_numpy()
        truth = np.full(votes.n_task, -1)
        task = pd.Index(votes.encoding.tasks).get_indexer(rows["candidate_id"])
        truth[task[expert]] = rows["annotation"][expert]  # the last one stays
        return votes, truth

    def experts(self, folder):
        users = pd.read_csv(folder / self.files[1], sep="\t", usecols=["user_id", "birdwatching_activity_level"])
        return users["user_id"][users["birdwatching_activity_level"] == PROFESSIONAL]

    def select(self, votes, truth):
        if self.expert_votes == "kept":
            return votes, truth
        expert = np.isin(votes.encoding.workers.astype(str), self.experts(self.folder()).astype(str))
        kept = ~expert[votes.worker]
        return votes.keep(kept), truth
