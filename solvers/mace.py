from benchmark_utils.harness.solver import SeveralRunsSolver
from benchmark_utils.strategies.mace import MACE


class Solver(SeveralRunsSolver):
    """Workers who say what they know, or else spam, each in their own way; variational Bayes or EM.

    D. Hovy, T. Berg-Kirkpatrick, A. Vaswani and E. Hovy, "Learning whom to trust with MACE", NAACL-HLT (2013).
    """

    name = "MACE"
    parameters = {"variational": [True, False], "restarts": [10]}

    def get_strategy(self):
        return MACE(variational=self.variational, restarts=self.restarts)
