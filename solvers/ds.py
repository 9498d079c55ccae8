from benchmark_utils.solver import IterativeSolver
from benchmark_utils.strategies.dawid_skene import DawidSkene


class Solver(IterativeSolver):
    """Dawid-Skene: one confusion matrix per worker, maximum likelihood by EM.

    A. P. Dawid and A. M. Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm",
    Applied Statistics 28 (1979).
    """

    name = "DS"

    def get_strategy(self):
        return DawidSkene()
