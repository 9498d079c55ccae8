from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.mmsr import MMSR


class Solver(OnePassSolver):
    """Skills from how often two workers agree, by rank-one matrix completion that does not hear the extremes.

    Q. Ma and A. Olshevsky, "Adversarial crowdsourcing through robust rank-one matrix completion", NeurIPS (2020).
    """

    name = "MMSR"
    parameters = {"max_votes": [MMSR.slow_above]}

    def get_strategy(self):
        return MMSR()
