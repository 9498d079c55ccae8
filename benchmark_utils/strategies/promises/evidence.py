"""What the properties are made of: fits, comparisons of two results, and counts of lines, seconds and bytes."""

import inspect
import random
import sys
import time
import tracemalloc
import warnings

import numpy as np
from scipy import sparse

from benchmark_utils.strategies.kos import KOS

CLOSE = 1e-6  # sums of another order differ by rounding, which iterations may amplify
MAX_CLASSES = {KOS: 2}  # of a strategy that does not say `max_classes` itself


class BrokenPromiseError(AssertionError):
    """A strategy breaks a property: the message says what was seen."""


def takes(strategy, what) -> bool:
    """Whether `fit` takes this argument, or the strategy has this method."""
    return what in inspect.signature(strategy.fit).parameters or callable(getattr(strategy, what, None))


def iterates(strategy) -> bool:
    """Whether `fit` takes a number of iterations."""
    return takes(strategy, "n_iter")


def classes_of(strategy) -> int:
    """Four classes, or as many as the strategy can take."""
    return min(4, getattr(strategy, "max_classes", None) or MAX_CLASSES.get(type(strategy), 4))


def fit(strategy, votes, seed=0, **options):
    """The strategy's result; n_iter and tol only where it iterates."""
    if not iterates(strategy):
        options = {name: value for name, value in options.items() if name not in ("n_iter", "tol")}
    return strategy.fit(votes, seed=seed, **options)


def sound(strategy, votes, **steps):
    """The result, after it was seen to be well-formed and to come without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for deprecated in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):  # of a library's next version
            warnings.simplefilter("ignore", deprecated)
        try:
            result = fit(strategy, votes, **steps)
        except Warning as warning:
            raise BrokenPromiseError(f"{type(warning).__name__}: {warning}") from warning
    labels = np.asarray(result.labels)
    require(labels.shape == (votes.n_task,), f"labels have the shape {labels.shape}, not {(votes.n_task,)}")
    require(labels.dtype == np.int64, f"labels are {labels.dtype}, not int64")
    require(labels.min() >= -1 and labels.max() < votes.n_class, f"labels go from {labels.min()} to {labels.max()}")
    if result.soft is not None:
        soft = dense(result.soft)
        require(soft.shape == (votes.n_task, votes.n_class), f"soft labels have the shape {soft.shape}")
        require(np.isfinite(soft).all(), "a soft label is NaN or infinite")
        require(soft.min() >= 0, f"a soft label is negative, {soft.min():.3g}")
        require(soft.sum(axis=1).max() <= 1 + 1e-9, f"a row of soft labels sums to {soft.sum(axis=1).max():.6g}")
    if result.worker_score is not None:
        require(np.shape(result.worker_score) == (votes.n_worker,), "worker_score has not one number per worker")
        require(np.isfinite(result.worker_score).all(), "a worker's score is NaN or infinite")
    require(len(result.history) in (0, result.n_iter), "history has not one value per iteration")
    require(np.isfinite(np.asarray(result.history, dtype=float)).all(), "history holds NaN or infinity")
    for name, value in result.parameters.items():
        require(np.isfinite(dense(value)).all(), f"the parameter {name} holds NaN or infinity")
    return result


def require(holds, seen):
    if not holds:
        raise BrokenPromiseError(seen)


def require_labels(labels, expected):
    labels = getattr(labels, "labels", labels)
    require(
        np.array_equal(labels, expected),
        f"labels are {np.asarray(labels).tolist()}, not {np.asarray(expected).tolist()}",
    )


def require_close(result, again, what, task=slice(None), label=None):
    """`again`, where task i is called task[i] and class k label[k], is `result` but for rounding."""
    expected = result.labels if label is None else np.where(result.labels < 0, -1, label[result.labels])
    n_other = np.count_nonzero(again.labels[task] != expected)
    require(n_other == 0, f"{what} gave other labels to {n_other} of {len(expected)} tasks")
    if result.soft is not None:
        rows = dense(again.soft)[task]
        rows = rows if label is None else rows[:, label]
        require(near(dense(result.soft), rows), f"{what} gave soft labels that differ by more than {CLOSE}")


def require_same_bits(result, again, what):
    for name in ("labels", "soft", "worker_score", "history", "n_iter", "converged"):
        first, second = (getattr(one, name) for one in (result, again))
        same = (first is None and second is None) or np.array_equal(dense(first), dense(second), equal_nan=True)
        require(same, f"{what} gave other {name}")


def near(values, others):
    return np.allclose(values, others, rtol=0, atol=CLOSE)


def dense(array):
    return array.toarray() if sparse.issparse(array) else np.asarray(array)


def global_state():
    """The state of the two global generators, in a form that can be compared."""
    kind, keys, *rest = np.random.get_state()
    return {"numpy": (kind, tuple(keys.tolist()), *rest), "Python's random": random.getstate()}


def python_lines(run) -> int:
    """How many lines of Python `run` executes; a line in a loop counts as often as it runs."""
    lines = 0

    def count(frame, event, argument):
        nonlocal lines
        lines += event == "line"
        return count

    tracing = sys.gettrace()
    sys.settrace(count)
    try:
        run()
    finally:
        sys.settrace(tracing)
    return lines


def seconds(strategy, votes, **steps) -> float:
    """The shortest of three fits, in time of this process, which other programs hardly disturb."""
    times = []
    for _ in range(3):
        start = time.process_time()
        fit(strategy, votes, **steps)
        times.append(time.process_time() - start)
    return min(times)


def peak_bytes(run) -> int:
    """What `run` allocates at most at a time."""
    already = tracemalloc.is_tracing()
    if not already:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        run()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not already:
            tracemalloc.stop()
