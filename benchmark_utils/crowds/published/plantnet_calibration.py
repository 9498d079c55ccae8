"""The scores of Pl@ntNet's AI, calibrated on truths that are given up for it (thesis, 4.4.4; Guo et al., 2017)."""

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

from benchmark_utils.votes import Votes, VotesError

CERTAIN = 1e-6  # a score nearer than this to 0 or 1 is taken for this near: log odds must be finite
COLDEST, HOTTEST = 0.01, 100.0


def calibrate(votes: Votes, truth, share=0.5, seed=0) -> tuple[Votes, np.ndarray, float]:
    """Scale the temperature of the AI's scores on a share of the truths, and give up these truths.

    What is published is the score p of the answer alone, not of every species. So the temperature T is that of two
    outcomes, right or wrong: the score becomes sigmoid(logit(p) / T), with the T of the smallest log loss on the truths
    drawn, between 0.01 and 100. It keeps the order of the scores, and 0.5 stays 0.5.

    A strategy that reads the new scores has learnt from the truths drawn. They are not in the truth returned, so that
    it is never scored on them.

    Parameters
    ----------
    votes : Votes
        With machine_label and machine_score.
    truth : int64, (n_task,)
        -1 where unknown.
    share : float
        Of the truths, drawn at random, between 0 and 1.
    seed : int

    Returns
    -------
    votes : Votes
        With the new scores.
    truth : int64, (n_task,)
        -1 also where it was drawn.
    temperature : float
        Above 1 where the AI was too sure, below 1 where it was not sure enough.

    Raises
    ------
    VotesError
        There are no scores, or no truth drawn has one.
    """
    if votes.machine_label is None or votes.machine_score is None:
        raise VotesError("the scores of a model are calibrated, and these votes lack machine_label or machine_score")
    if not 0 < share < 1:
        raise VotesError(f"share is {share}: take a number between 0 and 1, since some truths must be left to score on")
    known = np.flatnonzero(truth >= 0)
    drawn = np.random.default_rng(seed).permutation(known)[: round(share * len(known))]
    left = truth.copy()
    left[drawn] = -1
    scored = drawn[(votes.machine_label[drawn] >= 0) & np.isfinite(votes.machine_score[drawn])]
    if not len(scored):
        raise VotesError(f"none of the {len(drawn)} truths drawn has a score of the model: raise share, {share}")
    temperature = fit_temperature(votes.machine_score[scored], votes.machine_label[scored] == truth[scored])
    return replace(votes, machine_score=expit(log_odds(votes.machine_score) / temperature)), left, temperature


def fit_temperature(score, right) -> float:
    """The T that minimises the log loss of sigmoid(logit(score) / T) as the probability of being right."""
    odds = np.where(right, log_odds(score), -log_odds(score))

    def log_loss(log_temperature):
        return np.logaddexp(0, -odds / np.exp(log_temperature)).mean()

    return float(np.exp(minimize_scalar(log_loss, bounds=np.log([COLDEST, HOTTEST]), method="bounded").x))


def log_odds(score):
    return logit(np.clip(score, CERTAIN, 1 - CERTAIN))
