"""CrowdLayer: one confusion layer per worker on top of the classifier (Rodrigues and Pereira, 2018; thesis, 1.2.4)."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from benchmark_utils.learning.learnt import Learner, Learnt, train, votes_per_task
from benchmark_utils.learning.pruning import WAUM
from benchmark_utils.learning.training.errors import LearningError
from benchmark_utils.learning.training.recipe import published_recipe
from benchmark_utils.learning.training.trainer import Trainer
from benchmark_utils.votes.votes import Votes


class CrowdLayerModel(nn.Module):
    """The "matrix weights" variant.

    The scores of worker j's answer are W^j softmax(f(x)), with f the classifier, and the loss of a task is the sum of
    the cross-entropies of its votes. Every W^j starts at the identity. Without the layer, f predicts.

    Parameters
    ----------
    network : Module
        f, from tasks to logits (n, n_class).
    n_worker, n_class : int
    votes_per_task : float
        The mean number of votes of a task: the loss is divided by it, so that its size does not depend on the crowd's.
    """

    def __init__(self, network, n_worker, n_class, votes_per_task=1.0):
        super().__init__()
        self.network = network
        self.confusion = nn.Parameter(torch.eye(n_class).repeat(n_worker, 1, 1))
        self.votes_per_task = votes_per_task

    def loss(self, x, batch):
        """The loss of each task, (n,).

        The batch holds `worker` and `label`, (n, most votes), of each task's votes, label -1 where there are fewer.
        """
        probability = self.network(x).softmax(dim=1)
        scores = (self.confusion[batch["worker"]] * probability[:, None, None, :]).sum(dim=3)
        return vote_losses(scores, batch["label"]).sum(dim=1) / self.votes_per_task

    def worker_confusion(self):
        """P(answer l | the network is certain of class k) of each worker, (n_worker, n_class, n_class), rows k."""
        return self.confusion.detach().softmax(dim=1).transpose(1, 2)


def vote_losses(scores, label):
    """Cross-entropy of each vote, (n, most votes), from scores (n, most votes, n_class); 0 where label is -1."""
    return cross_entropy(scores.transpose(1, 2), label, ignore_index=-1, reduction="none")


PADDED_ENTRIES = 200_000_000  # tasks times the most votes of a task, for the layers that take a task's votes at once


@dataclass(frozen=True)
class CrowdLayer(Learner):
    """A classifier that learns from the votes themselves, through one confusion layer per worker.

    Parameters
    ----------
    alpha : float
        The share of tasks that WAUM prunes beforehand.
    """

    alpha: float = 0.0

    def recipe_for(self, shape):
        """Adam for images, too, at its own learning rate: the SGD published for classifiers fails (docs/learning.md).

        A worker has voted on few of the tasks of a batch, so that the gradient of their matrix is tiny.
        """
        adam = {"optimizer": "adam", "learning_rate": 0.001} if len(shape) == 3 else {}
        return published_recipe(shape, **adam | self.recipe)

    def model(self, network, votes, tasks):
        return CrowdLayerModel(network, votes.n_worker, votes.n_class, votes_per_task(votes))

    def fit(self, votes: Votes, tasks, seed=0, after_epoch=None) -> Learnt:
        """Train classifier and crowd together; an epoch visits every task once, with all its votes."""
        tasks, recipe, network = self.prepare(votes, tasks, seed)
        score = None
        if self.alpha > 0:
            waum = WAUM(device=self.device, recipe=self.recipe, alpha=self.alpha)
            score = waum.score_tasks(votes, tasks, seed)
            votes = waum.prune(votes, score, seed)
        model = self.model(network, votes, tasks)
        trainer = Trainer(model, tasks, padded_examples(votes), recipe, recipe.epochs, seed, type(self).__name__)
        learnt = Learnt(trainer, votes.has_vote, score)
        learnt.worker_score = lambda: model.worker_confusion().diagonal(dim1=1, dim2=2).mean(dim=1).cpu().numpy()
        return train(learnt, after_epoch)


def padded_examples(votes):
    """One example per task that has a vote, with its votes in rows of equal length: `worker`, and `label` or -1."""
    task = np.flatnonzero(votes.votes_per_task)
    most = int(votes.votes_per_task.max())
    if len(task) * most > PADDED_ENTRIES:
        raise LearningError(f"{len(task)} tasks with up to {most} votes each do not fit as rows of equal length")
    row = np.searchsorted(task, votes.task)
    column = np.arange(votes.n_votes) - votes.task_start[votes.task]
    worker = np.zeros((len(task), most), dtype=np.int64)
    label = np.full((len(task), most), -1, dtype=np.int64)
    worker[row, column], label[row, column] = votes.worker, votes.label
    return {"task": task, "worker": worker, "label": label}
