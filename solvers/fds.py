from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.fast_dawid_skene import FastDawidSkene


class Solver(OnePassSolver):
    """Dawid-Skene with hard labels inside EM; the hybrid form begins with soft ones.

    V. B. Sinha, S. Rao and V. N. Balasubramanian, "Fast Dawid-Skene: a fast vote aggregation scheme for sentiment
    classification", KDD WISDOM (2018).
    """

    name = "FDS"
    parameters = {"hybrid": [False, True], "support": ["full"]}

    def get_strategy(self):
        return FastDawidSkene(hybrid=self.hybrid, support=self.support)
