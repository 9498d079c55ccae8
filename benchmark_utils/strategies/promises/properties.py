"""The properties that every strategy promises, a function each; the first line of its docstring is the promise.

Each returns what it measured, if anything, or raises `BrokenPromiseError` with what it saw.
"""

import random
from itertools import islice

import numpy as np

from benchmark_utils.strategies.promises.crowds import contrary_crowd, ordinary_crowd, renamed, tiny_crowds, with_rows
from benchmark_utils.strategies.promises.evidence import (
    CLOSE,
    BrokenPromiseError,
    classes_of,
    dense,
    fit,
    global_state,
    near,
    peak_bytes,
    python_lines,
    require,
    require_close,
    require_labels,
    require_same_bits,
    seconds,
    sound,
)
from benchmark_utils.votes import Votes

STEPS = dict(n_iter=50, tol=-1)  # iterations that no tolerance cuts short: two runs then end at the same one
FEW_STEPS = dict(n_iter=3, tol=-1)  # for what is measured by iteration
MOST_ITERATIONS = 1000  # a strategy ends by its own rule within these on a crowd of 500 votes
MOST_LINES_PER_VOTE = 0.02  # a loop over votes has one or more, one over the workers of the trial crowd 0.05
MOST_SLOWER = 15  # for ten times the votes
BYTES_PER_VOTE, BYTES_PER_CELL = 240, 80  # 30 float64 arrays over the votes, 10 over tasks x classes (and workers')


# --- randomness


def same_seed(strategy):
    """The same seed gives the same bits."""
    votes = ordinary_crowd(classes_of(strategy), per_task=2, ties=True)
    require_same_bits(*(fit(strategy, votes, seed=3, **STEPS) for _ in range(2)), "the second fit with the same seed")


def global_random_state(strategy):
    """The global random state of numpy and of Python is neither read nor moved."""
    votes = ordinary_crowd(classes_of(strategy), per_task=2, ties=True)
    kept, results = global_state(), []
    try:
        for seed in (1, 2):
            np.random.seed(seed)
            random.seed(seed)
            before = global_state()
            results.append(fit(strategy, votes, **STEPS))
            for name, state in global_state().items():
                require(state == before[name], f"fit moved the global random state of {name}")
        require_same_bits(*results, "the fit after another random.seed and np.random.seed")
    finally:
        np.random.set_state(kept["numpy"])
        random.setstate(kept["Python's random"])


# --- names and order


def order_of_votes(strategy):
    """The order of the rows is irrelevant."""
    votes = ordinary_crowd(classes_of(strategy))
    order = np.random.default_rng(0).permutation(votes.n_votes)
    shuffled = with_rows(votes, votes.task[order], votes.worker[order], votes.label[order])
    require_same_bits(fit(strategy, votes, **STEPS), fit(strategy, shuffled, **STEPS), "the shuffled rows")


def repeated_rows(strategy):
    """Rows that repeat another change nothing, since Votes drops them."""
    votes = ordinary_crowd(classes_of(strategy))
    twice = with_rows(votes, *(np.append(rows, rows[::3]) for rows in (votes.task, votes.worker, votes.label)))
    require_same_bits(fit(strategy, votes, **STEPS), fit(strategy, twice, **STEPS), "a third of the rows given twice")


def names_of_workers(strategy):
    """Another numbering of the workers changes no label."""
    votes = ordinary_crowd(classes_of(strategy))
    name = np.random.default_rng(1).permutation(votes.n_worker)
    result, again = (fit(strategy, given, **STEPS) for given in (votes, renamed(votes, worker=name)))
    require_close(result, again, "renumbered workers")
    if result.worker_score is not None:
        require(near(result.worker_score, again.worker_score[name]), "renumbered workers have other worker scores")


def names_of_tasks(strategy):
    """Another numbering of the tasks changes no label: labels follow the tasks."""
    votes = ordinary_crowd(classes_of(strategy))
    name = np.random.default_rng(2).permutation(votes.n_task)
    result, again = (fit(strategy, given, **STEPS) for given in (votes, renamed(votes, task=name)))
    require_close(result, again, "renumbered tasks", task=name)


def names_of_classes(strategy):
    """Renamed classes rename the answer."""
    votes = ordinary_crowd(classes_of(strategy))
    name = np.roll(np.arange(votes.n_class), 1)
    result, again = (fit(strategy, given, **STEPS) for given in (votes, renamed(votes, label=name)))
    require_close(result, again, "renumbered classes", label=name)


# --- odd crowds


def one_class(strategy):
    """A crowd with a single class gets it, without a warning or NaN."""
    task, worker = np.divmod(np.arange(20), 5)
    require_labels(sound(strategy, Votes(task, worker, 0 * task, 4, 5, 1)), [0, 0, 0, 0])


