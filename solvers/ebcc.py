from benchmark_utils.harness.solver import IterativeSolver
from benchmark_utils.strategies.ebcc import EBCC


class Solver(IterativeSolver):
    """Enhanced Bayesian classifier combination: classes have subtypes, on which workers err together.

    The best evidence of `restarts` starts; the paper has 40.

    Y. Li, B. I. P. Rubinstein and T. Cohn, "Exploiting worker correlation for label aggregation in crowdsourcing",
    ICML (2019).
    """

    name = "EBCC"
    parameters = {"restarts": [10], "max_votes": [EBCC.slow_above]}

    def get_strategy(self):
        return EBCC(restarts=self.restarts)
