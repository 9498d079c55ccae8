"""How well aggregated labels and soft labels recover the truth: pure functions of (labels, truth) and (soft, truth).

Conventions, everywhere in this file:

- `labels`, (n_task,) int, is the aggregated label, -1 where the strategy calls the task not valid.
- `truth`, (n_task,) int, is -1 where it is not known. G is the set of the tasks whose truth is known; metrics are
  taken over G, and are NaN where that leaves nothing to average over.
- An invalid task predicts no class: it is wrong for every accuracy and recall, and no class's precision sees it.
- `soft`, (n_task, n_class), is a dense array or a scipy sparse array, where an absent entry is probability 0. A row
  may be zero or sum to less than one (no vote, or mass on classes that are not stored).

Sources: Lefort's thesis (2024), sections 1.2.5 (accuracy, calibration) and 4.2.2 (macro averages, subsets of G).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from benchmark_utils.votes import Votes
from benchmark_utils.votes.counts import has_disagreement
from benchmark_utils.votes.labels import check_labels, check_soft, one_hot

N_BINS = 15  # of the expected calibration error (thesis, section 1.2.5)
_LOWEST_PROBABILITY = 1e-12  # of the log loss
_ROUNDING = 1e-9  # probabilities this close are equal: sums of weights depend on their order


def score(votes: Votes, truth, labels, soft=None) -> dict[str, float]:
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
        acc_valid=accuracy(labels, np.where(labels >= 0, truth, -1)),
        valid_fraction=valid_fraction(votes, labels),
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
        None where the strategy learns no classifier: both metrics are NaN.
    truth : int array, (n_test,), or None
        None where the dataset has no held-out images: both metrics are NaN.
    """
    if probabilities is None or truth is None:
        return dict(acc_test=np.nan, ece_test=np.nan)
    probabilities, truth = np.asarray(probabilities), np.asarray(truth)
    if probabilities.ndim != 2:
        raise ValueError(f"probabilities has shape {probabilities.shape}: it needs (images, classes)")
    probabilities = check_soft(probabilities, len(truth), probabilities.shape[1], "probabilities")
    truth = check_labels(truth, "the truth of the test images", *probabilities.shape)
    return dict(
        acc_test=accuracy(probabilities.argmax(axis=1), truth),
        ece_test=expected_calibration_error(probabilities, truth),
    )


def accuracy(labels, truth) -> float:
    """AccTrain, the mean over G of 1(label = truth) 1(valid) (thesis, eq. 1.18 and section 4.2.2)."""
    known = truth >= 0
    return _mean(labels[known] == truth[known])


def valid_fraction(votes: Votes, labels) -> float:
    """Share of the tasks with a vote, in G or not, that the strategy calls valid (thesis, section 4.2.2)."""
    return _mean(labels[votes.votes_per_task > 0] >= 0)


def precision_macro(labels, truth) -> float:
    """Mean over the classes of G's truth of TP / (TP + FP), 0 for a class never predicted (thesis, section 4.2.2)."""
    hit, predicted, _ = class_counts(labels, truth)
    return _mean(hit / np.maximum(predicted, 1))


def recall_macro(labels, truth) -> float:
    """Mean over the classes of G's truth of TP / (TP + FN) (thesis, section 4.2.2)."""
    hit, _, actual = class_counts(labels, truth)
    return _mean(hit / actual)


def f1_macro(labels, truth) -> float:
    """Mean over the classes of G's truth of 2 TP / (2 TP + FP + FN)."""
    hit, predicted, actual = class_counts(labels, truth)
    return _mean(2 * hit / (predicted + actual))


def class_coverage(labels, truth) -> float:
    """Share of the classes of G's truth that are predicted at least once on G (thesis, section 4.2.2)."""
    _, predicted, _ = class_counts(labels, truth)
    return _mean(predicted > 0)


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


def expected_calibration_error(soft, truth, n_bins=N_BINS) -> float:
    """ECE = sum_m |B_m| / |G| |acc(B_m) - conf(B_m)| (thesis, eq. 1.20 to 1.22).

    The confidence is the top probability of a row, the bins ((m - 1) / n_bins, m / n_bins] are equally wide. A row
    whose top is shared by several classes is right in that proportion, as if the tie were broken at random. A row of
    zeros predicts nothing: confidence 0, and wrong.
    """
    p_truth, confidence, n_top, _ = _row_summary(soft, truth)
    right = (p_truth >= confidence * (1 - _ROUNDING)) & (confidence > 0)
    gap = right / np.maximum(n_top, 1) - confidence
    bins = np.ceil(confidence * n_bins - _ROUNDING).clip(1, n_bins).astype(int)
    if not len(gap):
        return np.nan
    return float(np.abs(np.bincount(bins, weights=gap)).sum() / len(gap))


def brier(soft, truth) -> float:
    """Mean over G of sum_k (p_k - 1(k = truth))^2, from 0 to 2; a row of zeros has 1."""
    p_truth, _, _, sum_of_squares = _row_summary(soft, truth)
    return _mean(sum_of_squares - 2 * p_truth + 1)


def log_loss(soft, truth) -> float:
    """Mean over G of -log p_truth, with p clipped at 1e-12."""
    p_truth, _, _, _ = _row_summary(soft, truth)
    return _mean(-np.log(p_truth.clip(_LOWEST_PROBABILITY, 1)))


def _row_summary(soft, truth):
    """Of each task of G, (|G|,): the truth's probability, the highest one, how many share it, the sum of squares."""
    known = np.flatnonzero(truth >= 0)
    truth = truth[known]
    rows = sparse.csr_array(soft[known])  # only the rows of G: soft may have millions
    rows.sum_duplicates()
    row = np.repeat(np.arange(len(known)), np.diff(rows.indptr))
    p = rows.data.astype(float)

    def sum_by_row(values):
        return np.bincount(row, weights=values, minlength=len(known))

    highest = np.zeros(len(known))
    np.maximum.at(highest, row, p)
    n_top = sum_by_row((p > 0) & (p >= highest[row] * (1 - _ROUNDING)))
    return sum_by_row(p * (rows.indices == truth[row])), highest, n_top, sum_by_row(p**2)


def _mean(values) -> float:
    return float(np.mean(values)) if len(values) else np.nan
