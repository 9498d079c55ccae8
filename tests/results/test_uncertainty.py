"""The bootstrap and the tests, against theory, hand and naive programs."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark_utils.results import uncertainty as sure


def two(rng, n_task, only_first, only_second, both=0.7):
    """Right and wrong of two strategies, (2, n_task): shares of the tasks that both, or one alone, get right."""
    kind = rng.choice(4, size=n_task, p=[both, only_first, only_second, 1 - both - only_first - only_second])
    return np.array([(kind == 0) | (kind == 1), (kind == 0) | (kind == 2)], dtype=float)


def is_separated(right):
    better = sure.separated(right.mean(axis=1), sure.null_variance(right), step=1 / right.shape[1])
    return better[0, 1] or better[1, 0]


def power(n_task, only_first, only_second):
    """Chance that McNemar's test at 5 % tells the two apart, by the normal approximation."""
    difference, discordant = only_first - only_second, only_first + only_second
    under_none = np.sqrt(discordant / n_task)
    spread = np.sqrt((discordant - difference**2) / n_task)
    return stats.norm.sf((1.96 * under_none + 1 / n_task - difference) / spread)


@pytest.mark.parametrize(("only_first", "only_second"), [(0.07, 0.02), (0.06, 0.01), (0.08, 0.03)])
def test_a_difference_of_five_points_on_1000_tasks_is_seen_where_theory_says_so(only_first, only_second):
    assert power(1000, only_first, only_second) > 0.99  # so that fewer than 95 of 100 has no chance worth naming
    rng = np.random.default_rng(0)
    assert sum(is_separated(two(rng, 1000, only_first, only_second)) for _ in range(100)) >= 95


def test_where_theory_says_so_only_now_and_then_it_is_seen_as_often():
    """15 % of the tasks against 10 %: a power of 0.87, so 870 of 1,000, with a standard deviation of 11."""
    expected = power(1000, 0.15, 0.10)
    assert 0.8 < expected < 0.9
    rng = np.random.default_rng(1)
    seen = sum(is_separated(two(rng, 1000, 0.15, 0.10)) for _ in range(1000))
    assert abs(seen - 1000 * expected) < 35


@pytest.mark.parametrize("n_task", [100, 1000])
@pytest.mark.parametrize("discordant", [0.02, 0.1])
def test_equals_are_told_apart_in_at_most_7_of_100(n_task, discordant):
    rng = np.random.default_rng(2)
    seen = sum(is_separated(two(rng, n_task, discordant / 2, discordant / 2)) for _ in range(500))
    assert seen <= 35


def test_the_best_of_twenty_equals_is_told_apart_from_none():
    """The best is chosen by looking, which Holm's correction over all pairs allows for."""
    rng = np.random.default_rng(3)
    seen = 0
    for _ in range(100):
        right = (rng.random((20, 500)) < 0.8).astype(float)
        seen += sure.separated(right.mean(axis=1), sure.null_variance(right), step=1 / 500).any()
    assert seen <= 7


def test_mcnemar_by_hand_and_its_variance_by_a_loop():
    """9 tasks right by the first alone, 1 by the second: z = (8 - 1) / sqrt(10) = 2.21, p = 0.027."""
    right = np.array([[1] * 9 + [0] + [1] * 10, [0] * 9 + [1] + [1] * 10], dtype=float)
    variance = sure.null_variance(right)
    loop = [[sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) / 20**2 for other in right] for one in right]
    assert variance == pytest.approx(np.array(loop))
    assert variance[0, 1] == pytest.approx(10 / 400)
    scores = right.mean(axis=1)
    assert sure.separated(scores, variance, 1 / 20, level=0.0270).tolist() == [[False, True], [False, False]]
    assert not sure.separated(scores, variance, 1 / 20, level=0.0268).any()
    assert stats.norm.sf(7 / np.sqrt(10)) * 2 == pytest.approx(0.0269, abs=5e-5)


