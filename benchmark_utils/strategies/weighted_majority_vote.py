"""Votes weighted by numbers that are known beforehand, or learnt from tasks whose truth is known."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.steps.known import check_known, clamp_labels, clamp_soft
from benchmark_utils.votes import Votes, VotesError, hard_labels, normalise, sum_votes
from benchmark_utils.votes.ids import comparable
from benchmark_utils.votes.refusals import raise_rows

_TRACE = 1e-12  # a worker of weight 0 keeps a trace of a voice: the label is always one that was voted


@dataclass
class WeightedMajorityVote:
    """argmax_k sum_j w_j 1(y_ij = k) with given weights, ties at random from the seed (lecture, WMV).

    Attributes
    ----------
    weights : array (n_worker,), or Series or dict of weights by the workers' own ids
        At least zero. A Series is a column of a table of workers, indexed by their ids.
    """

    weights: np.ndarray | pd.Series | Mapping

    def fit(self, votes: Votes, seed=0) -> Aggregation:
        """Labels, soft labels (the normalised weighted votes) and the weights as worker score, (n_worker,).

        Raises
        ------
        VotesError
            Weights of another length, a worker with votes who has no weight, a weight below zero or not a number.
        """
        return _vote(votes, self.of_workers(votes), seed)

    def of_workers(self, votes: Votes) -> np.ndarray:
        """The weights by worker code, (n_worker,); raises what `fit` raises."""
        weights, ids = self.weights, None
        if isinstance(weights, pd.Series | Mapping):
            ids = np.arange(votes.n_worker) if votes.encoding is None else votes.encoding.workers
            weights = pd.Series(weights)
            ours, theirs = comparable(pd.Series(ids), pd.Series(weights.index), "worker")
            weights = weights.set_axis(theirs).reindex(ours)
            weights[(votes.votes_per_worker == 0) & weights.isna()] = 0
        weights = np.asarray(weights, dtype=float)
        if weights.shape != (votes.n_worker,):
            raise VotesError(f"weights have shape {weights.shape}: give one per worker, ({votes.n_worker},)")
        ids = None if ids is None else pd.Index(ids, name="worker")
        raise_rows(~np.isfinite(weights), weights, "a worker has no weight", "give a number of 0 or more", ids)
        raise_rows(weights < 0, weights, "a weight is below zero", "give a number of 0 or more", ids)
        return weights


class GoldMajorityVote:
    """A vote weighted by the workers' accuracy on the tasks whose truth is known ("gold").

    w_j = share of j's votes on known tasks that are the truth. A worker without such votes has the share of the whole
    crowd, so is taken for an average one; where no task is known, all weights are one, and it is the majority vote.
    """

    def fit(self, votes: Votes, seed=0, known=None) -> Aggregation:
        """Weights, then one weighted vote.

        Parameters
        ----------
        votes : Votes
        seed : int
            Breaks ties.
        known : int, (n_task,), optional
            The true class of tasks where it is known, else -1. These tasks keep it as label.

        Returns
        -------
        Aggregation
            The normalised weighted votes as soft labels; w_j as worker score and parameter `weight` (n_worker,).

        Raises
        ------
        VotesError
            `known` of another length, or not a class.
        """
        known = check_known(known, votes)
        truth = known[votes.task]
        n_known = np.bincount(votes.worker, weights=truth >= 0, minlength=votes.n_worker)
        n_right = np.bincount(votes.worker, weights=truth == votes.label, minlength=votes.n_worker)
        crowd = n_right.sum() / n_known.sum() if n_known.any() else 1.0
        weight = np.where(n_known > 0, n_right / np.maximum(n_known, 1), crowd)
        return _vote(votes, weight, seed, known)


def _vote(votes, weight, seed, known=None):
    known = check_known(known, votes)
    score = sum_votes(votes, np.maximum(weight, _TRACE)[votes.worker])
    labels = hard_labels(score, votes.has_vote, seed)
    return Aggregation(
        clamp_labels(labels, known),
        soft=clamp_soft(normalise(score), known),
        worker_score=weight,
        parameters={"weight": weight},
    )
