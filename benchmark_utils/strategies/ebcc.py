"""EBCC: enhanced Bayesian classifier combination, workers that correlate within a class (Li et al., ICML 2019)."""

from dataclasses import dataclass

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.steps.confusion import (
    answer_matrix,
    confusion_prior,
    dirichlet,
    learn_confusion,
    mean_confusion,
)
from benchmark_utils.strategies.steps.continued import grown_rows, log_likelihoods, old_parameters
from benchmark_utils.strategies.steps.em import best_so_far, class_totals, softmax, stands_still
from benchmark_utils.strategies.steps.known import confine, start_from
from benchmark_utils.votes import Votes, VotesError, hard_labels, normalise


@dataclass
class EBCC:
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
        naive, cells, has_class = start_from(votes, known)
        answers = answer_matrix(votes)
        answers_of_worker = answers.T.tocsr()
        prior = np.repeat(confusion_prior(votes.n_class, self.right, self.wrong), self.groups, axis=1)
        alpha = np.maximum(class_totals(naive), 1e-3)  # a Dirichlet needs more than 0 for a class without votes

        def expect(log_confusion, log_prior):
            by_subtype = (answers @ log_confusion).reshape(votes.n_task, votes.n_class, self.groups)
            log_likelihood = confine(by_subtype, cells).reshape(votes.n_task, -1)
            return softmax(log_likelihood, log_prior, has_class)

        histories, highest, converged = [], -np.inf, True
        for restart in range(self.restarts if start is None else 1):
            if start is None:
                begin = self._start(naive, np.random.default_rng([seed, restart]) if restart else None)
            else:
                begin, _ = expect(*self._grown(start, votes))
            end, bounds, stands = self._climb(begin, expect, answers_of_worker, prior, alpha, n_iter, tol)
            histories.append(bounds)
            converged &= stands
            if restart == 0 or (bounds and bounds[-1] > highest):
                joint, highest = end, bounds[-1] if bounds else -np.inf  # before any iteration the first start counts
        history = best_so_far(histories)
        by_subtype = joint.reshape(votes.n_task, votes.n_class, self.groups)
        posterior = by_subtype.sum(axis=2)
        confusion = mean_confusion(answers_of_worker, joint, prior)
        confusion = confusion.reshape(votes.n_worker, votes.n_class, self.groups, votes.n_class)
        subtypes = normalise(self.subtype + by_subtype.sum(axis=0))
        prevalence = alpha + class_totals(posterior)
        return Aggregation(
            hard_labels(posterior, has_class, seed),
            soft=posterior,
            n_iter=len(history),
            converged=converged,
            history=history,
            worker_score=np.einsum("km,jkmk->j", subtypes, confusion) / votes.n_class,
            parameters={
                "subtype_confusion": confusion,
                "subtypes": subtypes,
                "prevalence": prevalence / prevalence.sum(),
                "restart_bounds": np.array([bounds[-1] for bounds in histories if bounds]),
            },
        )

    def _start(self, naive, rng):
        """R (n_task, n_class * groups): classes split at random, or whole where there is no random generator."""
        split = np.zeros((*naive.shape, self.groups))
        if rng is None:
            split[:, :, 0] = 1
        else:
            rng.standard_exponential(out=split)  # exponentials over their sum are Dirichlet(1)
            split /= split.sum(axis=2, keepdims=True)
        return (naive[:, :, None] * split).reshape(len(naive), -1)

    def _grown(self, start, votes):
        """The logarithms of pi and of rho tau of an older result, for these workers."""
        names = ("subtype_confusion", "subtypes", "prevalence")
        confusion, subtypes, prevalence = old_parameters(start, votes, *names)
        if subtypes.shape[1] != self.groups:
            raise VotesError(f"start has {subtypes.shape[1]} subtypes of a class: continue with EBCC(groups=...) of it")
        of_subtype = (prevalence[:, None] * subtypes).ravel()
        rows = grown_rows(confusion.reshape(len(confusion), -1, votes.n_class), of_subtype, votes)
        return log_likelihoods(rows), np.log(of_subtype)

    def _climb(self, joint, expect, answers_of_worker, prior, alpha, n_iter, tol):
        """R after the iterations, their bounds, and whether these stand still."""
        history, converged = [], False
        while len(history) < n_iter and not converged:
            log_confusion, confusion_divergence = learn_confusion(answers_of_worker, joint, prior)
            log_prior, prior_divergence = self._learn_prior(joint, alpha)
            joint, log_evidence = expect(log_confusion, log_prior)
            history.append(log_evidence.sum() - confusion_divergence - prior_divergence)
            converged = stands_still(history, tol)
        return joint, history, converged

    def _learn_prior(self, joint, alpha):
        """E log rho_k tau_km (n_class * groups,), and the divergence of rho and tau from their priors."""
        count = class_totals(joint).reshape(-1, self.groups)
        log_subtypes, subtype_divergence = dirichlet(np.full(self.groups, self.subtype), count, axis=1)
        log_prevalence, prevalence_divergence = dirichlet(alpha, count.sum(axis=1), axis=0)
        return (log_prevalence[:, None] + log_subtypes).ravel(), subtype_divergence + prevalence_divergence

    def bytes_needed(self, votes: Votes) -> int:
        """Memory of the confusion rows, of R and of the votes, with the copies that an iteration makes."""
        cells = self.groups * votes.n_class * (5 * votes.n_worker * votes.n_class + 6 * votes.n_task)
        return 8 * (cells + 6 * votes.n_votes)
