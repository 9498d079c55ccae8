"""Confusion matrices of workers: the votes as a matrix, the M-step, Dirichlet priors."""

import numpy as np
from scipy import sparse
from scipy.special import digamma, gammaln

from benchmark_utils.strategies.steps.em import class_totals
from benchmark_utils.votes.votes import Votes


def answer_matrix(votes: Votes) -> sparse.csr_array:
    """1(y_ij = k) as a sparse matrix (n_task, n_worker * n_class), column j * n_class + k."""
    column = votes.worker_and_label
    row_start = votes.task_start
    shape = (votes.n_task, votes.n_worker * votes.n_class)
    return sparse.csr_array((np.ones(votes.n_votes), column, row_start), shape=shape)


def maximise(answers_of_worker, posterior, smoothing=0.0):
    """The M-step: log pi (n_worker * n_class, n_class), rows (j, k) and columns l, and log rho (n_class,)."""
    n_class = posterior.shape[1]
    count = (answers_of_worker @ posterior).reshape(-1, n_class, n_class)  # axes j, k, l
    if smoothing:
        count += smoothing
    total = count.sum(axis=1, keepdims=True)
    total[total == 0] = 1
    with np.errstate(divide="ignore"):  # log 0 = -inf is meant: what never happened has probability 0
        log_confusion = np.log(count / total).reshape(-1, n_class)
        prevalence = class_totals(posterior)
        return log_confusion, np.log(prevalence / prevalence.sum())


def confusion_prior(n_class, right, wrong) -> np.ndarray:
    """Prior counts of the answers (rows) to the tasks of each class (columns), (n_class, n_class)."""
    return np.where(np.eye(n_class, dtype=bool), float(right), float(wrong))


def count_answers(answers_of_worker, posterior, n_class):
    """The expected answers k of each worker to the tasks of each class c, (n_worker, n_class, n_column), axes j, k, c.

    Column c of the posterior (n_task, n_column) is a class, or a part of one.
    """
    return (answers_of_worker @ posterior).reshape(-1, n_class, posterior.shape[1])


def learn_confusion(count, prior):
    """E log pi^j_{c, k} as (n_worker * n_class, n_column), and the divergence from the prior of all pi^j_c.

    `count` is what `count_answers` returns; the prior is alike for each worker, (n_class, n_column).
    """
    log_confusion, divergence = dirichlet(prior, count, axis=1)
    return log_confusion.reshape(-1, prior.shape[1]), divergence


def mean_confusion(count, prior) -> np.ndarray:
    """E pi^j_{c, k} as (n_worker, n_column, n_class), from what `learn_confusion` takes."""
    count = prior + count
    return (count / count.sum(axis=1, keepdims=True)).transpose(0, 2, 1)


def dirichlet(prior, count, axis):
    """Of q = Dirichlet(prior + count), along an axis: E log, shaped as count, and the sum of all KL(q | prior)."""
    updated = prior + count
    total = updated.sum(axis=axis, keepdims=True)
    expected_log = digamma(updated) - digamma(total)
    repeats = count.size // np.size(prior)
    prior_total = prior.sum(axis=axis - count.ndim)
    log_normaliser = gammaln(total).sum() - gammaln(updated).sum()
    prior_log_normaliser = repeats * (gammaln(prior_total).sum() - gammaln(prior).sum())
    return expected_log, log_normaliser - prior_log_normaliser + (count * expected_log).sum()
