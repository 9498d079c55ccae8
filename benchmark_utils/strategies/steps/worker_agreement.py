"""How often pairs of workers agree on their common tasks, and the signs of skill that it asks for."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import eigsh

from benchmark_utils.votes import Votes
from benchmark_utils.votes.counts import support


def agreements(votes: Votes):
    """The pairs of workers that have a common task, each pair both ways, sorted by worker.

    Returns the worker, the partner and C_jl over pairs of votes, where one answered twice; each (n_pairs,).
    """
    first, _ = support(votes)
    task_start = votes.task_start
    n_common = _pair_up(votes, task_start)
    # of one sparsity pattern, since no entry of the sum is zero
    n_common_and_equal = n_common + _pair_up(votes, np.append(first, votes.n_votes))
    n_common_and_equal.sort_indices()
    worker = np.repeat(np.arange(votes.n_worker), np.diff(n_common.indptr))
    pair = worker != n_common.indices
    share_equal = n_common_and_equal.data[pair] / n_common.data[pair] - 1
    return worker[pair], n_common.indices[pair], share_equal - (1 - share_equal) / max(votes.n_class - 1, 1)


def _pair_up(votes, row_start):
    """How often two workers stand in the same row, rows being runs of neighbouring votes; (n_worker, n_worker)."""
    shape = (len(row_start) - 1, votes.n_worker)
    rows = sparse.csr_array((np.ones(votes.n_votes), votes.worker, row_start), shape=shape)
    count = (rows.T.tocsr() @ rows).tocsr()
    count.sort_indices()
    return count


def signs(worker, partner, agreement, n_worker):
    """The signs of the skills, (n_worker,), that the signs of C ask for, most of them positive (Ma and Olshevsky).

    Takes what `agreements` returns, each (n_pairs,). Workers who disagree are joined by an edge, workers who agree by
    two edges over a node of their own, so that the signs are a colouring without equal neighbours. The random walk's
    eigenvector of the smallest eigenvalue, -1 if there is one, is the nearest to it. Outside the largest connected
    crowd nothing tells: skills are positive.
    """
    result = np.ones(n_worker)
    crowd = connected_components(sparse.csr_array((np.ones(len(worker)), (worker, partner)), (n_worker, n_worker)))[1]
    largest = np.flatnonzero(crowd == np.bincount(crowd).argmax())
    once = (worker < partner) & (agreement != 0) & (crowd[worker] == crowd[largest[0]])
    first, second = np.searchsorted(largest, worker[once]), np.searchsorted(largest, partner[once])
    agree = agreement[once] > 0
    if agree.all():
        return result  # also without any pair
    between = len(largest) + np.arange(np.count_nonzero(agree))
    start = np.concatenate([first[~agree], first[agree], second[agree]])
    end = np.concatenate([second[~agree], between, between])
    n_node = len(largest) + len(between)
    edges = sparse.csr_array((np.ones(2 * len(start)), (np.r_[start, end], np.r_[end, start])), (n_node, n_node))
    root = np.sqrt(edges.sum(axis=0).clip(1))  # symmetric, D^-1/2 A D^-1/2 has the walk's eigenvalues
    walk = edges.multiply(1 / root[:, None]).multiply(1 / root).tocsr()
    belief = np.where(np.arange(n_node) < len(largest), root, -root)  # all are better than chance
    belief *= 1 + 0.01 * np.random.default_rng(0).random(n_node)  # of a symmetric crowd it may be another eigenvector
    _, vector = eigsh(walk, 1, which="SA", v0=belief, tol=1e-4)  # for signs, digits enough
    colour = np.where(vector[: len(largest), 0] < 0, -1, 1)
    result[largest] = colour if colour.sum() >= 0 else -colour
    return result
