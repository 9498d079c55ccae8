"""Continue from an older result: its parameters, for the workers of a crowd that has grown.

Worker j and class k of the result are worker j and class k of the votes; the votes may have more workers, and their
tasks may be any. The first posterior is an E-step under the old parameters, so no task needs to be found again.

A worker who is new, or who has met no task of a class, answers as the pooled worker: the mean over the old workers,
by their votes. If new workers were left out of the first E-step, a task that they alone answered would have no
posterior. What an old estimate rules out would stay so whatever the new votes say, since EM keeps a zero. So no answer
of worker j, who has n_j votes, is less probable than one vote more would make it, cast as the pooled worker casts it:
pooled / (n_j + 1). The pooled worker has one vote more, too, on each class, as accurate as all old votes together: of a
class that no old task had, the votes for it are still believed.
"""

import numpy as np

from benchmark_utils.votes import Votes, VotesError


def old_parameters(start, votes: Votes, *names) -> list:
    """The parameters of an older result by their names.

    Raises
    ------
    VotesError
        No result, a result without one of the parameters, of another number of classes, or of more workers.
    """
    parameters = getattr(start, "parameters", None)
    if parameters is None:
        raise VotesError(f"start is a {type(start).__name__}: give what an earlier fit returned")
    lacking = [name for name in ("soft", "worker_score") if getattr(start, name) is None]
    lacking += [name for name in names if name not in parameters]
    if lacking:
        raise VotesError(
            f"start has no {' and no '.join(lacking)}, its parameters are {sorted(parameters)}: "
            "continue from a result of the same strategy with the same options"
        )
    n_class, n_worker = start.soft.shape[1], len(start.worker_score)
    if n_class != votes.n_class:
        raise VotesError(
            f"start has {n_class} classes and the votes have {votes.n_class}: encode the votes with the classes of the "
            "older ones (Votes.from_frame(..., encoding=...)), or fit without a start where there are new classes"
        )
    if n_worker > votes.n_worker:
        raise VotesError(
            f"start has {n_worker} workers and the votes have {votes.n_worker}: worker j of the votes must be worker j "
            "of start. Encode the votes with the workers of the older ones (Votes.from_frame(..., encoding=...))"
        )
    return [parameters[name] for name in names]


def grown_prevalence(prevalence, votes: Votes) -> np.ndarray:
    """rho (n_class,), not below what one task more, of any class alike, would make it."""
    return np.maximum(prevalence, 1 / (len(prevalence) * (votes.n_task + 1)))


def grown_rows(confusion, prevalence, votes: Votes) -> np.ndarray:
    """Rows of confusion matrices (n_worker, n_row, n_class) from those of the old workers, (n_old, n_row, n_class).

    A row is of a class, or of one of as many parts of each class; `prevalence` (n_row,) is theirs.
    """
    n_old, n_row, n_class = confusion.shape
    n_votes = votes.votes_per_worker[:n_old, None]
    is_right = np.arange(n_row)[:, None] // (n_row // n_class) == np.arange(n_class)
    met = confusion.sum(axis=2) > 0
    n_met = n_votes * met
    share_right = pooled_accuracy((n_met * confusion[:, is_right]) @ prevalence, n_met @ prevalence, n_class)
    pooled = one_vote(is_right, share_right) + np.einsum("jl,jlk->lk", n_met, confusion)
    pooled /= pooled.sum(axis=1, keepdims=True)
    grown = np.tile(pooled, (votes.n_worker, 1, 1))
    grown[:n_old] /= np.where(met, n_votes + 1, 1)[:, :, None]
    np.maximum(grown[:n_old], confusion, out=grown[:n_old])
    return grown


def pooled_accuracy(n_right, n_votes, n_class) -> float:
    """The share of right votes of all workers, by the numbers of each, with one vote more that is right by chance."""
    return (1 / n_class + n_right.sum()) / (1 + n_votes.sum())


def one_vote(is_right, share_right):
    """The probabilities of one vote's answers, `is_right` bool (..., n_class): wrong ones are alike."""
    n_wrong = max(is_right.shape[-1] - 1, 1)
    return np.where(is_right, share_right, (1 - share_right) / n_wrong)


