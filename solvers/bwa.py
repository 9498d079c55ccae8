from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.bwa import BWA


class Solver(OnePassSolver):
    """Bayesian weighted average: a worker's weight for a class is the precision of their votes on it.

    Y. Li, B. I. P. Rubinstein and T. Cohn, "Truth inference at scale: a Bayesian model for adjudicating highly
    redundant crowd annotations", WWW (2019).
    """

    name = "BWA"

    def get_strategy(self):
        return BWA()
