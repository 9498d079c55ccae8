from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.zc import ZC


class Solver(OnePassSolver):
    """ZenCrowd's model: one reliability per worker, uniform classes, EM started from reliabilities.

    G. Demartini, D. E. Difallah and P. Cudre-Mauroux, "ZenCrowd: leveraging probabilistic reasoning and crowdsourcing
    techniques for large-scale entity linking", WWW (2012).
    """

    name = "ZC"

    def get_strategy(self):
        return ZC()
