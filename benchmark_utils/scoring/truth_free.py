"""How well a strategy predicts the votes of workers it has not seen: what can be measured where no truth is known.

The votes of some workers are withheld, the strategy sees the others, and its result is asked about each withheld vote.
This predicts votes, not truth: an error that all workers share is invisible here. docs/without_truth.md measures on
crowds whose truth is known how far such scores can be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from benchmark_utils.votes import Votes
from benchmark_utils.votes.labels import entries, one_hot

N_FOLD = 5
N_DRAW = 500  # of the bootstrap
_LOWEST_PROBABILITY = 1e-12  # as in the log loss
_ROUNDING = 1e-12  # of a difference of sums


def fold_of_worker(votes: Votes, n_fold=N_FOLD, seed=0) -> np.ndarray:
    """Folds 0 to n_fold - 1 of the workers who voted, (n_worker,), as equal in number as can be; -1 for the others."""
    fold = np.full(votes.n_worker, -1)
    voters = np.random.default_rng(seed).permutation(np.flatnonzero(votes.votes_per_worker))
    fold[voters] = np.arange(len(voters)) % n_fold
    return fold


def withheld_votes(votes: Votes, share, seed=0) -> np.ndarray:
    """Whether a vote is of one of the workers withheld, (n_votes,): this share of those who voted, drawn at random.

    At least one worker is withheld, and at least one is not.

    Raises
    ------
    ValueError
        A share outside (0, 1), or fewer than two workers who voted.
    """
    voters = np.flatnonzero(votes.votes_per_worker)
    if not 0 < share < 1 or len(voters) < 2:
        raise ValueError(
            f"to withhold the share {share} of {len(voters)} workers: take a share in (0, 1) of two or more"
        )
    n_withheld = int(np.clip(round(share * len(voters)), 1, len(voters) - 1))
    is_withheld = np.zeros(votes.n_worker, dtype=bool)
    is_withheld[np.random.default_rng(seed).permutation(voters)[:n_withheld]] = True
    return is_withheld[votes.worker]


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a result says of withheld votes, those on tasks with a seen vote: no strategy can label the other tasks.

    Attributes
    ----------
    worker : int, (n,)
    agrees : bool, (n,)
        Whether the vote is the label. A task that the strategy calls not valid agrees with no vote.
    log_probability : float, (n,)
        Of the vote, under the observation model.
    """

    worker: np.ndarray
    agrees: np.ndarray
    log_probability: np.ndarray


def predict(seen: Votes, withheld: Votes, labels, soft=None) -> Predictions:
    """What `labels` (n_task,) and `soft` (n_task, n_class), made from the seen votes, say of the withheld ones.

    Without soft labels the labels count as certain, as they do for the log loss.
    """
    on_seen_task = seen.votes_per_task[withheld.task] > 0
    task, label = withheld.task[on_seen_task], withheld.label[on_seen_task]
    labels = np.asarray(labels)
    soft = one_hot(labels, seen.n_class) if soft is None else soft
    probability = vote_probability(seen, soft, task, label)
    return Predictions(
        withheld.worker[on_seen_task],
        labels[task] == label,
        np.log(probability.clip(_LOWEST_PROBABILITY)),
    )


def heldout_scores(seen: Votes, withheld: Votes, labels, soft=None, given=None) -> dict[str, float]:
    """`heldout_agreement` and `heldout_log_score`, means over the withheld votes; NaN where none can be predicted.

    Votes on tasks whose truth was given to the strategies, `given` (n_task,), -1 elsewhere, are left out.
    """
    if given is not None:
        withheld = withheld.keep(given[withheld.task] < 0)
    found = predict(seen, withheld, labels, soft)
    if not len(found.worker):
        return dict(heldout_agreement=np.nan, heldout_log_score=np.nan)
    return dict(
        heldout_agreement=float(found.agrees.mean()),
        heldout_log_score=float(found.log_probability.mean()),
    )


