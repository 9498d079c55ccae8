"""ZC: ZenCrowd's model of workers, one reliability each (Demartini, Difallah and Cudre-Mauroux, 2012)."""

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.steps.continued import grown_accuracy, old_parameters
from benchmark_utils.strategies.steps.em import stands_still
from benchmark_utils.strategies.steps.one_coin_posterior import DensePosterior, VotedPosterior
from benchmark_utils.votes import Votes

_START = 0.8  # the survey's; from 0.6 on bluebirds, dog, face and cf_amt the accuracies are the same
_CERTAIN = 1e-10  # reliabilities stay this far from 0 and 1, so that two perfect workers may still disagree


class ZC:
    """Maximum likelihood by EM, all classes equally frequent, started from reliabilities.

    Worker j answers right with probability a_j, and with any other class with probability (1 - a_j) / (K - 1). With
    T_ik the posterior probability that task i has class k, from a_j = 0.8 for all workers, an iteration is

        E:  T_ik  proportional to prod_j a_j^1(y_ij = k) ((1 - a_j) / (K - 1))^1(y_ij != k)
        M:  a_j   = mean over j's votes of T_i,y_ij

    in log space. It is `OneCoinDS` with two differences: the prevalence of classes is not estimated, and the first
    posterior is surer than the frequencies of votes, since the start believes the workers. On bluebirds this is worth
    0.72 against 0.58. Where a class is rare, the model sees too much of it. The log-likelihood never decreases; EM has
    converged when it changes by at most `tol`.

    Demartini et al. take the links between pages and entities into account as well; of votes alone, theirs is this
    model, as in the survey of Zheng et al. (PVLDB 10, 2017), whose start it has.

    G. Demartini, D. E. Difallah and P. Cudre-Mauroux, "ZenCrowd: leveraging probabilistic reasoning and crowdsourcing
    techniques for large-scale entity linking", WWW (2012).
    """

    def fit(self, votes: Votes, n_iter=1000, tol=1e-3, seed=0, known=None, start=None) -> Aggregation:
        """EM on the votes.

        Parameters
        ----------
        votes : Votes
        n_iter : int
            Iterations at most; 0 gives the start, the posterior of equally reliable workers.
        tol : float
            Change of the log-likelihood, in nats, at which EM has converged.
        seed : int
            Breaks ties of the hard labels.
        known : int, (n_task,), optional
            The true class of tasks where it is known, else -1. Their T is fixed.
        start : Aggregation, optional
            An older result of this strategy, whose worker j and class k are those of the votes. The first posterior is
            an E-step under its reliabilities, see `steps/continued`.

        Returns
        -------
        Aggregation
            T as soft labels; log p(votes, known) of each iteration as history; a_j as worker score and parameter
            `reliability` (n_worker,), 0.8 for a worker without votes.

        Raises
        ------
        VotesError
            `known` of another length, or not a class; a `start` of another strategy, another number of classes, or
            more workers.
        """
        return last(self.iterate(votes, tol, seed, known, start), n_iter)

    def iterate(self, votes: Votes, tol=1e-3, seed=0, known=None, start=None):
        """The points of `fit`: the start, and each iteration until it has converged."""
        model, n_votes = self.model(votes, known), votes.votes_per_worker
        if start is None:
            reliability = np.full(votes.n_worker, _START)
        else:
            reliability = grown_accuracy(*old_parameters(start, votes, "reliability"), votes)
        posterior, _ = _expect(model, reliability, n_votes, votes.n_class)
        history, converged = [], False
        while True:
            yield Point(history, converged, self._answer, model, posterior, reliability, seed)
            if converged:
                return
            share_right = model.n_right(posterior) / np.maximum(n_votes, 1)
            reliability = np.where(n_votes > 0, np.clip(share_right, _CERTAIN, 1 - _CERTAIN), _START)
            posterior, log_likelihood = _expect(model, reliability, n_votes, votes.n_class)
            history.append(log_likelihood)
            converged = stands_still(history, tol)

    def model(self, votes, known):
        """The posterior's sum by worker and its E-step."""
        # where most classes of most tasks were voted for, a dense posterior is the quicker form of the same
        form = DensePosterior if votes.n_task * votes.n_class <= votes.n_votes else VotedPosterior
        return form(votes, known)

    def _answer(self, model, posterior, reliability, seed):
        labels = model.labels(posterior, seed)
        return Aggregation(
            labels,
            soft=model.soft(posterior, labels),
            worker_score=reliability,
            parameters={"reliability": reliability},
        )


def _expect(model, reliability, n_votes, n_class):
    """The E-step: T and log p(votes, known)."""
    right, wrong = np.log(reliability), np.log((1 - reliability) / max(n_class - 1, 1))
    posterior, log_likelihood = model.expect(right - wrong, np.full(n_class, 1 / n_class))
    posterior, log_known = model.clamp(posterior)
    return posterior, log_likelihood + n_votes @ wrong + log_known
