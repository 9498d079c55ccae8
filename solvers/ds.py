from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.dawid_skene import DawidSkene


class Solver(OnePassSolver):
    """Dawid-Skene: one confusion matrix per worker, maximum likelihood by EM.

    A. P. Dawid and A. M. Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm",
    Applied Statistics 28 (1979). support="voted" confines a task's class to those it received, in memory of the votes.
    "Learning from crowds" (LFC; Raykar et al., 2010) is DS[smoothing=...]; programs called LFC mostly lack the prior.
    start="spectral" is from moments of the votes: Y. Zhang et al., "Spectral methods meet EM", JMLR 17 (2016).
    """

    name = "DS"
    parameters = {"support": ["full"], "smoothing": [0.0], "start": ["majority"]}

    def get_strategy(self):
        return DawidSkene(smoothing=self.smoothing, support=self.support, start=self.start)
