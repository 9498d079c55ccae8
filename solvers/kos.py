from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.kos import KOS


class Solver(OnePassSolver):
    """Message passing between tasks and workers, for two classes.

    D. R. Karger, S. Oh and D. Shah, "Iterative learning for reliable crowdsourcing systems", NeurIPS (2011).
    """

    name = "KOS"
    test_config = {"dataset": {"name": "simulated", "n_class": 2}}

    def get_strategy(self):
        return KOS()
