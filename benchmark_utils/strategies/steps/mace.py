"""The E- and M-step of MACE, maximum a posteriori and variational, in memory and time of the number of votes."""

import numpy as np
from scipy import sparse
from scipy.special import betaln, gammaln, psi

from benchmark_utils.strategies.steps.continued import grown_cells, grown_values
from benchmark_utils.strategies.steps.known import check_known, clamp_posterior, labels_and_soft
from benchmark_utils.strategies.steps.pairs import Pairs
from benchmark_utils.strategies.steps.voted_posterior import posterior_of_odds


class Steps:
    """Steps over `parameters`: counts of tasks known and spammed (n_worker,), and spammed by cell (n_cell,).

    A cell is a (worker, class) that occurs: what a vote says of its task depends on nothing else. The counts include
    their priors: they are the parameters of the Beta and Dirichlet distributions.
    """

    def __init__(self, votes, variational, known):
        self.pairs, self.known = Pairs(votes), check_known(known, votes)
        key, cell = np.unique(votes.worker_and_label, return_inverse=True)
        self.cast = self.pairs.of_votes(cell, len(key))  # which cells voted for each (task, class)
        self._prepare(votes, variational, key, np.bincount(cell))

    def _prepare(self, votes, variational, key, n_vote):
        """From the cells as numbers worker * n_class + label, sorted, and their votes, (n_cell,)."""
        self.votes, self.variational = votes, variational
        self.beta, self.dirichlet = (0.5, 10.0) if variational else (0.01 / votes.n_class,) * 2
        self.worker, self.label, self.n_vote = key // votes.n_class, key % votes.n_class, n_vote
        self.prevalence = np.full(votes.n_class, 1 / votes.n_class)

    def draw(self, rng):
        return self.maximise(rng.random(self.votes.n_worker)[self.worker] * self.n_vote)

    def grown(self, competence, spam):
        """The counts whose means are theta and xi of an older result; they sum to the votes and priors of now."""
        n_votes = self.votes.votes_per_worker
        old_spam = n_votes[: len(competence)] * (1 - competence)
        xi = grown_cells(spam, old_spam, self.worker, self.label)
        theta, total = grown_values(competence, 1 / 2, self.votes), n_votes + 2 * self.beta
        n_spam = (1 - theta) * total
        return theta * total, n_spam, xi * self._spam_total(n_spam)[self.worker]

    def maximise(self, n_known):
        """From the sum over the votes of each cell of known_ij, (n_cell,)."""
        n_spam, n_worker = self.n_vote - n_known, self.votes.n_worker
        by_worker = (np.bincount(self.worker, n, n_worker) + self.beta for n in (n_known, n_spam))
        return *by_worker, n_spam + self.dirichlet

    def expect(self, parameters):
        """The posterior, the sum over the votes of each cell of known_ij, (n_cell,), and the objective."""
        log_known, log_spam, log_xi = self._logs(parameters)
        log_known = log_known.take(self.worker)
        wrong = log_spam.take(self.worker) + log_xi
        right = np.logaddexp(log_known, wrong)
        posterior, n_right, log_likelihood, log_truths = self._posterior(right - wrong)
        n_known = n_right * np.exp(log_known - right)
        log_likelihood += self.n_vote @ wrong + log_truths
        return posterior, n_known, log_likelihood + self._log_prior(parameters)

    def _posterior(self, log_odds):
        """T from what a vote of each cell says for its class, sum_ij T_i,y_ij by cell, log p(votes), log p(known)."""
        posterior, log_likelihood = posterior_of_odds(self.pairs, self.cast @ log_odds, self.prevalence)
        posterior, log_truths = clamp_posterior(posterior, self.known)
        return posterior, self.cast.T @ posterior.voted, log_likelihood, log_truths

    def answer(self, posterior, seed):
        """Labels and soft labels."""
        return labels_and_soft(posterior, self.known, seed)

    def means(self, parameters):
        n_known, n_spam, n_spam_cell = parameters
        xi = n_spam_cell / self._spam_total(n_spam)[self.worker]
        shape = self.votes.n_worker, self.votes.n_class
        return n_known / (n_known + n_spam), sparse.coo_array((xi, (self.worker, self.label)), shape=shape).tocsr()

    def _spam_total(self, n_spam):
        return n_spam - self.beta + self.votes.n_class * self.dirichlet

    def _logs(self, parameters):
        """log theta, log (1 - theta), log xi; their expectations in the variational version."""
        log = psi if self.variational else np.log
        n_known, n_spam, n_spam_cell = parameters
        total = log(n_known + n_spam)
        return log(n_known) - total, log(n_spam) - total, log(n_spam_cell) - log(self._spam_total(n_spam))[self.worker]

    def _log_prior(self, parameters):
        """Log prior of theta and xi up to a constant; in the variational version minus the divergence from it."""
        n_known, n_spam, n_spam_cell = parameters
        log_known, log_spam, log_xi = self._logs(parameters)
        n_class, total, beta, dirichlet = self.votes.n_class, self._spam_total(n_spam), self.beta, self.dirichlet
        if not self.variational:
            n_absent = n_class - np.bincount(self.worker, minlength=self.votes.n_worker)
            absent = n_absent * np.log(dirichlet / total)
            return beta * (log_known + log_spam).sum() + dirichlet * (log_xi.sum() + absent.sum())
        theta = betaln(n_known, n_spam) - betaln(beta, beta) - (n_known - beta) * log_known - (n_spam - beta) * log_spam
        xi = gammaln(n_spam_cell) - gammaln(dirichlet) - (n_spam_cell - dirichlet) * log_xi
        return theta.sum() + xi.sum() - (gammaln(total) - gammaln(n_class * dirichlet)).sum()
