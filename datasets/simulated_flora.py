from benchopt import BaseDataset

from benchmark_utils.crowds.simulated.flora import flora, without_experts
from benchmark_utils.votes import VotesError


class Dataset(BaseDataset):
    """Simulated observers of plants, like Pl@ntNet's, a new crowd each repetition; `n_votes=9005108` is its full size.

    The truth is what an expert voted, as in Pl@ntNet-CrowdSWE. The experts' votes are among the votes (`kept`), or
    taken out of them (`removed`), which leaves some observations without a vote.
    """

    name = "simulated_flora"
    parameters = {"n_votes": [20_000], "expert_votes": ["kept"]}
    test_config = {"n_votes": 2_000}
    requirements = ["numpy", "scipy", "pandas"]

    @classmethod
    def get_all_parameter_values(cls, name):
        """The values that `name=all` stands for."""
        return ["kept", "removed"] if name == "expert_votes" else None

    def prepare(self):
        """Nothing to fetch. Without this method Benchopt would call `get_data`, which needs a repetition's seed."""

    def get_data(self):
        """Votes, with authors and a machine's answers, and the experts' truth, -1 where none voted."""
        if self.expert_votes not in ("kept", "removed"):
            return dict(missing=f"expert_votes is {self.expert_votes!r}: take kept or removed")
        try:
            crowd = flora(self.n_votes, seed=self.get_seed(use_dataset=True, use_repetition=True))
        except VotesError as error:
            return dict(missing=str(error))
        votes = crowd.votes if self.expert_votes == "kept" else without_experts(crowd)
        return dict(votes=votes, truth=crowd.truth)
