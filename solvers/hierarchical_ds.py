from benchmark_utils.harness.solver import IterativeSolver
from benchmark_utils.strategies.hierarchical_dawid_skene import HierarchicalDS


class Solver(IterativeSolver):
    """Hierarchical Dawid-Skene: workers' confusion matrices shrink to a common one, by variational Bayes.

    S. Paun et al., "Comparing Bayesian models of annotation", TACL 6 (2018).
    """

    name = "HierarchicalDS"

    def get_strategy(self):
        return HierarchicalDS()
