"""Metrics by hand, against scikit-learn, and what is refused."""

import time

import numpy as np
import pytest
from scipy import sparse
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from benchmark_utils.scoring import against_truth, calibration
from benchmark_utils.strategies.majority_vote import MajorityVote, NaiveSoft
from benchmark_utils.votes import Votes
from benchmark_utils.votes.counts import has_disagreement
from benchmark_utils.votes.labels import SparseSoft, one_hot

# tasks          0   1   2   3   4   5   6   7
TRUTH = np.array([0, 0, 0, 1, 1, 2, -1, 3])
LABELS = np.array([0, 0, 1, 1, -1, 1, 2, 0])
# task 0: two votes that agree; 2 and 3: two that differ; 4: three, two of them differ; 5: one worker, two answers;
# 6: two that differ, truth unknown; 7: no vote; 8 does not exist
VOTES = Votes(
    task=[0, 0, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6],
    worker=[0, 1, 0, 0, 1, 0, 1, 0, 1, 2, 2, 2, 0, 1],
    label=[0, 0, 0, 0, 1, 1, 3, 1, 1, 2, 1, 2, 2, 0],
    n_task=8,
    n_worker=3,
    n_class=5,
)


@pytest.fixture
def scores():
    return against_truth.score(VOTES, TRUTH, LABELS)


def test_accuracy_counts_an_invalid_task_as_wrong(scores):
    assert scores["acc_train"] == pytest.approx(3 / 7)
    assert scores["acc_valid"] == pytest.approx(3 / 6)
    assert scores["acc_train"] == pytest.approx(sk.accuracy_score(TRUTH[TRUTH >= 0], LABELS[TRUTH >= 0]))


def test_valid_fraction_is_of_the_voted_tasks(scores):
    assert scores["valid_fraction"] == pytest.approx(6 / 7)  # task 7 has no vote, task 6 no truth


def test_macro_metrics(scores):
    # class 0: predicted for 0, 1, 7, right twice of three; class 1: predicted for 2, 3, 5, right once of two
    # class 2: predicted for task 6 only, which has no truth; class 3 never predicted
    assert scores["precision_macro"] == pytest.approx((2 / 3 + 1 / 3 + 0 + 0) / 4)
    assert scores["recall_macro"] == pytest.approx((2 / 3 + 1 / 2 + 0 + 0) / 4)
    assert scores["f1_macro"] == pytest.approx((4 / 6 + 2 / 5 + 0 + 0) / 4)
    assert scores["class_coverage"] == pytest.approx(2 / 4)


def test_subsets_of_the_truth(scores):
    # two votes or more: 0, 2, 3, 4, 5; two different answers: 2, 3, 4, 5 with truth 0, 1, 1, 2 and labels 1, 1, -1, 1
    assert scores["acc_multiple_votes"] == pytest.approx(2 / 5)
    # ... with truth 0, 0, 1, 1, 2 and labels 0, 1, 1, -1, 1: classes 0 and 1 are retrieved, 2 is not
    assert scores["coverage_multiple_votes"] == pytest.approx(2 / 3)
    assert scores["acc_disagreement"] == pytest.approx(1 / 4)
    assert scores["precision_disagreement"] == pytest.approx((0 + 1 / 3 + 0) / 3)
    assert scores["recall_disagreement"] == pytest.approx((0 + 1 / 2 + 0) / 3)
    assert scores["coverage_disagreement"] == pytest.approx(1 / 3)


def test_disagreement():
    assert has_disagreement(VOTES).tolist() == [False, False, True, True, True, True, True, False]


def test_hard_labels_are_certain(scores):
    # six valid tasks of confidence 1, three right: gap 3; the invalid one is wrong with confidence 1/5
    assert scores["ece"] == pytest.approx((3 + 1 / 5) / 7)
    # 0 where right, 2 where wrong, and for the row of zeros as for fifths
    assert scores["brier"] == pytest.approx((3 * 0 + 3 * 2 + 4 / 5) / 7)
    assert scores["log_loss"] == pytest.approx((-3 * np.log(1e-12) + np.log(5)) / 7)


