# A solver in one file. Copy it to solvers/my_strategy.py and replace what is between the lines.
# Benchopt skips files named template_*.py; any other file in solvers/ must define a class `Solver`.

import numpy as np

from benchmark_utils.harness.solver import IterativeSolver  # or OneShotSolver, for a strategy without iterations
from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.votes import hard_labels, normalise, sum_votes


# ---------------------------------------------------------------------------------------------------------------
# The strategy: numpy and scipy only, no Benchopt. A merged strategy has a file of its own in
# benchmark_utils/strategies/; while you try things out it may stand here.
class MyStrategy:
    """What the model says of the crowd, in one line: its formula, where it fails, its paper.

    This example repeats a vote in which each worker weighs as much as their agreement with the last labels.
    """

    def fit(self, votes, n_iter=100, tol=1e-6, seed=0) -> Aggregation:
        """`votes.task`, `votes.worker`, `votes.label` are (n_votes,) arrays of codes, sorted by task and label."""
        has_vote = votes.has_vote  # tasks without votes get label -1
        score = sum_votes(votes)  # (n_task, n_class); sparse where that is large
        weight = np.ones(votes.n_worker)
        history, converged = [], False
        while len(history) < n_iter and not converged:  # n_iter=0 gives the start
            labels = hard_labels(score, has_vote, seed)  # ties at random from the seed
            right = votes.label == labels[votes.task]
            n_right = np.bincount(votes.worker, weights=right, minlength=votes.n_worker)
            new_weight = np.maximum(n_right / np.maximum(votes.votes_per_worker, 1), 1e-12)
            score = sum_votes(votes, new_weight[votes.worker])
            # the stopping rule looks at the strategy's own quantities, never at the truth
            history.append(float(np.abs(new_weight - weight).max()))
            converged = history[-1] <= tol
            weight = new_weight
        return Aggregation(
            hard_labels(score, has_vote, seed),  # (n_task,), -1 where you call the task not valid
            soft=normalise(score),  # or None
            n_iter=len(history),
            converged=converged,
            history=history,
            worker_score=weight,
        )


# ---------------------------------------------------------------------------------------------------------------
# The solver: names, parameters, paper. Timing, seeds, curves and metrics come from the base class.
class Solver(IterativeSolver):
    """One line that tells a reader of the result page what this is.

    Author, "Title", Venue (year).
    """

    name = "MyStrategy"  # letters, digits and "-": Benchopt reads names as patterns
    parameters = {}  # {"smoothing": [0.01, 1.0]} runs both values; read them as self.smoothing

    def get_strategy(self):
        return MyStrategy()


# ---------------------------------------------------------------------------------------------------------------
# Try it:   benchopt run . -s MyStrategy -s DS -s MV -d simulated --no-display
# Test it:  benchopt test . --skip-install -k MyStrategy
