from benchmark_utils.harness.solver import OneShotSolver
from benchmark_utils.strategies.majority_vote import MajorityVote


class Solver(OneShotSolver):
    """Majority vote: the class with the most votes, every worker counting the same.

    Ties are broken uniformly at random (thesis, eq. 1.4).
    """

    name = "MV"

    def get_strategy(self):
        return MajorityVote()

    def get_result(self):
        # for `objective_acc_expected`; not timed, since nobody needs it for a label
        return super().get_result() | dict(soft=self.get_strategy().tied_shares(self.votes, **self.told))
