"""How well aggregated labels and soft labels recover the truth: pure functions of (labels, truth) and (soft, truth).

Conventions, everywhere in this file:

- `labels`, (n_task,) int, is the aggregated label, -1 where the strategy calls the task not valid.
- `truth`, (n_task,) int, is -1 where it is not known. G is the set of the tasks whose truth is known; metrics are
  taken over G, and are NaN where that leaves nothing to average over.
- An invalid task predicts no class: it is wrong for every accuracy and recall, and no class's precision sees it.
- `soft`, (n_task, n_class), is a dense array or a scipy sparse array. What a row of a sparse array lacks to one belongs
  to the classes that it does not store, in equal parts or in the proportions that a `SparseSoft` has, so that no metric
  depends on the storage.
- A row of zeros is no answer. The Brier score and the log loss take every class for equally likely; to the calibration
  error it is wrong with confidence 1 / n_class, since else to answer nothing would calibrate best.

Sources: Lefort's thesis (2024), sections 1.2.5 (accuracy, calibration) and 4.2.2 (macro averages, subsets of G).
"""

from __future__ import annotations

import numpy as np

from benchmark_utils.scoring.calibration import Rows, brier, expected_calibration_error, log_loss, mean_or_nan
from benchmark_utils.votes import Votes
from benchmark_utils.votes.counts import has_disagreement
from benchmark_utils.votes.labels import check_labels, check_soft, one_hot


def score(votes: Votes, truth, labels, soft=None, given=None) -> dict[str, float]:
    """Every metric of an aggregation, by name.

    Parameters
    ----------
    votes : Votes
    truth : int array, (n_task,)
        -1 where it is not known.
    labels : int array, (n_task,)
        -1 where the task is not valid.
    soft : float array or scipy sparse array, (n_task, n_class), optional
        None: the labels count as certain, and invalid tasks have a row of zeros.
    given : int array, (n_task,), optional
        The truths that the strategies were given, -1 elsewhere: those tasks count in no metric, and their `truth` is
        -1.

    Returns
    -------
    dict of float
        NaN: `acc_valid` where no task of G is valid; the `*_multiple_votes` and the `*_disagreement` where G has no
        task with two votes, or with two different answers; everything but `valid_fraction` where G is empty.

    Raises
    ------
    ValueError
        Labels, truth or soft labels of another shape or type, a label outside [-1, n_class), a probability that is
        NaN, negative or too large.
    """
    truth = check_labels(truth, "truth", votes.n_task, votes.n_class)
    labels = check_labels(labels, "labels", votes.n_task, votes.n_class)
    soft = one_hot(labels, votes.n_class) if soft is None else check_soft(soft, votes.n_task, votes.n_class)
    multiple = np.where(votes.votes_per_task >= 2, truth, -1)
    disputed = np.where(has_disagreement(votes), truth, -1)
    return dict(
        acc_train=accuracy(labels, truth),
        acc_expected=expected_accuracy(labels, soft, truth),
        acc_valid=accuracy(labels, np.where(labels >= 0, truth, -1)),
        valid_fraction=valid_fraction(votes, labels, given),
        precision_macro=precision_macro(labels, truth),
        recall_macro=recall_macro(labels, truth),
        f1_macro=f1_macro(labels, truth),
        class_coverage=class_coverage(labels, truth),
        acc_multiple_votes=accuracy(labels, multiple),
        coverage_multiple_votes=class_coverage(labels, multiple),
        acc_disagreement=accuracy(labels, disputed),
        precision_disagreement=precision_macro(labels, disputed),
        recall_disagreement=recall_macro(labels, disputed),
        coverage_disagreement=class_coverage(labels, disputed),
        ece=expected_calibration_error(soft, truth),
        brier=brier(soft, truth),
        log_loss=log_loss(soft, truth),
    )


