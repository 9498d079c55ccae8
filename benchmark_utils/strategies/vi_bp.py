"""VI-BP: two classes, a Beta prior on each accuracy, by belief propagation (Liu, Peng and Ihler, 2012)."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import expit, roots_jacobi

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.steps.known import check_known
from benchmark_utils.votes import Votes, VotesError, hard_labels, normalise

_MOST_ITERATIONS = 100  # of the authors' program: belief propagation need not stand still


@dataclass
class VIBP:
    """Sum-product messages between tasks and workers, from y = 1, which is the majority vote.

    Worker j answers right with probability q_j ~ Beta(right, wrong), the paper's one-coin model, and both classes are
    as probable beforehand. With q_j integrated out, a worker is a factor of the classes z of all the tasks they
    answered, psi_j = E q_j^c (1 - q_j)^(n_j - c), where c of their n_j answers are right. With answers A_ij in
    {-1, +1}, the log odds of the messages are, by turns,

        x_{i -> j} = sum over the task's other votes j' of A_ij' y_{j' -> i}       for class 1 of task i
        y_{j -> i} = log (sum_c psi_j(c + 1) e_c / sum_c psi_j(c) e_c)             for worker j to be right about i

    where e_c is the probability that c of the worker's other answers are right, given that answer i' is right with
    probability r_i' = sigmoid(A_i'j x_{i' -> j}). These are elementary symmetric polynomials, which the paper sums by
    divide and conquer. Here the same sums are taken as what they come from, an integral over the accuracy,

        y_{j -> i} = log (E q prod_i' t_i' / E (1 - q) prod_i' t_i'),    t_i' = q r_i' + (1 - q) (1 - r_i')

    by Gauss-Jacobi quadrature (see `quadrature`), all of whose terms are positive: nothing cancels. A message is
    bounded, wrong / (n_j - 1 + right) <= exp(-y) and right / (n_j - 1 + wrong) <= exp(y), by the prior: it is what
    a worker who was right about all the others, or wrong, would have. Under the prior Beta(e, e) with e near 0, y is
    the sum of A_i'j x_{i' -> j} and the messages are those of KOS.

    On a crowd without a cycle of votes the answer is exact. Elsewhere the messages need not stand still: it ends when
    the probability in no message moves by more than `tol`, and after 100 iterations, the authors' number, at the
    latest. VI-MF has two accuracies per worker, one for each class. With two, a message of this kind would need the
    integral over both.

    Q. Liu, J. Peng, A. Ihler, "Variational inference for crowdsourcing", NeurIPS (2012).

    Attributes
    ----------
    right, wrong : float
        Prior counts of right and wrong answers, 2 and 1 in the paper.
    """

    max_classes = 2
    slow_above = 1_000_000  # votes; on 27,746 of them (sp) an iteration takes 8 microseconds a vote

    right: float = 2.0
    wrong: float = 1.0

    def fit(self, votes: Votes, n_iter=1000, tol=1e-3, seed=0, known=None) -> Aggregation:
        """Belief propagation: `n_iter` iterations at most, 0 gives the start; the seed breaks ties of the hard labels.

        Parameters
        ----------
        known : int64, (n_task,), optional
            Truths that are known, -1 elsewhere: these tasks keep them.

        Returns
        -------
        Aggregation
            The beliefs in the classes as soft labels; as history what the messages of each iteration make of the log
            evidence (Bethe's approximation, exact without cycles), which may fall; the mean of the belief in q_j as
            worker score; parameters `message`, y (n_votes,).

        Raises
        ------
        VotesError
            More than two classes.
        """
        return last(self.iterate(votes, tol, seed, known), n_iter)

    def iterate(self, votes: Votes, tol=1e-3, seed=0, known=None):
        """The points of `fit`: the start, and each iteration until it has converged."""
        if votes.n_class > self.max_classes:
            raise VotesError(f"VI-BP is for two classes and these votes have {votes.n_class}: use another strategy")
        known = check_known(known, votes)
        certain = np.array([-np.inf, np.inf, 0.0])[known]  # what a known truth adds to the log odds of its task
        answer = 2.0 * votes.label - 1
        groups = group_workers(votes, self.right, self.wrong)
        message = np.ones(votes.n_votes)
        accuracy = np.full(votes.n_worker, self.right / (self.right + self.wrong))
        has_belief = votes.has_vote | (known >= 0)

        def answer_of(message, accuracy):
            odds = np.bincount(votes.task, answer * message, votes.n_task) + certain
            belief = np.stack([expit(-odds), expit(odds)], axis=1)[:, : votes.n_class]
            soft = normalise(belief * has_belief[:, None])
            labels = hard_labels(soft, has_belief, seed)
            return Aggregation(labels, soft=soft, worker_score=accuracy, parameters={"message": message})

        history, converged = [], False
        while True:
            yield Point(history, converged, answer_of, message, accuracy)
            if converged:
                return
            odds = np.bincount(votes.task, answer * message, votes.n_task) + certain
            to_worker = answer * odds[votes.task] - message  # log odds of being right, by what the others say
            before, message, accuracy, log_factors = message, np.empty(votes.n_votes), accuracy.copy(), 0.0
            for group in groups:
                message[group.votes], accuracy[group.workers], log_factor = group.answer(to_worker[group.votes])
                log_factors += log_factor.sum()
            history.append(log_factors + log_tasks(votes, known, answer, message) - log_votes(to_worker, message).sum())
            moved = np.abs(expit(message) - expit(before)).max()
            converged = bool(moved <= tol) or len(history) >= _MOST_ITERATIONS


def log_tasks(votes, known, answer, message):
    """log sum over the classes of 1/2 prod_j m_{j -> i}, of all tasks together; a known task has one class alone."""
    right, wrong = -np.logaddexp(0, -message), -np.logaddexp(0, message)
    by_class = [
        np.bincount(votes.task, np.where(answer == side, right, wrong), votes.n_task) - np.log(2) for side in (-1, 1)
    ]
    return np.select([known == 0, known == 1], by_class, np.logaddexp(*by_class)).sum()


def log_votes(to_worker, message):
    """log sum over right and wrong of m_{i -> j} m_{j -> i}, of each vote."""
    right = -np.logaddexp(0, -to_worker) - np.logaddexp(0, -message)
    return np.logaddexp(right, -np.logaddexp(0, to_worker) - np.logaddexp(0, message))


class Group(NamedTuple):
    """Workers whose integrals have the same nodes, and their votes.

    votes : (n,), workers : (n_worker,), positions of both in the crowd's arrays
    worker : (n,), who cast each vote, as position in `workers`
    q, p, log_weight : (n_node,), nodes, 1 - q, and weights of the Beta prior
    """

    votes: np.ndarray
    workers: np.ndarray
    worker: np.ndarray
    q: np.ndarray
    p: np.ndarray
    log_weight: np.ndarray

    def answer(self, to_worker):
        """y (n,), the mean of each worker's belief (n_worker,) and log E prod_i t_i (n_worker,)."""
        right, wrong = expit(to_worker), expit(-to_worker)
        log_f = np.tile(self.log_weight, (len(self.workers), 1))
        for h, (q, p) in enumerate(zip(self.q, self.p, strict=True)):
            log_f[:, h] += np.bincount(self.worker, np.log(q * right + p * wrong), len(self.workers))
        highest = log_f.max(axis=1)
        f = np.exp(log_f - highest[:, None])
        above, below = np.zeros(len(right)), np.zeros(len(right))
        for h, (q, p) in enumerate(zip(self.q, self.p, strict=True)):
            others = f[self.worker, h] / (q * right + p * wrong)
            above += q * others
            below += p * others
        total = f.sum(axis=1)
        return np.log(above) - np.log(below), f @ self.q / total, highest + np.log(total)


def group_workers(votes, right, wrong):
    """The workers with votes, by their numbers of nodes, doubled from group to group: a list of Group."""
    n_node = 2 ** np.ceil(np.log2(count_nodes(np.maximum(votes.votes_per_worker, 1)))).astype(int)
    groups = []
    for size in np.unique(n_node[votes.votes_per_worker > 0]):
        position = np.flatnonzero(n_node[votes.worker] == size)
        workers, worker = np.unique(votes.worker[position], return_inverse=True)
        groups.append(Group(position, workers, worker, *quadrature(int(size), right, wrong)))
    return groups


def count_nodes(n_votes):
    """Nodes for the integrals of a worker, polynomials of degree n_votes + 1 at most over a Beta density.

    One node more than half of the votes is exact. A product of n factors that rise or fall along a line has no bump
    narrower than 1 / sqrt(n), so that the error of N nodes falls as exp(-2 N^2 / n): with 4 sqrt(n) it is that of the
    arithmetic.
    """
    return np.minimum((n_votes + 1) // 2 + 1, np.ceil(4 * np.sqrt(n_votes)))


def quadrature(n_node, right, wrong):
    """Gauss-Jacobi nodes q, 1 - q and log weights of the density of Beta(right, wrong), each (n_node,)."""
    x, weight = roots_jacobi(n_node, wrong - 1, right - 1)
    return (1 + x) / 2, (1 - x) / 2, np.log(weight / weight.sum())
