from benchmark_utils.harness.solver import IterativeSolver
from benchmark_utils.strategies.dswc import DSWC


class Solver(IterativeSolver):
    """Dawid-Skene with L clusters of workers, each cluster sharing one confusion matrix.

    H. Imamura, I. Sato and M. Sugiyama, "Analysis of minimax error rate for crowdsourcing and its application to worker
    clustering model", ICML (2018).
    """

    name = "DSWC"
    parameters = {"L": [5, 10]}

    def get_strategy(self):
        return DSWC(clusters=self.L)
