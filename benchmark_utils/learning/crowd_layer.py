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
from benchmark_utils.votes.counts import sum_votes
from benchmark_utils.votes.votes import Votes

FORMS = ("matrix", "vector", "vector_bias", "scalar", "probability")


class CrowdLayerModel(nn.Module):
    """The classifier f under one layer per worker.

    With p = softmax(f(x)), the scores of worker j's answer are

        matrix        W^j p                      (MW, the thesis's)
        vector        w^j * p, class by class    (VW)
        vector_bias   w^j * p + b^j              (VW + B)
        scalar        w^j p, w^j one number

    and the loss of a task is the sum of the cross-entropies of its votes with the softmax of the scores. Tanno et al.
    (2019) have, in place of scores, the probabilities of the answers:

        probability   A^j p, A^j_lk = P(j answers l | class k) = softmax over l of W^j_lk

    with `trace` times the mean trace of A^j of the workers who voted added to the loss: of the many pairs of A^j and f
    that explain the votes, the least trace belongs to the right ones. All start at the identity, times `diagonal`, and
    b^j at zero. Without the layer, f predicts.

    Parameters
    ----------
    network : Module
        f, from tasks to logits (n, n_class).
    n_worker, n_class : int
    votes_per_task : float
        The mean number of votes of a task: the loss is divided by it, so that its size does not depend on the crowd's.
    form : str
        One of `FORMS`.
    diagonal : float
    trace : float
        lambda of Tanno et al., for `form="probability"`.
    voted : bool array, (n_worker,), optional
        Whether the worker has a vote; the others have no part in the penalty.
    """

    def __init__(
        self, network, n_worker, n_class, votes_per_task=1.0, form="matrix", diagonal=1.0, trace=0.0, voted=None
    ):
        super().__init__()
        if form not in FORMS:
            raise LearningError(f"form is {form!r}: take one of {', '.join(FORMS)}")
        if trace and form != "probability":
            raise LearningError(f"trace is {trace}: it is for form='probability', whose rows are probabilities")
        self.network, self.form, self.n_class = network, form, n_class
        size = {"scalar": (1,), "vector": (n_class,), "vector_bias": (n_class,)}.get(form)
        one = torch.eye(n_class) if size is None else torch.ones(size)
        self.confusion = nn.Parameter((diagonal * one).repeat(n_worker, *[1] * one.ndim))
        self.bias = nn.Parameter(torch.zeros(n_worker, n_class)) if form == "vector_bias" else None
        self.votes_per_task, self.trace = votes_per_task, trace
        voted = torch.ones(n_worker, dtype=torch.bool) if voted is None else torch.as_tensor(voted)
        self.register_buffer("share", voted / voted.sum())

    def loss(self, x, batch):
        """The loss of each task, (n,).

        The batch holds `worker` and `label`, (n, most votes), of each task's votes, label -1 where there are fewer.
        """
        scores = self.scores(self.network(x).softmax(dim=1), batch["worker"])
        loss = vote_losses(scores, batch["label"]).sum(dim=1) / self.votes_per_task
        return loss + self.trace * self.mean_trace() if self.trace else loss

    def scores(self, probability, worker):
        """Of the answers to each vote's task, (n, most votes, n_class), from the classifier's p, (n, n_class)."""
        own = of_voters(self.matrices() if self.form == "probability" else self.confusion, worker)
        p = probability[:, None, :]
        if self.form == "matrix":
            return (own * p[:, :, None, :]).sum(dim=3)
        if self.form == "probability":
            return (own * p[:, :, None, :]).sum(dim=3).clamp_min(1e-12).log()
        scores = own * p
        return scores if self.bias is None else scores + of_voters(self.bias, worker)

    def matrices(self):
        """A^j of each worker, (n_worker, n_class, n_class), columns by class, for `form="probability"`."""
        return self.confusion.softmax(dim=1)

    def mean_trace(self):
        """The mean of tr A^j over the workers who voted."""
        return (self.matrices().diagonal(dim1=1, dim2=2).sum(dim=1) * self.share).sum()

    @torch.no_grad()
    def worker_confusion(self):
        """P(answer l | the network is certain of class k) of each worker, (n_worker, n_class, n_class), rows k."""
        certain = torch.eye(self.n_class, device=self.confusion.device)
        worker = torch.arange(len(self.confusion), device=certain.device).expand(self.n_class, -1)
        return self.scores(certain, worker).softmax(dim=2).transpose(0, 1)


def of_voters(table, worker):
    """The rows of a table (n_worker, ...) of each vote's worker, (n, most votes, ...)."""
    return table.index_select(0, worker.flatten()).view(*worker.shape, *table.shape[1:])


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
    form, trace :
        See `CrowdLayerModel`.
    start : "identity" or "agreement"
        Where the layers start: at the identity, as published, or at the multiple of it under which a worker answers
        with the classifier's class as often as the votes agree with the majority of their task.
    """

    alpha: float = 0.0
    form: str = "matrix"
    trace: float = 0.0
    start: str = "identity"

    def recipe_for(self, shape):
        """Adam for images, too, at its own learning rate: SGD fails (docs/learning_results.md).

        A worker has voted on few of the tasks of a batch, so that the gradient of their matrix is tiny.
        """
        adam = {"optimizer": "adam", "learning_rate": 0.001} if len(shape) == 3 else {}
        return published_recipe(shape, **adam | self.recipe)

    def model(self, network, votes, tasks):
        voted = votes.votes_per_worker > 0
        shape = (votes.n_worker, votes.n_class, votes_per_task(votes))
        return CrowdLayerModel(network, *shape, self.form, self.diagonal(votes), self.trace, voted)

    def diagonal(self, votes):
        """What the identity is multiplied by at the start."""
        if self.start == "identity":
            return 1.0
        if self.start == "agreement":
            return agreement_logit(votes)
        raise LearningError(f"start is {self.start!r}: it is 'identity' or 'agreement'")

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


def agreement_logit(votes):
    """The c at which softmax(c e_k) gives class k the share of votes that agree with their task's majority."""
    share = sum_votes(votes).max(axis=1).sum() / votes.n_votes
    share = min(share, 1 - 1 / (votes.n_votes + 1))  # a crowd of one mind has seen no error yet
    return float(np.log(share * max(votes.n_class - 1, 1) / (1 - share)))
