from benchmark_utils.solver import Converged, IterativeSolver
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.weighted_dawid_skene import WeightedDawidSkene

STRATEGIES = {"DS": DawidSkene, "WDS": WeightedDawidSkene}


class Solver(IterativeSolver):
    """An iterative strategy run to a given tolerance: each point of the curve divides the tolerance by ten.

    The first point, at an infinite tolerance, stops at once. The curve ends at the strategy's own tolerance.
    """

    name = "tolerance"
    parameters = {"strategy": list(STRATEGIES)}
    sampling_strategy = "tolerance"
    stopping_criterion = Converged()

    def get_strategy(self):
        return STRATEGIES[self.strategy]()

    def get_next(self, stop_val):
        return min(1.0, stop_val / 10)

    def run(self, tol):
        self.reached = tol
        self.result = self.get_strategy().fit(self.votes, tol=tol, seed=self.seed)

    def get_result(self):
        result = super().get_result()
        return {**result, "converged": result["converged"] and self.reached <= self.tol}