SOFT = np.array(
    [
        [0.7, 0.2, 0.1],  # right
        [0.1, 0.8, 0.1],  # wrong
        [0.4, 0.4, 0.2],  # tie with the truth: half right
        [0.0, 0.0, 0.0],  # nothing
        [0.6, 0.0, 0.4],  # the truth has probability 0
        [0.2, 0.2, 0.6],  # no truth
    ]
)
SOFT_TRUTH = np.array([0, 2, 1, 0, 1, -1])


@pytest.mark.parametrize("as_given", [np.asarray, sparse.csr_array, sparse.csr_matrix, sparse.coo_array])
def test_calibration_by_hand(as_given):
    votes = Votes(np.arange(6), np.zeros(6, int), np.arange(6) % 3, 6, 1, 3)
    scores = against_truth.score(votes, SOFT_TRUTH, np.array([0, 1, 1, -1, 0, 2]), as_given(SOFT))
    # each of 0.7, 0.8, 0.4, 1/3, 0.6 has a bin of its own: (10/15, 11/15], (11/15, 12/15], ...
    assert scores["ece"] == pytest.approx((abs(1 - 0.7) + abs(0 - 0.8) + abs(0.5 - 0.4) + 1 / 3 + abs(0 - 0.6)) / 5)
    squares = (0.09 + 0.04 + 0.01) + (0.01 + 0.64 + 0.81) + (0.16 + 0.36 + 0.04) + 2 / 3 + (0.36 + 1 + 0.16)
    assert scores["brier"] == pytest.approx(squares / 5)
    assert scores["log_loss"] == pytest.approx(-(np.log([0.7, 0.1, 0.4, 1 / 3]).sum() + np.log(1e-12)) / 5)


def test_tasks_of_one_bin_are_averaged_before_the_difference():
    soft = np.array([[0.91, 0.09], [0.09, 0.91], [0.92, 0.08]])
    right_twice = np.array([0, 1, 1])
    assert calibration.expected_calibration_error(soft, right_twice) == pytest.approx(abs(2 - 0.91 * 2 - 0.92) / 3)


def test_a_bin_includes_its_upper_edge_whatever_the_rounding():
    soft = np.zeros((3, 16))
    soft[0, 0], soft[1, 0], soft[2, 0] = 0.6, 0.6 + 1e-12, 0.59  # all in (8/15, 9/15]
    truth = np.array([0, 1, 0])
    assert calibration.expected_calibration_error(soft, truth) == pytest.approx(abs(2 - 1.79) / 3)


def test_what_a_sparse_row_lacks_belongs_to_the_classes_that_it_does_not_store():
    stored = sparse.csr_array(([0.5, 0.1, 0.1, 0.2, 0.3], ([0, 0, 1, 2, 2], [3, 1, 0, 2, 0])), shape=(4, 4))
    full = np.array([[0.2, 0.1, 0.2, 0.5], [0.1, 0.3, 0.3, 0.3], [0.3, 0.25, 0.2, 0.25], [0.25, 0.25, 0.25, 0.25]])
    votes = Votes(np.arange(4), np.zeros(4, int), np.arange(4), 4, 1, 4)
    for truth in ([3, 1, 0, 1], [0, 2, 3, 0], [2, 0, 2, 2]):
        scores, expected = (against_truth.score(votes, truth, [3, 2, 0, -1], soft) for soft in (stored, full))
        del scores["ece"], expected["ece"]  # the last row is an answer where it is stored in full
        assert scores == pytest.approx(expected, nan_ok=True)
        three = [calibration.expected_calibration_error(soft[:3], np.array(truth[:3])) for soft in (stored, full)]
        assert three[0] == pytest.approx(three[1])


