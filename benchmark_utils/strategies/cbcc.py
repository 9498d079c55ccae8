"""CBCC: communities of workers whose confusion matrices resemble each other (Venanzi et al., WWW 2014)."""

from dataclasses import dataclass

import numpy as np
from scipy.special import rel_entr

from benchmark_utils.strategies.aggregation import Aggregation, Point
from benchmark_utils.strategies.steps.confusion import answer_matrix, confusion_prior, dirichlet
from benchmark_utils.strategies.steps.em import class_totals, softmax, stands_still
from benchmark_utils.strategies.steps.known import confine, start_from
from benchmark_utils.strategies.steps.logistic_normal import (
    Scores,
    bound,
    climb,
    divergence,
    expected_log,
    mean_rows,
    prior_scores,
    shift,
)
from benchmark_utils.strategies.steps.runs import Run, SeveralRuns, best
from benchmark_utils.votes import Votes, hard_labels

MOST_COMMUNITIES = 10  # bounds the memory, which has to be said beforehand
_STEPS = 3  # steps uphill for the workers' scores in an iteration


@dataclass
class CBCC(SeveralRuns):
    """Community-based Bayesian classifier combination, by variational Bayes from the naive soft labels.

    Worker j is in community m with probability h_m. Community m has scores mu^m_k for its answers to tasks of class k,
    a worker's own scores are s^j_k ~ Normal(mu^{c_j}_k, I / precision), and the worker answers with the probabilities
    softmax(s^j_k). Priors: mu^m_k ~ Normal(log prior_k, I) where prior_k is iBCC's, `right` on k and `wrong` on each
    other class; rho ~ Dirichlet(1), h ~ Dirichlet(1). With T_ik = q(z_i = k), R_jm = q(c_j = m) and a posterior
    q(s^j | c_j = m) of each worker in each community, by turns:

        q(s^j_k | m)  uphill on  sum_i T_ik E log softmax(s)_{y_ij} - E KL(q | Normal(mu^m_k, I / precision))
        q(mu^m)       Gaussian, mean (log prior + precision sum_j R_jm E[s^j | m]) / (1 + precision sum_j R_jm)
        R_jm          proportional to exp(E log h_m + what j adds to the bound in community m)
        T_ik          proportional to exp(E log rho_k + sum_j sum_m R_jm E[log softmax(s^j_k)_{y_ij} | m])

    Each raises the evidence lower bound (see `logistic_normal` for the softmax); it has converged when the bound
    changes by at most `tol`. The start ranks the workers by agreement with the naive soft labels and cuts
    them into equal communities. With one community this is iBCC, but for the prior: logistic normal around scores that
    all workers share.

    The number of communities has the highest evidence, as in the paper, for which the bound stands here: 1, 2, and so
    on are fitted one after the other, up to the first that does not raise the bound. Where M is best this costs
    1 + 2 + ... + (M + 1) times as much as one community.

    M. Venanzi, J. Guiver, G. Kazai, P. Kohli, M. Shokouhi, "Community-based Bayesian aggregation models for
    crowdsourcing", WWW (2014).

    Attributes
    ----------
    communities : int, optional
        Their number, instead of the one with the highest bound.
    precision : float
        Of the authors' program.
    right, wrong : float
        As in iBCC.
    """

    slow_above = (
        50_000  # votes; 20 iterations of 1 to 4 communities take 14 s on 97,164 of them (s_rel), and more follow
    )

    communities: int | None = None
    precision: float = 5.0
    right: float = 4.0
    wrong: float = 1.0

    def fit(self, votes: Votes, n_iter=1000, tol=1e-3, seed=0, known=None) -> Aggregation:
        """Variational Bayes: `n_iter` iterations at most, 0 gives the start; the seed breaks ties of the hard labels.

        Parameters
        ----------
        known : int64, (n_task,), optional
            Truths that are known, -1 elsewhere: these tasks keep them.

        Returns
        -------
        Aggregation
            T as soft labels; the iterations of the longest fit; the highest evidence lower bound of all fits after each
            iteration as history; the mean diagonal of a worker's confusion matrix as worker score; parameters
            `confusion` (n_worker, n_class, n_class), rows by true class, at the posterior mean of the scores,
            `community`, R (n_worker, communities), zero for workers without votes, `community_confusion` (communities,
            n_class, n_class) and `prevalence` (n_class,); and `bounds`, of 1, 2, ... communities, or of the number
            given.
        """
        return self.choose(self.runs(votes, tol, seed, known), n_iter).aggregation()

    def runs(self, votes: Votes, tol=1e-3, seed=0, known=None):
        """A run with each number of communities."""
        crowd = _Crowd(votes, known)
        for number in range(1, MOST_COMMUNITIES + 1) if self.communities is None else [self.communities]:
            yield Run(self._climb(crowd, number, tol, seed))

    def choose(self, runs, n_iter) -> Point:
        """The number with the highest bound, up to the first that does not raise it."""
        return best(while_rising(run.reach(n_iter) for run in runs), "bounds")

    def _climb(self, crowd, communities, tol, seed):
        """The points with this number of communities: the start, and each iteration until the bound stands still."""
        prior, posterior = self._log_prior(crowd), crowd.naive
        community = start_communities(crowd.count(posterior), crowd.votes.votes_per_worker, communities)
        mu = [prior_scores(prior, 1.0, prior.shape)] * communities
        scores = [prior_scores(prior, self.precision, crowd.shape)] * communities
        history, converged = [], False
        while True:
            state = posterior, community, tuple(scores), tuple(mu)
            yield Point(history, converged, self._answer, crowd, *state, seed)
            if converged:
                return
            del state  # the largest arrays give way to the new ones one by one
            posterior, community, value = self._iterate(crowd, posterior, community, scores, mu)
            history.append(value)
            converged = stands_still(history, tol)

    def _iterate(self, crowd, posterior, community, scores, mu):
        """T, R and the bound after one more iteration; the items of `scores` and `mu` are replaced."""
        prior, count = self._log_prior(crowd), crowd.count(posterior)
        for m in range(len(mu)):
            for _ in range(_STEPS):
                scores[m] = climb(scores[m], count, mu[m].mean, self.precision)
            mu[m] = self._learn_community(scores[m], community[:, m], prior)
            scores[m], mean = shift(scores[m], mu[m].mean, count, community[:, m], prior, 1.0)
            mu[m] = mu[m]._replace(mean=mean)
        log_h, divergence_h = dirichlet(np.ones(len(mu)), community.sum(axis=0), axis=0)
        adds = [self._bound(q, count, m).sum(axis=-1) for q, m in zip(scores, mu, strict=True)]
        community, _ = softmax(np.stack(adds, axis=1), log_h, crowd.active)
        log_rho, divergence_rho = dirichlet(np.ones(len(prior)), class_totals(posterior), axis=0)
        log_confusion = sum(r[:, None, None] * expected_log(q) for r, q in zip(community.T, scores, strict=True))
        posterior, log_evidence = crowd.expect(log_confusion, log_rho)
        spent = [r @ self._bound(q, 0, m).sum(axis=-1) for r, q, m in zip(community.T, scores, mu, strict=True)]
        spent += [-divergence(m, prior, 1.0).sum() for m in mu]
        spent += [-divergence_rho, -divergence_h, -rel_entr(community, np.exp(log_h)).sum()]
        return posterior, community, log_evidence.sum() + sum(spent)

    def _answer(self, crowd, posterior, community, scores, mu, seed):
        share = 1 + community.sum(axis=0)
        member = np.where(crowd.active[:, None], community, share / share.sum())
        confusion = sum(r[:, None, None] * mean_rows(q) for r, q in zip(member.T, scores, strict=True))
        prevalence = 1 + class_totals(posterior)
        return Aggregation(
            hard_labels(posterior, crowd.has_posterior, seed),
            soft=posterior,
            worker_score=np.trace(confusion, axis1=1, axis2=2) / crowd.votes.n_class,
            parameters={
                "confusion": confusion.transpose(0, 2, 1),
                "community": community,
                "community_confusion": np.stack([mean_rows(q).T for q in mu]),
                "prevalence": prevalence / prevalence.sum(),
            },
        )

    def _log_prior(self, crowd):
        return np.log(confusion_prior(crowd.votes.n_class, self.right, self.wrong))

    def _learn_community(self, scores, member, prior):
        """q(mu^m): Gaussian, as the scores it is learned from are."""
        precision = 1 + self.precision * member.sum()
        mean = (prior + self.precision * np.einsum("j,jkl->kl", member, scores.mean)) / precision
        return Scores(mean, np.full_like(mean, -np.log(precision)), mean_rows(Scores(mean, mean, mean)))

    def _bound(self, scores, count, mu):
        """What each worker's rows add to the bound as a member, the variance of mu included."""
        return bound(scores, count, mu.mean, self.precision) - self.precision * mu.variance.sum(axis=-2) / 2

    def bytes_needed(self, votes: Votes) -> int:
        """Memory of each worker's scores in each community, of the posterior and of the votes, with copies.

        A curve holds the scores with 1, 2, ... communities, a fit holds those with the best two numbers.
        """
        numbers = np.arange(1, MOST_COMMUNITIES + 1) if self.communities is None else np.array([self.communities])
        scores = (3 * int(numbers.sum()) + int(numbers[-1]) + 12) * votes.n_worker * votes.n_class**2
        return 8 * (scores + (6 + len(numbers)) * votes.n_task * votes.n_class + 6 * votes.n_votes)


