"""LA's two passes over votes that come in batches; see `la`."""

import numpy as np

from benchmark_utils.strategies.steps.known import check_known, clamp_labels
from benchmark_utils.strategies.steps.pairs import Pairs
from benchmark_utils.strategies.steps.voted_posterior import Scores, weighted_vote
from benchmark_utils.votes import Votes, VotesError, normalise
from benchmark_utils.votes.labels import TIE


class Stream:
    """Votes in batches, labels at any time; what is kept is two numbers for each worker.

    The labels of `add` are those of one batch with the same tasks in the same order. All votes of a task must come
    in one batch.

    Parameters
    ----------
    n_class : int
    seed : int
        Breaks ties.
    """

    def __init__(self, n_class, seed=0):
        self.n_class, self.seed = n_class, seed
        self._draws = np.random.default_rng(seed)
        self._right, self._seen = [], []  # lists, for numpy is slow to read a single number

    def add(self, votes: Votes, known=None):
        """Label the tasks of a batch in the order of their codes, and learn from each before the next.

        A worker has the same code in all batches, and later batches may have more workers. Tasks are numbered anew.

        Parameters
        ----------
        votes : Votes
        known : int, (n_task,), optional
            The true class of tasks where it is known, else -1.

        Returns
        -------
        labels : int64, (n_task,)
            -1 for a task without votes whose class is not known.
        soft : (n_task, n_class)
            The normalised weighted votes.

        Raises
        ------
        VotesError
            Another number of classes, or `known` that is not a class.
        """
        self._meet(votes)
        known, pairs = check_known(known, votes), Pairs(votes)
        score, chosen = self._first_pass(pairs, votes.worker, known[pairs.filled])
        labels = np.full(votes.n_task, -1)
        labels[pairs.filled] = pairs.label[chosen]
        soft = normalise(pairs.matrix(score))
        return clamp_labels(labels, known), soft if pairs.is_large else soft.toarray()

    def label(self, votes: Votes):
        """Label any votes with what is known of the workers now, and learn nothing; returns as `add`.

        Soft labels count scores from the lowest of the task where that is below zero.
        """
        self._meet(votes)
        return second_vote(Pairs(votes), self.accuracy(votes.n_worker), self.seed)

    def accuracy(self, n_worker) -> np.ndarray:
        """a_j of workers 0 to n_worker - 1, (n_worker,); 1/2 for those who have not voted."""
        accuracy = np.full(n_worker, 0.5)
        met = np.array(self._right[:n_worker]) / self._seen[:n_worker]
        accuracy[: len(met)] = met
        return accuracy

    def _meet(self, votes):
        if votes.n_class != self.n_class:
            raise VotesError(f"the batch has {votes.n_class} classes and the stream {self.n_class}: give n_class")
        n_new = max(votes.n_worker - len(self._right), 0)
        self._right += [1] * n_new  # Beta(2, 2) has the mode of one right vote of two
        self._seen += [2] * n_new

    def _first_pass(self, pairs, worker, known):
        """The score of each pair in its task's turn, and the pair that wins each task with votes.

        A task waits for the labels of those before it, so this is the one loop over votes in Python. On lists it is
        quick, and a task whose votes agree needs no weights: 1.4 million votes a second.
        """
        right, seen = self._right, self._seen
        score, chosen = np.ones(len(pairs.label)), pairs.row_start[pairs.filled]
        draw = self._draws.random(len(score))  # one for each pair, wherever the batches are cut
        voters, last_vote = worker.tolist(), np.cumsum(pairs.n_votes).tolist()
        last_pair, known = pairs.row_start[pairs.filled + 1].tolist(), known.tolist()
        vote = pair = 0
        for i, end in enumerate(last_pair):
            groups = []  # who voted for each class of the task
            for past in last_vote[pair:end]:
                groups.append(voters[vote:past])
                vote = past
            label = 0
            if len(groups) > 1:
                weights = [sum([right[j] / seen[j] for j in group]) for group in groups]
                score[pair:end] = weights
                label = _highest(weights, draw[pair:end])
                chosen[i] = pair + label
            if known[i] >= 0:
                groups.append([])  # who voted for the known class, if nobody did
                label = [*pairs.label[pair:end], known[i]].index(known[i])
            for j in groups.pop(label):
                seen[j] += 1
                right[j] += 1
            for group in groups:
                for j in group:
                    seen[j] += 1
            pair = end
        return score, chosen


def second_vote(pairs: Pairs, accuracy, seed):
    """The labels and soft labels of the second pass, from a_j (n_worker,)."""
    scores = weighted_vote(pairs, pairs.n_class * accuracy - 1)
    labels = scores.labels(seed)
    return labels, _from_lowest(scores).soft(labels)


def _highest(weights, draw):
    """The position of the highest weight, by the draw among equals."""
    highest = max(weights)
    best = [k for k, weight in enumerate(weights) if weight >= highest * (1 - TIE)]
    return max(best, key=draw.__getitem__) if len(best) > 1 else best[0]


def _from_lowest(scores):
    """Shares of the scores less the lowest of the task, or less 0, with a trace for the lowest themselves."""
    pairs = scores.pairs
    lowest = np.minimum(-pairs.max(-scores.voted), 0) - 1e-9 / pairs.n_class  # a class without votes has 0
    voted = scores.voted - pairs.spread(lowest)
    total = pairs.sum(voted) - (pairs.n_class - pairs.n_voted) * lowest
    return Scores(pairs, voted / pairs.spread(total), -pairs.n_class * lowest / total, scores.prevalence)
