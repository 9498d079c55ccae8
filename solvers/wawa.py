from benchmark_utils.harness.solver import OneShotSolver
from benchmark_utils.strategies.wawa import WAWA


class Solver(OneShotSolver):
    """Worker Agreement With Aggregate: a vote weighted by its worker's agreement with the majority vote.

    Appen, "Calculating Worker Agreement with Aggregate (Wawa)".
    """

    name = "WAWA"

    def get_strategy(self):
        return WAWA()
