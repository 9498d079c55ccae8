"""Small simulated crowds on which the promises of a strategy are checked, and the same crowd under other names."""

import numpy as np

from benchmark_utils.votes import Votes


def ordinary_crowd(n_class=4, n_task=100, n_worker=15, per_task=7, seed=0, ties=False, skill=(0.5, 0.95)) -> Votes:
    """Workers who are right with probabilities between those of `skill`, and else guess.

    Every task has its votes, a clear majority unless `ties`, an author, and a machine's answer that is often right.
    """
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_class, size=n_task)
    steps = rng.integers(1, n_worker // per_task + 1, size=(n_task, per_task))
    worker = (rng.integers(n_worker, size=(n_task, 1)) + steps.cumsum(axis=1)) % n_worker  # distinct within a task
    skill = rng.uniform(*skill, n_worker)
    right = rng.random(worker.shape) < skill[worker]
    label = np.where(right, truth[:, None], rng.integers(n_class, size=worker.shape))
    if not ties:
        count = np.sort((label[:, :, None] == np.arange(n_class)).sum(axis=1), axis=1)
        tied = count[:, -1] == count[:, -2]
        label[tied] = truth[tied, None]
    return Votes(
        np.repeat(np.arange(n_task), per_task),
        worker.ravel(),
        label.ravel(),
        n_task,
        n_worker,
        n_class,
        author=worker[:, 0],
        machine_label=np.where(rng.random(n_task) < 0.7, truth, -1),
        machine_score=rng.random(n_task),
    )


def tiny_crowds(n_class=4, n_crowd=20, n_task=6, n_worker=5):
    """Crowds of noise: anybody may have said anything, of contradictions and ties too, and every task has a vote."""
    for seed in range(n_crowd):
        rng = np.random.default_rng(seed)
        task = np.r_[np.arange(n_task), rng.integers(n_task, size=rng.integers(30))]
        yield Votes(
            task,
            rng.integers(n_worker, size=len(task)),
            rng.integers(n_class, size=len(task)),
            n_task,
            n_worker,
            n_class,
        )


def renamed(votes: Votes, task=None, worker=None, label=None, n_task=None, n_worker=None) -> Votes:
    """The same votes where task i is called task[i], worker j worker[j] and class k label[k]."""
    task = np.arange(votes.n_task) if task is None else task
    worker = np.arange(votes.n_worker) if worker is None else worker
    label = np.arange(votes.n_class) if label is None else label
    n_task, n_worker = n_task or votes.n_task, n_worker or votes.n_worker

    def per_task(values, missing, names=None):
        moved = np.full(n_task, missing)
        moved[task] = values if names is None else np.where(values < 0, -1, names[values])
        return moved

    return Votes(
        task[votes.task],
        worker[votes.worker],
        label[votes.label],
        n_task,
        n_worker,
        votes.n_class,
        author=per_task(votes.author, -1, worker),
        machine_label=per_task(votes.machine_label, -1, label),
        machine_score=per_task(votes.machine_score, np.nan),
    )


def with_rows(votes: Votes, task, worker, label) -> Votes:
    """These rows in the place of the crowd's own, for as many tasks, workers and classes."""
    return Votes(
        task,
        worker,
        label,
        votes.n_task,
        votes.n_worker,
        votes.n_class,
        author=votes.author,
        machine_label=votes.machine_label,
        machine_score=votes.machine_score,
    )


def graded_crowd(n_class=4, per_class=20, n_worker=6):
    """Votes, truth: all workers answer all tasks, each right more often than the one before, on every class alike."""
    truth = np.repeat(np.arange(n_class), per_class)
    within, n_right = np.tile(np.arange(per_class), n_class), per_class - 2 * np.arange(n_worker)[::-1]
    task, worker = np.divmod(np.arange(len(truth) * n_worker), n_worker)
    other = (truth[task] + 1 + (within[task] + worker) % (n_class - 1)) % n_class
    label = np.where(within[task] < n_right[worker], truth[task], other)
    return Votes(task, worker, label, len(truth), n_worker, n_class), truth


def contrary_crowd() -> Votes:
    """Three workers agree on five tasks, the fourth always says something else and is alone on the sixth task."""
    task, worker = np.divmod(np.arange(20), 4)
    label = np.where(worker == 3, 1 - task % 2, task % 2)
    return Votes(np.append(task, 5), np.append(worker, 3), np.append(label, 1), 6, 4, 2)