def vote_probability(seen: Votes, soft, task, label) -> np.ndarray:
    """p(a new worker answers `label` on `task`), each (n,), under one observation model for all strategies.

    A worker who was not seen is any worker: the crowd shares one confusion matrix, which the strategy's soft labels T
    and the seen votes give,

        pi_kl = (1 / K + sum_ij T_ik 1(y_ij = l)) / (1 + sum_ij T_ik),    p(l on i) = sum_k T_ik pi_kl,

    that is, each row starts with one vote, spread over the K classes. What a row of T lacks to one belongs to the
    classes that it does not store, in equal parts or in the proportions q of a `SparseSoft`; a row of zeros lacks all.
    So T = S + r q', where S is as sparse as T and r_i q_k is what each other class k has, and all of it takes memory
    and time of S.
    """
    stored, rest, q = stored_and_rest(soft)
    n_class = stored.shape[1]
    votes = sparse.csr_array((np.ones(seen.n_votes), (seen.task, seen.label)), shape=stored.shape)
    count = (stored.T.tocsr() @ votes).tocsr()  # sum_i S_ik N_il, (n_class, n_class)
    common = np.bincount(seen.label, weights=rest[seen.task], minlength=n_class)  # sum_i r_i N_il
    total = 1 + count @ np.ones(n_class) + q * common.sum()
    # p = sum_k (S_ik + r_i q_k) (1 / K + count_kl + q_k common_l) / total_k
    by_class = stored[task]
    row = np.repeat(np.arange(len(task)), np.diff(by_class.indptr))
    k, answer = by_class.indices, label[row]
    n_answer = 1 / n_class + entries(count, k, answer) + q[k] * common[answer]
    listed = np.bincount(row, by_class.data * n_answer / total[k], len(task))
    every = (q / total).sum() / n_class + count.T @ (q / total) + common * (q**2 / total).sum()
    return listed + rest[task] * every[label]


def stored_and_rest(soft):
    """S (csr_array), r (n_task,) and q (n_class,) of T = S + r q': probabilities above zero, and what others have."""
    q = getattr(soft, "proportions", None)
    soft = sparse.csr_array(soft, dtype=float, copy=True)
    soft.sum_duplicates()
    soft.eliminate_zeros()
    n_task, n_class = soft.shape
    q = np.ones(n_class) if q is None else q
    n_stored = np.diff(soft.indptr)
    row = np.repeat(np.arange(n_task), n_stored)
    lack = (1 - soft @ np.ones(n_class)).clip(0)
    others = q.sum() - np.bincount(row, q[soft.indices], n_task)
    rest = np.divide(lack, others, out=np.zeros(n_task), where=others > _ROUNDING * q.sum())
    soft.data -= rest[row] * q[soft.indices]
    return soft, rest, q


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Held-out scores of several strategies: sums by worker, over folds in which the worker was withheld.

    Attributes
    ----------
    names : list of str, n_strategy of them
    n_votes : float, (n_worker,)
        Withheld votes that could be predicted.
    agreement, log_score : float, (n_strategy, n_worker)
        Sums over these votes.
    """

    names: list
    n_votes: np.ndarray
    agreement: np.ndarray
    log_score: np.ndarray

    def means(self) -> np.ndarray:
        """(n_strategy, 2): agreement and log score, means over the votes."""
        return np.stack([self.agreement.sum(axis=1), self.log_score.sum(axis=1)], axis=1) / self.n_votes.sum()

    def bootstrap(self, n_draw=N_DRAW, seed=0) -> np.ndarray:
        """The same in crowds of workers drawn from these with replacement, (n_draw, n_strategy, 2)."""
        rng = np.random.default_rng(seed)
        voters = np.flatnonzero(self.n_votes)
        sums = np.concatenate([self.agreement[:, voters], self.log_score[:, voters], self.n_votes[None, voters]])
        draws = np.empty((n_draw, len(sums)))
        for draw in range(n_draw):
            times = np.bincount(rng.integers(len(voters), size=len(voters)), minlength=len(voters))
            draws[draw] = sums @ times
        return (draws[:, :-1] / draws[:, -1:]).reshape(n_draw, 2, -1).transpose(0, 2, 1)


def cross_validate(votes: Votes, fits: dict, n_fold=N_FOLD, seed=0) -> HeldOut | None:
    """Each worker's votes predicted by strategies that have seen the workers of the other folds.

    Parameters
    ----------
    votes : Votes
    fits : dict of callables
        By name: `fit(votes)` returns an object with `labels` and `soft`.
    n_fold : int
        Folds over the workers; as many as there are workers where these are fewer.

    Returns
    -------
    HeldOut or None
        None where no vote can be predicted: no task has votes of two workers.
    """
    n_fold = min(n_fold, np.count_nonzero(votes.votes_per_worker))
    fold_of_vote = fold_of_worker(votes, n_fold, seed)[votes.worker]
    n_votes = np.zeros(votes.n_worker)
    agreement, log_score = np.zeros((2, len(fits), votes.n_worker))
    for fold in range(n_fold if n_fold > 1 else 0):
        seen, withheld = votes.keep(fold_of_vote != fold), votes.keep(fold_of_vote == fold)
        for index, fit in enumerate(fits.values()):
            result = fit(seen)
            found = predict(seen, withheld, result.labels, result.soft)
            agreement[index] += np.bincount(found.worker, found.agrees, votes.n_worker)
            log_score[index] += np.bincount(found.worker, found.log_probability, votes.n_worker)
        n_votes += np.bincount(found.worker, minlength=votes.n_worker)
    return HeldOut(list(fits), n_votes, agreement, log_score) if n_votes.any() else None
