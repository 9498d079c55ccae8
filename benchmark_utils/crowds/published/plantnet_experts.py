"""The experts among the users of Pl@ntNet-CrowdSWE, whose votes are its truth."""

from __future__ import annotations

import numpy as np

from benchmark_utils.votes import Votes

EXPERT_SHARE = 0.9  # of an expert's votes are the truth: all but those on the few observations where experts differ


def remove_experts(votes: Votes, truth) -> tuple[Votes, str]:
    """The votes without those of the experts on observations with a truth, and a sentence that counts them.

    The data do not name the experts, but the truth is their answer: an observation has a truth where an expert voted.
    So all but a few of an expert's votes are equal to a truth. Of the users of whom this holds, a user is an expert
    where a truth has no other source. Where a truth has several possible sources and none of them is known to be an
    expert, all of them are removed.
    """
    has_truth = truth[votes.task] >= 0
    right = votes.label == truth[votes.task]
    n_right = np.bincount(votes.worker[right], minlength=votes.n_worker)
    could_be = (n_right > 0) & (n_right >= EXPERT_SHARE * votes.votes_per_worker)
    source = right & could_be[votes.worker]
    n_source = np.bincount(votes.task[source], minlength=votes.n_task)
    expert = np.zeros(votes.n_worker, dtype=bool)
    expert[votes.worker[source & (n_source[votes.task] == 1)]] = True

    by_expert = has_truth & expert[votes.worker]
    explained = np.zeros(votes.n_task, dtype=bool)
    explained[votes.task[by_expert & right]] = True
    doubtful = source & ~explained[votes.task]
    removed = by_expert | doubtful
    kept = votes.keep(~removed)
    known = truth >= 0
    report = (
        f"{removed.sum()} votes of {expert.sum()} experts on {known.sum()} observations with a truth removed; "
        f"{(known & (kept.votes_per_task == 0)).sum()} of these have no other vote"
    )
    if doubtful.any():
        report += f"; on {len(np.unique(votes.task[doubtful]))} the expert is one of several and all of them went"
    if (known & (n_source == 0) & ~explained).any():
        report += f"; on {(known & (n_source == 0) & ~explained).sum()} no user can be the expert"
    return kept, report
