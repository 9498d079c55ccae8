from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.vi_mf import VIMF


class Solver(OnePassSolver):
    """Mean field for two classes and workers with a Beta prior on each of two accuracies.

    Q. Liu, J. Peng and A. Ihler, "Variational inference for crowdsourcing", NeurIPS (2012).
    """

    name = "VI-MF"
    test_config = {"dataset": {"name": "simulated", "n_class": 2}}

    def get_strategy(self):
        return VIMF()
