from benchmark_utils.harness.solver import OneShotSolver
from benchmark_utils.strategies.la import LA


class Solver(OneShotSolver):
    """Weighted votes on one task after the other, weights updated in between; a second pass with the last weights.

    Y. Yang, Z.-Q. Zhao, G. Wu, X. Zhuo, Q. Liu, Q. Bai and W. Li, "A lightweight, effective, and efficient model for
    label aggregation in crowdsourcing", ACM TKDD 18 (2024).
    """

    name = "LA"
    parameters = {"passes": [1, 2]}

    def get_strategy(self):
        return LA(passes=self.passes)
