"""Dawid and Skene's model: each worker has a confusion matrix (Dawid and Skene, 1979; thesis, Algorithm 1)."""

from dataclasses import dataclass

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.steps.dawid_skene_full import FullModel
from benchmark_utils.strategies.steps.dawid_skene_voted import VotedModel
from benchmark_utils.strategies.steps.em import stands_still
from benchmark_utils.strategies.steps.known import check_known
from benchmark_utils.strategies.steps.spectral_start import spectral_start
from benchmark_utils.votes import Votes


@dataclass
class DawidSkene:
    """Maximum likelihood by EM.

    A task has class l with probability rho_l, and worker j then answers k with probability pi^j_lk. With T_il the
    posterior probability that task i has class l, an iteration is

        E:  T_il    proportional to rho_l prod_j pi^j_{l, y_ij}                              (thesis, eq. 1.12)
        M:  pi^j_lk = sum_i T_il 1(y_ij = k) / sum_k' sum_i T_il 1(y_ij = k')                (eq. 1.9 and 1.11)
            rho_l   = mean_i T_il                                                            (eq. 1.10)

    in log space. The log-likelihood never decreases; EM has converged when it changes by at most `tol`.

    Parameters
    ----------
    smoothing : float
        Added to each count of the numerator of pi (and so K times to its denominator): rows of pi have the prior
        Dirichlet(1 + smoothing), and its log density, up to a constant, joins the objective. "Learning from crowds"
        (LFC; Raykar et al., JMLR 11, 2010) is this model with such a prior; the programs that are published under
        its name, as the survey's (Zheng et al., 2017), have none, and are `DawidSkene()`.
    support : "full" or "voted"
        "voted" confines T_i to the classes that task i received. Its memory is in the number of votes.
    start : "majority" or "spectral"
        The naive soft labels; or parameters from moments of the votes, which need not agree with the majority, where
        the votes are enough for that, for `support="full"` (see `steps/spectral_start`).
    """

    smoothing: float = 0.0
    support: str = "full"
    start: str = "majority"

    def fit(self, votes: Votes, n_iter=1000, tol=1e-3, seed=0, known=None, start=None) -> Aggregation:
        """EM on the votes.

        Parameters
        ----------
        votes : Votes
        n_iter : int
            Iterations at most; 0 gives the start.
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
            T as soft labels; the log-likelihood of each iteration, of the known classes too, as history; the mean
            diagonal of pi^j as worker score; parameters `confusion` (n_worker, n_class, n_class), rows by true class,
            zero where a worker met no task of it (for `support="voted"` see there), and `prevalence` (n_class,). The
            note says why the spectral start was not possible, if it was not.

        Raises
        ------
        VotesError
            `known` of another length, or not a class; a `start` of another strategy, another number of classes, or
            more workers.
        """
        return last(self.iterate(votes, tol, seed, known, start), n_iter)

    def iterate(self, votes: Votes, tol=1e-3, seed=0, known=None, start=None):
        """The points of `fit`: the start, and each iteration until EM has converged."""
        model = self.model(votes, known)
        posterior, note = self.start_of(model, votes, start)
        parameters = model.maximise(posterior)
        history, converged = [], False
        while True:
            yield Point(history, converged, self.answer, model, posterior, parameters, seed, note)
            if converged:
                return
            posterior, log_evidence = model.expect(parameters)
            history.append(log_evidence.sum() + model.log_prior(parameters))
            parameters = model.maximise(posterior)
            converged = stands_still(history, tol)

    def answer(self, model, posterior, parameters, seed, note=""):
        """The result of these soft labels and parameters."""
        labels, soft = model.labels(posterior, seed), model.soft(posterior)
        return Aggregation(labels, soft=soft, note=note, **model.describe(parameters))

    def start_of(self, model, votes, start=None):
        """The posterior of the start, and what there is to say about it."""
        if start is not None:
            return model.expect(model.grown(start))[0], ""
        if self.start not in ("majority", "spectral"):
            raise ValueError(f"start is {self.start!r}: it is 'majority' or 'spectral'")
        if self.start == "majority":
            return model.start(), ""
        if self.support == "voted":
            raise ValueError("the spectral start needs support='full'")
        log_confusion, log_prevalence, reason = spectral_start(votes)
        return (model.start(), reason) if reason else (model.expect((log_confusion, log_prevalence))[0], "")

    def model(self, votes, known=None):
        """The steps of EM for this support, with the tasks whose class is known."""
        if self.support not in ("full", "voted"):
            raise ValueError(f"support is {self.support!r}: it is 'full' or 'voted'")
        return (FullModel if self.support == "full" else VotedModel)(votes, self.smoothing, check_known(known, votes))

    def bytes_needed(self, votes: Votes) -> int:
        """Memory of the confusion matrices, the posterior and the votes, with the copies that an iteration makes."""
        if self.support == "voted":
            return VotedModel.bytes_needed(votes)
        cells = 4 * votes.n_worker * votes.n_class**2 + 4 * votes.n_task * votes.n_class + 6 * votes.n_votes
        if self.start == "spectral":
            cells += 6 * votes.n_class**3 + votes.n_task * votes.n_class * (votes.n_class + 6)
        return 8 * cells
