"""Generators of crowds whose truth and whose workers are known.

In every scenario worker j answers a task of class k with class l with probability pi^j_kl, independently of all other
answers (thesis, section 3.1.3 and B.2); the scenarios differ in the confusion matrices pi^j, and in the tasks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmark_utils.crowds.simulated.asking import assign
from benchmark_utils.votes import Votes


class Crowd(NamedTuple):
    """A simulated crowd.

    Attributes
    ----------
    votes : Votes
    truth : int64, (n_task,)
    confusion : float, (n_worker, n_class, n_class)
        The probabilities the answers were drawn with, rows by true class.
    """

    votes: Votes
    truth: np.ndarray
    confusion: np.ndarray


def independent(n_task=200, n_worker=30, n_class=5, feedback=10, imbalanced_votes=False, seed=0) -> Crowd:
    """Each worker has a confusion matrix of her own, diagonally dominant (thesis, section 3.1.3).

    Parameters
    ----------
    n_task, n_worker, n_class : int
    feedback : int
        Votes per task, by as many different workers, chosen uniformly.
    imbalanced_votes : bool
        The number of votes of each task is uniform between 1 and `n_worker`, and `feedback` is not used.
    seed : int or numpy Generator

    Raises
    ------
    VotesError
        More votes per task than workers, or none at all. The other scenarios share these parameters.
    """
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_class, size=n_task)
    confusion = diagonally_dominant(rng, n_worker, n_class)
    return ask(rng, truth, confusion, feedback, imbalanced_votes)


def correlated(
    n_task=200, n_worker=30, n_class=5, feedback=10, imbalanced_votes=False, student_share=0.8, seed=0
) -> Crowd:
    """Students share the confusion matrix of a teacher, drawn for each of them (thesis, section 3.1.3).

    The last round(student_share * n_worker) workers are students, the others teachers, diagonally dominant.
    """
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_class, size=n_task)
    n_teacher = max(n_worker - round(student_share * n_worker), 1)
    teacher = np.concatenate([np.arange(n_teacher), rng.integers(n_teacher, size=n_worker - n_teacher)])
    confusion = diagonally_dominant(rng, n_teacher, n_class)[teacher]
    return ask(rng, truth, confusion, feedback, imbalanced_votes)


def difficulty(
    n_task=200, n_worker=100, n_class=5, feedback=10, imbalanced_votes=False, good_share=0.35, ratio=1.0, seed=0
) -> Crowd:
    """Easy tasks, which all workers answer right, and hard ones (thesis, section B.2; Whitehill et al., 2009).

    Hard tasks are answered by the confusion matrix, and that is the one returned: diagonally dominant for the first
    round(good_share * n_worker) workers, the good ones, rows uniform in the simplex for the bad ones. Each task is easy
    with probability ratio / (1 + ratio): `ratio` is P(easy) / P(hard).
    """
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_class, size=n_task)
    n_good = round(good_share * n_worker)
    confusion = np.concatenate(
        [diagonally_dominant(rng, n_good, n_class), simplex_rows(rng, n_worker - n_good, n_class)]
    )
    easy = rng.random(n_task) < ratio / (1 + ratio)
    return ask(rng, truth, confusion, feedback, imbalanced_votes, easy)


def hammer_spammer(
    n_task=200, n_worker=30, n_class=5, feedback=10, imbalanced_votes=False, hammer_share=0.2, seed=0
) -> Crowd:
    """Hammers are always right, spammers answer uniformly at random (Karger, Oh and Shah, 2011).

    The first round(hammer_share * n_worker) workers are hammers.
    """
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_class, size=n_task)
    confusion = np.full((n_worker, n_class, n_class), 1 / n_class)
    confusion[: round(hammer_share * n_worker)] = np.eye(n_class)
    return ask(rng, truth, confusion, feedback, imbalanced_votes)


def adversarial(
    n_task=200, n_worker=30, n_class=5, feedback=10, imbalanced_votes=False, adversary_share=0.2, seed=0
) -> Crowd:
    """As `independent`, but some workers know the truth and answer any other class, uniformly.

    The first round(adversary_share * n_worker) workers are adversaries. With one class they have no other to give.
    """
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_class, size=n_task)
    confusion = diagonally_dominant(rng, n_worker, n_class)
    if n_class > 1:
        confusion[: round(adversary_share * n_worker)] = (1 - np.eye(n_class)) / (n_class - 1)
    return ask(rng, truth, confusion, feedback, imbalanced_votes)


def imbalanced_classes(n_task=200, n_worker=30, n_class=5, feedback=10, imbalanced_votes=False, seed=0) -> Crowd:
    """As `independent`, with classes of prevalence proportional to 1, 1/2, ..., 1/n_class (Zipf's law)."""
    rng = np.random.default_rng(seed)
    prevalence = 1 / np.arange(1, n_class + 1)
    truth = rng.choice(n_class, size=n_task, p=prevalence / prevalence.sum())
    confusion = diagonally_dominant(rng, n_worker, n_class)
    return ask(rng, truth, confusion, feedback, imbalanced_votes)


SCENARIOS = {
    scenario.__name__: scenario
    for scenario in (independent, correlated, difficulty, hammer_spammer, adversarial, imbalanced_classes)
}


def simplex_rows(rng, n_worker, n_class) -> np.ndarray:
    """Confusion matrices (n_worker, n_class, n_class), each row uniform in the simplex."""
    return rng.dirichlet(np.ones(n_class), size=(n_worker, n_class))


def diagonally_dominant(rng, n_worker, n_class) -> np.ndarray:
    """Rows uniform in the simplex, whose largest entry then changes places with the one on the diagonal."""
    confusion = simplex_rows(rng, n_worker, n_class)
    worker, row = np.ogrid[:n_worker, :n_class]
    largest, diagonal = confusion.argmax(axis=2), confusion[worker, row, row]
    highest = confusion[worker, row, largest]
    confusion[worker, row, largest] = diagonal
    confusion[worker, row, row] = highest
    return confusion


def ask(rng, truth, confusion, feedback, imbalanced_votes=False, easy=None) -> Crowd:
    """The answers of a crowd; `easy` (n_task,) marks the tasks that everyone answers right."""
    n_task, (n_worker, n_class, _) = len(truth), confusion.shape
    n_votes = rng.integers(1, n_worker + 1, size=n_task) if imbalanced_votes else np.full(n_task, feedback)
    task, worker = assign(rng, n_votes, n_worker)
    label = answer(rng, confusion, worker, truth[task])
    if easy is not None:
        label = np.where(easy[task], truth[task], label)
    return Crowd(Votes(task, worker, label, n_task, n_worker, n_class), truth, confusion)


def answer(rng, confusion, worker, true_class) -> np.ndarray:
    """One draw (n_votes,) from row `true_class` of each `worker`'s confusion matrix."""
    cumulative = confusion.cumsum(axis=2)
    draw = rng.random(len(worker))
    label = np.zeros(len(worker), dtype=np.int64)
    for k in range(confusion.shape[2] - 1):
        label += draw >= cumulative[worker, true_class, k]
    return label
