"""What every strategy promises, checked on one strategy: ours in the tests, yours in a notebook or from the shell.

    check(MyStrategy())
    python -m benchmark_utils check solvers/my_strategy.py

A strategy is an object with `fit(votes, seed=...)`, which returns an `Aggregation`; one with iterations also takes
`n_iter` and `tol`, one that can be told some truths `known`, and one that can continue an older result `start`. It may
say `max_classes`, the most classes that it can take, and `bytes_needed(votes)`.

The properties are functions, one each, in `promises/properties.py` and `promises/given.py`. Here are the list of them,
with how to mend a strategy that breaks one, and what our own strategies cannot promise.
"""

from collections.abc import Callable
from dataclasses import dataclass

from benchmark_utils.strategies.cbcc import CBCC
from benchmark_utils.strategies.ebcc import EBCC
from benchmark_utils.strategies.la import LA
from benchmark_utils.strategies.mmsr import MMSR
from benchmark_utils.strategies.promises import given, properties
from benchmark_utils.strategies.promises.evidence import BrokenPromiseError, takes


@dataclass(frozen=True)
class Property:
    """A function that checks, and how to mend what breaks it. Only a fit that takes what it `needs` has it."""

    holds: Callable
    mend: str
    needs: str | None = None

    @property
    def name(self) -> str:
        return self.holds.__name__

    @property
    def promise(self) -> str:
        return self.holds.__doc__.splitlines()[0]


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes
    ----------
    property : str
        Its name.
    outcome : str
        "passed", "failed" or "excluded".
    seen : str
        What was seen where it failed, else the promise or a measurement; the reason of an exclusion.
    mend : str
        How to mend a failure, else empty.
    """

    property: str
    outcome: str
    seen: str
    mend: str = ""


def check(strategy) -> list[Finding]:
    """Every property on one strategy, in the order of `PROPERTIES`."""
    return [check_property(strategy, one) for one in PROPERTIES]


def check_property(strategy, promised: Property) -> Finding:
    """One property on one strategy, unless it is excluded. Whatever the strategy raises is a failure."""
    reason = EXCLUDED.get(type(strategy), {}).get(promised.name)
    if promised.needs and not takes(strategy, promised.needs):
        reason = LACKS.get(promised.needs, f"its fit takes no {promised.needs}")
    if reason:
        return Finding(promised.name, "excluded", reason)
    return try_property(strategy, promised)


def try_property(strategy, promised: Property) -> Finding:
    """One property on one strategy, excluded or not."""
    try:
        seen = promised.holds(strategy) or promised.promise
    except BrokenPromiseError as broken:
        return Finding(promised.name, "failed", str(broken), promised.mend)
    except Exception as error:  # a contributor's strategy may raise anything
        return Finding(promised.name, "failed", f"{type(error).__name__}: {error}", promised.mend)
    return Finding(promised.name, "passed", seen)


LACKS = {
    "n_iter": "it has no iterations: its fit takes no n_iter",
    "iterate": "it has no iterate, so each point of its curve is a run from scratch",
}

PROPERTIES = (
    Property(
        properties.same_seed,
        "Draw from np.random.default_rng(seed) alone, made anew in every fit, and keep nothing from fit to fit.",
    ),
    Property(
        properties.global_random_state,
        "Draw from rng = np.random.default_rng(seed), never from np.random.something or from the module random.",
    ),
    Property(
        properties.order_of_votes,
        "Use the sorted arrays of Votes, and keep nothing from fit to fit.",
    ),
    Property(
        properties.repeated_rows,
        "Leave votes.n_repeated alone.",
    ),
    Property(
        properties.names_of_workers,
        "Use a worker's number as an index only. Start all workers alike, or from their votes.",
    ),
    Property(
        properties.names_of_tasks,
        "Use a task's number as an index only. Go through all tasks at once, not in their order.",
    ),
    Property(
        properties.names_of_classes,
        "Treat every class alike. Break ties at random with hard_labels, not by argmax.",
    ),
    Property(
        properties.one_class,
        "Guard divisions by n_class - 1 and logarithms of 0.",
    ),
    Property(
        properties.one_worker,
        "Guard what compares a worker with the others.",
    ),
    Property(
        properties.one_task,
        "Guard variances and agreements that one task does not define.",
    ),
    Property(
        properties.unanimous_task,
        "Guard logarithms of probabilities that are 0, and look for classes that are swapped.",
    ),
    Property(
        properties.contradicting_worker,
        "Count each row of Votes as a vote: do not assume one vote per worker and task.",
    ),
    Property(
        properties.worker_without_votes,
        "Divide by np.maximum(votes.votes_per_worker, 1), and leave such workers out of means over workers.",
    ),
    Property(
        properties.task_without_votes,
        "Multiply by votes.has_vote, and give it to hard_labels.",
    ),
    Property(
        properties.soft_rows,
        "Normalise the scores that the label is taken from, and take the label by hard_labels.",
    ),
    Property(
        properties.votes_not_written_to,
        "Copy an array before you change it.",
    ),
    Property(
        properties.start_at_0_iterations,
        "Loop with `while len(history) < n_iter and not converged`, where converged is False before the loop.",
        needs="n_iter",
    ),
    Property(
        properties.ends_by_its_own_rule,
        "Stop when your own quantity changes by at most tol; damp a step that goes back and forth.",
        needs="n_iter",
    ),
    Property(
        properties.converged_is_said,
        "Return converged as the stopping rule left it, not as the number of iterations has it.",
        needs="n_iter",
    ),
    Property(
        properties.one_pass,
        "Make fit the last point of iterate, and new arrays in each iteration; Point copies nothing but the history.",
        needs="iterate",
    ),
    Property(
        given.nothing_known,
        "Treat known=None and known=-1 everywhere alike: check_known of steps/known.py makes the one of the other.",
        needs="known",
    ),
    Property(
        given.known_tasks,
        "Clamp the posterior of known tasks in the start and in every E-step, and the labels at the end.",
        needs="known",
    ),
    Property(
        given.all_known,
        "Learn the workers from the clamped posterior: where every task is known, by counting.",
        needs="known",
    ),
    Property(
        given.continued,
        "Take the first posterior from an E-step under the old parameters: steps/continued.py checks and grows them.",
        needs="start",
    ),
    Property(
        properties.no_loop_in_python,
        "Sum with np.bincount, sum_votes or a sparse matrix in the place of the loop.",
    ),
    Property(
        properties.time_follows_votes,
        "Look for a product of tasks and workers, or of votes and votes.",
    ),
    Property(
        properties.memory_is_said,
        "Free or avoid the large arrays, or say in bytes_needed(votes) how many bytes the arrays take.",
    ),
)

_MORE_COMMUNITIES = "more votes tell more communities apart, and each number is a fit; a given number keeps it"

# By the class of a strategy of ours: the properties that it breaks, and why that is accepted.
# A test fails once a known fault is mended, so that the list stays short and true.
EXCLUDED = {
    CBCC: {
        "no_loop_in_python": _MORE_COMMUNITIES,
        "time_follows_votes": _MORE_COMMUNITIES,
    },
    EBCC: {
        "one_worker": "the start with the highest bound counts, and a lone worker who errs at random has that",
    },
    LA: {
        "names_of_tasks": "it takes the tasks in their order, and learns of the workers from each before the next",
        "no_loop_in_python": "a task waits for the labels of those before it; 1.4 million votes a second all the same",
    },
    MMSR: {
        "time_follows_votes": "its cost is in the pairs of workers with a common task, which every iteration sorts",
    },
}