def one_worker(strategy):
    """A crowd of one worker gets that worker's answers (or -1), without a warning or NaN."""
    answers = np.array([1, 0, 1, 1, 0])
    result = sound(strategy, Votes(np.arange(5), 0 * answers, answers, 5, 1, 2))
    require_labels(result, np.where(result.labels == -1, -1, answers))


def one_task(strategy):
    """A crowd with one task gets the answer of four workers in five, without a warning or NaN."""
    result = sound(strategy, Votes([0] * 5, range(5), [1, 1, 1, 1, 0], 1, 5, 2))
    require_labels(result, [1])


def unanimous_task(strategy):
    """A task on which seven workers agree gets their answer, without a warning or NaN."""
    votes = with_unanimous_task(ordinary_crowd(classes_of(strategy)))
    require_labels(sound(strategy, votes).labels[:1], [1])


def contradicting_worker(strategy):
    """A worker's second answer to a task does no harm, without a warning or NaN."""
    votes = with_unanimous_task(ordinary_crowd(classes_of(strategy)))
    contradicted = with_rows(
        votes, np.append(votes.task, 0), np.append(votes.worker, votes.worker[0]), np.append(votes.label, 0)
    )
    require_labels(sound(strategy, contradicted).labels[:1], [1])


def worker_without_votes(strategy):
    """A worker without votes changes no label, without a warning or NaN."""
    votes = ordinary_crowd(classes_of(strategy))
    larger = renamed(votes, worker=1 + np.arange(votes.n_worker), n_worker=votes.n_worker + 2)
    result, again = (sound(strategy, given, **STEPS) for given in (votes, larger))
    require_close(result, again, "the crowd with two workers more, who never voted,")


def task_without_votes(strategy):
    """A task without votes has label -1 and a zero soft row, and changes no other label."""
    votes = ordinary_crowd(classes_of(strategy))
    name = 1 + np.arange(votes.n_task)
    larger = renamed(votes, task=name, n_task=votes.n_task + 2)
    result, again = (sound(strategy, given, **STEPS) for given in (votes, larger))
    require_labels(again.labels[[0, -1]], [-1, -1])
    if again.soft is not None:
        require(not dense(again.soft)[[0, -1]].any(), "the soft row of a task without votes is not zero")
    require_close(result, again, "the crowd with two tasks more, without votes,", task=name)


def soft_rows(strategy):
    """Soft rows are sound on any crowd: at least 0, sum to at most 1, and the label is a mode of its row."""
    for votes in [ordinary_crowd(classes_of(strategy)), contrary_crowd(), *tiny_crowds(classes_of(strategy))]:
        result = sound(strategy, votes, n_iter=30)
        if result.soft is None:
            continue
        soft, valid = dense(result.soft), result.labels >= 0
        highest = soft[np.arange(votes.n_task), result.labels][valid] >= soft.max(axis=1)[valid] - CLOSE
        require(highest.all(), f"the label of task {np.flatnonzero(valid)[~highest][:1]} is not a mode of its soft row")


def votes_not_written_to(strategy):
    """The arrays of Votes are not written to."""
    votes = ordinary_crowd(classes_of(strategy))
    before = {name: value.copy() for name, value in vars(votes).items() if isinstance(value, np.ndarray)}
    fit(strategy, votes, **STEPS)
    for name, array in before.items():
        after = getattr(votes, name)
        same = np.array_equal(after, array, equal_nan=True) and not after.flags.writeable
        require(same, f"fit wrote to votes.{name}, or put another array there")


# --- iterations


def start_at_0_iterations(strategy):
    """n_iter=0 gives the start, n_iter=2 at most two iterations from it."""
    votes = ordinary_crowd(classes_of(strategy))
    start, again = sound(strategy, votes, n_iter=0, tol=-1), fit(strategy, votes, n_iter=0, tol=np.inf)
    require(start.n_iter == 0 and len(start.history) == 0, f"n_iter=0 did {start.n_iter} iterations")
    require(not start.converged, "n_iter=0 says that it has converged")
    require_same_bits(start, again, "the start for another tol")
    n_iter = fit(strategy, votes, n_iter=2, tol=-1).n_iter
    require(n_iter <= 2, f"n_iter=2 did {n_iter} iterations")


def ends_by_its_own_rule(strategy):
    """It ends by its own rule, within a thousand iterations on a small crowd of mostly bad workers."""
    result = fit(strategy, bad_crowd(strategy), n_iter=MOST_ITERATIONS)
    require(result.converged, f"it has not converged after {result.n_iter} iterations on 500 votes of 15 workers")
    return f"it ended after {result.n_iter} iterations"


