"""Which strategy to take where no truth is known, what speaks for it, and which tasks to label where nothing does."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from benchmark_utils.harness.known_truths import Checked, check_known_tasks, known_verdict, n_folds, takes_known
from benchmark_utils.harness.limits import USABLE, memory_limit
from benchmark_utils.scoring.truth_free import HeldOut, cross_validate
from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.catalogue import CATALOGUE, Row
from benchmark_utils.strategies.steps.known import clamp_labels, clamp_soft
from benchmark_utils.votes import Votes, normalise, sum_votes

# The strategies in the order of their mean AccTrain on the crowds of docs/without_truth.md: `auto` takes the first that
# fits. tests/harness/test_recommend.py holds the order to that page, and its head to the published result.
LEADERS = ("EBCC", "MACE", "iBCC", "BWA", "DS", "WAWA", "GLAD", "MV")
# docs/without_truth.md: mean AccTrain lost against the best strategy of the crowd, ± its standard error over crowds
REGRETS = {
    "by held-out agreement": "0.0337 ± 0.0162",
    "by held-out log score": "0.0346 ± 0.0150",
    "always MV": "0.0525 ± 0.0128",
    "always EBCC": "0.0156 ± 0.0052",
}
COMPARED = ("MV", "WAWA", "OneCoinDS", "GLAD", "MACE", "BWA", "DS", "iBCC", "EBCC")  # one or two of each kind of model
# Above these, six fits would keep the command longer than five seconds for 10,000 votes and a minute for a million,
# measured on one core. Work is what an iteration touches: the votes by class, and cells of confusion matrices, whose
# logarithms cost ten times as much. The strategies that are not listed take well under a second for a million votes.
MOST_WORK = {"EBCC": 15_000, "iBCC": 7_000_000, "DS": 10_000_000}
MOST_VOTES = {"MACE": 20_000, "GLAD": 50_000}
N_FIT = 6  # of the strategy itself and of five folds over the workers; known truths add folds over their tasks
MEMORY = 2**30  # bytes that a strategy may take, of the two GiB of the command
N_ITER = 100  # at most, where strategies are compared; the one chosen runs to its own end
ROWS = {row.name: row for row in CATALOGUE}
STANDARD_ERROR = 0.05  # that the tasks to label are to give, of the share that a strategy has right
METRICS = ("held-out agreement", "held-out log score")


@dataclass(frozen=True, eq=False)
class Recommendation:
    """The strategy taken, and what is known of it.

    Attributes
    ----------
    chosen : str
    automatic : bool
        Whether the command chose it.
    result : Aggregation
        Of the strategy taken.
    labels : dict of int64 (n_task,)
        Of each strategy compared, by name.
    too_large : dict of str
        Why a strategy was not compared, by name.
    heldout : HeldOut or None
        None where no vote can be predicted.
    draws : float (n_draw, n_strategy, 2) or None
        Its bootstrap over the workers.
    ahead : dict of list of str
        By held-out score: the strategies that predict better than the one taken, beyond chance, best first.
    to_label : int (n,)
        The tasks whose truth would tell, drawn at random from those on which the labels differ; empty where the
        held-out scores do not contradict the choice.
    n_differ : int
        Of how many tasks they are drawn.
    checked : Checked or None
        What the known truths say; None where none is known.
    """

    chosen: str
    automatic: bool
    result: Aggregation
    labels: dict
    too_large: dict
    heldout: HeldOut | None
    draws: np.ndarray | None
    ahead: dict
    to_label: np.ndarray
    n_differ: int
    checked: Checked | None = None

    @property
    def agreeing(self) -> np.ndarray:
        """How many of the strategies compared give the same label as the one taken, itself included, (n_task,)."""
        return sum((labels == self.result.labels).astype(int) for labels in self.labels.values())


def recommend(votes: Votes, strategy="auto", seed=0, truth=None) -> Recommendation:
    """The labels of `strategy`, or of the first of LEADERS that fits, beside those of the strategies compared.

    Known truths, int (n_task,), -1 elsewhere, help the strategies that take them. Their tasks have them as labels,
    whatever the strategy says. Held-out votes are predicted without them, as in docs/without_truth.md.
    """
    truth = np.full(votes.n_task, -1) if truth is None else truth
    n_fit = N_FIT + (n_folds(votes) if (truth >= 0).any() else 0)
    reasons = {name: why_not(ROWS[name], votes, n_fit=n_fit) for name in dict.fromkeys([*COMPARED, *LEADERS])}
    chosen = next(name for name in LEADERS if not reasons[name]) if strategy == "auto" else strategy
    names = [name for name in COMPARED if not reasons[name]]
    fits = {name: _fit(ROWS[name], seed) for name in names}
    fits.setdefault(chosen, _fit(ROWS[chosen], seed))  # one that the user asks for is compared, however slow
    uses = {name: takes_known(ROWS[name].make()) for name in fits}
    checked = check_known_tasks(votes, truth, fits, uses, seed)
    helped = {name: partial(fit, known=truth) if uses[name] and checked else fit for name, fit in fits.items()}
    result = ROWS[chosen].make().fit(votes, seed=seed, **({"known": truth} if uses[chosen] and checked else {}))
    result = with_truth(result, votes, truth)
    labels = {n: result.labels if n == chosen else clamp_labels(fit(votes).labels, truth) for n, fit in helped.items()}
    heldout = cross_validate(votes, fits, seed=seed)
    draws = None if heldout is None else heldout.bootstrap(seed=seed)
    ahead = {} if heldout is None else who_is_ahead(heldout, draws, chosen)
    rivals = [labels[chosen], *(labels[names[0]] for names in ahead.values() if names)]
    to_label, n_differ = tasks_to_label(rivals, votes.votes_per_task > 0, seed)
    too_large = {name: reason for name, reason in reasons.items() if reason and name in COMPARED and name not in fits}
    automatic = strategy == "auto"
    return Recommendation(
        chosen, automatic, result, labels, too_large, heldout, draws, ahead, to_label, n_differ, checked
    )


def with_truth(result: Aggregation, votes: Votes, truth) -> Aggregation:
    """A result that is certain of the known truths. Soft labels are the shares of the votes where it has none."""
    if not (truth >= 0).any():
        return result
    soft = normalise(sum_votes(votes)) if result.soft is None else result.soft
    return replace(result, labels=clamp_labels(result.labels, truth), soft=clamp_soft(soft, truth))


def why_not(row: Row, votes: Votes, memory=MEMORY, however_slow=False, n_fit=N_FIT) -> str:
    """Why a strategy is not run on these votes, `n_fit` times; empty where it is."""
    strategy = row.make()
    max_classes = getattr(strategy, "max_classes", None)
    if max_classes is not None and votes.n_class > max_classes:
        return f"for {max_classes} classes at most"
    needed = strategy.bytes_needed(votes) if hasattr(strategy, "bytes_needed") else 0
    if needed > memory:
        return f"in need of {needed / 2**30:.1f} GiB, of {memory / 2**30:.1f}"
    work = votes.n_class * (votes.n_votes + 10 * votes.n_worker * votes.n_class)
    share = n_fit / N_FIT
    slow = work * share > MOST_WORK.get(row.name, math.inf) or votes.n_votes * share > MOST_VOTES.get(
        row.name, math.inf
    )
    return "too slow for a crowd of this size" if slow and not however_slow else ""


def _fit(row: Row, seed):
    return partial(row.make().fit, seed=seed, **({"n_iter": N_ITER} if row.iterates else {}))


def who_is_ahead(heldout: HeldOut, draws, chosen: str) -> dict:
    """By score, the strategies whose lead over the one taken is above zero in 97.5 % of the draws, best first."""
    mine = heldout.names.index(chosen)
    ahead = {}
    for metric, title in enumerate(METRICS):
        means = heldout.means()[:, metric]
        lowest = np.quantile(draws[:, :, metric] - draws[:, [mine], metric], 0.025, axis=0)
        better = [index for index in np.argsort(-means) if lowest[index] > 0]
        ahead[title] = [heldout.names[index] for index in better]
    return ahead


def tasks_to_label(rivals, voted, seed=0) -> tuple[np.ndarray, int]:
    """Tasks whose truth tells which of the rivals, labels (n_task,), is right more often; and of how many tasks.

    Only the D voted tasks on which the rivals differ can tell. The share of these that a rival has right, estimated on
    n of them, drawn without replacement, has a standard error of at most

        1 / 2 sqrt((D - n) / (n (D - 1))) <= STANDARD_ERROR.

    The fewest such n is taken: never more than a hundred.
    """
    differ = (
        np.flatnonzero(voted & np.any([labels != rivals[0] for labels in rivals[1:]], axis=0)) if rivals[1:] else []
    )
    if not len(differ):
        return np.array([], dtype=int), 0
    n_differ = len(differ)
    infinite = (0.5 / STANDARD_ERROR) ** 2  # of infinitely many tasks
    n = math.ceil(infinite * n_differ / (n_differ - 1 + infinite) - 1e-9)
    return np.sort(np.random.default_rng(seed).permutation(differ)[:n]), n_differ


def verdict(found: Recommendation) -> str:
    """What the held-out votes say of the strategy taken, in a few sentences. They never speak of its accuracy."""
    if found.heldout is None:
        return (
            "No task has votes of two workers, so no vote can be predicted from the others. Which strategy is better "
            "cannot be told without truth."
        )
    contradictions = {title: names[0] for title, names in found.ahead.items() if names}
    if not contradictions:
        return (
            f"No strategy predicts held-out votes better than {found.chosen} beyond chance. This does not prove that "
            "its labels are right: an error that all workers share is invisible to held-out votes."
        )
    said = "; ".join(
        f"by {title} {contradictions[title]} is ahead of {found.chosen}"
        if title in contradictions
        else f"by {title} no strategy is"
        for title in METRICS
    )
    said = f"The held-out scores contradict this choice or each other: {said}. "
    if not len(found.to_label):
        return said + "These strategies give every task the same label, so that it changes nothing which is taken."
    return said + (
        "Which is better cannot be told without truth: label some tasks. "
        f"The tasks on which the labels differ are {found.n_differ:,}. The truth of {len(found.to_label)} of them, "
        "drawn at random, says which share of them each strategy has right, with a standard error of "
        f"{STANDARD_ERROR} or less: tasks_to_label.csv lists them."
    )


def reason(found: Recommendation) -> list[str]:
    """Why this strategy was taken, and what such a choice has cost where the truth is known; a sentence or two each."""
    ahead = LEADERS[: LEADERS.index(found.chosen)] if found.chosen in LEADERS else ()
    passed = [f"{name} is {found.too_large[name]}" for name in ahead if name in found.too_large]
    said = f"The labels are those of {found.chosen}."
    if found.automatic:
        said += (
            f" It {'is the first that fits, in the order' if passed else 'leads the order'} of the mean accuracy on "
        )
        said += "crowds whose truth is known (docs/without_truth.md)."
        said += f" Before it in the order: {'; '.join(passed)}." if passed else ""
    costs = ", ".join(f"{choice} {regret}" for choice, regret in REGRETS.items())
    return [said, f"What a choice has cost there, in accuracy against the best strategy of the crowd: {costs}."]


def of_known_truths(found: Recommendation) -> list[str]:
    """What the known truths say of the strategy taken; nothing where none is known."""
    if found.checked is None:
        return []
    return known_verdict(found.checked, found.chosen, takes_known(ROWS[found.chosen].make()))


def refusal(strategy: str, votes: Votes) -> str:
    """Why a strategy that the user names cannot be run on these votes; empty where it can, however slow it is."""
    if strategy == "auto":
        return ""
    why = why_not(ROWS[strategy], votes, memory=USABLE * memory_limit(), however_slow=True)
    return f"{strategy} is {why}: choose another with --strategy, or leave the choice to auto" if why else ""
