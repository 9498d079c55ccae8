from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.dswc import DSWC


class Solver(OnePassSolver):
    """Dawid-Skene with L clusters of workers, each cluster sharing one confusion matrix.

    H. Imamura, I. Sato and M. Sugiyama, "Analysis of minimax error rate for crowdsourcing and its application to worker
    clustering model", ICML (2018). published=True is their form, without priors; see `DSWC`.
    """

    name = "DSWC"
    parameters = {"L": [2, 5, 10], "published": [False]}

    def get_strategy(self):
        return DSWC(clusters=self.L, published=self.published)
