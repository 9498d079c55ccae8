"""Prune ambiguous tasks first: AUM, AUMC and WAUM."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from benchmark_utils.learning import margins
from benchmark_utils.learning.classifier import Classifier, aggregate, dense
from benchmark_utils.learning.learnt import Learnt, votes_per_task
from benchmark_utils.learning.training.checkpoints import each_epoch
from benchmark_utils.learning.training.errors import LearningError
from benchmark_utils.learning.training.recipe import published_recipe
from benchmark_utils.learning.training.tasks import Tasks, choose_device
from benchmark_utils.learning.training.trainer import PlainLoss, Trainer
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.dswc import DSWC
from benchmark_utils.strategies.fast_dawid_skene import FastDawidSkene
from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.strategies.one_coin import OneCoinDawidSkene
from benchmark_utils.votes.counts import sum_votes
from benchmark_utils.votes.labels import normalise
from benchmark_utils.votes.votes import Votes

CONFUSION_BYTES = 4 * 2**30  # above this, the trust comes from Dawid and Skene with voted support
ESTIMATORS = ("DS", "FDS", "smoothed DS", "DSWC", "OneCoinDS", "none")
EPOCHS_OVER_TASKS = 200  # T for images where an epoch visits every task once: docs/learning_results.md


@dataclass(frozen=True)
class AUMC(Classifier):
    """Prune the tasks whose majority label has a small area under the margin, aggregate the rest, train on that.

    Parameters
    ----------
    alpha : float
        The share of tasks to prune.
    by_class : bool
        Prune that share of each class, by majority label, rather than of all tasks.
    margin, top_k :
        See `margins.AreaUnderMargin`.
    given : "majority" or "aggregated"
        Whose area: that of the majority label, or AUM proper, of the hard label that `labels` aggregates.
    """

    alpha: float = 0.01
    by_class: bool = False
    margin: str = "psi5"
    top_k: int = 1
    given: str = "majority"

    def score_tasks(self, votes: Votes, tasks, seed=0) -> np.ndarray:
        """AUMC of each task, (n_task,), NaN without votes: train on the majority labels and record the margins."""
        if self.given not in ("majority", "aggregated"):
            raise LearningError(f"given is {self.given!r}: it is 'majority' or 'aggregated'")
        name = "MV" if self.given == "majority" else self.labels
        return self.score_labels(aggregate(name, votes, seed).labels, votes, tasks, seed)

    def score_labels(self, labels, votes: Votes, tasks, seed=0) -> np.ndarray:
        """AUM of each task, (n_task,), for hard labels (n_task,), a strategy's or the truth; NaN where it is -1.

        Of the votes, only the numbers of tasks and classes are used (eq. 2.1).
        """
        task = np.flatnonzero(labels >= 0)
        area = self.record({"task": task, "target": labels[task]}, votes, tasks, seed)
        return margins.aumc(labels, area.mean())

    def record(self, examples, votes, tasks, seed):
        """Train a network on the examples for T epochs; the margins after each."""
        tasks, recipe, network = self.prepare(votes, tasks, seed)
        name = f"{type(self).__name__} margins"
        trainer = Trainer(PlainLoss(network), tasks, examples, recipe, recipe.margin_epochs, seed, name)
        area = margins.AreaUnderMargin(self.margin, self.top_k)
        for _ in each_epoch(trainer, area):
            pass
        return area

    def prune(self, votes: Votes, score, seed=0) -> Votes:
        """The votes on the tasks that are kept; the others stay, without votes."""
        by_class = MajorityVote().fit(votes, seed=seed).labels if self.by_class else None
        kept = margins.kept_tasks(score, self.alpha, by_class)[votes.task]
        if not kept.any():
            raise LearningError(f"alpha = {self.alpha} prunes every task: lower it")
        return votes.keep(kept)

    def fit(self, votes: Votes, tasks, seed=0, after_epoch=None) -> Learnt:
        """Score the tasks, prune, aggregate, train: `labels` are those aggregated, -1 for tasks that were pruned."""
        tasks = Tasks(tasks, choose_device(self.device))
        score = self.score_tasks(votes, tasks, seed)
        return super().fit(self.prune(votes, score, seed), tasks, seed, after_epoch, task_score=score)


@dataclass(frozen=True)
class WAUM(AUMC):
    """Prune the tasks with a small trust-weighted mean of their voters' areas under the margin (thesis, Algorithm 4).

    The trust in a worker comes from the confusion matrices of an estimator; see `worker_diagonals`.

    Parameters
    ----------
    epoch : "tasks" or "votes"
        What one of the T epochs visits: every (task, vote) pair once, as published, or every task once, its vote
        frequencies as the target and its number of votes as the weight: the same expected loss in fewer steps, of
        which images want more: T is 200 then, not the published 50.
    estimator : str
        One of `ESTIMATORS`. "OneCoinDS" has no confusion matrices, for many classes; "none" trusts all alike, and
        the score is the sum of the areas divided by the number of answers.
    """

    epoch: str = "tasks"
    estimator: str = "DS"

    def recipe_for(self, shape):
        """The published recipe; of images, T grows with the epochs that visit tasks, not votes."""
        longer = {"margin_epochs": EPOCHS_OVER_TASKS} if self.epoch == "tasks" and len(shape) == 3 else {}
        return published_recipe(shape, **longer | self.recipe)

    def score_tasks(self, votes: Votes, tasks, seed=0) -> np.ndarray:
        """WAUM of each task, (n_task,), NaN without votes."""
        diagonal = worker_diagonals(votes, seed, self.estimator)
        if self.epoch == "votes":
            examples = {"task": votes.task.astype(np.int64), "target": votes.label.astype(np.int64)}
        elif self.epoch == "tasks":
            examples = frequency_examples(votes)
        else:
            raise LearningError(f"epoch is {self.epoch!r}: it is 'tasks' or 'votes'")
        area = self.record(examples, votes, tasks, seed)
        trust = margins.trust(votes, diagonal, area.softmax.cpu().numpy())
        return margins.waum(votes, area.mean(), trust)


def worker_diagonals(votes, seed=0, estimator="DS") -> np.ndarray:
    """diag pi^j, (n_worker, n_class), by one of `ESTIMATORS`.

    DS, FDS and smoothed DS, which adds one to each count (Laplace), have voted support where full matrices would not
    fit. DSWC has a worker's share of the clusters' matrices. OneCoinDS has one accuracy for all classes, so that it
    needs neither memory nor votes in the square of the number of classes. "none" is one throughout.
    """
    shape = (votes.n_worker, votes.n_class)
    if estimator == "none":
        return np.broadcast_to(1.0, shape)
    if estimator == "OneCoinDS":
        accuracy = OneCoinDawidSkene().fit(votes, seed=seed).parameters["accuracy"]
        return np.broadcast_to(accuracy[:, None], shape)
    if estimator == "DSWC":
        found = DSWC().fit(votes, seed=seed).parameters
        return found["cluster"] @ found["cluster_confusion"].diagonal(axis1=1, axis2=2)
    support = "full" if DawidSkene().bytes_needed(votes) <= CONFUSION_BYTES else "voted"
    if estimator == "DS":
        strategy = DawidSkene(support=support)
    elif estimator == "smoothed DS":
        strategy = DawidSkene(smoothing=1.0, support=support)
    elif estimator == "FDS":
        strategy = FastDawidSkene(support=support)
    else:
        raise LearningError(f"estimator is {estimator!r}: take one of {', '.join(ESTIMATORS)}")
    diagonal = strategy.fit(votes, seed=seed).parameters["diagonal"]
    return diagonal.toarray() if sparse.issparse(diagonal) else diagonal


def frequency_examples(votes):
    """One example per task that has a vote: the frequencies of its votes, weighted by their number."""
    task = np.flatnonzero(votes.votes_per_task)
    weight = votes.votes_per_task[task] / votes_per_task(votes)
    target = dense(normalise(sum_votes(votes)))[task]
    return {"task": task, "target": target.astype(np.float32), "weight": weight.astype(np.float32)}
