"""What the command `label` makes of votes in partitions on disk: labels.csv and workers.csv, a partition at a time."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from benchmark_utils.harness.dask_map import engine_of
from benchmark_utils.harness.label_tables import soft_labels
from benchmark_utils.harness.own_votes import count
from benchmark_utils.strategies.aggregation import Aggregation, last
from benchmark_utils.strategies.partitioned import PARTITIONED
from benchmark_utils.strategies.steps.runs import SeveralRuns
from benchmark_utils.votes import VotesError
from benchmark_utils.votes.labels import entries
from benchmark_utils.votes.partitions import Partition, PartitionedVotes

WORKERS_AT_A_TIME = 1_000_000


def label_partitions(folder: Path, strategy: str, scratch: Path, engine: str = "disk") -> tuple[dict, list[str]]:
    """The texts of the files, by name and in pieces, and what there is to say.

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
        A strategy that does not run on partitions, a partition that is missing or damaged.
    EngineError
        Workers of dask that are not there, or that lack memory, files or code.
    """
    votes = PartitionedVotes.open(folder)
    if strategy not in PARTITIONED:
        raise VotesError(
            f"votes in partitions are not compared with one another and {strategy} does not run on them: name one of "
            f"{', '.join(PARTITIONED)} with --strategy"
        )
    with engine_of(engine) as over_partitions:
        fitted = PARTITIONED[strategy](scratch=scratch, engine=over_partitions)
        result = _fit(fitted, votes)
    sizes = (votes.n_votes, "vote"), (np.count_nonzero(votes.votes_per_worker), "worker"), (votes.n_task, "task")
    said = ["{} of {} on {}".format(*(count(n, what) for n, what in sizes))]
    support = ", with support='voted'" if hasattr(fitted, "support") else ""
    said.append(f"The labels are those of {strategy}{support}, from {count(len(votes), 'partition')}.")
    said += [] if result.converged else [f"It has not converged in {result.n_iter} iterations."]
    said += _beside_the_truth(votes, result)
    return {"labels.csv": _labels(votes, result), "workers.csv": _workers(votes, result)}, said


def _fit(strategy, votes) -> Aggregation:
    """What `fit` gives. A terminal shows each iteration as it ends, but for strategies that make several runs."""
    if not sys.stderr.isatty() or not hasattr(strategy, "iterate") or isinstance(strategy, SeveralRuns):
        return strategy.fit(votes)
    n_iter = inspect.signature(strategy.fit).parameters["n_iter"].default
    try:
        return last(_shown(strategy.iterate(votes)), n_iter)
    finally:
        print(file=sys.stderr)


def _shown(points):
    for point in points:
        print(f"\r\033[Kiteration {point.n_iter}", end="", file=sys.stderr, flush=True)
        yield point
        del point  # its arrays would stay in memory while the next iteration makes others


def _labels(votes, result) -> Iterator[str]:
    """The table of the tasks: label, its confidence, votes."""
    for index, part in enumerate(votes):
        tasks = slice(part.first_task, part.first_task + part.n_task)
        soft = None if result.soft is None else result.soft[tasks]
        labels = np.asarray(result.labels[tasks])
        soft = sparse.csr_array(soft_labels(part, Aggregation(labels, soft)))
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


def _beside_the_truth(votes, result) -> list[str]:
    """How many of the known truths the labels are, in a sentence; none where none is known."""
    n_known = n_right = 0
    for index, (first, n_task, _) in enumerate(votes.ranges.tolist()):
        truth = votes.truth(index)
        n_known += np.count_nonzero(truth >= 0)
        n_right += np.count_nonzero((truth >= 0) & (result.labels[first : first + n_task] == truth))
    return [f"{n_right:,} of the {count(n_known, 'known truth')} are the label. They were not used."] if n_known else []
