from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.glad import GLAD


class Solver(OnePassSolver):
    """An ability per worker and a difficulty per task, whose product decides on right and wrong, by EM.

    J. Whitehill, P. Ruvolo, T. Wu, J. Bergsma and J. Movellan, "Whose vote should count more: optimal integration of
    labels from labelers of unknown expertise", NeurIPS (2009).
    """

    name = "GLAD"

    def get_strategy(self):
        return GLAD()
