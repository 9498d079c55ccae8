from benchmark_utils.harness.solver import OneShotSolver
from benchmark_utils.strategies.majority_vote import NaiveSoft


class Solver(OneShotSolver):
    """Naive soft labels: the frequency of each class among a task's votes.

    The hard label is the most frequent class, ties uniformly at random (thesis, eq. 1.6).
    """

    name = "NS"

    def get_strategy(self):
        return NaiveSoft()
