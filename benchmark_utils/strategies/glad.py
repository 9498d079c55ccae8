"""GLAD: abilities of workers and difficulties of tasks (Whitehill et al., 2009; thesis, section 1.2.3)."""

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.steps.continued import grown_values, old_parameters
from benchmark_utils.strategies.steps.em import stands_still
from benchmark_utils.strategies.steps.glad import Steps
from benchmark_utils.votes import Votes

_M_STEPS = 3  # Newton steps for the abilities and for the difficulties in one M-step


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
        model = self.model(votes, known)
        alpha, b = np.ones(votes.n_worker), model.prior_difficulties()
        if start is not None:
            alpha = grown_values(*old_parameters(start, votes, "ability"), 1, votes)
        posterior, _ = model.expect(alpha, b)
        if start is not None:  # the M-step begins with the abilities, and would learn them from the prior's b
            p = model.right(posterior)
            for _ in range(_M_STEPS):
                b = model.climb_difficulties(alpha, b, p)
        history, converged = [], False
        while True:
            yield Point(history, converged, self._answer, model, posterior, alpha, b, seed)
            if converged:
                return
            p = model.right(posterior)
            for _ in range(_M_STEPS):
                alpha = model.climb_abilities(alpha, b, p)
                b = model.climb_difficulties(alpha, b, p)
            posterior, objective = model.expect(alpha, b)
            history.append(objective)
            converged = stands_still(history, tol)

    def _answer(self, model, posterior, alpha, b, seed):
        labels, soft, easiness, difficulty = model.answer(posterior, b, seed)
        return Aggregation(
            labels,
            soft=soft,
            worker_score=alpha,
            task_score=easiness,
            parameters={"ability": alpha, "difficulty": difficulty},
        )

    def model(self, votes, known):
        """The steps over the votes."""
        return Steps(votes, known)