def log_likelihoods(rows) -> np.ndarray:
    """log pi as `answers @` takes it, (n_worker * n_class, n_row): worker and answer by row."""
    return np.log(rows).transpose(0, 2, 1).reshape(-1, rows.shape[1])


def grown_triples(old_triple, old_confusion, prevalence, triple, votes: Votes) -> np.ndarray:
    """The same for the cells of confusion matrices that occur alone: pi of each `triple`, (n_triples,).

    A triple is (worker * n_class + true class) * n_class + voted class; both lists rise.
    """
    n_class, n_votes = votes.n_class, votes.votes_per_worker
    old_row = np.unique(old_triple // n_class)  # (worker, true class)
    of_row, of_old = n_votes[old_row // n_class], n_votes[old_triple // n_class**2] * old_confusion
    cell, of_cell = np.unique(old_triple % n_class**2, return_inverse=True)  # (true class, voted class)
    of_cell = np.bincount(of_cell, of_old)
    old_true, true = old_triple // n_class % n_class, triple // n_class % n_class
    n_right = (of_old * prevalence[old_true])[old_true == old_triple % n_class]
    share_right = pooled_accuracy(n_right, of_row * prevalence[old_row % n_class], n_class)
    n_wrong = max(n_class - 1, 1)
    pooled = np.where(true == triple % n_class, share_right, (1 - share_right) / n_wrong)
    pooled += _look_up(cell, of_cell, triple % n_class**2)
    pooled /= 1 + np.bincount(old_row % n_class, of_row, n_class)[true]
    met = _look_up(old_row, np.ones(len(old_row)), triple // n_class) > 0
    pooled /= np.where(met, n_votes[triple // n_class**2] + 1, 1)
    return np.maximum(pooled, _look_up(old_triple, old_confusion, triple))


def grown_accuracy(accuracy, votes: Votes) -> np.ndarray:
    """The accuracies of all workers, (n_worker,), from those of the old ones: two answers, right and wrong."""
    n_votes = votes.votes_per_worker[: len(accuracy)]
    pooled = pooled_accuracy(n_votes * accuracy, n_votes, votes.n_class)
    grown = np.full(votes.n_worker, pooled)
    grown[: len(accuracy)] = np.clip(accuracy, pooled / (n_votes + 1), 1 - (1 - pooled) / (n_votes + 1))
    return grown


def grown_values(values, of_one_vote, votes: Votes) -> np.ndarray:
    """A value of each worker, (n_worker, ...), from those of the old workers, (n_old, ...), who keep theirs.

    New workers have the pooled value: the mean over the old ones by their votes, with one vote more of the value that
    the prior expects, `of_one_vote`. It is for values whose prior rules nothing out.
    """
    n_votes = votes.votes_per_worker[: len(values)]
    grown = np.empty((votes.n_worker, *values.shape[1:]))
    grown[:] = (of_one_vote + n_votes @ values) / (1 + n_votes.sum())
    grown[: len(values)] = values
    return grown


def grown_cells(shares, weight, worker, label) -> np.ndarray:
    """The share of each (worker, label), (n_cell,), from the rows of old workers, a csr_array (n_old, n_class).

    A row sums to one: the classes that it does not store share the rest. New workers have the pooled row: the mean over
    the old ones by their `weight` (n_old,), with one vote more on all classes alike.
    """
    n_old, n_class = shares.shape
    n_stored = np.diff(shares.indptr)
    rest = np.maximum(1 - shares.sum(axis=1), 0) / np.maximum(n_class - n_stored, 1)
    beyond = shares.copy()
    beyond.data = shares.data - np.repeat(rest, n_stored)
    pooled = (1 / n_class + weight @ rest + weight @ beyond) / (1 + weight.sum())
    key = np.repeat(np.arange(n_old), n_stored) * n_class + shares.indices
    own = rest[np.minimum(worker, n_old - 1)] + _look_up(key, beyond.data, worker * n_class + label)
    return np.where(worker < n_old, own, pooled[label])


def _look_up(keys, values, wanted):
    """The value of each key that is wanted; 0 where it is not among the keys, which rise."""
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0.0)
