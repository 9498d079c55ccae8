"""Dawid and Skene's EM with a task's posterior confined to the classes it received, in memory of the votes."""

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.steps.continued import grown_prevalence, grown_triples, old_parameters
from benchmark_utils.strategies.steps.pairs import Pairs
from benchmark_utils.votes import Votes, hard_labels
from benchmark_utils.votes.counts import dense_entries

_BLOCK = 2**20  # triples, or rows of them


class VotedModel:
    """The steps of EM. A posterior has one number per (task, class) that received a vote, see `pairs.Pairs`.

    A task whose class is known, by `known` (n_task,), -1 elsewhere, has this class alone, voted for or not.

    With T_il = 0 wherever nobody voted l on task i, the only entries of confusion matrices that matter are the
    *triples* (worker j, true class l, voted class k) where j voted k on a task that received l. A matrix
    (n_pairs, n_triples) with a one for each vote of the pair's task makes both steps a product.
    """

    def __init__(self, votes: Votes, smoothing, known):
        self.votes, self.smoothing, self.known = votes, smoothing, known
        self.pairs = Pairs(told(votes, known))
        self.has_class = votes.has_vote | (known >= 0)
        triple, pair_start = triples_met(votes, self.pairs)
        self.triple, column = np.unique(triple, return_inverse=True)
        del triple
        column = column.astype(np.int32 if len(column) < 2**31 else np.int64)
        shape = len(pair_start) - 1, len(self.triple)
        self.met = sparse.csr_array((np.ones(len(column)), column, pair_start.astype(column.dtype)), shape=shape)
        self._find_rows()

    def _find_rows(self):
        row = self.triple // self.votes.n_class  # (worker, true class)
        self.row_start = np.flatnonzero(np.append(True, row[1:] != row[:-1]))
        self.row_length = np.diff(np.append(self.row_start, len(row))).astype(np.int32)

    def start(self):
        return naive_shares(self.pairs)

    def grown(self, start):
        """The parameters of an older result, for these workers; the sums of rows are for the prior alone."""
        names = ("triple_confusion", "worker", "true_class", "voted_class", "prevalence")
        confusion, worker, true_class, voted_class, prevalence = old_parameters(start, self.votes, *names)
        triple = (worker.astype(np.int64) * self.votes.n_class + true_class) * self.votes.n_class + voted_class
        prevalence = grown_prevalence(prevalence, self.votes)
        confusion = grown_triples(triple, confusion, prevalence, self.triple, self.votes)
        return np.log(confusion), np.log(prevalence), None

    def maximise(self, posterior):
        """log pi of the triples, log rho (n_class,), and, with smoothing, the sums of the rows of counts."""
        return self._divide(self.met.T @ posterior, np.bincount(self.pairs.label, posterior, self.votes.n_class))

    def _divide(self, count, prevalence):
        """The parameters from sums of posteriors by triple, which are overwritten, and by class."""
        count += self.smoothing
        totals = [self._divide_rows(count, start) for start in range(0, len(self.row_start), _BLOCK)]
        total = np.concatenate(totals) if self.smoothing else None
        with np.errstate(divide="ignore"):  # log 0 = -inf is meant: what never happened has probability 0
            return np.log(count, out=count), np.log(prevalence / prevalence.sum()), total

    def _divide_rows(self, count, start):
        """Divide the counts of a block of rows by the sum of each row, in no memory but the block's; the sums."""
        first, length = self.row_start[start : start + _BLOCK], self.row_length[start : start + _BLOCK]
        of_rows = count[first[0] : first[-1] + length[-1]]
        total = np.add.reduceat(of_rows, first - first[0]) + self.smoothing * (self.votes.n_class - length)
        total[total == 0] = 1
        of_rows /= np.repeat(total, length)
        return total if self.smoothing else None

    def expect(self, parameters):
        log_confusion, log_prevalence, _ = parameters
        log_joint = self.met @ log_confusion
        log_joint += log_prevalence[self.pairs.label]
        return self.pairs.normalise(log_joint)

    def log_prior(self, parameters):
        """Over the rows of pi that occur."""
        if not self.smoothing:
            return 0.0
        log_confusion, _, total = parameters
        absent = (self.votes.n_class - self.row_length) * np.log(self.smoothing / total)
        return self.smoothing * (log_confusion.sum() + absent.sum())

    def labels(self, posterior, seed):
        return hard_labels(self.pairs.matrix(posterior), self.has_class, seed)

    def certain(self, labels):
        """The posterior that is sure of the labels."""
        return self.pairs.is_label(labels).astype(float)

    def highest(self, posterior):
        """The probability of the most probable class of each task with votes or a known class."""
        return self.pairs.max(posterior)

    def soft(self, posterior):
        soft = self.pairs.matrix(posterior)
        return soft if self.pairs.is_large else soft.toarray()

    def describe(self, parameters):
        """`triple_confusion` holds pi of the triples `worker`, `true_class`, `voted_class`, (n_triples,) each.

        `diagonal` is a csr_array (n_worker, n_class) of pi^j_kk.
        """
        n_worker, n_class = self.votes.n_worker, self.votes.n_class
        worker, true_class, voted_class = self._members()
        right = true_class == voted_class
        row_start = np.append(0, np.cumsum(np.bincount(worker[right], minlength=n_worker)))
        row_start = row_start.astype(np.int32 if len(right) < 2**31 else np.int64)
        confusion = np.exp(parameters[0])
        diagonal = sparse.csr_array((confusion[right], true_class[right], row_start), shape=(n_worker, n_class))
        return dict(
            worker_score=diagonal.sum(axis=1) / n_class,
            parameters={
                "triple_confusion": confusion,
                "worker": worker,
                "true_class": true_class,
                "voted_class": voted_class,
                "diagonal": diagonal,
                "prevalence": np.exp(parameters[1]),
            },
        )

    def _members(self):
        """The worker, true class and voted class of each triple, int32 (n_triples,); in no memory but theirs."""
        n_triples, n_class = len(self.triple), self.votes.n_class
        members = np.empty((3, n_triples), np.int32)
        for start in range(0, n_triples, _BLOCK):
            some = slice(start, start + _BLOCK)
            row, members[2, some] = np.divmod(self.triple[some], n_class)
            members[0, some], members[1, some] = np.divmod(row, n_class)
        return members

    @staticmethod
    def bytes_needed(votes: Votes) -> int:
        """Memory of the triples, at most one for each vote of each pair's task, of the pairs, and of soft labels."""
        pairs = Pairs(votes)
        n_triples = int(votes.votes_per_task[pairs.filled] @ pairs.n_voted)
        return 80 * n_triples + 60 * votes.n_votes + 8 * dense_entries(votes) + 128 * votes.n_class