def with_proportions(rng, n_class, proportions):
    """Soft labels of 40 tasks that lack something in most rows, and the same in full."""
    stored = rng.dirichlet(np.ones(n_class), 40) * (rng.random((40, n_class)) < 0.5)
    stored[0], stored[1] = 0, (1 - 1e-12) / n_class  # no answer, and a row that lacks nothing but for rounding
    stored[2:12] *= 0.2  # what is not stored is likelier
    full = stored.copy()
    for row in full[1:]:
        if row.any():
            share = proportions * (row == 0)
            row += (1 - row.sum()) * share / max(share.sum(), 1e-300)
    soft = SparseSoft(stored)
    soft.proportions = proportions
    return soft, full


@pytest.mark.parametrize("seed", range(6))
def test_classes_that_are_not_stored_share_what_a_row_lacks_in_their_proportions(seed):
    rng = np.random.default_rng(seed)
    n_class = rng.integers(2, 9)
    proportions = rng.integers(0 if seed % 2 else 1, 4, n_class).astype(float) / [1, 7, 1e5][seed % 3]  # ties, zeros
    soft, full = with_proportions(rng, n_class, proportions)
    votes = Votes(np.arange(40), np.zeros(40, int), np.arange(40) % n_class, 40, 1, n_class)
    truth, labels = rng.integers(n_class, size=(2, 40))
    labels[3:] = full[3:].argmax(axis=1)
    expected = against_truth.score(votes, truth, labels, full)
    assert against_truth.score(votes, truth, labels, soft) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("n", range(9, 30))
def test_what_sums_of_proportions_lose_to_rounding_is_given_to_no_class(n):
    proportions = np.append(np.random.default_rng(n).random(n), [0, 0])
    soft = SparseSoft(np.append(np.full(n, 0.9 / n), [0, 0])[None])
    soft.proportions = proportions
    rows = calibration.Rows(soft, np.array([0]))
    assert rows.sum_of_squares == pytest.approx(0.81 / n)
    assert rows.highest == pytest.approx(0.9 / n)
    assert rows.n_top == n


@pytest.mark.parametrize("proportions", [[1, 1], [[1, 1, 1]], [1, -1, 1], [1, np.nan, 1], [1, np.inf, 1], ["a"] * 3])
def test_proportions_that_are_none_are_refused(proportions):
    soft = SparseSoft(np.eye(3))
    soft.proportions = proportions
    with pytest.raises(ValueError, match=r"soft\.proportions needs a number of at least zero for each of the 3"):
        against_truth.score(Votes([0, 1, 2], [0, 0, 0], [0, 1, 2], 3, 1, 3), [0, 1, 2], [0, 1, 2], soft)


def test_to_answer_nothing_does_not_calibrate_best():
    truth = np.arange(12) % 3
    nothing = [np.zeros((12, 3)), sparse.csr_array((12, 3)), one_hot(np.full(12, -1), 3)]
    assert [calibration.expected_calibration_error(soft, truth) for soft in nothing] == pytest.approx([1 / 3] * 3)
    guess = np.full((12, 3), 1 / 3)
    assert calibration.expected_calibration_error(guess, truth) == pytest.approx(0)


TIES = np.array(
    [
        [0.4, 0.4, 0.2],  # half
        [0.4, 0.4, 0.2],  # the truth is not at the top
        [1 / 3, 1 / 3, 1 / 3],  # a third
        [0.2, 0.7, 0.1],  # right
        [0.2, 0.7, 0.1],  # wrong
        [0.4, 0.4, 0.2],  # not valid
        [0.5, 0.4, 0.1],  # a label that is no mode of its row, right
        [0.0, 0.0, 0.0],  # a label without a row, right
        [0.5, 0.5, 0.0],  # no truth
    ]
)


@pytest.mark.parametrize("as_given", [np.asarray, sparse.csr_array])
def test_a_tied_task_counts_by_its_share(as_given):
    labels = np.array([1, 1, 0, 1, 1, -1, 1, 0, 0])
    truth = np.array([0, 2, 2, 1, 0, 0, 1, 0, -1])
    shares = [1 / 2, 0, 1 / 3, 1, 0, 0, 1, 1]
    assert against_truth.expected_accuracy(labels, as_given(TIES), truth) == pytest.approx(np.mean(shares))


