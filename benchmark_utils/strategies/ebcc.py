"""EBCC: enhanced Bayesian classifier combination, workers that correlate within a class (Li et al., ICML 2019)."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation, Point
from benchmark_utils.strategies.steps.confusion import (
    answer_matrix,
    confusion_prior,
    count_answers,
    dirichlet,
    learn_confusion,
    mean_confusion,
)
from benchmark_utils.strategies.steps.continued import grown_rows, log_likelihoods, old_parameters
from benchmark_utils.strategies.steps.em import class_totals, softmax, stands_still
from benchmark_utils.strategies.steps.known import confine, start_from
from benchmark_utils.strategies.steps.runs import Run, SeveralRuns, best
from benchmark_utils.votes import Votes, VotesError, hard_labels, normalise


@dataclass
class EBCC(SeveralRuns):
    """iBCC whose classes have subtypes, `groups` of them, on each of which a worker has another confusion row.

    A task of class k is of subtype m with probability tau_km, and worker j then answers with pi^j_km: workers who err
    on the same subtypes correlate. Priors tau_k ~ Dirichlet(subtype), pi^j_km ~ Dirichlet(beta_k) as in iBCC, and
    rho ~ Dirichlet(alpha) where alpha_k is the naive soft count of class k (the paper's empirical prior). Mean field
    over R_ikm = q(z_i = k, g_i = m), rho, tau and pi, by turns:

        q(pi^j_km) = Dirichlet(beta_k + sum_i R_ikm y_ij)
        q(tau_k) = Dirichlet(subtype + sum_i R_ik),   q(rho) = Dirichlet(alpha + sum_im R_i.m)
        R_ikm proportional to exp(E log rho_k + E log tau_km + sum_j E log pi^j_{km, y_ij})

    Each raises the evidence lower bound; a start has converged when the bound changes by at most `tol`, and EBCC when
    every start has. A start is the naive soft labels with each task's share of a class split over the subtypes by
    Dirichlet(1), and of `restarts` starts the one with the highest bound counts. The first start leaves every class
    whole, which is iBCC's: so the bound is never below the one to which iBCC's start leads.

    Attributes
    ----------
    groups, restarts : int
        10 and 40 in the paper.
    right, wrong : float
        Prior counts of a right answer and of each wrong answer, 4 and 1 in the paper.
    subtype : float
        Prior count of each subtype, a_pi / groups in the authors' program, where a_pi = 0.1.
    """

    slow_above = 50_000  # votes; 40 starts take 14 s on 27,746 of them (sp) and four minutes on 97,164 (s_rel)

    groups: int = 10
    restarts: int = 40
    right: float = 4.0
    wrong: float = 1.0
    subtype: float = 0.01

    def fit(self, votes: Votes, n_iter=1000, tol=1e-3, seed=0, known=None, start=None) -> Aggregation:
        """Variational Bayes: `n_iter` iterations at most of each start, 0 gives the start; the seed draws the starts.

        Parameters
        ----------
        known : int64, (n_task,), optional
            As in DawidSkene. A known task is certain of its class, and alpha counts it so; its subtype is inferred.
        start : Aggregation, optional
            As in DawidSkene. It is then the only start.

        Returns
        -------
        Aggregation
            sum_m R_ikm of the best start as soft labels; the iterations of the longest start; the highest bound of all
            starts after each iteration as history; the mean over classes of E sum_m tau_km pi^j_{km, k} as worker
            score; parameters, all posterior means: `subtype_confusion` (n_worker, n_class, groups, n_class),
            `subtypes`, tau (n_class, groups), `prevalence` (n_class,); and the bounds `restart_bounds` (restarts,).
        """
        return self.choose(self.runs(votes, tol, seed, known, start), n_iter).aggregation()

    def runs(self, votes: Votes, tol=1e-3, seed=0, known=None, start=None):
        """A run from each start."""
        model = _Model(votes, known, self)
        if start is None:
            starts = [partial(model.start, seed, restart) for restart in range(self.restarts)]
        else:
            starts = [partial(model.continued, start)]
        for begin in starts:
            yield Run(self._climb(model, begin, tol, seed))

    def choose(self, runs, n_iter) -> Point:
        """The start with the highest bound; before any iteration the first counts."""
        return best((run.reach(n_iter) for run in runs), "restart_bounds")

    def _climb(self, model, begin, tol, seed):
        """The points of a run: the start, and each iteration until its bound stands still."""
        joint, history, converged = begin(), [], False
        while True:
            yield Point(history, converged, model.answer, joint, seed)
            if converged:
                return
            joint, bound = model.iterate(joint)
            history.append(bound)
            converged = stands_still(history, tol)

    def bytes_needed(self, votes: Votes) -> int:
        """Memory of the confusion rows, of R and of the votes, with an iteration's copies, and of the R of each start.

        A curve holds the R of all starts, a fit holds that of the best.
        """
        cells = self.groups * votes.n_class * (5 * votes.n_worker * votes.n_class + (6 + self.restarts) * votes.n_task)
        return 8 * (cells + 6 * votes.n_votes)


class _Model:
    """The steps of EBCC over the votes, from R (n_task, n_class * groups) to the next."""

    def __init__(self, votes: Votes, known, options: EBCC):
        self.votes, self.groups, self.subtype = votes, options.groups, options.subtype
        self.naive, self.cells, self.has_class = start_from(votes, known)
        self.answers = answer_matrix(votes)
        self.answers_of_worker = self.answers.T.tocsr()
        self.prior = np.repeat(confusion_prior(votes.n_class, options.right, options.wrong), self.groups, axis=1)
        self.alpha = np.maximum(class_totals(self.naive), 1e-3)  # a Dirichlet needs more than 0 where nobody votes

    def start(self, seed, restart):
        """R of a start: classes split at random over their subtypes, or in the first start whole."""
        split = np.zeros((*self.naive.shape, self.groups))
        if restart == 0:
            split[:, :, 0] = 1
        else:
            rng = np.random.default_rng([seed, restart])
            rng.standard_exponential(out=split)  # exponentials over their sum are Dirichlet(1)
            split /= split.sum(axis=2, keepdims=True)
        return (self.naive[:, :, None] * split).reshape(len(self.naive), -1)

    def continued(self, start):
        """R by an E-step under pi, rho and tau of an older result."""
        names = ("subtype_confusion", "subtypes", "prevalence")
        confusion, subtypes, prevalence = old_parameters(start, self.votes, *names)
        if subtypes.shape[1] != self.groups:
            raise VotesError(f"start has {subtypes.shape[1]} subtypes of a class: continue with EBCC(groups=...) of it")
        of_subtype = (prevalence[:, None] * subtypes).ravel()
        rows = grown_rows(confusion.reshape(len(confusion), -1, self.votes.n_class), of_subtype, self.votes)
        joint, _ = self.expect(log_likelihoods(rows), np.log(of_subtype))
        return joint

    def iterate(self, joint):
        """R and the bound after one more iteration."""
        log_confusion, confusion_divergence = learn_confusion(self.count(joint), self.prior)
        log_prior, prior_divergence = self.learn_prior(joint)
        joint, log_evidence = self.expect(log_confusion, log_prior)
        return joint, log_evidence.sum() - confusion_divergence - prior_divergence

    def count(self, joint):
        return count_answers(self.answers_of_worker, joint, self.votes.n_class)

    def expect(self, log_confusion, log_prior):
        by_subtype = (self.answers @ log_confusion).reshape(self.votes.n_task, self.votes.n_class, self.groups)
        log_likelihood = confine(by_subtype, self.cells).reshape(self.votes.n_task, -1)
        return softmax(log_likelihood, log_prior, self.has_class)

    def learn_prior(self, joint):
        """E log rho_k tau_km (n_class * groups,), and the divergence of rho and tau from their priors."""
        count = class_totals(joint).reshape(-1, self.groups)
        log_subtypes, subtype_divergence = dirichlet(np.full(self.groups, self.subtype), count, axis=1)
        log_prevalence, prevalence_divergence = dirichlet(self.alpha, count.sum(axis=1), axis=0)
        return (log_prevalence[:, None] + log_subtypes).ravel(), subtype_divergence + prevalence_divergence

    def answer(self, joint, seed):
        """The result of R."""
        by_subtype = joint.reshape(self.votes.n_task, self.votes.n_class, self.groups)
        posterior = by_subtype.sum(axis=2)
        confusion = mean_confusion(self.count(joint), self.prior)
        confusion = confusion.reshape(self.votes.n_worker, self.votes.n_class, self.groups, self.votes.n_class)
        subtypes = normalise(self.subtype + by_subtype.sum(axis=0))
        prevalence = self.alpha + class_totals(posterior)
        return Aggregation(
            hard_labels(posterior, self.has_class, seed),
            soft=posterior,
            worker_score=np.einsum("km,jkmk->j", subtypes, confusion) / self.votes.n_class,
            parameters={
                "subtype_confusion": confusion,
                "subtypes": subtypes,
                "prevalence": prevalence / prevalence.sum(),
            },
        )
