from benchopt import BaseDataset

from benchmark_utils.crowds.simulated.confusions import SCENARIOS
from benchmark_utils.crowds.simulated.points import TASK_SCENARIOS
from benchmark_utils.votes import VotesError


class Dataset(BaseDataset):
    """Simulated crowds, a new one each repetition; `scenario=all` runs those that are left out by default, too.

    `n_worker=None` is the number published for the scenario: 100 for `difficulty`, 30 for the others.
    With `imbalanced_votes=True` the votes of each task are uniform between 1 and `n_worker`, whatever `feedback`.
    `three_circles` and `two_moons` have tasks that can be seen, and sizes of their own; they need scikit-learn.
    """

    name = "simulated"
    parameters = {
        "scenario": ["independent", "correlated", "difficulty"],
        "n_task": [200],
        "n_worker": [None],
        "n_class": [5],
        "feedback": [10],
        "imbalanced_votes": [False],
    }
    test_config = {"scenario": "independent", "n_task": 40}
    requirements = ["numpy", "scipy", "pandas"]

    @classmethod
    def get_all_parameter_values(cls, name):
        """The values that `name=all` stands for."""
        return {"scenario": [*SCENARIOS, *TASK_SCENARIOS], "imbalanced_votes": [False, True]}.get(name)

    def prepare(self):
        """Nothing to fetch. Without this method Benchopt would call `get_data`, which needs a repetition's seed."""

    def get_data(self):
        """Votes, truth and each worker's true confusion matrix; those of `difficulty` are for its hard tasks."""
        if self.scenario in TASK_SCENARIOS:
            try:
                return TASK_SCENARIOS[self.scenario](self.get_seed(use_dataset=True, use_repetition=True))._asdict()
            except ImportError:
                return dict(missing=f"{self.scenario} needs scikit-learn: pip install scikit-learn")
        if self.scenario not in SCENARIOS:
            known = ", ".join([*SCENARIOS, *TASK_SCENARIOS])
            return dict(missing=f"scenario {self.scenario!r} is unknown: take one of {known}")
        options = {} if self.n_worker is None else {"n_worker": self.n_worker}
        try:
            crowd = SCENARIOS[self.scenario](
                n_task=self.n_task,
                n_class=self.n_class,
                feedback=self.feedback,
                imbalanced_votes=self.imbalanced_votes,
                seed=self.get_seed(use_dataset=True, use_repetition=True),
                **options,
            )
        except VotesError as error:
            return dict(missing=str(error))
        return crowd._asdict()
