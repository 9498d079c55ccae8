"""Posteriors in memory and time of the votes, for any number of classes.

Where a worker's errors do not depend on the true class (one coin, GLAD, MACE), all the classes that nobody voted for
on a task explain its votes equally well: given the votes, they share one number times their prevalence. So a task's
posterior is a number for each class it received, plus one number for all the others, and nothing is approximated.

A *pair* is a (task, class) that received a vote, see `pairs.py`. Arrays "per task" cover the tasks that have a vote.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.steps.em import all_and_unvoted
from benchmark_utils.strategies.steps.pairs import Pairs
from benchmark_utils.votes.labels import TIE, SparseSoft


def naive_posterior(pairs: Pairs) -> Scores:
    """The frequency of each class among a task's votes."""
    share = pairs.n_votes / pairs.spread(pairs.sum(pairs.n_votes))
    return Scores(pairs, share, np.zeros(len(pairs.filled)), np.full(pairs.n_class, 1 / pairs.n_class))


def posterior_of_coins(pairs: Pairs, right, wrong, prevalence) -> tuple[Scores, float]:
    """The E-step of a model whose workers err alike whatever the true class.

    Parameters
    ----------
    right, wrong : float, (n_votes,)
        log p(vote | its label is the true class), log p(vote | the true class is another). Finite.
    prevalence : float, (n_class,)

    Returns
    -------
    posterior : Scores
    log_likelihood : float
        log p(votes).
    """
    posterior, log_likelihood = posterior_of_odds(pairs, pairs.sum_votes(right - wrong), prevalence)
    return posterior, log_likelihood + wrong.sum()


def posterior_of_odds(pairs: Pairs, log_odds, prevalence) -> tuple[Scores, float]:
    """The same from what each pair's votes say for its class, the sum of right - wrong, (n_pairs,).

    The log-likelihood is relative to that of votes for wrong classes alone: it lacks the sum of wrong.
    """
    posterior, log_evidence = posterior_and_evidence(pairs, log_odds, prevalence)
    return posterior, log_evidence.sum()


def posterior_and_evidence(pairs: Pairs, log_odds, prevalence) -> tuple[Scores, np.ndarray]:
    """The posterior of odds, and what each task adds to their log-likelihood, (n_filled,)."""
    with np.errstate(divide="ignore"):  # log 0 = -inf is meant
        log_voted = np.log(prevalence).take(pairs.label) + log_odds
        unvoted = pairs.unvoted_prevalence(prevalence)
        log_unvoted = np.log(unvoted)
    highest = np.maximum(pairs.max(log_voted), log_unvoted)
    log_voted -= pairs.spread(highest)
    voted = np.exp(log_voted, out=log_voted)
    rest = np.exp(log_unvoted - highest)
    total = pairs.sum(voted) + rest
    voted /= pairs.spread(total)
    scale = np.divide(rest / total, unvoted, out=np.zeros_like(rest), where=unvoted > 0)
    return Scores(pairs, voted, scale, prevalence), highest + np.log(total)


def weighted_vote(pairs: Pairs, weight) -> Scores:
    """Sum of the voters' weights (n_worker,), which may be negative; a class without votes has 0."""
    no_vote, uniform = np.zeros(len(pairs.filled)), np.full(pairs.n_class, 1 / pairs.n_class)
    return Scores(pairs, pairs.sum_workers(weight), no_vote, uniform)


