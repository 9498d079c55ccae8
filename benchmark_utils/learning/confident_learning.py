"""Confident Learning: how many labels of a class are wrong, and which (Northcutt, Jiang and Chuang, 2021)."""

from dataclasses import dataclass

import numpy as np

from benchmark_utils.learning.classifier import Classifier, aggregate
from benchmark_utils.learning.crowdlab import CROWDLAB
from benchmark_utils.learning.learnt import Learnt
from benchmark_utils.learning.training.tasks import Tasks, choose_device
from benchmark_utils.votes.votes import Votes


@dataclass(frozen=True)
class ConfidentLearning(Classifier):
    """Prune the tasks whose majority label is likely to be wrong; aggregate the rest and train on that.

    C. G. Northcutt, L. Jiang and I. L. Chuang, "Confident learning: estimating uncertainty in dataset labels", Journal
    of Artificial Intelligence Research 70, 2021. How many tasks are pruned follows from the joint distribution of given
    and true labels, so that there is no share to choose.

    Parameters
    ----------
    folds : int
        The networks that answer for a task have not learnt from it: see `CROWDLAB.out_of_sample`.
    """

    folds: int = 5

    def fit(self, votes: Votes, tasks, seed=0, after_epoch=None) -> Learnt:
        """Score, prune, aggregate, train. `task_score` is the probability of the majority label, low where in doubt."""
        tasks = Tasks(tasks, choose_device(self.device))
        networks = CROWDLAB(labels="MV", folds=self.folds, device=self.device, recipe=self.recipe)
        probability = networks.out_of_sample(votes, tasks, seed)
        given = aggregate("MV", votes, seed).labels
        score = np.where(given >= 0, probability[np.arange(votes.n_task), given], np.nan)
        kept = votes.keep(~likely_wrong(given, probability)[votes.task])
        return super().fit(kept, tasks, seed, after_epoch, task_score=score)


def confident_joint(labels, probability) -> np.ndarray:
    """C_ij, the number of tasks with the given label i that are confidently of class j, (n_class, n_class).

        t_j  = mean of p_j over the tasks with the given label j
        C_ij = |{tasks with label i : j = argmax of p_l over the classes l with p_l >= t_l}|

    A task that reaches no threshold is not counted. A class that is nobody's label has no threshold to reach.

    Parameters
    ----------
    labels : int array, (n_task,)
    probability : float array, (n_task, n_class)
        p, from networks that have not learnt from the task.
    """
    n_class = probability.shape[1]
    n_given = np.bincount(labels, minlength=n_class)
    total = np.bincount(labels, probability[np.arange(len(labels)), labels], minlength=n_class)
    threshold = np.divide(total, n_given, out=np.full(n_class, np.inf), where=n_given > 0)
    confident = probability >= threshold
    likely = np.where(confident, probability, -1).argmax(axis=1)
    counted = confident.any(axis=1)
    cell = labels[counted] * n_class + likely[counted]
    return np.bincount(cell, minlength=n_class**2).reshape(n_class, n_class)


def joint(labels, probability) -> np.ndarray:
    """Q_ij, the share of tasks with the given label i and the true label j: C, each row scaled to its label's share.

    The labels of a class of which no task is counted are taken as right. cleanlab rounds the numbers of tasks, n Q, to
    whole ones, and has one at least on the diagonal of C; the paper does neither.
    """
    count = confident_joint(labels, probability).astype(float)
    none = count.sum(axis=1) == 0
    count[none, none] = 1
    n_given = np.bincount(labels, minlength=len(count))
    return count / count.sum(axis=1, keepdims=True) * (n_given / len(labels))[:, None]


def likely_wrong(labels, probability) -> np.ndarray:
    """Whether each task's label is pruned, (n_task,): the paper's "prune by class".

    Of the tasks with label i, those n sum_{j != i} Q_ij, rounded down, whose p_i is the least. Never one without a
    label, which is -1.
    """
    pruned = np.zeros(len(labels), dtype=bool)
    labelled = np.flatnonzero(labels >= 0)
    labels, probability = labels[labelled], probability[labelled]
    share = joint(labels, probability)
    wrong = np.floor(len(labels) * (share.sum(axis=1) - share.diagonal()) + 1e-9).astype(int)
    own = probability[np.arange(len(labels)), labels]
    n_given = np.bincount(labels, minlength=len(share))
    order = np.lexsort((own, labels))  # label by label, the least sure first
    rank = np.empty(len(labels), dtype=int)
    rank[order] = np.arange(len(labels)) - (np.cumsum(n_given) - n_given)[labels[order]]
    pruned[labelled] = rank < wrong[labels]
    return pruned
