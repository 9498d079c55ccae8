"""The temperature of the AI's scores: recovered where it is known, and never fitted on what is scored."""

import numpy as np
import pytest
from scipy.special import expit, logit

from benchmark_utils.crowds.published.plantnet_calibration import calibrate, fit_temperature
from benchmark_utils.crowds.simulated.flora import flora
from benchmark_utils.votes import Votes, VotesError


@pytest.mark.parametrize("temperature", [0.3, 1.0, 3.0])
def test_the_temperature_is_recovered(temperature):
    rng = np.random.default_rng(0)
    odds = rng.normal(1, 1.5, size=50_000)
    right = rng.random(50_000) < expit(odds)
    assert fit_temperature(expit(odds * temperature), right) == pytest.approx(temperature, rel=0.05)


def test_by_hand_three_of_four_are_right_at_the_same_score():
    """The log loss is least where the score is 3/4: T = logit(0.6) / logit(3/4)."""
    right = np.array([True, True, True, False])
    assert fit_temperature(np.full(4, 0.6), right) == pytest.approx(logit(0.6) / logit(0.75), rel=1e-4)


def test_scores_of_0_and_1_and_an_ai_that_is_always_right():
    assert fit_temperature(np.array([1.0, 0.9]), np.array([True, True])) == pytest.approx(0.01, rel=0.01)
    two_of_three = fit_temperature(np.array([1.0, 0.0, 1.0]), np.array([True, False, False]))
    assert two_of_three == pytest.approx(logit(1 - 1e-6) / logit(2 / 3), rel=1e-3)


@pytest.fixture(scope="module")
def crowd():
    return flora(10_000, seed=0)


def test_what_it_learnt_from_is_not_scored(crowd):
    votes, left, temperature = calibrate(crowd.votes, crowd.truth, share=0.3, seed=1)
    known = crowd.truth >= 0
    drawn = known & (left < 0)
    assert drawn.sum() == round(0.3 * known.sum())
    np.testing.assert_array_equal(left[~drawn], crowd.truth[~drawn])
    other = np.where(drawn | ~known, crowd.truth, (crowd.truth + 1) % votes.n_class)  # what is left is another truth
    again, _, same = calibrate(crowd.votes, other, share=0.3, seed=1)
    assert same == temperature
    np.testing.assert_array_equal(again.machine_score, votes.machine_score)
    assert (crowd.truth >= 0).sum() == known.sum()  # the truth that came in is as it was


def test_the_scores_keep_their_order_and_the_votes_everything_else(crowd):
    votes, _, temperature = calibrate(crowd.votes, crowd.truth)
    assert temperature < 1  # the simulated AI is not sure enough, as Pl@ntNet's
    before = crowd.votes.machine_score
    order = np.argsort(before)
    assert (np.diff(votes.machine_score[order]) >= 0).all()
    np.testing.assert_array_equal(votes.machine_score > 0.5, before > 0.5)
    np.testing.assert_allclose(logit(votes.machine_score), logit(before) / temperature)
    for name in ("task", "worker", "label", "author", "machine_label"):
        np.testing.assert_array_equal(getattr(votes, name), getattr(crowd.votes, name))


def test_it_is_calibrated_better_on_what_it_did_not_see(crowd):
    votes, left, _ = calibrate(crowd.votes, crowd.truth)
    known = left >= 0
    right = (votes.machine_label == left)[known]
    before, after = (
        -np.log(np.where(right, score[known], 1 - score[known])).mean()
        for score in (crowd.votes.machine_score, votes.machine_score)
    )
    assert after < before - 0.05


def test_an_observation_without_a_score_stays_without(crowd):
    score = crowd.votes.machine_score.copy()
    score[:50] = np.nan
    machine_label = crowd.votes.machine_label.copy()
    machine_label[50:5000] = -1  # not an answer, so not a wrong one
    votes = crowd.votes
    some = Votes(votes.task, votes.worker, votes.label, votes.n_task, votes.n_worker, votes.n_class,
                 machine_label=machine_label, machine_score=score)  # fmt: skip
    calibrated, _, temperature = calibrate(some, crowd.truth)
    assert np.flatnonzero(np.isnan(calibrated.machine_score)).tolist() == list(range(50))
    assert temperature == pytest.approx(calibrate(votes, crowd.truth)[2], rel=0.2)


def test_what_cannot_be_calibrated_says_why(crowd, random_votes):
    with pytest.raises(VotesError, match="lack machine_label or machine_score"):
        calibrate(random_votes()[0], random_votes()[1])
    for share in (0, 1):
        with pytest.raises(VotesError, match="between 0 and 1"):
            calibrate(crowd.votes, crowd.truth, share)
    with pytest.raises(VotesError, match="none of the 0 truths drawn"):
        calibrate(crowd.votes, np.full(crowd.votes.n_task, -1))
