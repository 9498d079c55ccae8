"""The properties of a fit that is given more than votes: `known` truths, or the older result from which to `start`.

They are written as those of `properties.py`.
"""

from dataclasses import replace

import numpy as np

from benchmark_utils.strategies.promises.crowds import graded_crowd, ordinary_crowd, renamed
from benchmark_utils.strategies.promises.evidence import (
    BrokenPromiseError,
    classes_of,
    dense,
    fit,
    near,
    require,
    require_labels,
    require_same_bits,
    sound,
)
from benchmark_utils.strategies.promises.properties import MOST_ITERATIONS, STEPS
from benchmark_utils.votes import Votes, VotesError

LITTLE = 0.01  # nats, ten times what the stopping rule may leave


def nothing_known(strategy):
    """known = -1 for every task is the same, bit for bit, as no known truth."""
    votes = ordinary_crowd(classes_of(strategy), per_task=2, ties=True)
    nothing = np.full(votes.n_task, -1)
    require_same_bits(
        *(fit(strategy, votes, known=known, **STEPS) for known in (None, nothing)), "known = -1 everywhere"
    )


def known_tasks(strategy):
    """A known task has its class as its label, voted for or not, and a soft row that is certain of it."""
    votes = ordinary_crowd(classes_of(strategy), per_task=2, ties=True)
    votes = renamed(votes, n_task=votes.n_task + 2)
    task = np.arange(votes.n_task)
    known = np.where(task % 2 == 0, task // 2 % votes.n_class, -1)
    is_known = known >= 0
    for n_iter in (0, 5):
        result = sound(strategy, votes, known=known, n_iter=n_iter)
        require_labels(result.labels[is_known], known[is_known])
        require_labels(result.labels[-1:], [-1])
        if result.soft is not None:
            certain = np.eye(votes.n_class)[known[is_known]]
            require(near(dense(result.soft)[is_known], certain), "the soft row of a known task is not certain")


def all_known(strategy):
    """Where all truths are known, a worker with more right answers has a higher score."""
    votes, truth = graded_crowd(classes_of(strategy))
    result = sound(strategy, votes, known=truth, n_iter=MOST_ITERATIONS)
    require_labels(result, truth)
    if result.worker_score is not None:
        rises = (np.diff(result.worker_score) > 0).all()
        require(rises, f"workers with more and more right answers have the scores {result.worker_score.tolist()}")


def continued(strategy):
    """A fit from an older result takes fewer iterations to the objective of a fit from scratch, and refuses others."""
    votes = ordinary_crowd(classes_of(strategy), n_task=200, skill=(0.7, 0.95))
    older = (votes.task < 180) & (votes.worker < 14)
    older = Votes(votes.task[older], votes.worker[older], votes.label[older], 180, 14, votes.n_class)
    old, scratch = fit(strategy, older), fit(strategy, votes)
    result = sound(strategy, votes, start=old)
    seen = f"it took {result.n_iter} iterations from the older result and {scratch.n_iter} from scratch"
    require(result.n_iter < scratch.n_iter or result.n_iter <= 1, seen)
    if scratch.history:
        short = scratch.history[-1] - result.history[-1]
        require(short <= LITTLE, f"it ended {short:.3g} below the objective of a fit from scratch")
    larger, other = fit(strategy, votes), replace(old, parameters={}, soft=None, worker_score=None)
    for start, wrong in ((larger, "of more workers"), (other, "without soft labels and parameters")):
        try:
            fit(strategy, older, start=start)
        except VotesError:
            continue
        raise BrokenPromiseError(f"it took a start {wrong} without a VotesError")
    return seen
