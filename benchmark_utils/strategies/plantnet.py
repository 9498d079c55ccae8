"""Pl@ntNet's strategy: who has identified many species weighs more (thesis, sections 4.2.1, 4.3 and 4.4)."""

from dataclasses import dataclass

import numpy as np

from benchmark_utils.strategies.aggregation import Aggregation, Point, last
from benchmark_utils.strategies.steps.plantnet_ballot import Ballot, add_voter
from benchmark_utils.votes import Votes, VotesError, normalise, sum_votes

GAMMA = np.log(2.1)  # the weight of a new user

# f(n) of Table 4.1. The logarithm starts at one species, since f(0) = gamma and f never decreases.
WEIGHTS = {
    "current": lambda n: n**0.5 - n**0.2 + GAMMA,
    "linear": lambda n: n + GAMMA,
    "sqrt": lambda n: n**0.5 + GAMMA,
    "power75": lambda n: n**0.75 + GAMMA,
    "square": lambda n: n**2 + GAMMA,
    "log": lambda n: np.log(np.maximum(n, 1)) + GAMMA,
}
PUBLISHED_THETA_CONF = {"current": 2, "linear": 8.75, "sqrt": 3.6, "power75": 5.5, "square": 64.75, "log": 2.82}
PENALTIES = ("none", "difference", "ratio", "accuracy", "reviewed", "reviewed_valid")
AI_ROLES = ("ignored", "worker", "fixed", "invalidating", "confident")

_ROUND_OFF = 1e-9  # a threshold is met up to this share of it: 7 equal weights out of 10 are 0.7


