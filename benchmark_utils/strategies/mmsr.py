"""M-MSR: skills from the workers' agreements, by robust rank-one matrix completion (Ma and Olshevsky, NeurIPS 2020)."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.base import Aggregation, support
from benchmark_utils.strategies.voted import Pairs, posterior_of_coins
from benchmark_utils.votes import Votes

_FILTERING = 20  # iterations that choose the filter anew
_BOUND = 2.0  # of |u| and |v|


@dataclass
class MMSR:
    """One-coin skills, fitted to how often two workers agree; each worker's most extreme partners are not heard.

    A worker of accuracy p has skill s = (K p - 1) / (K - 1): 1 is perfect, 0 guesses. Where errors are uniform and
    independent, workers j and l who agree on a share a_jl of their n_jl common tasks have

        C_jl = (K a_jl - 1) / (K - 1),   E C_jl = s_j s_l

    a rank-one matrix of which the pairs with common tasks are known. It is completed by alternating least squares with
    filtering: each known C_jl proposes u_j = C_jl / v_l; of a worker's proposals the `trimmed` share at either end is
    dropped (but for equals of the rest), since some partners may be adversaries, and with the rest

        u_j = sum_l n_jl C_jl v_l / sum_l n_jl v_l^2,   then v from u in the same way,   s_j = sign(u_j) sqrt(u_j v_j)

    from u_j = v_j = the root of the mean of C, the belief that most workers are better than chance. u and v are kept
    within [-2, 2], since skills are within [-1, 1] and the fit to a crowd of noise runs off to infinity. After 20
    iterations the filter stays as it is, else it may swap the same partners for ever. It has converged when no s_j
    moves by more than `tol`. The labels are the posterior of the one-coin model with these skills: votes weigh
    log((K - 1) p / (1 - p)). The weights n_jl and the bounds are ours: C_jl varies as 1 / n_jl. Memory is in the pairs
    of workers that have a common task.

    Attributes
    ----------
    trimmed : float
        Share of a worker's proposals that is dropped at either end, below 0.5.
    """

    trimmed: float = 0.1

    def fit(self, votes: Votes, n_iter=1000, tol=1e-6, seed=0) -> Aggregation:
        """Completion: `n_iter` iterations at most, 0 gives the start; the seed breaks ties of the hard labels.

        Returns
        -------
        Aggregation
            The one-coin posterior as soft labels; as history the mean of (C_jl - u_j v_l)^2 over the votes in common,
            which need not fall while the filter changes; s as worker score; parameters `skill`, s, and `accuracy`, p,
            kept 0.01 from 0 and 1, (n_worker,). Workers without a common task get the mean skill of the others.
        """
        worker, partner, n_common, agreement = agreements(votes)
        n_partner = np.bincount(worker, minlength=votes.n_worker)
        heard = n_partner > 0
        u = v = heard * np.sqrt(max(n_common @ agreement / max(n_common.sum(), 1), 0.01))
        weight_u = weight_v = n_common
        history, converged = [], False
        while len(history) < n_iter and not converged:
            before = _skill(u, v)
            anew = len(history) < _FILTERING
            if anew:
                weight_u = n_common * self._filter(v, worker, partner, agreement, n_partner)
            u = _least_squares(v, worker, partner, weight_u, agreement)
            if anew:
                weight_v = n_common * self._filter(u, worker, partner, agreement, n_partner)
            v = _least_squares(u, worker, partner, weight_v, agreement)
            error = n_common @ (agreement - u[worker] * v[partner]) ** 2
            history.append(error / max(n_common.sum(), 1))
            converged = bool(np.abs(_skill(u, v) - before).max() <= tol)
        skill = np.where(heard, _skill(u, v), _skill(u, v)[heard].mean() if heard.any() else 1)
        n_other = max(votes.n_class - 1, 1)
        accuracy = np.clip((n_other * skill + 1) / (n_other + 1), 0.01, 0.99)
        uniform = np.full(votes.n_class, 1 / votes.n_class)
        right, wrong = np.log(accuracy), np.log((1 - accuracy) / n_other)
        posterior, _ = posterior_of_coins(Pairs(votes), right[votes.worker], wrong[votes.worker], uniform)
        return Aggregation(
            posterior.labels(seed),
            soft=posterior.soft(),
            n_iter=len(history),
            converged=converged,
            history=history,
            worker_score=skill,
            parameters={"skill": skill, "accuracy": accuracy},
        )

    def _filter(self, v, worker, partner, agreement, n_partner):
        """Which proposals are kept, (n_pairs,)."""
        of_partner = v[partner]
        proposal = agreement / np.copysign(np.maximum(np.abs(of_partner), 1e-9), of_partner)
        # the workers' proposals sorted in one go: the worker's number, then the proposal's place within (0, 1)
        place = worker + 0.5 + proposal / (2 * (1 + np.abs(proposal)))
        ordered = np.sort(place)
        n_dropped = (self.trimmed * n_partner).astype(np.int64)
        end = np.cumsum(n_partner)
        lowest, highest = ordered[(end - n_partner + n_dropped)[worker]], ordered[(end - 1 - n_dropped)[worker]]
        return (place >= lowest) & (place <= highest)

    def bytes_needed(self, votes: Votes) -> int:
        """Memory of the pairs of workers with a common task, at most, with the copies that an iteration makes."""
        return 100 * min(int((votes.votes_per_task.astype(np.int64) ** 2).sum()), votes.n_worker**2)


def agreements(votes: Votes):
    """The pairs of workers that have a common task, each pair both ways, sorted by worker.

    Returns the worker, the partner, n_jl (pairs of votes, where one answered twice) and C_jl, each (n_pairs,).
    """
    first, _ = support(votes)
    task_start = np.concatenate([[0], np.cumsum(votes.votes_per_task)])
    n_common = _pair_up(votes, task_start)
    # of one sparsity pattern, since no entry of the sum is zero
    n_common_and_equal = n_common + _pair_up(votes, np.append(first, votes.n_votes))
    n_common_and_equal.sort_indices()
    worker = np.repeat(np.arange(votes.n_worker), np.diff(n_common.indptr))
    pair = worker != n_common.indices
    worker, partner, n_common = worker[pair], n_common.indices[pair], n_common.data[pair]
    share_equal = n_common_and_equal.data[pair] / n_common - 1
    return worker, partner, n_common, share_equal - (1 - share_equal) / max(votes.n_class - 1, 1)


def _pair_up(votes, row_start):
    """How often two workers stand in the same row, rows being runs of neighbouring votes; (n_worker, n_worker)."""
    shape = (len(row_start) - 1, votes.n_worker)
    rows = sparse.csr_array((np.ones(votes.n_votes), votes.worker, row_start), shape=shape)
    count = (rows.T.tocsr() @ rows).tocsr()
    count.sort_indices()
    return count


def _least_squares(v, worker, partner, weight, agreement):
    """u from v, (n_worker,), within the bounds; 0 where nothing is known."""
    of_partner = v[partner]
    product = np.bincount(worker, weight * agreement * of_partner, len(v))
    square = np.bincount(worker, weight * of_partner**2, len(v))
    return np.clip(np.divide(product, square, where=square > 0, out=np.zeros(len(v))), -_BOUND, _BOUND)


def _skill(u, v):
    return np.sign(u) * np.sqrt(np.abs(u * v))