def test_the_interval_is_as_wide_as_theory_says_and_paired():
    rng = np.random.default_rng(4)
    right = two(rng, 2000, 0.05, 0.03)
    accuracy = right.mean(axis=1)
    draws = sure.bootstrap(right, accuracy, n_draws=4000)
    assert draws.std(axis=1) == pytest.approx(right.std(axis=1) / np.sqrt(2000), rel=0.05)
    difference = right[0] - right[1]  # a quarter as wide as it would be with other tasks for each
    assert (draws[0] - draws[1]).std() == pytest.approx(difference.std() / np.sqrt(2000), rel=0.05)
    low, high = sure.interval(draws)
    assert (high - low) / 2 == pytest.approx(1.96 * right.std(axis=1) / np.sqrt(2000), rel=0.06)
    assert (low + high) / 2 == pytest.approx(accuracy, abs=1e-3)


def test_the_interval_covers_the_accuracy_on_all_tasks_in_95_of_100():
    rng = np.random.default_rng(5)
    covered = 0
    for i in range(300):
        right = (rng.random((1, 400)) < 0.8).astype(float)
        low, high = sure.interval(sure.bootstrap(right, right.mean(axis=1), n_draws=500, seed=i))
        covered += low[0] <= 0.8 <= high[0]
    assert 0.91 <= covered / 300 <= 0.98


def test_draws_are_in_pieces_and_the_same_for_all(monkeypatch):
    right = two(np.random.default_rng(6), 50, 0.2, 0.1)
    monkeypatch.setattr(sure, "_DRAWN_AT_ONCE", 50 * 7)
    draws = sure.bootstrap(np.vstack([right, right[0]]), [*right.mean(axis=1), right[0].mean()], n_draws=100)
    assert draws.shape == (3, 100)
    assert (draws[0] == draws[2]).all()
    assert len(np.unique(draws[0])) > 5
    whole = draws * 50
    assert whole == pytest.approx(whole.round(), abs=1e-3)  # of 50 tasks each


def test_draws_are_centred_on_the_accuracy_that_is_given():
    right = two(np.random.default_rng(7), 500, 0.1, 0.1)
    shifted = sure.bootstrap(right, right.mean(axis=1) + 0.01) - sure.bootstrap(right, right.mean(axis=1))
    assert shifted == pytest.approx(0.01, abs=2e-6)


def test_holm_by_hand():
    """Sorted 0.01, 0.02, 0.03, 0.04: times 4, 3, 2, 1 they are 0.04, 0.06, 0.06, 0.04, and they never fall."""
    assert sure.holm([0.03, 0.01, 0.04, 0.02]).tolist() == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert sure.holm([0.5, 0.9]).tolist() == [1, 1]
    assert sure.holm([]).tolist() == []


def test_places_by_hand():
    """A beats C and D, B beats D: A is first or second, B first to third, C second to fourth, D third or fourth."""
    better = np.zeros((4, 4), dtype=bool)
    better[0, 2] = better[0, 3] = better[1, 3] = True
    first, last = sure.places(better)
    assert list(zip(first.tolist(), last.tolist(), strict=True)) == [(1, 2), (1, 3), (2, 4), (3, 4)]


def test_probabilities_by_hand():
    draws = np.array([[1, 2, 3, 4], [0, 2, 4, 3]])
    assert sure.probability_better(draws).tolist() == [[0.5, 0.625], [0.375, 0.5]]


def test_the_critical_difference_is_that_of_demsar():
    """Section 3.2.2's example: four strategies on 14 data sets, q = 2.569, a critical difference of 1.25."""
    rng = np.random.default_rng(8)
    scores = pd.DataFrame(rng.random((14, 4)), columns=list("abcd"))
    scores["a"] += 2
    found = sure.critical_differences(scores)
    assert found["critical_difference"] == pytest.approx(1.25, abs=0.005)
    assert found["best"] == "a"
    assert found["families"] == 14
    assert found["friedman_p"] < 0.001
    assert set(found["wilcoxon"]) == set("bcd")
    # all 14 differences have one sign: the exact p is 2 / 2^14, and Holm's multiplies the smallest by 3
    assert min(found["wilcoxon"].values()) == pytest.approx(3 * 2 / 2**14)


def test_there_is_no_critical_difference_below_eight_families():
    scores = pd.DataFrame(np.random.default_rng(9).random((8, 3)))
    assert sure.critical_differences(scores) is not None
    assert sure.critical_differences(scores.iloc[:7]) is None
    assert sure.critical_differences(scores.iloc[:, :2]) is None
