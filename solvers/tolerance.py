from benchopt.stopping_criterion import StoppingCriterion

from benchmark_utils.harness import limits
from benchmark_utils.harness.solver import IterativeSolver
from benchmark_utils.strategies.catalogue import ITERATIVE


class ReachedTolerance(StoppingCriterion):
    """Ends a curve at the tolerance `IterativeSolver.tol`, whether the strategy met it or ran out of iterations."""

    def check_convergence(self, objective_list):
        reached = objective_list[-1]["stop_val"] < 1.5 * IterativeSolver.tol  # tenths of tenths are not exact
        return reached, float(reached)


class Solver(IterativeSolver):
    """An iterative strategy run to a given tolerance: each point of the curve divides the tolerance by ten.

    The first point, at an infinite tolerance, stops as soon as it can. The curve ends at the tolerance of
    the iterative solvers.
    """

    name = "tolerance"
    parameters = {"strategy": list(ITERATIVE)}
    sampling_strategy = "tolerance"
    stopping_criterion = ReachedTolerance()

    def get_strategy(self):
        return ITERATIVE[self.strategy]()

    def skip(self, votes, **task_data):
        return limits.skip(self.get_strategy(), votes, self.strategy)

    def get_next(self, tol):
        return min(1.0, tol / 10)

    def run(self, tol):
        self.result = self.get_strategy().fit(self.votes, tol=tol, seed=self.seed)
