"""The one-coin model: Dawid and Skene's with one accuracy per worker, who errs towards any other class alike."""

from dataclasses import dataclass

import numpy as np
from scipy.special import xlogy

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.steps.continued import grown_accuracy, grown_prevalence, old_parameters
from benchmark_utils.strategies.steps.em import stands_still
from benchmark_utils.strategies.steps.one_coin_posterior import DensePosterior, VotedPosterior
from benchmark_utils.votes import Votes

_CERTAIN = 1e-10  # accuracies stay this far from 0 and 1, so that two perfect workers may still disagree


@dataclass
class OneCoinDawidSkene:
    """Maximum likelihood by EM.

    A task has class k with probability rho_k; worker j then answers k with probability a_j, and any other class with
    probability (1 - a_j) / (K - 1). With T_ik the posterior probability that task i has class k, an iteration is

        E:  T_ik  proportional to rho_k prod_j a_j^1(y_ij = k) ((1 - a_j) / (K - 1))^1(y_ij != k)
        M:  a_j   = mean over j's votes of T_i,y_ij
            rho_k = mean_i T_ik

    in log space, from the naive soft labels. The log-likelihood never decreases; EM has converged when it changes by at
    most `tol`. Memory and time of an iteration are in the number of votes, for any K.

    This is Dawid and Skene's EM (Applied Statistics 28, 1979) for confusion matrices of one parameter, which is
    crowd-kit's OneCoinDawidSkene. The one-coin model of Zhang et al. (JMLR 17, 2016) has balanced classes and a
    spectral start: with `prevalence="uniform"` this is its EM, and ZenCrowd's (Demartini et al., WWW 2012) without
    its priors, from the naive soft labels.

    Parameters
    ----------
    prevalence : "estimated" or "uniform"
        "uniform" keeps rho_k = 1 / K.
    """

    prevalence: str = "estimated"

    def fit(self, votes: Votes, n_iter=1000, tol=1e-3, seed=0, known=None, start=None) -> Aggregation:
        """EM on the votes.

        Parameters
        ----------
        votes : Votes
        n_iter : int
            Iterations at most; 0 gives the start, the naive soft labels.
        tol : float
            Change of the log-likelihood, in nats, at which EM has converged.
        seed : int
            Breaks ties of the hard labels.
        known : int64, (n_task,), optional
            The class of each task whose truth is known, else -1: in every iteration T is certain of it, and it is the
            label. A known task without votes counts for the prevalence.
        start : Aggregation, optional
            An older result of this strategy, whose worker j and class k are those of the votes. The first posterior is
            an E-step under its parameters, see `steps/continued`.

        Returns
        -------
        Aggregation
            T as soft labels; the log-likelihood of each iteration, of the known classes too, as history; a_j as worker
            score; parameters `accuracy` (n_worker,), 1/K for a worker without votes, and `prevalence` (n_class,).

        Raises
        ------
        VotesError
            `known` of another length, or not a class; a `start` of another strategy, another number of classes, or
            more workers.
        """
        if self.prevalence not in ("estimated", "uniform"):
            raise ValueError(f"prevalence is {self.prevalence!r}: it is 'estimated' or 'uniform'")
        return last(self.iterate(votes, tol, seed, known, start), n_iter)

    def iterate(self, votes: Votes, tol=1e-3, seed=0, known=None, start=None):
        """The points of `fit`: the start, and each iteration until EM has converged."""
        model, n_votes = self.model(votes, known), votes.votes_per_worker
        n_other = max(votes.n_class - 1, 1)
        if start is None:
            posterior = model.start()
        else:
            accuracy, prevalence = old_parameters(start, votes, "accuracy", "prevalence")
            accuracy, prevalence = grown_accuracy(accuracy, votes), grown_prevalence(prevalence, votes)
            posterior, _ = model.expect(np.log(accuracy) - np.log((1 - accuracy) / n_other), prevalence)
        posterior, _ = model.clamp(posterior)
        accuracy, prevalence = self._maximise(model, posterior, n_votes)
        history, converged = [], False
        while True:
            yield Point(history, converged, self._answer, model, posterior, accuracy, prevalence, seed)
            if converged:
                return
            right, wrong = np.log(accuracy), np.log((1 - accuracy) / n_other)
            posterior, log_likelihood = model.expect(right - wrong, prevalence)
            posterior, log_known = model.clamp(posterior)
            history.append(log_likelihood + n_votes @ wrong + log_known + xlogy(model.unasked, prevalence).sum())
            accuracy, prevalence = self._maximise(model, posterior, n_votes)
            converged = stands_still(history, tol)

    def _answer(self, model, posterior, accuracy, prevalence, seed):
        labels = model.labels(posterior, seed)
        return Aggregation(
            labels,
            soft=model.soft(posterior, labels),
            worker_score=accuracy,
            parameters={"accuracy": accuracy, "prevalence": prevalence},
        )

    def model(self, votes, known):
        """The posterior's two sums and its E-step."""
        # where most classes of most tasks were voted for, a dense posterior is the quicker form of the same
        form = DensePosterior if votes.n_task * votes.n_class <= votes.n_votes else VotedPosterior
        return form(votes, known)

    def _maximise(self, model, posterior, n_votes):
        """The M-step: accuracy (n_worker,), 1/K without votes, and prevalence (n_class,)."""
        n_right, total = model.n_right(posterior), model.class_totals(posterior) + model.unseen
        accuracy = np.where(n_votes > 0, n_right / np.maximum(n_votes, 1), 1 / len(total))
        prevalence = total / total.sum() if self.prevalence == "estimated" else np.full(len(total), 1 / len(total))
        return np.clip(accuracy, _CERTAIN, 1 - _CERTAIN), prevalence