def score_test(probabilities, truth) -> dict[str, float]:
    """Accuracy and calibration of a learnt classifier on held-out images (thesis, eq. 1.19 and 1.22).

    Parameters
    ----------
    probabilities : float array, (n_test, n_class), or None
        None where the strategy learns no classifier: all metrics are NaN.
    truth : int array, (n_test,), or None
        None where the dataset has no held-out images: all metrics are NaN.
    """
    if probabilities is None or truth is None:
        return dict(acc_test=np.nan, acc_test_top5=np.nan, ece_test=np.nan)
    probabilities, truth = np.asarray(probabilities), np.asarray(truth)
    if probabilities.ndim != 2:
        raise ValueError(f"probabilities has shape {probabilities.shape}: it needs (images, classes)")
    probabilities = check_soft(probabilities, len(truth), probabilities.shape[1], "probabilities")
    truth = check_labels(truth, "the truth of the test images", *probabilities.shape)
    return dict(
        acc_test=accuracy(probabilities.argmax(axis=1), truth),
        acc_test_top5=top_accuracy(probabilities, truth, 5),
        ece_test=expected_calibration_error(probabilities, truth),
    )


def accuracy(labels, truth) -> float:
    """AccTrain, the mean over G of 1(label = truth) 1(valid) (thesis, eq. 1.18 and section 4.2.2)."""
    known = truth >= 0
    return mean_or_nan(labels[known] == truth[known])


def top_accuracy(probabilities, truth, k) -> float:
    """The share of G whose true class is among the k most probable ones (thesis, Table 2.4).

    Classes that tie for the last places share them: with m places for n classes each counts m / n, as if the tie were
    broken at random. NaN where there are no more than k classes, since every answer would be right.

    Parameters
    ----------
    probabilities : float array, (n, n_class)
    truth : int array, (n,)
    k : int
    """
    known = np.flatnonzero(truth >= 0)
    if probabilities.shape[1] <= k:
        return np.nan
    rows = probabilities[known]
    of_truth = rows[np.arange(len(known)), truth[known]][:, None]
    n_above, n_equal = (rows > of_truth).sum(axis=1), (rows == of_truth).sum(axis=1)
    return mean_or_nan(((k - n_above) / n_equal).clip(0, 1))


def expected_accuracy(labels, soft, truth) -> float:
    """AccTrain as it is on average over the draws that break ties.

    Where the label's probability is the highest of its row, and n classes have it, the task counts 1 / n if the truth
    is one of them, and else 0. Any other task counts as it does for AccTrain.
    """
    known = np.flatnonzero(truth >= 0)
    labels, truth, rows = labels[known], truth[known], Rows(soft, known)
    is_mode = (labels >= 0) & rows.answered & rows.is_top(labels)
    return mean_or_nan(np.where(is_mode, rows.is_top(truth) / rows.n_top, labels == truth))


def valid_fraction(votes: Votes, labels, given=None) -> float:
    """Share of the tasks with a vote, in G or not, that the strategy calls valid (thesis, section 4.2.2).

    Tasks whose truth was given to the strategy do not count.
    """
    counts = votes.has_vote if given is None else votes.has_vote & (given < 0)
    return mean_or_nan(labels[counts] >= 0)


def precision_macro(labels, truth) -> float:
    """Mean over the classes of G's truth of TP / (TP + FP), 0 for a class never predicted (thesis, section 4.2.2)."""
    hit, predicted, _ = class_counts(labels, truth)
    return mean_or_nan(hit / np.maximum(predicted, 1))


def recall_macro(labels, truth) -> float:
    """Mean over the classes of G's truth of TP / (TP + FN) (thesis, section 4.2.2)."""
    hit, _, actual = class_counts(labels, truth)
    return mean_or_nan(hit / actual)


def f1_macro(labels, truth) -> float:
    """Mean over the classes of G's truth of 2 TP / (2 TP + FP + FN)."""
    hit, predicted, actual = class_counts(labels, truth)
    return mean_or_nan(2 * hit / (predicted + actual))


def class_coverage(labels, truth) -> float:
    """Share of the classes of G's truth that are predicted at least once on G (thesis, section 4.2.2)."""
    _, predicted, _ = class_counts(labels, truth)
    return mean_or_nan(predicted > 0)


def class_counts(labels, truth) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each class that occurs in the truth of G: tasks labelled rightly so, labelled so, and truly so."""
    known = truth >= 0
    labels, truth = labels[known], truth[known]
    size = 1 + max(labels.max(initial=-1), truth.max(initial=-1))
    actual = np.bincount(truth, minlength=size)
    predicted = np.bincount(labels[labels >= 0], minlength=size)
    hit = np.bincount(truth[labels == truth], minlength=size)
    occurs = actual > 0
    return hit[occurs], predicted[occurs], actual[occurs]
