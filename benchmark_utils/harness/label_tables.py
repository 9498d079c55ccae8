"""The tables that the command `label` writes, in the user's own names."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from benchmark_utils.harness.own_votes import count, tied_tasks, winning
from benchmark_utils.harness.recommend import Recommendation
from benchmark_utils.scoring.answers import Answers
from benchmark_utils.scoring.next_vote import expected_gain
from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.votes import Votes, normalise, sum_votes
from benchmark_utils.votes.labels import entries

MOST_TASKS_TO_ASK = 1000


def soft_labels(votes: Votes, result: Aggregation):
    """The strategy's soft labels; of one that has none, each class's share of the votes."""
    return normalise(sum_votes(votes)) if result.soft is None else result.soft


def label_table(votes: Votes, found: Recommendation) -> pd.DataFrame:
    """One row per task: label, its confidence, votes, the share of the winning ones, tied, strategies that agree."""
    labels, n_votes = found.result.labels, votes.votes_per_task
    soft = sparse.csr_array(soft_labels(votes, found.result), dtype=float)
    confidence = np.full(votes.n_task, np.nan)
    labelled = np.flatnonzero(labels >= 0)
    confidence[labelled] = entries(soft, labelled, labels[labelled])
    most, n_most = winning(votes)
    return pd.DataFrame(
        {
            "task": _names(votes)[0],
            "label": votes.named(labels).to_numpy(),
            "confidence": confidence.round(6),
            "votes": n_votes,
            "winning_share": np.divide(most, n_votes, out=np.full(len(most), np.nan), where=n_votes > 0).round(6),
            "tied": n_most > 1,
            "strategies_agreeing": np.where(labels >= 0, found.agreeing, 0),
            "strategies_tried": len(found.labels),
        }
    )


def worker_table(votes: Votes, result: Aggregation) -> pd.DataFrame:
    """One row per worker who voted: votes, the strategy's score, and what their votes say beside the labels."""
    answers = Answers.of(votes, result.labels)
    label, answer, count = answers.most_frequent_confusion()
    _, workers, classes = _names(votes)
    classes = np.append(classes.astype(object), None)  # position -1 is the last
    score = np.full(votes.n_worker, np.nan) if result.worker_score is None else result.worker_score
    table = pd.DataFrame(
        {
            "worker": workers,
            "votes": votes.votes_per_worker,
            "score": np.asarray(score, dtype=float).round(6),
            "agreement": answers.agreement().round(6),
            "spammer_score": answers.spammer_score().round(6),
            "confuses": classes[label],
            "with": classes[answer],
            "times": count,
        }
    )
    return table[table["votes"] > 0].reset_index(drop=True)


def ask_table(votes: Votes, result: Aggregation, labels: pd.DataFrame) -> pd.DataFrame:
    """The tasks whose label is not certain, those first on which one more vote is expected to help most; 1,000 at most.

    Of equal gains the least sure comes first. No single vote turns a label that is sure enough: its gain is zero.
    """
    gain, confidence = expected_gain(votes, soft_labels(votes, result)), labels["confidence"].fillna(0)
    order = np.lexsort((confidence, -gain.round(9)))
    order = order[confidence.to_numpy()[order] < 1][:MOST_TASKS_TO_ASK]
    table = labels.iloc[order][["task", "label", "confidence", "votes"]]
    return table.assign(expected_gain=gain[order].round(6)).reset_index(drop=True)


def repeated_answers(votes: Votes) -> tuple[int, int]:
    """How many votes repeat an earlier one, where they are kept, and how many contradict one: three answers are two."""
    pair = votes.task.astype(np.int64) * votes.n_worker + votes.worker
    n_answers = len(np.unique(pair * votes.n_class + votes.label))
    return votes.n_votes - n_answers, n_answers - len(np.unique(pair))


def notices(votes: Votes, found: Recommendation, notes=()) -> list[str]:
    """What should not pass in silence, a sentence each, with counts; `notes` are those of the reader."""
    n_kept, _ = repeated_answers(votes)
    given = found.result.labels
    labelled = np.flatnonzero(given >= 0)
    unvoted = entries(sparse.csr_array(sum_votes(votes)), labelled, given[labelled]) == 0
    counts = {
        "{} kept: the same worker, task and answer again": (n_kept, "vote"),
        "{} with a label that nobody voted for": (np.count_nonzero(unvoted), "task"),
        "{} without a label": (np.count_nonzero(given < 0), "task"),
    }
    said = [f"{said.format(count(n, what))}." for said, (n, what) in counts.items() if n]
    return [*(f"{note[:1].upper()}{note[1:]}." for note in notes), *tied_tasks(votes), *said]


def _names(votes):
    if votes.encoding is None:
        return np.arange(votes.n_task), np.arange(votes.n_worker), np.arange(votes.n_class)
    return votes.encoding.tasks, votes.encoding.workers, votes.encoding.classes
