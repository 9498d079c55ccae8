"""What a crowd is like, and what choosing by it is worth, against plain loops and by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from benchmark_utils.votes import Votes
from studies.where_each_wins import FEATURES, choose_left_out, correlations, error_correlation, features


def drawn_crowd(seed, shared):
    """Twelve workers on sixty tasks of three classes; on a share of the tasks everybody errs more."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(3, size=60)
    task, worker = np.repeat(np.arange(60), 8), np.concatenate([rng.choice(12, 8, replace=False) for _ in range(60)])
    hard = rng.random(60) < 0.3
    wrong = rng.random(len(task)) < np.where(hard[task], 0.2 + shared, 0.2)
    return Votes(task, worker, (truth[task] + wrong) % 3, 60, 12, 3), truth


@pytest.mark.parametrize("shared", [0.0, 0.6])
def test_error_correlation_is_the_mean_over_pairs(shared):
    votes, truth = drawn_crowd(1, shared)
    truth = np.where(np.arange(60) < 5, -1, truth)  # five tasks without a truth do not count
    votes_of = [
        (t, w, k != truth[t]) for t, w, k in zip(votes.task, votes.worker, votes.label, strict=True) if truth[t] >= 0
    ]
    share = {w: np.mean([e for _, v, e in votes_of if v == w]) for w in range(12)}
    error = [(t, (e - share[w]) / np.sqrt(share[w] * (1 - share[w]))) for t, w, e in votes_of]
    pairs = [a * b for i, (s, a) in enumerate(error) for t, b in error[:i] if s == t]
    assert error_correlation(votes, truth) == pytest.approx(np.mean(pairs))


def test_error_correlation_tells_shared_errors_from_independent_ones():
    found = {shared: np.mean([error_correlation(*drawn_crowd(s, shared)) for s in range(20)]) for shared in (0.0, 0.6)}
    assert abs(found[0.0]) < 0.03
    assert found[0.6] > 0.2


def test_features_by_hand():
    votes = Votes(np.array([0, 0, 1, 2]), np.array([0, 1, 0, 0]), np.array([0, 1, 0, 1]), 4, 3, 2)
    found = features(votes, np.array([0, 0, 0, 1]))
    assert list(found) == list(FEATURES)
    assert found["votes per task"] == pytest.approx(4 / 3)  # the task without a vote does not count
    assert found["votes per worker"] == 2  # of 3 and 1, the worker without a vote left out
    assert found["imbalance"] == pytest.approx(1 + (0.75 * np.log2(0.75) + 0.25 * np.log2(0.25)))


def test_what_a_left_out_crowd_would_have_been_given():
    """A wins where workers vote often, B elsewhere; B has the higher mean on any five."""
    gains = pd.DataFrame([[0.1] * 3 + [-0.1] * 3, [-0.05] * 3 + [0.19] * 3], index=["A", "B"], columns=list("uvwxyz"))
    of_crowds = pd.DataFrame({name: [0.0] * 6 for name in FEATURES}, index=gains.columns)
    of_crowds["votes per worker"], of_crowds["classes"] = [50, 51, 52, 3, 2, 1], [2, 2, 2, 9, 9, 9]
    chosen = choose_left_out(gains, of_crowds)
    assert chosen["leader"].tolist() == ["B"] * 6
    assert chosen["best"].tolist() == list("AAABBB")
    assert chosen["regret leader"].tolist() == pytest.approx([0.15] * 3 + [0] * 3)
    assert chosen["regret MV"].tolist() == pytest.approx([0.1] * 3 + [0.19] * 3)
    assert chosen["alike"].tolist() == list("AAABBB")  # two of the three nearest are of a crowd's own kind
    assert chosen["regret alike"].tolist() == [0] * 6


def test_a_crowd_has_no_say_in_what_is_chosen_for_it():
    """Only where B wins by far would B lead, and that crowd is left out."""
    gains = pd.DataFrame(
        [[0.1, 0.1, 0.1, 0.1, 0.0], [0.0, 0.0, 0.0, 0.0, 0.9]], index=["A", "B"], columns=list("vwxyz")
    )
    of_crowds = pd.DataFrame({name: np.arange(5.0) for name in FEATURES}, index=gains.columns)
    chosen = choose_left_out(gains, of_crowds)
    assert chosen.loc["z", ["leader", "alike", "best"]].tolist() == ["A", "A", "B"]
    assert chosen.loc["v", "leader"] == "B"


def test_correlations_are_adjusted_for_their_number():
    """One correlation in two strategies and six features: the p of a perfect one is twelve times its own."""
    rng = np.random.default_rng(0)
    of_crowds = pd.DataFrame(rng.random((7, len(FEATURES))), columns=list(FEATURES), index=[f"c{i}" for i in range(7)])
    gains = pd.DataFrame(
        [1.0 * rng.permutation(7), 1.0 * rng.permutation(7)], index=["one", "two"], columns=of_crowds.index
    )
    gains.loc["one"] += 0.3 * of_crowds["alpha"].rank()
    found = correlations(gains, of_crowds).set_index(["strategy", "feature"])
    alone = {
        (strategy, feature): spearmanr(of_crowds[feature], gains.loc[strategy])
        for strategy in gains.index
        for feature in FEATURES
    }
    assert found["correlation"].to_dict() == pytest.approx({key: one.statistic for key, one in alone.items()})
    least = min(alone, key=lambda key: alone[key].pvalue)
    assert found.loc[least, "p"] == pytest.approx(min(12 * alone[least].pvalue, 1))
