from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.crh import CRH


class Solver(OnePassSolver):
    """Weighted votes in turn: a worker weighs by -log of their share of the distance to the labels.

    Q. Li, Y. Li, J. Gao, B. Zhao, W. Fan and J. Han, "Resolving conflicts in heterogeneous data by truth discovery and
    source reliability estimation", SIGMOD (2014). PM in the survey of Zheng et al., PVLDB 10 (2017).
    """

    name = "CRH"

    def get_strategy(self):
        return CRH()