@dataclass(frozen=True, eq=False)
class Scores:
    """A number for every class of every task, p(true class | votes) for instance.

    Attributes
    ----------
    voted : float, (n_pairs,)
        Of the classes that the task received.
    scale : float, (n_filled,)
        Of any other class k it is scale * prevalence[k].
    prevalence : float, (n_class,)
    """

    pairs: Pairs
    voted: np.ndarray
    scale: np.ndarray
    prevalence: np.ndarray

    def class_totals(self) -> np.ndarray:
        """Sum over the tasks, (n_class,)."""
        pairs = self.pairs
        voted = np.bincount(pairs.label, self.voted, pairs.n_class)
        scale_where_voted = np.bincount(pairs.label, pairs.spread(self.scale), pairs.n_class)
        return all_and_unvoted(voted, scale_where_voted, self.scale.sum(), self.prevalence)

    def soft(self, labels):
        """Soft labels (n_task, n_class); where that is large a csr_array.

        It stores the classes that the task received, and the label. What its rows lack to one belongs to the other
        classes, which share it by their prevalence.
        """
        if self.pairs.is_large:
            soft, unvoted = self.pairs.matrix(self.voted), self._unvoted_labels(labels)
            soft = SparseSoft(soft + unvoted if unvoted.nnz else soft)
            soft.proportions = self.prevalence if np.ptp(self.prevalence) else None
            return soft
        soft = np.zeros((self.pairs.n_task, self.pairs.n_class))
        soft[self.pairs.filled] = self.scale[:, None] * self.prevalence
        soft[self.pairs.spread(self.pairs.filled), self.pairs.label] = self.voted
        return soft

    def _unvoted_labels(self, labels):
        """The numbers of those labels (n_task,) that the task did not receive, as a matrix (n_task, n_class)."""
        pairs = self.pairs
        unvoted = pairs.sum(pairs.is_label(labels)) == 0
        label, row_start = labels[pairs.filled[unvoted]], np.zeros(pairs.n_task + 1, dtype=np.int64)
        row_start[pairs.filled[unvoted] + 1] = 1
        share = self.scale[unvoted] * self.prevalence[label]
        return sparse.csr_array((share, label, np.cumsum(row_start)), shape=(pairs.n_task, pairs.n_class))

    def labels(self, seed) -> np.ndarray:
        """The class of the highest score, voted for or not, ties at random from the seed; -1 without votes.

        A tie is broken alike each time, so that an iteration over labels can stand still. int64, (n_task,).
        """
        pairs = self.pairs
        draws = pairs.draws(seed)
        best = pairs.max(self.voted)
        may_win = self.scale * self.prevalence.max() >= best - TIE * np.abs(best)
        unvoted = np.flatnonzero(may_win & (pairs.n_voted < pairs.n_class))
        if len(unvoted):
            draw_other, draw_which = draws.of_tasks
            other, n_other = self._best_unvoted(unvoted, draw_which[unvoted])
            other_score = self.scale[unvoted] * self.prevalence[other]
            best[unvoted] = np.maximum(best[unvoted], other_score)
        limit = best - TIE * np.abs(best)
        # among equals the largest draw wins; the largest of n uniform draws is distributed as u^(1/n)
        draw = np.where(self.voted < pairs.spread(limit), -1, draws.of_pairs)
        highest = pairs.max(draw)
        labels = np.full(pairs.n_task, -1, dtype=np.int64)
        wins = np.flatnonzero(draw == pairs.spread(highest))
        labels[pairs.filled[pairs._row[wins]]] = pairs.label[wins]
        if len(unvoted):
            draw_other = np.where(other_score >= limit[unvoted], draw_other[unvoted] ** (1 / n_other), -2)
            wins = draw_other > highest[unvoted]
            labels[pairs.filled[unvoted[wins]]] = other[wins]
        return labels

    def _best_unvoted(self, tasks, draw):
        """A most prevalent class that the task did not receive, by the draw, and how many there are.

        `tasks` are positions in (n_filled,), `draw` has a number in [0, 1) for each.
        """
        pairs = self.pairs
        order = np.argsort(-self.prevalence, kind="stable")
        rank = np.empty(pairs.n_class, dtype=np.int64)
        rank[order] = np.arange(pairs.n_class)
        ranked = -self.prevalence[order]
        past_equals = np.searchsorted(ranked, ranked * (1 - TIE), side="right")  # the first rank that is less
        n_voted = pairs.n_voted[tasks]
        start = np.cumsum(n_voted) - n_voted
        row = np.repeat(np.arange(len(n_voted)), n_voted)
        within = np.arange(len(row)) - start[row]
        voted_rank = rank[pairs.label[pairs._first_pair[tasks][row] + within]]
        voted_rank = voted_rank[np.lexsort((voted_rank, row))]
        skipped = voted_rank - within  # the ranks below that are not voted

        def unvoted(r):
            """The r-th rank that is not voted: r, and one more for each voted rank on the way."""
            return r + np.add.reduceat(skipped <= r[row], start, dtype=np.int64)

        best = unvoted(np.zeros(len(n_voted), dtype=np.int64))
        end = past_equals[best]
        equal_but_voted = (voted_rank > best[row]) & (voted_rank < end[row])
        n_equal = end - best - np.add.reduceat(equal_but_voted, start, dtype=np.int64)
        return order[unvoted((draw * n_equal).astype(np.int64))], n_equal