def test_classes_that_are_not_stored_can_tie():
    soft = sparse.csr_array(([0.2, 0.4], ([0, 1], [0, 1])), shape=(2, 4))  # 0.8 / 3 each, then 0.2 each
    assert against_truth.expected_accuracy(np.array([1, 1]), soft, np.array([3, 1])) == pytest.approx((1 / 3 + 1) / 2)


def test_hard_labels_are_expected_as_they_are(scores):
    assert scores["acc_expected"] == scores["acc_train"]


def test_the_expected_accuracy_of_the_majority_vote_is_its_mean_over_seeds(random_votes):
    votes, truth = random_votes(n_task=200, n_class=3, per_task=4, skill=0.3)
    strategy = MajorityVote()
    seeds = [against_truth.score(votes, truth, strategy.fit(votes, seed).labels)["acc_train"] for seed in range(400)]
    labels, soft = strategy.fit(votes).labels, strategy.tied_shares(votes)
    expected = against_truth.score(votes, truth, labels, soft)["acc_expected"]
    assert np.std(seeds) > 0.01
    assert expected == pytest.approx(np.mean(seeds), abs=4 * np.std(seeds) / np.sqrt(400))
    naive = NaiveSoft().fit(votes)
    assert against_truth.score(votes, truth, naive.labels, naive.soft)["acc_expected"] == pytest.approx(expected)


def test_a_repeated_entry_of_a_sparse_array_is_summed_and_the_array_left_alone():
    soft = sparse.csr_array((np.array([0.2, 0.5, 0.3]), np.array([1, 1, 0]), np.array([0, 3])), shape=(1, 2))
    votes = Votes([0], [0], [1], 1, 1, 2)
    assert against_truth.score(votes, [1], [1], soft)["brier"] == pytest.approx(0.09 + 0.09)
    assert soft.indices.tolist() == [1, 1, 0]


@pytest.fixture
def crowd():
    rng = np.random.default_rng(0)
    n_task, n_class = 500, 7
    truth = rng.integers(-1, n_class - 1, n_task)  # class 6 never true, a seventh unknown
    labels = np.where(rng.random(n_task) < 0.5, truth, rng.integers(-1, n_class, n_task))
    soft = rng.dirichlet(np.full(n_class, 0.3), n_task)
    votes = Votes(np.arange(n_task), np.zeros(n_task, int), rng.integers(n_class, size=n_task), n_task, 1, n_class)
    return votes, truth, labels, soft


def test_equal_to_scikit_learn(crowd):
    votes, truth, labels, soft = crowd
    scores = against_truth.score(votes, truth, labels, soft)
    known = truth >= 0
    y, predicted, p = truth[known], labels[known], soft[known]
    options = dict(labels=np.unique(y), average="macro", zero_division=0)
    assert scores["acc_train"] == pytest.approx(sk.accuracy_score(y, predicted))
    valid = predicted >= 0
    assert 0 < valid.sum() < len(valid)
    assert scores["acc_valid"] == pytest.approx(sk.accuracy_score(y[valid], predicted[valid]))
    assert scores["precision_macro"] == pytest.approx(sk.precision_score(y, predicted, **options))
    assert scores["recall_macro"] == pytest.approx(sk.recall_score(y, predicted, **options))
    assert scores["f1_macro"] == pytest.approx(sk.f1_score(y, predicted, **options))
    clipped = p.clip(1e-12)
    expected = sk.log_loss(y, clipped / clipped.sum(axis=1, keepdims=True), labels=np.arange(7))
    assert scores["log_loss"] == pytest.approx(expected)
    brier_by_class = [sk.brier_score_loss(y == k, p[:, k], pos_label=True) for k in range(7)]
    assert scores["brier"] == pytest.approx(sum(brier_by_class))
    right, confidence = p.argmax(axis=1) == y, p.max(axis=1)
    accuracy, mean_confidence = calibration_curve(right, confidence, n_bins=15)
    size = np.histogram(confidence, bins=15, range=(0, 1))[0]
    assert scores["ece"] == pytest.approx((size[size > 0] * np.abs(accuracy - mean_confidence)).sum() / len(y))


