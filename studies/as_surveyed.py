"""Dawid-Skene and GLAD as in the programs of the survey (Zheng et al., PVLDB 2017), where these differ from ours.

They are here to tell what a difference between the survey's figures and ours comes from: `studies/known_share.py`.
Both are dense, for small crowds. Written from what those programs do, not from their text.
"""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.steps.known import check_known, clamp_labels
from benchmark_utils.votes import Votes, hard_labels

_LEAST = 1e-300  # the logarithm of no probability


class SurveyedDawidSkene:
    """Dawid and Skene's EM, from confusion matrices instead of the majority: 20 rounds of E- and M-step, no more.

    At the start every worker is right with probability 0.7, all errors are as likely, and so are all classes. A row of
    a matrix about which a worker said nothing is as at the start.
    """

    rounds, quality = 20, 0.7

    def fit(self, votes: Votes, seed=0, known=None) -> Aggregation:
        known, n_class = check_known(known, votes), votes.n_class
        right = np.eye(n_class)
        start = self.quality * right + (1 - self.quality) / (n_class - 1) * (1 - right)
        confusion, prevalence = np.tile(start, (votes.n_worker, 1, 1)), np.full(n_class, 1 / n_class)
        for _ in range(self.rounds):
            said = np.log(np.maximum(confusion[votes.worker, :, votes.label], _LEAST))
            posterior = _posterior(votes, said, prevalence, known)
            prevalence = posterior.mean(axis=0)
            count = np.zeros((votes.n_worker, n_class, n_class))
            np.add.at(count, (votes.worker, slice(None), votes.label), posterior[votes.task])
            total = count.sum(axis=2, keepdims=True)
            confusion = np.where(total > 0, count / np.maximum(total, _LEAST), start)
        return _result(votes, posterior, known, seed)


class SurveyedGLAD:
    """GLAD without its prior: the program takes the current estimate for the mean of the prior, which so pulls nowhere.

    Its M-step is 25 steps of conjugate gradients at most. EM ends when log p changes by a 10,000th of its value.
    """

    steps, tolerance, most_rounds = 25, 1e-4, 100

    def fit(self, votes: Votes, seed=0, known=None) -> Aggregation:
        known, n_worker = check_known(known, votes), votes.n_worker
        x, value = np.ones(n_worker + votes.n_task), None  # ability, log easiness
        for _ in range(self.most_rounds):
            posterior = self._expect(votes, x, known)
            p = posterior[votes.task, votes.label]
            before = -loss(x, votes, p)[0] if value is None else value
            options = dict(maxiter=self.steps)
            x = minimize(loss, x, (votes, p), method="CG", jac=True, tol=0.01, options=options).x
            value = -loss(x, votes, p)[0]
            if abs((value - before) / before) < self.tolerance:
                break
        return _result(votes, posterior, known, seed)

    @staticmethod
    def _expect(votes, x, known):
        odds = x[votes.worker] * np.exp(x[votes.n_worker + votes.task])
        said = np.tile(log_expit(-odds)[:, None] - np.log(votes.n_class - 1), (1, votes.n_class))
        said[np.arange(votes.n_votes), votes.label] = log_expit(odds)
        return _posterior(votes, said, np.full(votes.n_class, 1 / votes.n_class), known)


def loss(x, votes, p):
    """Minus the expected log-likelihood of abilities and log easiness, as the program has it, and its gradient."""
    ease = np.exp(x[votes.n_worker + votes.task])
    odds = x[votes.worker] * ease
    wrong = log_expit(-odds) - np.log(votes.n_class - 1)
    constant = votes.n_task * np.log(votes.n_class) + len(x) * np.log(2 * np.pi) / 2
    excess = p - expit(odds)
    ability = np.bincount(votes.worker, excess * ease, votes.n_worker)
    easiness = np.bincount(votes.task, excess * odds, votes.n_task)
    return constant - (p * log_expit(odds) + (1 - p) * wrong).sum(), -np.append(ability, easiness)


def _posterior(votes, said, prevalence, known):
    """p(class | votes, known), (n_task, n_class), from log p(vote | class), (n_votes, n_class)."""
    joint = np.stack([np.bincount(votes.task, column, votes.n_task) for column in said.T], axis=1)
    joint += np.log(np.maximum(prevalence, _LEAST))
    other = (known >= 0)[:, None] & (known[:, None] != np.arange(votes.n_class))
    joint[other] = -np.inf
    joint = np.exp(joint - joint.max(axis=1, keepdims=True))
    return joint / joint.sum(axis=1, keepdims=True)


def _result(votes, posterior, known, seed):
    return Aggregation(clamp_labels(hard_labels(posterior, votes.has_vote, seed), known), soft=posterior)
