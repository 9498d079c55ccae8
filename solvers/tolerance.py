import inspect

from benchopt.stopping_criterion import StoppingCriterion

from benchmark_utils.harness import limits
from benchmark_utils.harness.solver import IterativeSolver
from benchmark_utils.strategies.catalogue import ITERATIVE


class ReachedTolerance(StoppingCriterion):
    """Ends a curve at the strategy's own tolerance, whether the strategy met it or ran out of iterations."""

    def get_runner_instance(self, *args, solver=None, **kwargs):
        criterion = super().get_runner_instance(*args, solver=solver, **kwargs)
        criterion.last = solver.last_tolerance()
        return criterion

    def check_convergence(self, objective_list):
        reached = objective_list[-1]["stop_val"] < 1.5 * self.last  # tenths of tenths are not exact
        return reached, float(reached)


class Solver(IterativeSolver):
    """An iterative strategy run to a given tolerance: each point of the curve divides the tolerance by ten.

    The first point, at an infinite tolerance, stops as soon as it can. The curve ends at the
    strategy's default, where its own solver ends.
    """

    name = "tolerance"
    parameters = {"strategy": list(ITERATIVE)}
    sampling_strategy = "tolerance"
    stopping_criterion = ReachedTolerance()

    def get_strategy(self):
        return ITERATIVE[self.strategy]()

    def skip(self, votes, **task_data):
        return limits.skip(self.get_strategy(), votes, self.strategy)

    def last_tolerance(self):
        """The strategy's default, or where no label may change, a share of the labels that is none of a million."""
        return max(inspect.signature(self.get_strategy().fit).parameters["tol"].default, 1e-6)

    def get_next(self, tol):
        return min(1.0, tol / 10)

    def run(self, tol):
        self.result = self.get_strategy().fit(self.votes, tol=tol, seed=self.seed, **self.told)
