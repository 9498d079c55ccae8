from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.weighted_dawid_skene import WeightedDawidSkene


class Solver(OnePassSolver):
    """Dawid-Skene, then a vote in which each worker weighs as much as they are right about the class they voted.

    T. Lefort, "Label ambiguity in crowdsourcing for classification and expert feedback" (2024), eq. 1.13.
    """

    name = "WDS"
    parameters = {"support": ["full"], "smoothing": [0.0]}

    def get_strategy(self):
        return WeightedDawidSkene(smoothing=self.smoothing, support=self.support)