def test_dense_and_sparse_agree(crowd):
    votes, truth, labels, soft = crowd
    dense = against_truth.score(votes, truth, labels, soft)
    assert against_truth.score(votes, truth, labels, sparse.csr_array(soft)) == pytest.approx(dense, nan_ok=True)


def test_every_column_is_a_plain_float(crowd):
    votes, truth, labels, soft = crowd
    scores = against_truth.score(votes, truth, labels, soft)
    assert list(scores) == [
        *(
            "acc_train",
            "acc_expected",
            "acc_valid",
            "valid_fraction",
            "precision_macro",
            "recall_macro",
            "f1_macro",
            "class_coverage",
        ),
        *("acc_multiple_votes", "coverage_multiple_votes", "acc_disagreement", "precision_disagreement"),
        *("recall_disagreement", "coverage_disagreement", "ece", "brier", "log_loss"),
    ]
    assert {type(value) for value in scores.values()} == {float}


def test_nan_only_where_a_subset_is_empty(crowd):
    votes, truth, labels, soft = crowd  # one vote per task
    undefined = {name for name, value in against_truth.score(votes, truth, labels, soft).items() if np.isnan(value)}
    subsets = {
        name for name in against_truth.score(votes, truth, labels) if "disagreement" in name or "multiple" in name
    }
    assert undefined == subsets


def test_truth_of_one_task():
    truth = np.full(8, -1)
    truth[2] = 1
    scores = against_truth.score(VOTES, truth, LABELS)
    assert scores.pop("valid_fraction") == pytest.approx(6 / 7)
    perfect = dict.fromkeys(scores, 1.0) | dict(ece=0, brier=0, log_loss=0)
    assert scores == perfect


def test_nothing_valid():
    scores = against_truth.score(VOTES, TRUTH, np.full(8, -1))
    assert np.isnan(scores.pop("acc_valid"))
    assert scores.pop("brier") == pytest.approx(1 - 1 / 5)
    assert scores.pop("log_loss") == pytest.approx(np.log(5))
    assert scores.pop("ece") == pytest.approx(1 / 5)
    assert set(scores.values()) == {0.0}


def test_no_truth():
    scores = against_truth.score(VOTES, np.full(8, -1), LABELS, np.full((8, 5), 0.2))
    assert scores.pop("valid_fraction") == pytest.approx(6 / 7)
    assert np.isnan(list(scores.values())).all()


def test_soft_labels_of_an_invalid_task_count():
    soft = np.full((8, 5), 0.2)
    assert against_truth.score(VOTES, TRUTH, np.full(8, -1), soft)["brier"] == pytest.approx(0.8)


def test_millions_of_tasks_and_thousands_of_classes():
    """A dense array of these shapes would take 80 GB."""
    n_task, n_class = 1_000_000, 10_000
    rng = np.random.default_rng(0)
    label = rng.integers(n_class, size=n_task)
    votes = Votes(np.arange(n_task), np.zeros(n_task, dtype=int), label, n_task, 1, n_class)
    truth = np.full(n_task, -1)
    truth[::100] = label[::100]
    soft = sparse.csr_array((np.full(n_task, 0.9), label, np.arange(n_task + 1)), shape=(n_task, n_class))
    start = time.perf_counter()
    scores = against_truth.score(votes, truth, label, soft)
    assert time.perf_counter() - start < 5
    assert scores["acc_train"] == 1
    assert scores["brier"] == pytest.approx(0.1**2 + (n_class - 1) * (0.1 / (n_class - 1)) ** 2)
    assert scores["ece"] == pytest.approx(0.1)


def test_a_classifier_on_held_out_images():
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7], [0.8, 0.2]], dtype=np.float32)
    scores = against_truth.score_test(probabilities, [0, 1, 1])
    ece = pytest.approx((0.1 + 0.3 + 0.8) / 3)
    assert scores == dict(acc_test=pytest.approx(2 / 3), acc_test_top5=pytest.approx(np.nan, nan_ok=True), ece_test=ece)


