"""GLAD: abilities of workers and difficulties of tasks (Whitehill et al., 2009; thesis, section 1.2.3)."""

import numpy as np
from scipy.special import expit

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.steps.continued import grown_values, old_parameters
from benchmark_utils.strategies.steps.em import stands_still
from benchmark_utils.strategies.steps.known import check_known, clamp_labels, clamp_posterior, clamp_soft
from benchmark_utils.strategies.steps.voted_posterior import Pairs, posterior_of_coins
from benchmark_utils.votes import Votes

_M_STEPS = 3  # Newton steps for the abilities and for the difficulties in one M-step
_HALVINGS = 12


class GLAD:
    """Maximum a posteriori by EM.

    Worker j of ability alpha_j is right about task i of easiness beta_i with probability sigmoid(alpha_j beta_i), and
    errs towards any other class alike; classes are equally likely beforehand. The priors, those of the authors'
    program, are alpha_j ~ N(1, 1) and b_i = log beta_i ~ N(1, 1). With T the posterior and p_ij = T_i,y_ij,
    x_ij = alpha_j beta_i, an iteration is

        E:  T_ik  proportional to prod_j sigmoid(x_ij)^1(y_ij = k) ((1 - sigmoid(x_ij)) / (K - 1))^1(y_ij != k)
        M:  Q = sum_ij [p_ij x_ij - log(1 + e^x_ij)] - sum_j (alpha_j - 1)^2 / 2 - sum_i (b_i - 1)^2 / 2, uphill by
            dQ/dalpha_j = sum_i (p_ij - sigmoid(x_ij)) beta_i - (alpha_j - 1)
            dQ/db_i     = sum_j (p_ij - sigmoid(x_ij)) x_ij   - (b_i - 1)

    Given the other, each ability and each difficulty has a Q of its own. The M-step takes Newton steps (for b with
    the expected curvature) in turn, a step being halved where its part of Q would fall: so log p(votes, alpha, b)
    never decreases. EM has converged when it changes by at most `tol`.

    J. Whitehill et al., "Whose vote should count more", NeurIPS (2009).
    """

    def fit(self, votes: Votes, n_iter=1000, tol=1e-3, seed=0, known=None, start=None) -> Aggregation:
        """EM on the votes, in memory and time of the number of votes for any K.

        Parameters
        ----------
        votes : Votes
        n_iter : int
            Rounds of M- and E-step at most; 0 gives the start, where alpha and b are the mean of their prior.
        tol : float
            Change of the objective, in nats, at which EM has converged.
        seed : int
            Breaks ties of the hard labels.
        known : int, (n_task,), optional
            The true class of tasks where it is known, else -1. Their T is fixed.
        start : Aggregation, optional
            An older result of this strategy, whose worker j and class k are those of the votes. The first posterior is
            an E-step under its abilities; a new worker has their mean by votes. Tasks are not matched, so b is there
            the mean of its prior, and is then learnt before the first M-step.

        Returns
        -------
        Aggregation
            T as soft labels; log p(votes, known, alpha, b) after each round, without the constant of the priors, as
            history; alpha as worker score, beta as task score; parameters `ability` alpha (n_worker,) and `difficulty`
            1/beta (n_task,).

        Raises
        ------
        VotesError
            `known` of another length, or not a class; a `start` of another strategy, another number of classes, or
            more workers.
        """
        return last(self.iterate(votes, tol, seed, known, start), n_iter)

    def iterate(self, votes: Votes, tol=1e-3, seed=0, known=None, start=None):
        """The points of `fit`: the start, and each iteration until it has converged."""
        known = check_known(known, votes)
        pairs = Pairs(votes)
        alpha, b = np.ones(votes.n_worker), np.ones(votes.n_task)
        if start is not None:
            alpha = grown_values(*old_parameters(start, votes, "ability"), 1, votes)
        posterior, _ = self._expect(votes, pairs, alpha, b, known)
        if start is not None:  # the M-step begins with the abilities, and would learn them from the prior's b
            for _ in range(_M_STEPS):
                b = climb_difficulties(alpha, b, votes, posterior.voted.take(pairs.of_vote))
        history, converged = [], False
        while True:
            yield Point(history, converged, self._answer, posterior, alpha, b, known, seed)
            if converged:
                return
            alpha, b = self._maximise(votes, posterior.voted.take(pairs.of_vote), alpha, b)
            posterior, objective = self._expect(votes, pairs, alpha, b, known)
            history.append(objective)
            converged = stands_still(history, tol)

    def _answer(self, posterior, alpha, b, known, seed):
        labels = posterior.labels(seed)
        return Aggregation(
            clamp_labels(labels, known),
            soft=clamp_soft(posterior.soft(labels), known),
            worker_score=alpha,
            task_score=np.exp(b),
            parameters={"ability": alpha, "difficulty": np.exp(-b)},
        )

    def _expect(self, votes, pairs, alpha, b, known):
        x = alpha.take(votes.worker) * np.exp(b).take(votes.task)
        wrong = -_softplus(x)  # log(1 - sigmoid(x)), and log sigmoid(x) = x + wrong
        posterior, log_likelihood = posterior_of_coins(
            pairs, x + wrong, wrong - np.log(max(votes.n_class - 1, 1)), np.full(votes.n_class, 1 / votes.n_class)
        )
        posterior, log_known = clamp_posterior(posterior, known)
        return posterior, log_likelihood + log_known - ((alpha - 1) ** 2).sum() / 2 - ((b - 1) ** 2).sum() / 2

    def _maximise(self, votes, p, alpha, b):
        for _ in range(_M_STEPS):
            alpha = climb_abilities(alpha, b, votes, p)
            b = climb_difficulties(alpha, b, votes, p)
        return alpha, b


def climb_abilities(alpha, b, votes, p):
    """One Newton step for each alpha_j: x_ij = alpha_j beta_i has the slope beta_i."""
    beta = np.exp(b).take(votes.task)
    return climb(alpha, votes.worker, p, lambda alpha: beta * alpha.take(votes.worker), lambda x: beta)


def climb_difficulties(alpha, b, votes, p):
    """One Newton step for each b_i = log beta_i: x_ij has the slope x_ij."""
    ability = alpha.take(votes.worker)
    return climb(b, votes.task, p, lambda b: ability * np.exp(b).take(votes.task), lambda x: x)


def climb(theta, owner, p, log_odds, slope):
    """One safeguarded Newton step for each theta, its votes being those of `owner`.

    `log_odds(theta)` is x, the log-odds that each vote is right, and `slope(x)` is dx / dtheta.
    """

    def total(per_vote):
        return np.bincount(owner, per_vote, len(theta))

    def objective(theta, x):
        return total(p * x - _softplus(x)) - (theta - 1) ** 2 / 2

    x = log_odds(theta)
    right = expit(x)
    dx = slope(x)
    gradient = total((p - right) * dx) - (theta - 1)
    curvature = total(right * (1 - right) * dx**2) + 1
    step = np.clip(gradient / curvature, -1, 1)
    before = objective(theta, x)
    for _ in range(_HALVINGS):
        x = log_odds(theta + step)
        falls = objective(theta + step, x) < before - 1e-12 * np.abs(before)
        if not falls.any():
            return theta + step
        step[falls] /= 2
    step[falls] = 0
    return theta + step


def _softplus(x):
    """log(1 + e^x)."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
