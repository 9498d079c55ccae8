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
        crowd = Crowd(votes, task, answer)
        message = np.random.default_rng(seed).normal(1, 1, votes.n_votes)
        history, converged = [], False
        while True:
            opinion = answer * message
            total = np.bincount(task, opinion, votes.n_task)
            yield Point(history, converged, self._answer, crowd, worker, message, total, seed)
            if converged:
                return
            opinion = total.take(task) - opinion
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

    def _answer(self, crowd, worker, message, total, seed):
        message = message * crowd.sign(total).take(worker)
        soft = normalise(crowd.weigh(message))
        return Aggregation(
            hard_labels(soft, crowd.has_vote, seed),
            soft=soft,
            worker_score=np.bincount(worker, message, len(crowd.n_votes)) / np.maximum(crowd.n_votes, 1),
            parameters={"message": message},
        )


class Crowd:
    """What the labels need of the votes beside the messages; found once, for all the points of a curve."""

    def __init__(self, votes, task, answer):
        self.has_vote, self.n_votes = votes.has_vote, votes.votes_per_worker
        self.part = parts(votes)
        first = np.flatnonzero(np.diff(task, prepend=-1))  # of the votes of each task
        self.part_of_task = self.part[votes.worker[first]]
        self.majority = np.sign(np.bincount(task, answer, votes.n_task))[self.has_vote]
        self.voted = votes.task_and_label
        self.count = np.bincount(self.voted, minlength=votes.n_task * votes.n_class).reshape(-1, votes.n_class)

    def sign(self, total):
        """1 or -1 for each worker, alike within a part of the crowd: times it, most totals agree with its majorities.

        `total` (n_task,) is what the messages say for class 1 of each task.
        """
        agreement = np.bincount(self.part_of_task, np.sign(total)[self.has_vote] * self.majority, len(self.n_votes))
        return np.where(agreement < 0, -1.0, 1.0)[self.part]

    def weigh(self, message):
        """What speaks for each class of each task, (n_task, n_class): a negative message speaks against its vote."""
        turned = (message < 0) & (self.count.shape[1] == 2)  # from cell 2 i + k to 2 i + 1 - k, where there are two
        total = np.bincount(self.voted ^ turned, np.abs(message), self.count.size).reshape(self.count.shape)
        return np.where(total.any(axis=1, keepdims=True), total, self.count)


def parts(votes):
    """The number of the connected part of the crowd that each worker belongs to, (n_worker,)."""
    n_votes = votes.votes_per_task
    joins = n_votes > 1  # the other tasks join nobody
    n_join = np.count_nonzero(joins)
    worker, n_node = votes.worker[joins[votes.task]], n_join + votes.n_worker  # tasks, then workers
    row_start = np.concatenate([[0], np.cumsum(n_votes[joins]), np.full(votes.n_worker, len(worker))])
    graph = sparse.csr_array((np.ones(len(worker)), worker + n_join, row_start), (n_node, n_node))
    return connected_components(graph, directed=False)[1][n_join:]
