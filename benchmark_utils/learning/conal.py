"""CoNAL: a confusion that the crowd shares, and each worker's own (Chu, Ma and Wang, 2021; thesis, section 1.2.4)."""

from dataclasses import dataclass

import torch
from torch import nn

from benchmark_utils.learning.crowd_layer import CrowdLayer, of_voters, vote_losses
from benchmark_utils.learning.learnt import votes_per_task
from benchmark_utils.learning.training.errors import LearningError


class CoNALModel(nn.Module):
    """Common noise adaptation layers.

    The scores of worker j's answer to task x are

        omega W^g softmax(f(x)) + (1 - omega) W^j softmax(f(x)),    omega = sigmoid(u_j . v(x)),

    with f the classifier, u_j the worker's embedding and v a linear embedding of the task. The loss of a task is the
    sum of the cross-entropies of its votes, less scale sum_j ||W^g - W^j||_2, which keeps the workers' matrices from
    falling onto the common one. All matrices start at the identity, times `diagonal`, and all omega near 1/2. Without
    the layers, f predicts.

    Parameters
    ----------
    network : Module
        f, from tasks to logits (n, n_class).
    shape : tuple
        Of a task.
    voted : bool array, (n_worker,)
        Whether the worker has a vote; the others have no part in the penalty.
    n_class : int
    scale : float
        lambda of the thesis.
    votes_per_task : float
        The mean number of votes of a task: the loss is divided by it, as in CrowdLayer, and so is the penalty, which
        would otherwise outweigh the cross-entropies of a large crowd.
    n_embedding : int
    diagonal : float
    """

    def __init__(self, network, shape, voted, n_class, scale=0.0, votes_per_task=1.0, n_embedding=20, diagonal=1.0):
        super().__init__()
        self.network = network
        self.common = nn.Parameter(diagonal * torch.eye(n_class))
        self.confusion = nn.Parameter(diagonal * torch.eye(n_class).repeat(len(voted), 1, 1))
        self.worker_embedding = nn.Parameter(0.01 * torch.randn(len(voted), n_embedding))
        self.task_embedding = nn.Linear(int(torch.tensor(shape).prod()), n_embedding)
        self.scale, self.votes_per_task = scale, votes_per_task
        self.register_buffer("voted", torch.as_tensor(voted))

    def loss(self, x, batch):
        """The loss of each task, (n,); see CrowdLayer."""
        worker = batch["worker"]
        probability = self.network(x).softmax(dim=1)
        omega = self.common_share(x, worker)[:, :, None]
        common = (self.common * probability[:, None, :]).sum(dim=2)
        own = (of_voters(self.confusion, worker) * probability[:, None, None, :]).sum(dim=3)
        scores = omega * common[:, None, :] + (1 - omega) * own
        loss = vote_losses(scores, batch["label"]).sum(dim=1)
        if self.scale:
            loss = loss - self.scale * self.distance()
        return loss / self.votes_per_task

    def common_share(self, x, worker):
        """omega of each vote, (n, most votes)."""
        v = self.task_embedding(x.flatten(1))
        return (of_voters(self.worker_embedding, worker) * v[:, None, :]).sum(dim=2).sigmoid()

    def distance(self):
        """sum_j ||W^g - W^j||_2 over the workers who voted."""
        return ((self.confusion - self.common).flatten(1).norm(dim=1) * self.voted).sum()

    def worker_confusion(self):
        """P(answer l | the network is certain of class k) by each worker's own matrix, rows k; see CrowdLayer."""
        return self.confusion.detach().softmax(dim=1).transpose(1, 2)


@dataclass(frozen=True)
class CoNAL(CrowdLayer):
    """A classifier that learns from the votes themselves, through a confusion shared by the crowd and one per worker.

    Parameters
    ----------
    alpha : float
        The share of tasks that WAUM prunes beforehand.
    start :
        As for CrowdLayer, for the common matrix, too.
    scale : float
        How strongly the workers' matrices are kept away from the common one.
    """

    scale: float = 0.0

    def model(self, network, votes, tasks):
        if self.form != "matrix" or self.trace:
            raise LearningError("CoNAL has matrices, and no penalty on their trace: leave form and trace as they are")
        voted = votes.votes_per_worker > 0
        per_task, diagonal = votes_per_task(votes), self.diagonal(votes)
        return CoNALModel(network, tasks.shape, voted, votes.n_class, self.scale, per_task, diagonal=diagonal)