def triples_met(votes: Votes, pairs: Pairs):
    """The triple of each vote that meets a pair, a pair after another, and where each pair's begin, (n_pairs + 1,).

    A triple is the number (worker n_class + true class) n_class + voted class, int64.
    """
    effort = votes.votes_per_task
    vote_start = np.cumsum(effort) - effort
    task = pairs.spread(pairs.filled)
    n_met = effort[task]  # votes that meet each pair
    pair_start = np.concatenate([[0], np.cumsum(n_met)])
    vote = np.arange(pair_start[-1]) + np.repeat(vote_start[task] - pair_start[:-1], n_met)
    triple = votes.worker[vote].astype(np.int64) * votes.n_class
    triple += np.repeat(pairs.label, n_met)
    triple *= votes.n_class
    triple += votes.label[vote]
    return triple, pair_start


def naive_shares(pairs: Pairs):
    """The share of each pair among the votes of its task, (n_pairs,)."""
    return pairs.n_votes / pairs.spread(pairs.sum(pairs.n_votes))


def told(votes: Votes, known) -> Votes:
    """The votes, but that each known task has one vote, which says its class."""
    tasks = np.flatnonzero(known >= 0)
    if not len(tasks):
        return votes
    asked = known[votes.task] < 0
    columns = ((votes.task, tasks), (votes.worker, np.zeros_like(tasks)), (votes.label, known[tasks]))
    columns = (np.append(column[asked], of_known) for column, of_known in columns)
    return Votes(*columns, votes.n_task, votes.n_worker, votes.n_class, repeats=votes.repeats)
