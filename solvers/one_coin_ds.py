from benchmark_utils.harness.solver import IterativeSolver
from benchmark_utils.strategies.one_coin import OneCoinDawidSkene


class Solver(IterativeSolver):
    """One accuracy per worker, errors towards all other classes alike, maximum likelihood by EM.

    Y. Zhang, X. Chen, D. Zhou and M. I. Jordan, "Spectral methods meet EM: a provably optimal algorithm for
    crowdsourcing", JMLR 17 (2016).
    """

    name = "OneCoinDS"

    def get_strategy(self):
        return OneCoinDawidSkene()
