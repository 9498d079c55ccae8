"""Crowds like Pl@ntNet's, up to the size of the South-West European flora and beyond.

Users upload observations of plants and name the species; a quarter of the observations gets votes of others, who
often repeat the author's species. The constants below are set so that the crowd has the figures published of
Pl@ntNet-CrowdSWE (thesis, sections 4.2.2, 4.2.3 and 4.3.1).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmark_utils.crowds.simulated.asking import each_once
from benchmark_utils.votes import Votes, VotesError

# Published: the whole of Pl@ntNet-CrowdSWE, version 1, and its experts.
FULL = {"n_votes": 9_005_108, "n_task": 6_699_593, "n_worker": 823_251, "n_class": 11_425}
FULL_EXPERTS = {"n_expert": 98, "n_truth": 26_811}
# Share of observations with two votes or more. Section 4.3.1 calls these 1,613,354 the ones with a single vote, and the
# 512,687 users who voted more than once those who voted once: the totals, and section 4.2.2, leave no other reading.
SEVERAL_VOTES = 1_613_354 / FULL["n_task"]
# Experts are the authors of this share of their observations: 17,125 of the 26,811 then have two votes or more.
EXPERT_IS_AUTHOR = (1 - 17_125 / FULL_EXPERTS["n_truth"]) / (1 - SEVERAL_VOTES)

# Fitted: 310,564 users voted once; 1.01 % of all observations have a disagreement, and 4.7 % of those with a truth. Of
# the latter majority vote gets 97 % right, WAWA 98 %, TwoThird 60 % and PlantNet 99 %, and PlantNet gets 78 % of those
# with a disagreement.
ACTIVITY = 1.92  # standard deviation of log activity over users
VOTING = 1.5  # users vote on others' observations in proportion to activity to this power
ERROR = 0.13  # probability of an error by a user of median activity and talent on an observation of mean difficulty
EXPERIENCE = 0.6  # errors fall with activity to this power
TALENT = 1.4  # standard deviation of log errors over users of equal activity
FOLLOWS = 0.65  # how often a voter repeats the author's species without a look; experts never do

# Guessed: nothing is published.
ABUNDANCE = 1.5  # standard deviation of log abundance over species (Preston, 1948)
POPULARITY = 1.5  # of the log number of votes by others, over observations with several
DIFFICULTY = 0.5  # of log difficulty over observations
EXPERT_ACTIVITY = 1.0  # of log activity over experts
LOOKS_ALIKE = 0.8  # how often an error is the species that this observation looks like
MACHINE_ERROR = 0.12  # of the machine, at mean difficulty
WORST_ERROR = 0.9

FEWEST_VOTES = 2_000


class Flora(NamedTuple):
    """A simulated crowd of plant observers.

    Attributes
    ----------
    votes : Votes
        With authors, who all vote on their own observations, and the answers and scores of a machine.
    truth : int64, (n_task,)
        The species that an expert named, who is always right, and -1 where no expert voted.
    species : int64, (n_task,)
        What the plant is: what no real data tell.
    error : float, (n_worker,)
        Each user's probability of an error at average difficulty, when she does not follow the author.
    n_expert : int
        Users 0 to n_expert - 1 are the experts.
    """

    votes: Votes
    truth: np.ndarray
    species: np.ndarray
    error: np.ndarray
    n_expert: int


def flora(n_votes=20_000, seed=0) -> Flora:
    """A crowd with `n_votes` votes.

    Observations and users are in proportion to the votes. Species, experts and the observations that experts see grow
    with the square root, as species do with the size of a sample (Heaps' law): each expert does as much at any size.
    9,005,108 votes make the published numbers exactly, in half a minute and 1.5 GiB.

    Parameters
    ----------
    n_votes : int
        At least 2,000.
    seed : int or numpy Generator

    Raises
    ------
    VotesError
        Fewer votes.
    """
    if n_votes < FEWEST_VOTES:
        raise VotesError(f"n_votes is {n_votes}: a simulated flora needs at least {FEWEST_VOTES}")
    rng = np.random.default_rng(seed)
    n_task, n_worker, n_class, n_expert, n_truth = sizes(n_votes)
    species = each_once(rng, rng.lognormal(sigma=ABUNDANCE, size=n_class), n_task)
    activity = rng.lognormal(sigma=ACTIVITY, size=n_worker)
    activity[:n_expert] = rng.lognormal(sigma=EXPERT_ACTIVITY, size=n_expert)
    author, n_others, visited = draw_observations(rng, activity, n_votes, n_task, n_expert, n_truth)

    visitor = each_once(rng, activity[:n_expert], len(visited))
    visits = np.bincount(visited, minlength=n_task)
    task, voter = draw_voters(rng, n_others - visits, author, activity, n_expert)
    task, voter = np.concatenate([visited, task]), np.concatenate([visitor, voter])

    error = np.minimum(ERROR * activity**-EXPERIENCE * rng.lognormal(sigma=TALENT, size=n_worker), WORST_ERROR)
    error[:n_expert] = 0
    difficulty = rng.lognormal(-(DIFFICULTY**2) / 2, DIFFICULTY, size=n_task)  # mean 1
    lookalike = neighbour(rng, species, n_class)

    def answer(task, error):
        wrong = rng.random(len(task)) < np.minimum(error * difficulty[task], WORST_ERROR)
        alike = rng.random(len(task)) < LOOKS_ALIKE
        mistake = np.where(alike, lookalike[task], neighbour(rng, species[task], n_class))
        return np.where(wrong, mistake, species[task])

    everything = np.arange(n_task)
    by_author = answer(everything, error[author])
    follows = (rng.random(len(task)) < FOLLOWS) & (voter >= n_expert)
    by_voter = np.where(follows, by_author[task], answer(task, error[voter]))
    by_machine = answer(everything, np.full(n_task, MACHINE_ERROR))

    votes = Votes(
        np.concatenate([everything, task]),
        np.concatenate([author, voter]),
        np.concatenate([by_author, by_voter]),
        n_task,
        n_worker,
        n_class,
        author=author,
        machine_label=by_machine,
        machine_score=machine_score(rng, by_machine == species),
    )
    truth = np.where((author < n_expert) | (visits > 0), species, -1)
    return Flora(votes, truth, species, error, n_expert)


def sizes(n_votes) -> tuple[int, int, int, int, int]:
    """n_task, n_worker, n_class, n_expert and the number of observations with a truth."""
    scale = n_votes / FULL["n_votes"]
    n_task, n_worker = round(FULL["n_task"] * scale), round(FULL["n_worker"] * scale)
    root = scale**0.5
    n_expert, n_truth = (max(round(number * root), 1) for number in FULL_EXPERTS.values())
    return n_task, n_worker, round(FULL["n_class"] * root), n_expert, n_truth


def draw_observations(rng, activity, n_votes, n_task, n_expert, n_truth):
    """Who uploads what, and how many others see it.

    Returns
    -------
    author : (n_task,)
        Each user is the author of an observation or more.
    n_others : (n_task,)
        Number of votes by others, a heavy tail that sums to n_votes - n_task.
    visited : (n_truth - observations by experts,)
        Observations of other users, one expert's vote on each.
    """
    n_by_expert = round(EXPERT_IS_AUTHOR * n_truth)
    by_experts = each_once(rng, activity[:n_expert], n_by_expert)
    by_users = n_expert + each_once(rng, activity[n_expert:], n_task - n_by_expert)
    author = rng.permutation(np.concatenate([by_experts, by_users]))
    several = rng.choice(n_task, size=round(SEVERAL_VOTES * n_task), replace=False)
    popularity = rng.lognormal(sigma=POPULARITY, size=len(several))
    n_others = np.bincount(several[each_once(rng, popularity, n_votes - n_task)], minlength=n_task)
    visited = rng.choice(several[author[several] >= n_expert], size=n_truth - n_by_expert, replace=False)
    return author, n_others, visited


def draw_voters(rng, wanted, author, activity, n_expert) -> tuple[np.ndarray, np.ndarray]:
    """For each observation `wanted` (n_task,) different users, not its author, nor experts: arrays task and worker."""
    chance = np.cumsum(np.where(np.arange(len(activity)) < n_expert, 0, activity**VOTING))
    missing, pairs = wanted, np.empty(0, dtype=np.int64)
    while missing.any():
        task = np.repeat(np.arange(len(wanted)), missing)
        worker = np.searchsorted(chance, rng.random(len(task)) * chance[-1], side="right")
        new = worker != author[task]
        pairs = np.sort(np.concatenate([pairs, task[new] * len(activity) + worker[new]]))
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]  # np.unique hashes first: 20 times slower here
        missing = wanted - np.bincount(pairs // len(activity), minlength=len(wanted))
    return pairs // len(activity), pairs % len(activity)


def neighbour(rng, species, n_class) -> np.ndarray:
    """Another species for each: nearby codes are related, and the chance halves with each step, to either side."""
    step = rng.geometric(0.5, size=len(species)) * rng.choice([-1, 1], size=len(species))
    return (species + step) % n_class


def machine_score(rng, right) -> np.ndarray:
    """Scores (n_task,) in [0, 1] with four decimals, about 0.75 where the machine is right and 0.33 where not."""
    return np.where(right, rng.beta(5, 1.7, size=len(right)), rng.beta(2, 4, size=len(right))).round(4)


def without_experts(crowd: Flora) -> Votes:
    """The votes of all but the experts; observations that only an expert voted on are left without a vote."""
    votes = crowd.votes
    kept = votes.worker >= crowd.n_expert
    return votes.keep(kept)
