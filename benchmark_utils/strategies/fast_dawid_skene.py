"""FDS: Dawid and Skene's model with hard labels inside EM (Sinha, Rao and Balasubramanian, 2018)."""

from dataclasses import dataclass

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.votes import Votes


@dataclass
class FastDawidSkene(DawidSkene):
    """EM whose E-step gives all of T_i to the most probable class; it stops when the labels stand still.

    From the majority vote on, an iteration is, with Dawid and Skene's rho and pi,

        E:  label_i = argmax_l rho_l prod_j pi^j_{l, y_ij},  T_il = 1(label_i = l)
        M:  pi, rho as there

    which never lowers the classification log-likelihood sum_i log p(votes of i, label_i). The hybrid form runs Dawid
    and Skene's own iterations, from the naive soft labels, until no rho_l moves by `threshold` or more; then hard ones.

    V. B. Sinha, S. Rao, V. N. Balasubramanian, "Fast Dawid-Skene", arXiv:1803.02781.

    Parameters
    ----------
    smoothing, support
        As in DawidSkene.
    hybrid : bool
    threshold : float
        Largest absolute change of rho at which the hybrid turns hard.
    """

    hybrid: bool = False
    threshold: float = 0.005

    def fit(self, votes: Votes, n_iter=1000, tol=0.0, seed=0, known=None, start=None) -> Aggregation:
        """Hard EM on the votes.

        Parameters
        ----------
        votes : Votes
        n_iter : int
            Iterations at most, soft ones of the hybrid included; 0 gives the start.
        tol : float
            Share of the labels that may still change in the last iteration.
        seed : int
            Breaks ties.
        known, start
            As in DawidSkene.

        Returns
        -------
        Aggregation
            p(class | votes) under the last rho and pi as soft labels; as history the classification log-likelihood of
            each iteration, with the prior where there is smoothing; worker score and parameters as in DawidSkene.
        """
        return last(self.iterate(votes, tol, seed, known, start), n_iter)

    def iterate(self, votes: Votes, tol=0.0, seed=0, known=None, start=None):
        """The points of `fit`: the start, and each iteration until the labels stand still."""
        model = self.model(votes, known)
        hard, history, converged = not self.hybrid, [], False
        posterior = model.start() if start is None else model.expect(model.grown(start))[0]
        labels, _, parameters = self.classify(model, posterior, None, seed, hard)
        while True:
            yield Point(history, converged, self.answer_of_labels, labels, model, posterior, parameters)
            if converged:
                return
            posterior, log_evidence = model.expect(parameters)
            found, likelihood, following = self.classify(model, posterior, log_evidence, seed, hard)
            history.append(likelihood + model.log_prior(parameters))
            converged = hard and bool(self.share_changed(found, labels, votes) <= tol)
            hard = hard or np.abs(np.exp(following[1]) - np.exp(parameters[1])).max() < self.threshold
            labels, parameters = found, following

    def classify(self, model, posterior, log_evidence, seed, hard):
        """The labels of an E-step, log p(votes, labels), and the M-step, which takes them for certain if `hard`.

        Of the start, which has no evidence, nobody asks for the second.
        """
        labels, log_joint = model.labels(posterior, seed), None
        if log_evidence is not None:
            log_joint = log_evidence.sum() + np.log(model.highest(posterior)).sum()
        return labels, log_joint, model.maximise(model.certain(labels) if hard else posterior)

    def share_changed(self, labels, before, votes):
        return np.mean(labels != before)

    def answer_of_labels(self, labels, model, posterior, parameters):
        return Aggregation(labels, soft=model.soft(posterior), **model.describe(parameters))
