"""Areas under the margin: which tasks a network finds hard to learn as the crowd labelled them (thesis, section 2.2).

With sigma^t(x) the network's softmax after epoch t of T, the margin of class y is sigma^t_y(x) - sigma^t_[2](x)
(Yang and Koyejo's psi_5) or, as Pleiss et al. had it, sigma^t_y(x) - max_{k != y} sigma^t_k(x). Then

    AUM(x, y)   = mean over t of the margin of y                                             (eq. 2.1)
    AUMC(x_i)   = AUM(x_i, majority label)                                                   (eq. 2.2)
    s^j(x_i)    = <diag pi^j, sigma^T(x_i)>, the trust in worker j on task i                 (eq. 2.4)
    WAUM(x_i)   = sum_j s^j(x_i) AUM(x_i, y_ij) / sum_j s^j(x_i), over the voters j          (eq. 2.3)

A low score marks an ambiguous task. The area of every class of every task is kept, so that memory is tasks times
classes whatever the number of votes and epochs.
"""

import numpy as np

from benchmark_utils.votes import Votes


class AreaUnderMargin:
    """Sums margins as the epochs go by.

    Parameters
    ----------
    margin : "psi5" or "pleiss"
    top_k : int
        psi_5 for top-k predictions: the reference is sigma_[k+1] in place of sigma_[2].

    Attributes
    ----------
    softmax : tensor (n_task, n_class)
        That of the last epoch.
    n_epoch : int
    """

    def __init__(self, margin="psi5", top_k=1):
        if margin not in ("psi5", "pleiss"):
            raise ValueError(f"margin is {margin!r}: it is 'psi5' or 'pleiss'")
        if margin == "pleiss" and top_k != 1:
            raise ValueError("the margin of Pleiss et al. is for top_k = 1: use margin='psi5' for more")
        self.margin, self.top_k = margin, top_k
        self.total, self.softmax, self.n_epoch = 0, None, 0

    def record(self, softmax):
        """Add the margins of one epoch, from a tensor (n_task, n_class) on any device."""
        if not 1 <= self.top_k < softmax.shape[1]:
            raise ValueError(f"top_k is {self.top_k}: with {softmax.shape[1]} classes it lies in 1 to n_class - 1")
        self.total = self.total + margins(softmax, self.margin, self.top_k)
        self.softmax = softmax
        self.n_epoch += 1

    def state(self) -> dict:
        """What has been recorded, for a checkpoint."""
        return {"total": self.total, "softmax": self.softmax, "n_epoch": self.n_epoch}

    def restore(self, state, device):
        """Go on from a `state`."""
        self.total, self.softmax = state["total"].to(device), state["softmax"].to(device)
        self.n_epoch = state["n_epoch"]

    def mean(self) -> np.ndarray:
        """AUM(x_i, k) of every task and class, (n_task, n_class)."""
        return (self.total / self.n_epoch).cpu().numpy()


def margins(softmax, margin="psi5", top_k=1):
    """The margin of every class, a tensor (n_task, n_class), from the softmax of one epoch."""
    highest = softmax.topk(top_k + 1, dim=1)
    reference = highest.values[:, top_k:].expand_as(softmax)
    if margin == "pleiss":  # the best other class is the first, save for the first itself
        reference = highest.values[:, :1].expand_as(softmax).scatter(1, highest.indices[:, :1], reference[:, :1])
    return softmax - reference


def trust(votes: Votes, diagonal, softmax) -> np.ndarray:
    """s^j(x_i) of every vote, (n_votes,) (eq. 2.4).

    Parameters
    ----------
    votes : Votes
    diagonal : float array, (n_worker, n_class)
        diag pi^j: how often worker j is right about each class.
    softmax : float array, (n_task, n_class)
        The network's, after the last epoch.
    """
    score = np.zeros(votes.n_votes)
    for k in range(votes.n_class):  # class by class, so that memory is one number per vote
        score += diagonal[votes.worker, k] * softmax[votes.task, k]
    return score


def waum(votes: Votes, area, trust_of_vote) -> np.ndarray:
    """WAUM(x_i), (n_task,) (eq. 2.3).

    A task none of whose voters deserves any trust gets the plain mean of their areas; a task without votes gets NaN.

    Parameters
    ----------
    votes : Votes
    area : float array, (n_task, n_class)
        AUM(x_i, k).
    trust_of_vote : float array, (n_votes,)
    """
    untrusted = np.bincount(votes.task, weights=trust_of_vote, minlength=votes.n_task) <= 0
    weight = np.where(untrusted[votes.task], 1.0, trust_of_vote)
    weighted = np.bincount(votes.task, weights=weight * area[votes.task, votes.label], minlength=votes.n_task)
    total = np.bincount(votes.task, weights=weight, minlength=votes.n_task)
    return np.divide(weighted, total, out=np.full(votes.n_task, np.nan), where=total > 0)


def aumc(labels, area) -> np.ndarray:
    """AUMC(x_i), (n_task,), from the majority labels (n_task,), -1 without votes, whose score is NaN (eq. 2.2)."""
    return np.where(labels >= 0, area[np.arange(len(labels)), labels], np.nan)


def kept_tasks(score, alpha, by_class=None) -> np.ndarray:
    """Whether each task survives the pruning: its score is at least the alpha-quantile (thesis, Algorithm 4).

    Parameters
    ----------
    score : float array, (n_task,)
        NaN for tasks without votes, which are never kept and do not count.
    alpha : float in [0, 1]
        The share of tasks to prune.
    by_class : int array, (n_task,), optional
        Take the quantile among the tasks of one class at a time; these are the classes.

    Returns
    -------
    bool, (n_task,)
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is {alpha}: the share of tasks to prune lies in [0, 1]")
    scored = ~np.isnan(score)
    group = np.zeros(len(score), dtype=int) if by_class is None else by_class
    kept = np.zeros(len(score), dtype=bool)
    for k in np.unique(group[scored]):
        members = scored & (group == k)
        kept[members] = score[members] >= np.quantile(score[members], alpha)
    return kept
