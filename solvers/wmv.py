from pathlib import Path

from benchmark_utils.crowds.cache import fingerprint
from benchmark_utils.crowds.formats.worker_weights import read_weights
from benchmark_utils.harness.solver import OneShotSolver
from benchmark_utils.strategies.weighted_majority_vote import WeightedMajorityVote
from benchmark_utils.votes import VotesError

EXAMPLE = Path(__file__).parents[1] / "examples" / "animals"


class Solver(OneShotSolver):
    """Votes weighted by numbers that are given: `WMV[weights=FILE]`, a table with the columns worker and weight.

    Workers go by their own ids, and each who votes needs a weight of 0 or more. `column` names another column: with
    `WMV[weights=workers.csv,column=score]` it takes the scores that the command `label` wrote.
    """

    name = "WMV"
    parameters = {"weights": [None], "column": ["weight"]}
    test_config = {"dataset": {"name": "local", "path": str(EXAMPLE)}, "weights": str(EXAMPLE / "weights.csv")}

    def get_strategy(self):
        return WeightedMajorityVote(read_weights(self.path(), self.column))

    def path(self):
        return Path(str(self.weights)).expanduser()

    def find_state(self):
        """The weights are a part of what a figure rests on."""
        there = self.weights is not None and self.path().is_file()
        return super().find_state() | dict(weights=fingerprint([self.path()]) if there else "")

    def skip(self, votes, **task_data):
        """Skip without weights, and with weights that are not of these workers."""
        if self.weights is None:
            return True, "no weights are given; name a table with the columns worker and weight: -s 'WMV[weights=FILE]'"
        try:
            self.get_strategy().of_workers(votes)
        except VotesError as error:
            return True, str(error)
        return super().skip(votes, **task_data)

    def set_objective(self, votes, **task_data):
        super().set_objective(votes, **task_data)
        self.strategy = self.get_strategy()  # read before the clock runs

    def warm_up(self):
        """Nothing: the table is not of the workers of another crowd."""

    def aggregate(self, votes, n_iter):
        return self.strategy.fit(votes, seed=self.seed)
