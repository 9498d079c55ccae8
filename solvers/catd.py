from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.catd import CATD


class Solver(OnePassSolver):
    """Weighted votes in turn: a chi-squared quantile over the distance, low for workers of whom little is known.

    Q. Li, Y. Li, J. Gao, L. Su, B. Zhao, M. Demirbas, W. Fan and J. Han, "A confidence-aware approach for truth
    discovery on long-tail data", PVLDB 8 (2014).
    """

    name = "CATD"

    def get_strategy(self):
        return CATD()
