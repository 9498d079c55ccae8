from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.vi_bp import VIBP


class Solver(OnePassSolver):
    """Belief propagation for two classes and workers with a Beta prior on one accuracy.

    Q. Liu, J. Peng and A. Ihler, "Variational inference for crowdsourcing", NeurIPS (2012).
    """

    name = "VI-BP"
    parameters = {"max_votes": [None]}
    test_config = {"dataset": {"name": "simulated", "n_class": 2}}

    def get_strategy(self):
        return VIBP()
