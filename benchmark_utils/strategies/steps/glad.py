"""The E- and M-step of GLAD, with x_ij = alpha_j beta_i and b = log beta: see `glad`."""

import numpy as np
from scipy.special import expit

from benchmark_utils.strategies.steps.known import check_known, clamp_posterior, labels_and_soft
from benchmark_utils.strategies.steps.pairs import Pairs
from benchmark_utils.strategies.steps.voted_posterior import posterior_of_coins
from benchmark_utils.votes import Votes

_HALVINGS = 12


class Steps:
    """Steps over alpha (n_worker,) and b (n_task,)."""

    def __init__(self, votes: Votes, known):
        self.votes, self.known, self.pairs = votes, check_known(known, votes), Pairs(votes)

    def prior_difficulties(self):
        """b at the mean of its prior."""
        return np.ones(self.votes.n_task)

    def expect(self, alpha, b):
        """T, and log p(votes, known, alpha, b)."""
        votes = self.votes
        coins = log_probabilities(log_odds(alpha, b, votes), votes.n_class)
        posterior, log_likelihood = posterior_of_coins(self.pairs, *coins, np.full(votes.n_class, 1 / votes.n_class))
        posterior, log_known = clamp_posterior(posterior, self.known)
        return posterior, log_likelihood + log_known - distances(alpha).sum() / 2 - distances(b).sum() / 2

    def right(self, posterior):
        """p_ij, (n_votes,)."""
        return posterior.voted.take(self.pairs.of_vote)

    def climb_abilities(self, alpha, b, p):
        """One Newton step for each alpha_j."""
        votes, beta = self.votes, np.exp(b).take(self.votes.task)
        return climb(alpha, votes.worker, p, lambda alpha: beta * alpha.take(votes.worker), lambda x: beta)

    def climb_difficulties(self, alpha, b, p):
        """One Newton step for each b_i."""
        return climb_difficulties(alpha, b, self.votes, p)

    def answer(self, posterior, b, seed):
        """Labels, soft labels, beta and 1 / beta."""
        return *labels_and_soft(posterior, self.known, seed), np.exp(b), np.exp(-b)


def log_odds(alpha, b, votes):
    """x of each vote."""
    return alpha.take(votes.worker) * np.exp(b).take(votes.task)


def log_probabilities(x, n_class):
    """log p(vote | its label is the true class), log p(vote | the true class is another), (n_votes,) each."""
    wrong = -softplus(x)  # log(1 - sigmoid(x)), and log sigmoid(x) = x + wrong
    return x + wrong, wrong - np.log(max(n_class - 1, 1))


def distances(theta):
    """From the mean of the prior, squared."""
    return (theta - 1) ** 2


def climb_difficulties(alpha, b, votes, p):
    """One Newton step for each b_i: x_ij has the slope x_ij."""
    ability = alpha.take(votes.worker)
    return climb(b, votes.task, p, lambda b: ability * np.exp(b).take(votes.task), lambda x: x)


def climb(theta, owner, p, log_odds, slope):
    """One Newton step for each theta, its votes being those of `owner`.

    `log_odds(theta)` is x, the log-odds that each vote is right, and `slope(x)` is dx / dtheta.
    """

    def total(per_vote):
        return np.bincount(owner, per_vote, len(theta))

    def sums(theta):
        x = log_odds(theta)
        return map(total, derivatives(x, slope(x), p))

    return newton_step(theta, sums, lambda theta: total(gain(log_odds(theta), p)))


def newton_step(theta, sums, gains):
    """One safeguarded Newton step for each theta, whose part of Q is its gain - (theta - 1)^2 / 2.

    `gains(theta)` is that of its votes, and `sums(theta)` has the gain and its first and second derivatives.
    """
    gain, gradient, curvature = sums(theta)
    before = gain - distances(theta) / 2
    gradient -= theta - 1
    curvature += 1
    step = np.clip(gradient / curvature, -1, 1)
    for _ in range(_HALVINGS):
        falls = gains(theta + step) - distances(theta + step) / 2 < before - 1e-12 * np.abs(before)
        if not falls.any():
            return theta + step
        step[falls] /= 2
    step[falls] = 0
    return theta + step


def gain(x, p):
    """What each vote adds to Q."""
    return p * x - softplus(x)


def derivatives(x, dx, p):
    """The gain of each vote, its derivative, and minus the expected second one, one after another."""
    yield gain(x, p)
    right = expit(x)
    yield (p - right) * dx
    yield right * (1 - right) * dx**2


def softplus(x):
    """log(1 + e^x)."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
