from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.zbs import ZeroBasedSkill


class Solver(OnePassSolver):
    """Weighted votes in turn: the skills that weigh descend towards the agreement with the labels.

    D. Ustalov, N. Pavlichenko and B. Tseitlin, "Learning from crowds with Crowd-Kit", JOSS 9 (2024).
    """

    name = "ZBS"

    def get_strategy(self):
        return ZeroBasedSkill()
