from benchmark_utils.harness.solver import SeveralRunsSolver
from benchmark_utils.strategies.cbcc import CBCC


class Solver(SeveralRunsSolver):
    """Community-based Bayesian classifier combination: workers resemble their community, by variational Bayes.

    M. Venanzi et al., "Community-based Bayesian aggregation models for crowdsourcing", WWW (2014).
    """

    name = "CBCC"
    parameters = {"communities": [None], "max_votes": [None]}

    def get_strategy(self):
        return CBCC(communities=self.communities)
