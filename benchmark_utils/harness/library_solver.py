"""Strategies of other libraries as solvers, measured like the own ones."""

import contextlib
import os
import warnings
from importlib.metadata import version

import numpy as np

from benchmark_utils.harness.solver import IterativeSolver
from benchmark_utils.votes import Votes


class LibrarySolver(IterativeSolver):
    """A strategy of a library; a subclass says how to convert the votes and how to fit.

    The conversion to what the library reads is not timed. `run(n)` lets the library do n iterations, from scratch and
    with its own stopping rule; the curve ends where the library would end by itself, at its tolerance or at its default
    number of iterations. The points are 0, 1, 10, 100, ... iterations, since the libraries take their time. A strategy
    without iterations has one point.

    Attributes
    ----------
    package : str
        Name of the library among the installed packages.
    iterations : dict
        The library's default number of iterations of each iterative strategy.
    limits : dict
        Votes times classes above which a strategy would not end in reasonable time, for the strategies that have
        such a limit. The parameter `max_votes` overrules it.
    """

    package = None
    iterations = {}
    limits = {}

    @property
    def libraries(self):
        return (self.package,)

    def convert(self, votes):
        """What the library reads of the votes; not timed."""
        raise NotImplementedError

    def fit(self, converted, n_class, n_iter, seed):
        """Run the library; returns its own result, the iterations done, and whether it stopped by its own rule."""
        raise NotImplementedError

    def align(self, fitted):
        """Labels (n_task,), -1 where the library gives none, and soft labels or None; not timed."""
        raise NotImplementedError

    def skip(self, votes, **task_data):
        """Skip, with the reason, what raises on an ordinary crowd of seven, and what would not end."""
        k = min(votes.n_class, 3)
        task, worker = np.divmod(np.arange(140), 7)
        trial = Votes(task, worker, (task + (worker == task % 7)) % k, 20, 7, k)
        try:
            self.fit_quietly(self.convert(trial), k, 1, 0)
        except Exception as error:  # whatever the library raises is its reason
            line = " ".join(str(error).split())
            return True, f"{self.package} {version(self.package)} fails: {type(error).__name__}: {line[:120]}"
        if self.max_votes is None:
            too_large = votes.n_votes * votes.n_class > self.limits.get(self.strategy, np.inf)
        else:
            too_large = votes.n_votes > self.max_votes
        if too_large:
            force = f"{self.name}[strategy={self.strategy},max_votes={votes.n_votes}]"
            size = f"{votes.n_votes} votes for {votes.n_class} classes"
            return True, f"would not end soon on {size}; force it with -s '{force}'"
        return False, None

    def set_objective(self, votes, **task_data):
        super().set_objective(votes)  # a library is told no truth
        self.converted = self.convert(votes)

    def warm_up(self):
        """Nothing: `skip` has run the library already."""

    def get_next(self, n_iter):
        return max(1, 10 * n_iter)

    def run(self, n_iter):
        n_iter = min(n_iter, self.iterations.get(self.strategy, 0))
        self.fitted, self.n_iter, stopped = self.fit_quietly(self.converted, self.votes.n_class, n_iter, self.seed)
        self.converged = stopped or n_iter == self.iterations.get(self.strategy, 0)

    def fit_quietly(self, converted, n_class, n_iter, seed):
        """`fit` without the library's progress bars and warnings, its random numbers seeded."""
        np.random.seed(seed % 2**32)  # the generator that libraries draw from
        with contextlib.ExitStack() as quiet:
            nowhere = quiet.enter_context(open(os.devnull, "w"))
            quiet.enter_context(contextlib.redirect_stdout(nowhere))
            quiet.enter_context(contextlib.redirect_stderr(nowhere))
            quiet.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            return self.fit(converted, n_class, n_iter, seed)

    def get_result(self):
        labels, soft = self.align(self.fitted)
        return dict(labels=labels, soft=soft, n_iter=self.n_iter, converged=self.converged)
