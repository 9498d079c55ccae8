"""Prune ambiguous tasks first: AUMC and WAUM."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from benchmark_utils.learning import margins
from benchmark_utils.learning.classifier import Classifier, dense, labelled_examples
from benchmark_utils.learning.learnt import Learnt, votes_per_task
from benchmark_utils.learning.training.errors import LearningError
from benchmark_utils.learning.training.tasks import Tasks, choose_device
from benchmark_utils.learning.training.trainer import PlainLoss, Trainer
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.votes.counts import sum_votes
from benchmark_utils.votes.labels import normalise
from benchmark_utils.votes.votes import Votes

CONFUSION_BYTES = 4 * 2**30  # above this, the trust comes from Dawid and Skene with voted support


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
    """

    alpha: float = 0.01
    by_class: bool = False
    margin: str = "psi5"
    top_k: int = 1

    def score_tasks(self, votes: Votes, tasks, seed=0) -> np.ndarray:
        """AUMC of each task, (n_task,), NaN without votes: train on the majority labels and record the margins."""
        majority = MajorityVote().fit(votes, seed=seed)
        area = self.record(labelled_examples(majority, votes), votes, tasks, seed)
        return margins.aumc(majority.labels, area.mean())

    def record(self, examples, votes, tasks, seed):
        """Train a network on the examples for T epochs; the margins after each."""
        tasks, recipe, network = self.prepare(votes, tasks, seed)
        name = f"{type(self).__name__} margins"
        trainer = Trainer(PlainLoss(network), tasks, examples, recipe, recipe.margin_epochs, seed, name)
        area = margins.AreaUnderMargin(self.margin, self.top_k)
        for _ in range(recipe.margin_epochs):
            trainer.train_epoch()
            area.record(trainer.predict())
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

    The trust in a worker comes from the confusion matrices of Dawid and Skene; see `worker_diagonals`.

    Parameters
    ----------
    epoch : "tasks" or "votes"
        What one of the T epochs visits: every (task, vote) pair once, as published, or every task once, its vote
        frequencies as the target and its number of votes as the weight: the same expected loss in fewer steps.
    """

    epoch: str = "tasks"

    def score_tasks(self, votes: Votes, tasks, seed=0) -> np.ndarray:
        """WAUM of each task, (n_task,), NaN without votes."""
        diagonal = worker_diagonals(votes, seed)
        if self.epoch == "votes":
            examples = {"task": votes.task.astype(np.int64), "target": votes.label.astype(np.int64)}
        elif self.epoch == "tasks":
            examples = frequency_examples(votes)
        else:
            raise LearningError(f"epoch is {self.epoch!r}: it is 'tasks' or 'votes'")
        area = self.record(examples, votes, tasks, seed)
        trust = margins.trust(votes, diagonal, area.softmax.cpu().numpy())
        return margins.waum(votes, area.mean(), trust)


def worker_diagonals(votes, seed=0) -> np.ndarray:
    """diag pi^j of Dawid and Skene, (n_worker, n_class); with voted support where full matrices would not fit."""
    support = "full" if DawidSkene().bytes_needed(votes) <= CONFUSION_BYTES else "voted"
    diagonal = DawidSkene(support=support).fit(votes, seed=seed).parameters["diagonal"]
    return diagonal.toarray() if sparse.issparse(diagonal) else diagonal


def frequency_examples(votes):
    """One example per task that has a vote: the frequencies of its votes, weighted by their number."""
    task = np.flatnonzero(votes.votes_per_task)
    weight = votes.votes_per_task[task] / votes_per_task(votes)
    target = dense(normalise(sum_votes(votes)))[task]
    return {"task": task, "target": target.astype(np.float32), "weight": weight.astype(np.float32)}