def test_the_five_most_probable_classes():
    """Of seven classes: the first, the fifth, the sixth; of two for the fifth place; of six for the last four."""
    probabilities = np.array(
        [
            [0.40, 0.20, 0.10, 0.10, 0.10, 0.05, 0.05],
            [0.30, 0.20, 0.16, 0.14, 0.10, 0.06, 0.04],
            [0.30, 0.20, 0.16, 0.14, 0.10, 0.06, 0.04],
            [0.30, 0.20, 0.16, 0.14, 0.09, 0.09, 0.02],
            [0.40, 0.10, 0.10, 0.10, 0.10, 0.10, 0.10],
        ]
    )
    truth = np.array([0, 4, 5, 5, 6])
    assert against_truth.score_test(probabilities, truth)["acc_test_top5"] == pytest.approx(
        (1 + 1 + 0 + 1 / 2 + 4 / 6) / 5
    )
    assert against_truth.top_accuracy(probabilities, truth, 1) == pytest.approx(1 / 5)
    assert against_truth.top_accuracy(probabilities, np.full(5, -1), 5) is np.nan
    assert against_truth.top_accuracy(probabilities[:, :5], np.zeros(5, int), 5) is np.nan


@pytest.mark.parametrize(("probabilities", "truth"), [(None, None), (None, [0]), (np.ones((1, 1)), None)])
def test_no_classifier_or_no_held_out_images(probabilities, truth):
    scores = against_truth.score_test(probabilities, truth)
    assert list(scores) == ["acc_test", "acc_test_top5", "ece_test"]
    assert np.isnan(list(scores.values())).all()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros(7, int), r"labels has shape \(7,\): it needs one entry per task, \(8,\)"),
        (np.zeros((8, 1), int), r"labels has shape \(8, 1\)"),
        (np.array([0, 1, 5, 0, 0, 0, 0, 9]), r"outside \[-1, 5\) for task 2, 7, found \[5, 9\]"),
        (np.full(8, -2), r"for task 0, 1, 2, 3, 4 and 3 more"),
        (np.array([0, np.nan, 0, 0, 0, 0, 0, 0]), r"labels holds float64: it needs class numbers"),
        (np.array(list("abcdefgh")), r"it needs class numbers"),
    ],
)
def test_bad_labels_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        against_truth.score(VOTES, TRUTH, labels)


def soft_with(rows, value):
    soft = np.full((8, 5), 0.2)
    soft[rows, 0] = value
    return soft


@pytest.mark.parametrize("as_given", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize(
    ("soft", "message"),
    [
        (
            np.full((8, 4), 0.2),
            r"soft has shape \(8, 4\): it needs one row per task.*, \(8, 5\)",
        ),
        (soft_with([3, 6], np.nan), r"soft is not in \[0, 1\] for task 3, 6, found \[nan, nan\]"),
        (soft_with([1], -0.1), r"for task 1, found \[-0.1\]"),
        (soft_with([1], np.inf), r"for task 1, found \[inf\]"),
        (soft_with([2, 4], 0.9), r"soft sums to more than one for task 2, 4, found \[1.7"),
    ],
)
def test_bad_soft_labels_are_refused(soft, message, as_given):
    with pytest.raises(ValueError, match=message):
        against_truth.score(VOTES, TRUTH, LABELS, as_given(soft))


def test_soft_labels_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="it needs probabilities"):
        against_truth.score(VOTES, TRUTH, LABELS, np.full((8, 5), "a"))


def test_a_bad_truth_is_refused():
    with pytest.raises(ValueError, match=r"truth is outside \[-1, 5\) for task 0"):
        against_truth.score(VOTES, np.full(8, 5), LABELS)


def test_bad_probabilities_of_a_classifier_are_refused():
    with pytest.raises(ValueError, match=r"probabilities has shape \(3,\)"):
        against_truth.score_test(np.ones(3), [0, 0, 0])
    with pytest.raises(ValueError, match=r"probabilities has shape \(3, 2\).*\(2, 2\)"):
        against_truth.score_test(np.full((3, 2), 0.5), [0, 0])
