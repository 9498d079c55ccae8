"""M-MSR: skills from the workers' agreements, by robust rank-one matrix completion (Ma and Olshevsky, NeurIPS 2020)."""

from dataclasses import dataclass

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.steps.pairs import Pairs
from benchmark_utils.strategies.steps.voted_posterior import posterior_of_odds
from benchmark_utils.strategies.steps.worker_agreement import agreements, signs
from benchmark_utils.votes import Votes
from benchmark_utils.votes.counts import dense_entries

_BOUND = 1e50  # of u and v, which on a crowd of noise may run off to infinity


@dataclass
class MMSR:
    """One-coin skills, fitted to how often two workers agree; each worker's most extreme partners are not heard.

    A worker of accuracy p has skill s = (K p - 1) / (K - 1): 1 is perfect, 0 guesses. Where errors are uniform and
    independent, workers j and l who agree on a share a_jl of their common tasks have

        C_jl = (K a_jl - 1) / (K - 1),   E C_jl = s_j s_l

    a rank-one matrix of which the pairs with common tasks are known. Its absolute value u v' is completed by turns:

        v_l = mean of |C_jl| / u_j over l's partners j,   u_j = mean of |C_jl| / v_l over j's partners l,

    without the `n_extreme` smallest of these proposals below the worker's present value and the `n_extreme` largest
    above it, since some partners may be adversaries. It has converged when |u v' - its last value|_F <= tol. Then

        |s| = u sqrt(|v| / |u|),   sign s from `signs`,   -1 / (K - 1) + e <= s <= 1 - e,   e = 1 / sqrt(tasks)

    and the labels are the posterior of the one-coin model: votes weigh log((K - 1) p / (1 - p)). As the authors'
    program has it, but for the start: there u and v are uniform random numbers, here all are the root of the mean
    |C|, so that no worker's number matters. Memory is in the pairs of workers that have a common task. On a
    single task all skills are alike, which is the majority vote.

    Attributes
    ----------
    n_extreme : int, optional
        F, the proposals dropped at either end; by default half the fewest partners that a worker has, less one.
    """

    slow_above = 300_000  # votes

    n_extreme: int | None = None

    def fit(self, votes: Votes, n_iter=1000, tol=1e-6, seed=0) -> Aggregation:
        """Completion: `n_iter` iterations at most, 0 gives the start; the seed breaks ties of the hard labels.

        Returns
        -------
        Aggregation
            The one-coin posterior as soft labels; as history the mean over the pairs of (|C_jl| - u_j v_l)^2, which
            need not fall; s as worker score; parameters `skill`, s, and `accuracy`, p, (n_worker,).
        """
        return last(self.iterate(votes, tol, seed), n_iter)

    def iterate(self, votes: Votes, tol=1e-6, seed=0):
        """The points of `fit`: the start, and each iteration until it has converged."""
        worker, partner, agreement = agreements(votes)
        size, n_partner = np.abs(agreement), np.bincount(worker, minlength=votes.n_worker)
        heard = n_partner >= min(1, n_partner.max())  # who has a partner; all, where nobody has
        n_extreme = max(n_partner[heard].min() // 2 - 1, 0) if self.n_extreme is None else self.n_extreme
        n_pairs = max(len(size), 1)
        guess = 1 / np.sqrt(np.count_nonzero(votes.votes_per_task))  # e, the skill below which nobody can be told
        u = v = np.full(votes.n_worker, max(np.sqrt(size.sum() / n_pairs), guess))
        # what all the points of a curve share is made here: what one of them makes is not in the time of the next
        sign = signs(worker, partner, agreement, votes.n_worker)
        pairs, n_other = Pairs(votes), max(votes.n_class - 1, 1)
        voters, uniform = pairs.of_votes(votes.worker, votes.n_worker), np.full(votes.n_class, 1 / votes.n_class)

        def answer(u, v):
            balanced = u * np.sqrt(np.linalg.norm(v[heard]) / np.linalg.norm(u[heard]))
            skill = np.clip(sign * balanced, guess - 1 / n_other, 1 - guess)
            if guess == 1:  # one task: its bounds cross, and one agreement tells nobody's skill
                skill = np.full(votes.n_worker, 0.5)
            accuracy = (n_other * skill + 1) / (n_other + 1)
            log_odds = np.log(accuracy) - np.log((1 - accuracy) / n_other)
            posterior, _ = posterior_of_odds(pairs, voters @ log_odds, uniform)
            labels = posterior.labels(seed)
            return Aggregation(
                labels,
                soft=posterior.soft(labels),
                worker_score=skill,
                parameters={"skill": skill, "accuracy": accuracy},
            )

        history, converged = [], False
        while True:
            yield Point(history, converged, answer, u, v)
            if converged:
                return
            u_before, v_before = u, v
            v = _filtered_mean(size / u[partner], v, worker, n_partner, n_extreme, guess)
            u = _filtered_mean(size / v[partner], u, worker, n_partner, n_extreme, guess)
            history.append(float(((size - u[worker] * v[partner]) ** 2).sum() / n_pairs))
            converged = bool(change(u, v, u_before, v_before) <= tol)

    def bytes_needed(self, votes: Votes) -> int:
        """Memory of the pairs of workers with a common task, at most, with their copies, and of soft labels."""
        n_pairs = min(int((votes.votes_per_task.astype(np.int64) ** 2).sum()), votes.n_worker**2)
        return 190 * n_pairs + 150 * votes.n_votes + 16 * dense_entries(votes)


def _filtered_mean(proposal, own, worker, n_partner, n_extreme, least):
    """Each worker's mean proposal without the extremes, (n_worker,); its own value where none is left."""
    below = np.minimum(n_extreme, np.bincount(worker, proposal < own[worker], len(own)))
    above = np.minimum(n_extreme, np.bincount(worker, proposal > own[worker], len(own)))
    if n_extreme:  # sort every worker's proposals in one go, by the worker's number and the proposal within [0, 1)
        proposal = proposal[np.argsort(worker + proposal / (1 + proposal))]
    place = np.arange(len(worker)) - (np.cumsum(n_partner) - n_partner)[worker]
    kept = (place >= below[worker]) & (place < (n_partner - above)[worker])
    n_kept = np.bincount(worker, kept, len(own))
    total = np.bincount(worker, proposal * kept, len(own))
    mean = np.divide(total, n_kept, where=n_kept > 0, out=own.copy())
    return np.where(mean > 0, np.minimum(mean, _BOUND), least)


def change(u, v, u_before, v_before):
    """|u v' - its last value|_F, from vectors."""
    du, dv = u - u_before, v - v_before
    square = (du @ du) * (v @ v) + (u_before @ u_before) * (dv @ dv) + 2 * (du @ u_before) * (v @ dv)
    return np.sqrt(max(square, 0))
