from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.ibcc import IBCC


class Solver(OnePassSolver):
    """Independent Bayesian classifier combination: Dawid-Skene with Dirichlet priors, by variational Bayes.

    H.-C. Kim and Z. Ghahramani, "Bayesian classifier combination", AISTATS (2012).
    """

    name = "iBCC"

    def get_strategy(self):
        return IBCC()