def converged_is_said(strategy):
    """`converged` is True at the end by its own rule, and False when stopped one iteration before."""
    for votes in (ordinary_crowd(classes_of(strategy)), bad_crowd(strategy)):
        whole = fit(strategy, votes, n_iter=MOST_ITERATIONS)
        require(whole.converged, f"it does not say that it has converged after {whole.n_iter} iterations")
        require(whole.n_iter > 0, "it says that it has converged before the first iteration")
        early = fit(strategy, votes, n_iter=whole.n_iter - 1)
        said = f"it ends after {whole.n_iter} iterations, and stopped after {early.n_iter}"
        require(not early.converged, f"{said} it says that it has converged")
        require(early.n_iter == whole.n_iter - 1, f"{said} where {whole.n_iter - 1} were allowed")
        require_same_bits(whole, fit(strategy, votes, n_iter=whole.n_iter), "as many iterations as it needs")


def one_pass(strategy):
    """A point of `iterate` is, to the bit, a fit with as many iterations, also when it is asked for later."""
    votes = bad_crowd(strategy)
    points = list(islice(strategy.iterate(votes, seed=3), MOST_ITERATIONS))
    require([p.n_iter for p in points] == list(range(len(points))), "the points have not one iteration more each")
    require(points[-1].converged, f"iterate does not end by its own rule after {len(points) - 1} iterations")
    for point in {*points[:4], *points[8::16], points[-1]}:
        again = fit(strategy, votes, seed=3, n_iter=point.n_iter)
        require_same_bits(point.aggregation(), again, f"fit with n_iter={point.n_iter}")


# --- cost


def no_loop_in_python(strategy):
    """No loop in Python over votes, tasks or workers."""
    small, large = (crowd_of(strategy, n_votes) for n_votes in (4_000, 40_000))
    fit(strategy, small, **FEW_STEPS)  # loads what it imports
    lines = [python_lines(lambda votes=votes: fit(strategy, votes, **FEW_STEPS)) for votes in (small, large)]
    per_vote = (lines[1] - lines[0]) / (large.n_votes - small.n_votes)
    seen = f"fit ran {lines[0]} lines of Python on {small.n_votes} votes and {lines[1]} on {large.n_votes}"
    require(per_vote <= MOST_LINES_PER_VOTE, seen)
    return seen


def time_follows_votes(strategy):
    """Ten times the votes take less than fifteen times as long."""
    small, large = (crowd_of(strategy, n_votes) for n_votes in (4_000, 40_000))
    ratio = np.inf
    for _ in range(5):  # a machine under load is slow now and then: one quiet moment in five is enough
        ratio = min(ratio, seconds(strategy, large, **FEW_STEPS) / seconds(strategy, small, **FEW_STEPS))
        if ratio < MOST_SLOWER:
            return f"ten times the votes took {ratio:.1f} times as long"
    raise BrokenPromiseError(f"ten times the votes took {ratio:.1f} times as long, at the least of five measurements")


def memory_is_said(strategy):
    """Memory stays within bytes_needed(votes), or within 240 bytes a vote and 80 bytes a task or worker and class."""
    votes = crowd_of(strategy, 40_000)
    fit(strategy, crowd_of(strategy, 1_000), **FEW_STEPS)
    if hasattr(strategy, "bytes_needed"):
        allowed, source = strategy.bytes_needed(votes), "bytes_needed says"
    else:
        cells = (votes.n_task + votes.n_worker) * votes.n_class
        allowed, source = BYTES_PER_VOTE * votes.n_votes + BYTES_PER_CELL * cells, "a strategy without it may take"
    peak = peak_bytes(lambda: fit(strategy, votes, **FEW_STEPS))
    seen = f"fit took {peak / 2**20:.1f} MiB on {votes.n_votes} votes; {source} {allowed / 2**20:.1f} MiB"
    require(peak <= allowed, seen)
    return seen


# --- their crowds


def bad_crowd(strategy):
    """Workers who are right with probabilities between 0.1 and 0.7, and else guess: labels are long in doubt."""
    return ordinary_crowd(classes_of(strategy), per_task=5, ties=True, skill=(0.1, 0.7))


def crowd_of(strategy, n_votes):
    """Five votes a task, twenty a worker: everything grows with the votes but the classes."""
    return ordinary_crowd(classes_of(strategy), n_votes // 5, n_votes // 20, per_task=5)


def with_unanimous_task(votes):
    """The crowd in which everybody asked says 1 of task 0."""
    return with_rows(votes, votes.task, votes.worker, np.where(votes.task == 0, 1, votes.label))
