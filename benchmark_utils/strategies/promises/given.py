"""The properties of a fit that is given more than votes: `known` truths.

They are written as those of `properties.py`.
"""

import numpy as np

from benchmark_utils.strategies.promises.crowds import graded_crowd, ordinary_crowd, renamed
from benchmark_utils.strategies.promises.evidence import (
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
