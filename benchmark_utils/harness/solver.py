"""The Benchopt base classes of the solvers: one that runs once, and those whose curves have a point per few iterations.

A solver file names its strategy and says nothing of timing: `run` covers everything from the arrays of `Votes` to
the labels, and every call of it starts from scratch.
"""

import inspect
import time

import numpy as np
from benchopt.stopping_criterion import StoppingCriterion

from benchmark_utils.harness import limits
from benchmark_utils.harness.fresh import FreshSolver
from benchmark_utils.harness.glibc_memory import keep_freed_memory
from benchmark_utils.votes import Votes


class OneShotSolver(FreshSolver):
    """A strategy without iterations. A subclass has a `name` and `get_strategy()`, which returns the strategy."""

    sampling_strategy = "run_once"
    requirements = ["numpy", "scipy", "pandas"]

    def get_strategy(self):
        raise NotImplementedError

    def skip(self, votes, **task_data):
        """Skip, with the reason, what the strategy is not for, what would not fit, and what would take too long."""
        return limits.skip(self.get_strategy(), votes, self.name, getattr(self, "max_votes", None))

    def set_objective(self, votes, known=None, **task_data):
        keep_freed_memory()  # of the whole process, so for every solver alike
        self.votes = votes
        self.seed = self.get_seed(use_repetition=True)
        self.told = {} if known is None else self.takes(known=known)

    def takes(self, **what):
        """What the strategy's `fit` has a place for; a strategy without `known` runs as if no truth were known."""
        parameters = inspect.signature(self.get_strategy().fit).parameters
        return {name: value for name, value in what.items() if name in parameters}

    def warm_up(self):
        """Load the code on a crowd of two, so that the first measurement is not of imports."""
        two = Votes(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([0, 1, 1, 1]), 2, 2, 2)
        self.aggregate(two, 2)

    def run(self, n_iter):
        self.result = self.aggregate(self.votes, n_iter, **self.told)

    def aggregate(self, votes, n_iter, **told):
        return self.get_strategy().fit(votes, seed=self.seed, **told)

    def get_result(self):
        result = self.result
        if result.note and result.note != getattr(self, "noted", ""):  # once, not at each point of a curve
            print(f"{self.name}: {result.note}")
            self.noted = result.note
        return dict(
            labels=result.labels,
            soft=result.soft,
            n_iter=result.n_iter,
            converged=result.converged,
            worker_score=result.worker_score,
            task_score=result.task_score,
        )


class Converged(StoppingCriterion):
    """Ends a curve when the strategy says that it has converged, not when its accuracy pauses.

    Benchopt's default would stop Dawid-Skene after four points.
    """

    def check_convergence(self, objective_list):
        converged = objective_list[-1]["objective_converged"] == 1
        return converged, float(converged)


class IterativeSolver(OneShotSolver):
    """A strategy with iterations: `run(n)` does n of them from scratch, `run(0)` is the start.

    The curve ends once the strategy has converged by its own rule, at its own tolerance.
    """

    sampling_strategy = "iteration"
    stopping_criterion = Converged()

    def aggregate(self, votes, n_iter, **told):
        return self.get_strategy().fit(votes, n_iter=n_iter, seed=self.seed, **told)


class OnePassSolver(IterativeSolver):
    """A strategy whose `iterate` yields its points: one run makes the whole curve, the same to the bit.

    The time of a point is that of a run which stops there: the iterations up to it and its own labels, without the
    labels of the points before. Once the strategy has converged it answers the same however many iterations are asked
    for, so the last point is the next that Benchopt asks for.
    """

    sampling_strategy = "callback"
    stopping_criterion = Converged()  # of its own: Benchopt keeps the sampling in it

    def points(self, callback):
        return self.get_strategy().iterate(self.votes, seed=self.seed, **self.told)

    def run(self, callback):
        for point in self.points(callback):
            while callback.it < point.n_iter:  # Benchopt counts the calls, also of what is no point
                callback()
            begin = time.perf_counter()
            if point.converged or callback.it == callback.next_stopval:
                self.result = point.aggregation()
            making, converged = time.perf_counter() - begin, point.converged
            del point  # its arrays would stay in memory while the next iteration makes others
            if not callback():
                return
            if not converged:
                callback.time_iter -= making
        while converged and callback():
            pass


class SeveralRunsSolver(OnePassSolver):
    """A strategy that chooses among several runs.

    One run after the other goes on to the next point that Benchopt asks for. The points double, since a choice among
    the runs has a cost of its own. The time of a point has all the runs in it that were made up to there, also those
    that were tried at an earlier point and not at this one.
    """

    def get_next(self, n_iter):
        return max(n_iter + 1, 2 * n_iter)

    def points(self, callback):
        return self.get_strategy().iterate(self.votes, asked_for(callback), seed=self.seed, **self.told)


def asked_for(callback):
    """The numbers of iterations that Benchopt asks for, each known once the point before it is scored."""
    while True:
        yield callback.next_stopval
