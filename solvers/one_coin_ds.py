from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.one_coin import OneCoinDawidSkene


class Solver(OnePassSolver):
    """Dawid-Skene with one accuracy per worker and errors towards all other classes alike, by EM.

    A. P. Dawid and A. M. Skene, Applied Statistics 28 (1979), with one parameter per worker, as crowd-kit has it. With
    prevalence="uniform" the classes are balanced, as in the one-coin model of Zhang et al., JMLR 17 (2016).
    """

    name = "OneCoinDS"
    parameters = {"prevalence": ["estimated"]}

    def get_strategy(self):
        return OneCoinDawidSkene(self.prevalence)
