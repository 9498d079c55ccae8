"""A start for Dawid and Skene's EM from moments of the votes (Zhang, Chen, Zhou and Jordan, JMLR 2016).

The workers are dealt into three groups. Z_g (n_task, n_class) is the mean answer of group g to each task, and C_g its
mean confusion matrix, rows by answer, so that E[Z_g | class k] is column k of C_g. Given the class the groups are
independent. For each group c and the others a and b, Z_a and Z_b are first mapped to have the mean of Z_c,

    Z'_a = E[Z_c Z_b'] E[Z_a Z_b']^-1 Z_a,        Z'_b = E[Z_c Z_a'] E[Z_b Z_a']^-1 Z_b
    M2 = E[Z'_a Z'_b'] = sum_k w_k mu_k mu_k',    M3 = E[Z'_a x Z'_b x Z_c] = sum_k w_k mu_k x mu_k x mu_k

where w is the prevalence and mu_k column k of C_c. With Q' M2 Q = I, the tensor M3(Q, Q, Q) has orthogonal eigenvectors
v and eigenvalues alpha, which power iterations find one after the other: w = alpha^-2, mu = alpha (Q')^-1 v. A worker's
own matrix follows from the other groups, C_j = E[z_j Z_a'] (W C_a')^-1.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmark_utils.strategies.steps.confusion import answer_matrix
from benchmark_utils.votes import Votes
from benchmark_utils.votes.labels import naive_soft

_POWER_ITERATIONS = 100  # each squares the ratio of the eigenvalues, so that few would do
_LOWEST = 1e-6  # of a probability, as in the paper


class SpectralStart(NamedTuple):
    """Parameters of the model, as the M-step gives them; or the reason why the votes do not give them.

    log_confusion : (n_worker * n_class, n_class), rows (worker, answer) and columns true class, or None
    log_prevalence : (n_class,), or None
    reason : str, empty where there are parameters
    """

    log_confusion: np.ndarray | None
    log_prevalence: np.ndarray | None
    reason: str = ""


class _TooThinError(Exception):
    """The moments do not determine the model; the message says which and by how much."""


def spectral_start(votes: Votes, group=None) -> SpectralStart:
    """Parameters from the moments of three groups, or the reason why the groups are too thin.

    Parameters
    ----------
    votes : Votes
    group : int array, (n_worker,), optional
        The group of each worker, 0, 1 or 2, and -1 without votes, in place of `deal(votes)`.
    """
    answers = answer_matrix(votes)
    try:
        group = deal(votes) if group is None else group
        means = [_group_mean(answers, group == g, votes.n_class) for g in range(3)]
        models = [decompose(means[c - 2], means[c - 1], means[c]) for c in range(3)]
        confusion = _worker_confusions(answers, group, means, models)
    except _TooThinError as thin:
        return SpectralStart(None, None, f"the spectral start is not possible, {thin}: majority votes are the start")
    prevalence = np.mean([w / w.sum() for _, w in models], axis=0)
    return SpectralStart(np.log(confusion).reshape(-1, votes.n_class), np.log(prevalence))


def deal(votes: Votes) -> np.ndarray:
    """The group of each worker, 0, 1 or 2, (n_worker,), -1 without votes.

    The paper draws the groups. Here workers are dealt to and fro in the order of their votes and of their agreement
    with the naive soft labels: the groups are alike, and the same whatever the workers are called.
    """
    n_votes = votes.votes_per_worker
    share = naive_soft(votes)
    agreement = share[votes.task, votes.label]
    clarity = (share**2).sum(axis=1)[votes.task]  # it and the squares part workers who are alike otherwise
    keys = [np.bincount(votes.worker, key, votes.n_worker) for key in (clarity, agreement**2, agreement)]
    order = np.lexsort([*np.round(keys, 9), n_votes])[::-1]
    order = order[: np.count_nonzero(n_votes)]
    if len(order) < 3:
        raise _TooThinError(f"since three groups need three workers and {len(order)} cast a vote")
    group = np.full(votes.n_worker, -1)
    group[order] = np.resize([0, 1, 2, 2, 1, 0], len(order))
    return group


def _group_mean(answers, member, n_class):
    return answers @ np.kron(member[:, None], np.eye(n_class)) / member.sum()


def _inverse_moment(a, b):
    """E[Z_a Z_b']^-1, unless the smallest singular value is within two standard errors of zero."""
    moment = a.T @ b / len(a)
    left, value, right = np.linalg.svd(moment)
    products = (a @ left[:, -1]) * (b @ right[-1])  # their mean is the smallest singular value
    error = products.std() / np.sqrt(len(a))
    if value[-1] <= max(2 * error, 1e-9 * value[0]):  # the second, where few votes leave no variation
        raise _TooThinError(
            f"since two groups have a second moment whose smallest singular value, {value[-1]:.2g}, is within two "
            f"standard errors, of {error:.2g}, of zero"
        )
    return np.linalg.inv(moment)


def decompose(a, b, c):
    """Columns mu of C_c, in the order of the classes, (n_class, n_class), and w (n_class,)."""
    n_task, n_class = c.shape
    a, b = a @ (c.T @ b / n_task @ _inverse_moment(a, b)).T, b @ (c.T @ a / n_task @ _inverse_moment(b, a)).T
    second = a.T @ b / n_task
    value, vector = np.linalg.eigh((second + second.T) / 2)
    if value[0] <= 0:
        raise _TooThinError(f"since the second moment M2 has the eigenvalue {value[0]:.2g}, and needs to be positive")
    third = np.einsum("ni,nj,nk->ijk", a, b, c, optimize=True) / n_task
    third = sum(third.transpose(p) for p in [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]) / 6
    whiten = vector / np.sqrt(value)
    tensor = np.einsum("ijk,ia,jb,kc->abc", third, whiten, whiten, whiten, optimize=True)
    starts = whiten / np.linalg.norm(whiten, axis=1, keepdims=True)  # row k: where class k would be answered by k alone
    mu, w = np.empty((n_class, n_class)), np.empty(n_class)
    for h in range(n_class):
        alpha, v = _largest_eigenpair(tensor, starts)
        products = (a @ whiten @ v) * (b @ whiten @ v) * (c @ whiten @ v)  # their mean is the eigenvalue
        error = products.std() / np.sqrt(n_task)
        if alpha <= 2 * error:
            raise _TooThinError(
                f"since the third moment of the groups has the eigenvalue {alpha:.2g}, which is within two standard "
                f"errors, of {error:.2g}, of zero"
            )
        tensor = tensor - alpha * np.einsum("a,b,c->abc", v, v, v)
        mu[:, h], w[h] = alpha * (vector * np.sqrt(value)) @ v, alpha**-2
    answer, column = linear_sum_assignment(-mu / np.abs(mu).sum(axis=0))  # class k is what is answered by k the most
    return mu[:, column[np.argsort(answer)]], w[column[np.argsort(answer)]]


def _largest_eigenpair(tensor, starts):
    v = starts.T  # one column per start
    for _ in range(_POWER_ITERATIONS):
        v = np.einsum("abc,bs,cs->as", tensor, v, v, optimize=True)
        v = v / np.maximum(np.linalg.norm(v, axis=0), np.finfo(float).tiny)
    value = np.einsum("abc,as,bs,cs->s", tensor, v, v, v, optimize=True)
    return value.max(), v[:, value.argmax()]


def _worker_confusions(answers, group, means, models):
    """Each worker's C, (n_worker, answer, true class): the mean of what the two other groups say."""
    n_class = means[0].shape[1]
    confusion = np.zeros((len(group), n_class, n_class))
    for mean, (mu, w), g in zip(means, models, range(3), strict=True):
        try:
            inverse = np.linalg.inv((mu * w).T)
        except np.linalg.LinAlgError:
            raise _TooThinError("since a group's confusion matrix is singular") from None
        others = (answers.T @ mean).reshape(confusion.shape) @ inverse
        confusion += np.where((group != g)[:, None, None], others, 0)
    confusion = np.maximum(confusion, 0)
    total = confusion.sum(axis=1, keepdims=True)
    confusion = np.where(total > 0, confusion / np.where(total > 0, total, 1), 1 / n_class)
    confusion = np.maximum(confusion, _LOWEST)
    return confusion / confusion.sum(axis=1, keepdims=True)