@dataclass(frozen=True)
class PlantNet:
    """Weighted majority vote whose weights grow with the number of species a user identified (thesis, Algorithm 5).

    Labels y start as the majority vote, weights w as gamma = log(2.1). An iteration is

        conf_i  = sum_j w_j 1(y_ij = y_i),   acc_i = conf_i / sum_j w_j                              (lines 5 and 6)
        s_i     = 1(acc_i >= theta_acc and conf_i >= theta_conf)                                     (line 7)
        n_j     = round(n_author + n_vote / 10)                                                      (lines 9 to 11)
        w_j     = f(n_j),   f(n) = n^0.5 - n^0.2 + gamma                                             (line 12)
        y_i     = argmax_k sum_j w_j 1(y_ij = k)                                                     (line 13)

    n_author counts the species that j identified right as the author of a valid observation, n_vote the further ones
    that j identified right on observations of others, valid or not. Where the author is not known the observation
    counts as another's. Halves round to the even number. Ties of the argmax go to the class with the largest random
    number, drawn once per task and class from the seed, so that a tie ends in the same way in every iteration.
    The algorithm has converged when no weight moves by more than `tol` and no label changes.

    The published theta_conf are f(8) rounded, for "linear", "sqrt", "power75" and "square" upwards, and then a user
    with 8 species would not validate an observation alone. The default is f(8) where the published value is larger.

    Parameters
    ----------
    weight : {"current", "linear", "sqrt", "power75", "square", "log"}
        f, Table 4.1.
    penalty : {"none", "difference", "ratio", "accuracy", "reviewed", "reviewed_valid"}
        The number of species given to f (section 4.3.1). "difference": n_j less the wrong species, counted as in
        lines 9 to 11, at least 0. "ratio": n_j over the number of species j proposed. "accuracy": n_j times j's
        agreement with the majority vote. "reviewed": n_j times j's agreement with y on the observations with two votes
        or more; "reviewed_valid": on the valid ones of these. Who has none of them loses nothing (ours).
    ai : {"ignored", "worker", "fixed", "invalidating", "confident"}
        What `machine_label` counts for (section 4.4.1). "worker": the model is one more user. "fixed": its votes weigh
        w_ai. "confident": likewise, if its score is at least theta_score. "invalidating": w_ai joins the denominator
        of acc_i where the model disagrees with y_i, and nothing else.
    theta_acc, theta_conf, theta_score : float
        Thresholds, all met by equality. theta_conf None depends on `weight`, see above.
    w_ai : float
        Weight of the model's votes.

    Raises
    ------
    VotesError
        An unknown option; an `ai` other than "ignored" where the votes hold no machine_label, or "confident" where
        they hold no machine_score.
    """

    weight: str = "current"
    penalty: str = "none"
    ai: str = "ignored"
    theta_acc: float = 0.7
    theta_conf: float | None = None
    w_ai: float = 1.7
    theta_score: float = 0.7

    def __post_init__(self):
        for option, known in (("weight", tuple(WEIGHTS)), ("penalty", PENALTIES), ("ai", AI_ROLES)):
            if getattr(self, option) not in known:
                raise VotesError(f"{option}={getattr(self, option)!r} is unknown: choose one of {', '.join(known)}")

    def fit(self, votes: Votes, n_iter=100, tol=1e-6, seed=0) -> Aggregation:
        """Algorithm 5 on the votes, in time and memory proportional to their number.

        Parameters
        ----------
        votes : Votes
        n_iter : int
            Iterations at most; 0 gives the majority vote, judged with the weights of new users.
        tol : float
            Change of a weight below which it stands still.
        seed : int
            Breaks ties.

        Returns
        -------
        Aggregation
            Labels, -1 where not valid; normalised weighted votes as soft labels; the largest change of a weight in each
            iteration as history; w as worker score. Parameters: `proposed` (n_task,), the labels whether valid or
            not; `valid`, `confidence` and `accuracy` (n_task,), s, conf and acc at the last weights; `weight` and
            `n_species` (n_worker,), w and n; `validates_alone` (n_worker,), whether w_j reaches theta_conf;
            `machine_weight` where the model votes.
        """
        return last(self.iterate(votes, tol, seed), n_iter)

    def iterate(self, votes: Votes, tol=1e-6, seed=0):
        """The points of `fit`: the start, and each iteration until it has converged."""
        ballot = self.model(votes, seed)
        weight = np.full(ballot.votes.n_worker, GAMMA)
        has_fixed_weight = self.ai in ("fixed", "confident")
        if has_fixed_weight:
            weight[-1] = 0  # line 1 is the majority of the users
        labels = ballot.weighted_majority(weight)
        agreement = None
        if self.penalty == "accuracy":
            agreement = _share(*ballot.sum(self._count_backed, labels, weight)[1])
        if has_fixed_weight:
            weight[-1] = self.w_ai
        n_species = np.zeros(ballot.votes.n_worker)
        history, converged = [], False
        while True:
            yield Point(history, converged, self._answer, ballot, votes, labels, weight, n_species)
            if converged:
                return
            before, labels_before = weight, labels
            identified, reviewed = ballot.sum(self._count, labels, weight)
            n_species = ballot.count_species(*identified[:2])
            weight = WEIGHTS[self.weight](self._penalise(ballot, n_species, identified[2:], reviewed, agreement))
            if has_fixed_weight:
                weight[-1] = self.w_ai
            labels = ballot.weighted_majority(weight)
            history.append(float(np.abs(weight - before).max()))
            converged = history[-1] <= tol and ballot.are_same(labels, labels_before)

    def _answer(self, ballot, votes, labels, weight, n_species):
        labels, soft, estimated = ballot.gather(self._of_tasks, labels, weight)
        estimated |= {
            "weight": weight[: votes.n_worker],
            "n_species": n_species[: votes.n_worker].astype(np.int64),
            "validates_alone": _at_least(weight[: votes.n_worker], self._theta_conf()),
        }
        if ballot.votes.n_worker > votes.n_worker:  # the model is a voter
            estimated["machine_weight"] = weight[-1]
        return Aggregation(labels, soft, worker_score=weight[: votes.n_worker], parameters=estimated)

    def _of_tasks(self, ballot, labels, weight):
        """Labels, soft labels, and what else is estimated of each task."""
        valid, confidence, accuracy = self._judge(ballot, labels, weight)
        soft = normalise(sum_votes(ballot.votes, weight[ballot.votes.worker]))
        estimated = {"proposed": labels, "valid": valid, "confidence": confidence, "accuracy": accuracy}
        return np.where(valid, labels, -1), soft, estimated

    def model(self, votes, seed):
        """What the iterations count in the votes."""
        return Ballot(self.cast(votes), seed)

    def cast(self, votes):
        """The votes, the model's among them where it is a voter."""
        machine = self._machine_votes(votes)
        return votes if machine is None else add_voter(votes, machine)

    def _machine_votes(self, votes):
        """The model's answers that count as votes, (n_task,), -1 where it does not vote; None where it never does."""
        if self.ai == "ignored":
            return None
        if votes.machine_label is None:
            raise VotesError(
                f"ai={self.ai!r} needs machine_label, which these votes lack: give it or take ai='ignored'"
            )
        if self.ai == "invalidating":
            return None
        if self.ai == "confident":
            if votes.machine_score is None:
                raise VotesError(
                    "ai='confident' needs machine_score, which these votes lack: give it or take ai='fixed'"
                )
            return np.where(votes.machine_score >= self.theta_score, votes.machine_label, -1)
        return votes.machine_label

    def _judge(self, ballot, labels, weight):
        """Lines 5 to 7: s, conf and acc of each task."""
        votes = ballot.votes
        confidence, total = ballot.confidence(labels, weight)
        if self.ai == "invalidating":
            total += self.w_ai * ((votes.machine_label >= 0) & (votes.machine_label != labels))
        accuracy = np.divide(confidence, total, out=np.zeros(votes.n_task), where=total > 0)
        valid = (labels >= 0) & _at_least(accuracy, self.theta_acc) & _at_least(confidence, self._theta_conf())
        return valid, confidence, accuracy

    def _theta_conf(self):
        if self.theta_conf is not None:
            return self.theta_conf
        return min(PUBLISHED_THETA_CONF[self.weight], WEIGHTS[self.weight](8))

    def _count_backed(self, ballot, labels, weight):
        """No pair; who was right among all votes."""
        return (), ballot.count_right(ballot.is_right(labels))

    def _count(self, ballot, labels, weight):
        """The pairs identified right, and wrong where it matters; who was right among the reviewed, likewise."""
        right = ballot.is_right(labels)
        valid, _, _ = self._judge(ballot, labels, weight)
        identified, numbers = ballot.identified(right, valid), ()
        if self.penalty == "difference":
            identified += ballot.identified(~right, valid)
        if self.penalty in ("reviewed", "reviewed_valid"):
            reviewed = ballot.votes.votes_per_task >= 2
            if self.penalty == "reviewed_valid":
                reviewed &= valid
            numbers = ballot.count_right(right, reviewed)
        return identified, numbers

    def _penalise(self, ballot, n_species, wrong, reviewed, agreement):
        """The number of species that f is given (section 4.3.1); the thesis writes min in "difference" for max."""
        if self.penalty == "difference":
            return np.maximum(n_species - ballot.count_species(*wrong), 0)
        if self.penalty == "ratio":
            return n_species / np.maximum(ballot.n_proposed, 1)
        if self.penalty == "accuracy":
            return n_species * agreement
        if self.penalty in ("reviewed", "reviewed_valid"):
            return n_species * _share(*reviewed)
        return n_species


def _share(n_right, n_counted):
    """n_right / n_counted, 1 where nothing was counted."""
    return np.divide(n_right, n_counted, out=np.ones(len(n_counted)), where=n_counted > 0)


def _at_least(values, threshold):
    return values >= threshold - _ROUND_OFF * abs(threshold)
