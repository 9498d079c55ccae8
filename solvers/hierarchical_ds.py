from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.hierarchical_dawid_skene import HierarchicalDS


class Solver(OnePassSolver):
    """Hierarchical Dawid-Skene: workers' confusion matrices shrink to a common one, by variational Bayes.

    S. Paun et al., "Comparing Bayesian models of annotation", TACL 6 (2018).
    """

    name = "HierarchicalDS"

    def get_strategy(self):
        return HierarchicalDS()
