"""MACE: workers who spam now and then (Hovy et al., 2013; thesis, section 3.2.2)."""

from dataclasses import dataclass

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation, Point
from benchmark_utils.strategies.steps.continued import old_parameters
from benchmark_utils.strategies.steps.em import stands_still
from benchmark_utils.strategies.steps.mace import Steps
from benchmark_utils.strategies.steps.runs import Run, SeveralRuns
from benchmark_utils.votes import Votes
from benchmark_utils.votes.counts import dense_entries


@dataclass
class MACE(SeveralRuns):
    """EM, or variational Bayes, from random starts, the best of which is kept.

    On each task worker j knows the class with probability theta_j and says it, or else spams, and says k with
    probability xi_jk; classes are equally likely beforehand. With T the posterior, an iteration is

        E:  T_ik     proportional to prod_j [theta_j 1(y_ij = k) + (1 - theta_j) xi_j,y_ij]
            known_ij = T_i,y_ij theta_j / (theta_j + (1 - theta_j) xi_j,y_ij)
        M:  theta_j  proportional to sum_i known_ij (against sum_i (1 - known_ij))
            xi_jk    proportional to sum_i (1 - known_ij) 1(y_ij = k)

    `variational=False` adds 0.01 / K to each of these counts, as the paper does, which is a prior; the objective is
    the log-likelihood plus the log of that prior. `variational=True` has the priors theta_j ~ Beta(0.5, 0.5) and
    xi_j ~ Dirichlet(10, ..., 10), E-steps with exp(E log theta) and exp(E log xi) in their place, and the evidence
    lower bound as its objective. Neither objective ever decreases.

    D. Hovy, T. Berg-Kirkpatrick, A. Vaswani, E. Hovy, "Learning whom to trust with MACE", NAACL-HLT (2013).

    Parameters
    ----------
    variational : bool
    restarts : int
        Random starts; the one that ends with the best objective is kept.
    """

    variational: bool = True
    restarts: int = 10

    def fit(self, votes: Votes, n_iter=1000, tol=1e-3, seed=0, known=None, start=None) -> Aggregation:
        """Iterations on the votes, in memory and time of the number of votes for any K.

        Parameters
        ----------
        votes : Votes
        n_iter : int
            Iterations at most of each restart; 0 gives the best random start.
        tol : float
            Change of the objective, in nats, at which a restart has converged; MACE has when every restart has.
        seed : int
            Draws the starts, and breaks ties of the hard labels.
        known : int, (n_task,), optional
            The true class of tasks where it is known, else -1. Their T is fixed.
        start : Aggregation, optional
            An older result of this strategy, whose worker j and class k are those of the votes. It is then the only
            start: the first posterior is an E-step under its theta and xi. A new worker has the means of the old ones
            by their votes, and for xi by those that were spam.

        Returns
        -------
        Aggregation
            T of the best restart as soft labels; the iterations of the longest restart; the best objective of all
            restarts after each iteration as history; theta of the best as worker score; parameters `competence` theta
            (n_worker,) and `spam` xi, a csr_array (n_worker, n_class) that stores the classes the worker voted for.

        Raises
        ------
        VotesError
            `known` of another length, or not a class; a `start` of another strategy, another number of classes, or
            more workers.
        """
        return self.choose(self.runs(votes, tol, seed, known, start), n_iter).aggregation()

    def runs(self, votes: Votes, tol=1e-3, seed=0, known=None, start=None):
        """A run from each start."""
        model = self.model(votes, known)
        if start is None:
            rng = np.random.default_rng(seed)
            starts = (model.draw(rng) for _ in range(self.restarts))
        else:
            starts = [model.grown(*old_parameters(start, votes, "competence", "spam"))]
        for parameters in starts:
            yield Run(self._climb(model, parameters, tol, seed))

    def model(self, votes, known):
        """The steps over the votes."""
        return Steps(votes, self.variational, known)

    def bytes_needed(self, votes: Votes) -> int:
        """Memory of the votes, of the classes of each task and worker, of dense soft labels, and of each run's state.

        A curve holds the state of all runs, a fit holds that of the best.
        """
        n_pairs, n_cells = (min(votes.n_votes, n * votes.n_class) for n in (votes.n_task, votes.n_worker))
        fit = 6 * votes.n_votes + 4 * n_pairs + 15 * n_cells + 2 * dense_entries(votes)
        return 8 * (fit + self.restarts * (n_pairs + 2 * n_cells + votes.n_task + 2 * votes.n_worker))

    def _climb(self, model, parameters, tol, seed):
        """The points of a run: the start, and each iteration until it has converged."""
        posterior, n_known, value = model.expect(parameters)
        history, converged = [], False
        while True:
            yield Point(history, converged, self._answer, model, parameters, posterior, seed, value=value)
            if converged:
                return
            parameters = model.maximise(n_known)
            posterior, n_known, value = model.expect(parameters)
            history.append(value)
            converged = stands_still(history, tol)

    def _answer(self, model, parameters, posterior, seed):
        competence, spam = model.means(parameters)
        labels, soft = model.answer(posterior, seed)
        return Aggregation(
            labels,
            soft=soft,
            worker_score=competence,
            parameters={"competence": competence, "spam": spam},
        )
