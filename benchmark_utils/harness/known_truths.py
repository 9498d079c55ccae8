"""What known truths say of strategies: each is scored on the tasks whose truth its fit has not seen."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark_utils.scoring.columns import FEW
from benchmark_utils.strategies.aggregation import Strategy
from benchmark_utils.votes import Votes
from benchmark_utils.votes.partitions import PartitionedVotes

N_FOLD, N_FOLD_LARGE, LARGE = 5, 2, 100_000  # folds; of more than so many votes fewer, for the time that they take
LEVEL = 0.05  # of an interval, and of a difference


def takes_known(strategy: Strategy) -> bool:
    """Whether known truths help the strategy: whether its `fit` takes `known`."""
    return "known" in inspect.signature(strategy.fit).parameters


@dataclass(frozen=True, eq=False)
class Checked:
    """Which of the known tasks each strategy has right.

    Attributes
    ----------
    names : list of str, n_strategy of them
    right : bool, (n_strategy, n_known)
    """

    names: list
    right: np.ndarray

    @property
    def n_known(self) -> int:
        return self.right.shape[1]

    def table(self) -> pd.DataFrame:
        """One row per strategy: right, known, accuracy, and Wilson's (1927) 95 % interval, low and high."""
        from scipy.stats import binomtest  # slow to import

        n_right = self.right.sum(axis=1).tolist()
        ends = [binomtest(n, self.n_known).proportion_ci(1 - LEVEL, method="wilson") for n in n_right]
        return pd.DataFrame(
            {
                "strategy": self.names,
                "right": n_right,
                "known": self.n_known,
                "accuracy": np.array(n_right) / self.n_known,
                "low": [end.low for end in ends],
                "high": [end.high for end in ends],
            }
        )

    def ahead_of(self, name: str) -> list[str]:
        """The strategies that have more right than the one named, beyond chance (McNemar's exact test, 1947)."""
        from scipy.stats import binomtest

        mine = self.right[self.names.index(name)]
        better = [(np.sum(theirs & ~mine), np.sum(mine & ~theirs)) for theirs in self.right]
        order = np.argsort(-self.right.sum(axis=1), kind="stable")
        return [
            self.names[i]
            for i in order
            if better[i][0] > better[i][1] and binomtest(better[i][0], sum(better[i])).pvalue < LEVEL
        ]


def check_known_tasks(votes: Votes | PartitionedVotes, truth, fits: dict, uses: dict, seed=0) -> Checked | None:
    """Each strategy's labels of the known tasks, from fits that have not seen the truth of the task.

    The known tasks that have a vote are split into five folds, or two of a large crowd. A strategy that takes known
    truths is fitted for each fold with those of the other folds. Another has seen none: one fit is enough.

    Parameters
    ----------
    votes : Votes or PartitionedVotes
    truth : int, (n_task,)
        -1 where it is not known.
    fits : dict of callables
        By name: `fit(votes)`, or `fit(votes, known=...)` where `uses` says so, returns an object with `labels`.
    uses : dict of bool
    """
    tasks = np.flatnonzero((truth >= 0) & votes.has_vote)
    if not len(tasks):
        return None
    fold = np.random.default_rng(seed).permutation(np.arange(len(tasks)) % n_folds(votes))
    right = np.zeros((len(fits), len(tasks)), dtype=bool)
    for index, (name, fit) in enumerate(fits.items()):
        if not uses[name]:
            right[index] = fit(votes).labels[tasks] == truth[tasks]
            continue
        for hidden in (fold == one for one in np.unique(fold)):
            known = truth.copy()
            known[tasks[hidden]] = -1
            right[index, hidden] = (fit(votes, known=known).labels[tasks] == truth[tasks])[hidden]
    return Checked(list(fits), right)


def n_folds(votes: Votes) -> int:
    return N_FOLD if votes.n_votes <= LARGE else N_FOLD_LARGE


def known_verdict(checked: Checked, chosen: str, uses: bool) -> list[str]:
    """What the known truths say of the strategy taken, a sentence each."""
    row = checked.table().set_index("strategy").loc[chosen]
    how = "each labelled without its own truth" if uses else "none of which it has seen, since it takes no known truths"
    said = [
        f"{chosen} labels {int(row['right']):,} of the {checked.n_known:,} tasks with a known truth right, "
        f"{row['accuracy']:.3f}, 95 % interval {row['low']:.3f} to {row['high']:.3f}: {how}."
    ]
    if checked.n_known < FEW:
        said.append(
            f"These are fewer than {FEW} known truths, so that every accuracy here is uncertain: look at its interval."
        )
    ahead = checked.ahead_of(chosen)
    if ahead:
        said.append(f"By the known truths {ahead[0]} is ahead beyond chance: --strategy {ahead[0]} takes it.")
    said.append(f"In labels.csv the known tasks have their truth{'' if uses else ', and it helps no other task'}.")
    return said
