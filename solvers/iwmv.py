from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.iwmv import IWMV


class Solver(OnePassSolver):
    """Weighted majority votes in turn: a worker weighs by how far their agreement with the labels exceeds chance.

    H. Li and B. Yu, "Error rate bounds and iterative weighted majority voting for crowdsourcing",
    arXiv:1411.4086 (2014).
    """

    name = "IWMV"

    def get_strategy(self):
        return IWMV()
