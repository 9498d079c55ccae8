"""CrowdLayer: one confusion layer per worker on top of the classifier (Rodrigues and Pereira, 2018; thesis, 1.2.4)."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy


class CrowdLayer(nn.Module):
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
