"""What the command `label` makes of votes in partitions on disk: labels.csv and workers.csv, a partition at a time."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from benchmark_utils.harness.dask_map import engine_of
from benchmark_utils.harness.known_truths import Checked, check_known_tasks, known_verdict, takes_known
from benchmark_utils.harness.label_tables import soft_labels
from benchmark_utils.harness.own_votes import count
from benchmark_utils.harness.recommend import N_ITER
from benchmark_utils.strategies.aggregation import Aggregation, last
from benchmark_utils.strategies.partitioned import PARTITIONED
from benchmark_utils.strategies.steps.known import clamp
from benchmark_utils.strategies.steps.runs import SeveralRuns
from benchmark_utils.votes import VotesError
from benchmark_utils.votes.labels import entries
from benchmark_utils.votes.partitions import Partition, PartitionedVotes
from benchmark_utils.votes.refusals import check_codes

WORKERS_AT_A_TIME = 1_000_000


def label_partitions(folder: Path, strategy: str, scratch: Path, engine: str = "disk") -> tuple[dict, list[str]]:
    """The texts of the files, by name and in pieces, and what there is to say.

    Known truths that lie in the partitions help a strategy that takes them, and are the labels of their tasks, as for
    votes in memory. Such a strategy is scored on them by fits that have not seen them, see `check_known_tasks`: two of
    a large crowd, else five.

    Parameters
    ----------
    folder : Path
        Of partitioned votes.
    strategy : str
    scratch : Path
        A folder for temporary files, of some 50 bytes a vote.
    engine : str
        See `dask_map.engine_of`.

    Raises
    ------
    VotesError
        A strategy that does not run on partitions, a partition that is missing or damaged, a truth that is no class.
    EngineError
        Workers of dask that are not there, or that lack memory, files or code.
    """
    votes = PartitionedVotes.open(folder)
    if strategy not in PARTITIONED:
        raise VotesError(
            f"votes in partitions are not compared with one another and {strategy} does not run on them: name one of "
            f"{', '.join(PARTITIONED)} with --strategy"
        )
    truth = _truth(votes)
    with engine_of(engine) as over_partitions:
        fitted = PARTITIONED[strategy](scratch=scratch, engine=over_partitions)
        result, checked = _fit_and_check(fitted, strategy, votes, truth)
    sizes = (votes.n_votes, "vote"), (np.count_nonzero(votes.votes_per_worker), "worker"), (votes.n_task, "task")
    said = ["{} of {} on {}".format(*(count(n, what) for n, what in sizes))]
    support = ", with support='voted'" if hasattr(fitted, "support") else ""
    said.append(f"The labels are those of {strategy}{support}, from {count(len(votes), 'partition')}.")
    said += [] if result.converged else [f"It has not converged in {result.n_iter} iterations."]
    said += known_verdict(checked, strategy, takes_known(fitted)) if checked else []
    return {"labels.csv": _labels(votes, result, truth), "workers.csv": _workers(votes, result)}, said


def _truth(votes: PartitionedVotes) -> np.ndarray | None:
    """The known truths of the partitions, (n_task,), -1 elsewhere, in a small type; None where none is known."""
    small, found, is_known = np.min_scalar_type(-votes.n_class), [], False
    for index, (first, n_task, _) in enumerate(votes.ranges.tolist()):
        tasks = pd.RangeIndex(first, first + n_task, name="task")
        truth = check_codes(votes.truth(index), "truth", votes.n_class, "n_class", lowest=-1, rows=tasks)
        is_known = is_known or bool((truth >= 0).any())
        found.append(truth.astype(small))
    return np.concatenate(found) if is_known else None


def _fit_and_check(strategy, name, votes, truth) -> tuple[Aggregation, Checked | None]:
    """The result of a strategy that is told the known truths where it takes them, and how it does without each."""
    if truth is None:
        return _fit(strategy, votes), None
    if not takes_known(strategy):
        result = _fit(strategy, votes)
        return result, check_known_tasks(votes, truth, {name: lambda _: result}, {name: False})
    checked = check_known_tasks(votes, truth, {name: partial(_fit, strategy, n_iter=N_ITER)}, {name: True})
    return _fit(strategy, votes, **({"known": truth} if checked else {})), checked


def _fit(strategy, votes, n_iter=None, **known) -> Aggregation:
    """What `fit` gives. A terminal shows each iteration as it ends, but for strategies that make several runs."""
    parameters = inspect.signature(strategy.fit).parameters
    most = {"n_iter": n_iter or parameters["n_iter"].default} if "n_iter" in parameters else {}
    if not sys.stderr.isatty() or not hasattr(strategy, "iterate") or isinstance(strategy, SeveralRuns):
        return strategy.fit(votes, **most, **known)
    try:
        return last(_shown(strategy.iterate(votes, **known)), **most)
    finally:
        print(file=sys.stderr)


def _shown(points):
    for point in points:
        print(f"\r\033[Kiteration {point.n_iter}", end="", file=sys.stderr, flush=True)
        yield point
        del point  # its arrays would stay in memory while the next iteration makes others


def _labels(votes, result, truth) -> Iterator[str]:
    """The table of the tasks: label, its confidence, votes. A known truth is the label."""
    for index, part in enumerate(votes):
        labels = np.asarray(result.labels[part.tasks])
        soft = soft_labels(part, Aggregation(labels, None if result.soft is None else result.soft[part.tasks]))
        if truth is not None:
            labels, soft = clamp(labels, soft, truth[part.tasks])
        soft = sparse.csr_array(soft)
        confidence, labelled = np.full(part.n_task, np.nan), np.flatnonzero(labels >= 0)
        confidence[labelled] = entries(soft, labelled, labels[labelled])
        table = {
            "task": _tasks(part),
            "label": part.named(labels).to_numpy(),
            "confidence": confidence.round(6),
            "votes": part.votes_per_task,
        }
        yield pd.DataFrame(table).to_csv(index=False, header=index == 0)


def _tasks(part: Partition):
    return part.first_task + np.arange(part.n_task) if part.encoding is None else part.encoding.tasks


def _workers(votes, result) -> Iterator[str]:
    """The table of the workers who voted: votes, and the strategy's score."""
    ids = next(iter(votes)).encoding
    names = np.arange(votes.n_worker) if ids is None else ids.workers
    score = np.full(votes.n_worker, np.nan) if result.worker_score is None else result.worker_score
    for start in range(0, votes.n_worker, WORKERS_AT_A_TIME):
        some = slice(start, start + WORKERS_AT_A_TIME)
        n_votes = votes.votes_per_worker[some]
        table = pd.DataFrame({"worker": names[some], "votes": n_votes, "score": score[some].round(6)})
        yield table[table["votes"] > 0].to_csv(index=False, header=start == 0)