class _Crowd:
    """The votes as the iterations take them; axes of confusions are worker, answer, true class."""

    def __init__(self, votes: Votes, known):
        self.votes, self.active = votes, votes.votes_per_worker > 0
        self.shape = votes.n_worker, votes.n_class, votes.n_class
        self.answers = answer_matrix(votes)
        self.answers_of_worker = self.answers.T.tocsr()
        self.naive, self.cells, self.has_posterior = start_from(votes, known)

    def count(self, posterior):
        """How often each worker gave each answer to tasks of each class."""
        return (self.answers_of_worker @ posterior).reshape(self.shape)

    def expect(self, log_confusion, log_prior):
        likelihood = confine(self.answers @ log_confusion.reshape(-1, self.votes.n_class), self.cells)
        return softmax(likelihood, log_prior, self.has_posterior)


def while_rising(points):
    """The points up to the first that is not higher than the one before it."""
    highest = -np.inf
    for point in points:
        yield point
        if point.value <= highest:
            return
        highest = point.value


def start_communities(count, n_votes, communities):
    """R (n_worker, communities): equal parts by rank of agreement with the naive soft labels, ties together."""
    agreement = np.trace(count, axis1=1, axis2=2) / np.maximum(n_votes, 1)
    active = n_votes > 0
    rank = np.searchsorted(np.sort(agreement[active]), agreement - 1e-9)  # equal but for rounding is a tie
    place = np.minimum(rank * communities // active.sum(), communities - 1)
    return np.eye(communities)[place] * active[:, None]
