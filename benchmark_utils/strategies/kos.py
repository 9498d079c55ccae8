"""KOS: message passing between the tasks and the workers of a binary crowd (Karger, Oh and Shah, 2011)."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.votes import Votes, VotesError, hard_labels, normalise

_MOST_ITERATIONS = 100


class KOS:
    """A worker is as reliable as they agree with what the others think of the same tasks.

    With answers A_ij in {-1, +1} and a message each way along every vote, from y_{j -> i} ~ Normal(1, 1) (thesis,
    section 3.2.2),

        x_{i -> j} = sum over the task's other votes j' of A_ij' y_{j' -> i}       how likely the task is of class 1
        y_{j -> i} = sum over the worker's other votes i' of A_i'j x_{i' -> j}     how reliable the worker is

    and the label is the sign of sum_j A_ij y_{j -> i}. The messages are a power iteration, so y is scaled to unit root
    mean square each time, which changes no sign. They need not stand still: the paper runs a fixed number of
    iterations, and so it ends when no y moves by more than `tol`, and after 100 iterations, crowd-kit's number, at the
    latest. A worker with a single vote gets no message, so has no voice; a task on which nobody has one falls back on
    the majority vote.

    The messages are defined up to a sign, for each part of the crowd that no vote joins to another: it is the one that
    agrees with the majority vote on more tasks.
    """

    max_classes = 2

    def fit(self, votes: Votes, n_iter=1000, tol=1e-6, seed=0) -> Aggregation:
        """Message passing: `n_iter` iterations at most, 0 gives the start; the seed draws the start and breaks ties.

        Returns
        -------
        Aggregation
            As soft labels the share of sum_j |y_{j -> i}| that speaks for each class; as history the scale of y in
            each iteration, which tends to the growth rate of the messages; the mean of a worker's messages y_{j -> i}
            as worker score; parameters `message`, y (n_votes,).

        Raises
        ------
        VotesError
            More than two classes.
        """
        return last(self.iterate(votes, tol, seed), n_iter)

    def iterate(self, votes: Votes, tol=1e-6, seed=0):
        """The points of `fit`: the start, and each iteration until it has converged."""
        if votes.n_class > self.max_classes:
            raise VotesError(f"KOS is for two classes and these votes have {votes.n_class}: use another strategy")
        task, worker = votes.task.astype(np.intp), votes.worker.astype(np.intp)  # numpy casts other indices at each use
        answer = 2.0 * votes.label - 1
        message = np.random.default_rng(seed).normal(1, 1, votes.n_votes)
        history, converged = [], False
        while True:
            yield Point(history, converged, self._answer, votes, task, worker, answer, message, seed)
            if converged:
                return
            opinion = answer * message
            opinion = np.bincount(task, opinion, votes.n_task).take(task) - opinion
            opinion *= answer
            reliability = np.bincount(worker, opinion, votes.n_worker).take(worker) - opinion
            scale = np.sqrt(np.mean(reliability**2))
            history.append(scale)
            if scale == 0:  # no vote has another to be compared with
                message, converged = reliability, True
                continue
            reliability /= scale
            converged = bool(np.abs(reliability - message).max() <= tol) or len(history) >= _MOST_ITERATIONS
            message = reliability

    def _answer(self, votes, task, worker, answer, message, seed):
        message = message * sign_of_the_majority(votes, task, answer, message).take(worker)
        soft = normalise(weigh(votes, task, message))
        mean_message = np.bincount(worker, message, votes.n_worker) / np.maximum(votes.votes_per_worker, 1)
        return Aggregation(
            hard_labels(soft, votes.has_vote, seed),
            soft=soft,
            worker_score=mean_message,
            parameters={"message": message},
        )


def sign_of_the_majority(votes, task, answer, message):
    """1 or -1 for each worker, alike within a connected part of the crowd: agree with its majorities, (n_worker,)."""
    part = parts(votes)
    says, majority = (np.sign(np.bincount(task, vote, votes.n_task)) for vote in (answer * message, answer))
    first = np.flatnonzero(np.diff(task, prepend=-1))  # of the votes of each task
    agreement = np.bincount(part[votes.worker[first]], (says * majority)[task[first]], votes.n_worker)
    return np.where(agreement < 0, -1.0, 1.0)[part]


def parts(votes):
    """The number of the connected part of the crowd that each worker belongs to, (n_worker,)."""
    n_votes = votes.votes_per_task
    joins = n_votes > 1  # the other tasks join nobody
    n_join = np.count_nonzero(joins)
    worker, n_node = votes.worker[joins[votes.task]], n_join + votes.n_worker  # tasks, then workers
    row_start = np.concatenate([[0], np.cumsum(n_votes[joins]), np.full(votes.n_worker, len(worker))])
    graph = sparse.csr_array((np.ones(len(worker)), worker + n_join, row_start), (n_node, n_node))
    return connected_components(graph, directed=False)[1][n_join:]


def weigh(votes, task, message):
    """What speaks for each class of each task, (n_task, n_class): a negative message speaks against its vote."""
    weight = np.abs(message)
    heard = np.bincount(task, weight, votes.n_task) > 0
    weight = np.where(heard.take(task), weight, 1)
    label = np.where((message < 0) & (votes.n_class == 2), 1 - votes.label, votes.label)
    total = np.bincount(task * votes.n_class + label, weight, minlength=votes.n_task * votes.n_class)
    return total.reshape(votes.n_task, votes.n_class)
