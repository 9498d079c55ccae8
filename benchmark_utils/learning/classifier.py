"""A network trained on the labels that a strategy aggregated."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from benchmark_utils.learning.learnt import Learner, Learnt, train
from benchmark_utils.learning.training.errors import LearningError
from benchmark_utils.learning.training.trainer import PlainLoss, Trainer
from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.glad import GLAD
from benchmark_utils.strategies.majority_vote import MajorityVote, NaiveSoft
from benchmark_utils.strategies.weighted_dawid_skene import WeightedDawidSkene
from benchmark_utils.votes.votes import Votes

AGGREGATIONS = {"MV": MajorityVote, "NS": NaiveSoft, "DS": DawidSkene, "WDS": WeightedDawidSkene, "GLAD": GLAD}


@dataclass(frozen=True)
class Classifier(Learner):
    """A network trained on the labels that a strategy aggregates from the votes, soft where the strategy's are soft.

    Parameters
    ----------
    labels : str
        One of `AGGREGATIONS`.
    """

    labels: str = "WDS"

    def fit(self, votes: Votes, tasks, seed=0, after_epoch=None, task_score=None) -> Learnt:
        """Aggregate, then train on the tasks that have a vote."""
        aggregation = aggregate(self.labels, votes, seed)
        tasks, recipe, network = self.prepare(votes, tasks, seed)
        examples = labelled_examples(aggregation, votes)
        trainer = Trainer(PlainLoss(network), tasks, examples, recipe, recipe.epochs, seed, f"{self.labels} classifier")
        pruned = None if task_score is None else aggregation
        learnt = Learnt(trainer, votes.has_vote, task_score, pruned)
        learnt.worker_score = lambda: aggregation.worker_score
        return train(learnt, after_epoch)


def aggregate(name, votes, seed) -> Aggregation:
    """The strategy of this name on the votes."""
    if name not in AGGREGATIONS:
        raise LearningError(f"labels is {name!r}: take one of {', '.join(AGGREGATIONS)}")
    return AGGREGATIONS[name]().fit(votes, seed=seed)


def labelled_examples(aggregation, votes):
    """One example per task that has a label: the soft label as target where there is one, else the hard label."""
    task = np.flatnonzero(aggregation.labels >= 0)
    if aggregation.soft is None:
        return {"task": task, "target": aggregation.labels[task]}
    return {"task": task, "target": dense(aggregation.soft)[task].astype(np.float32)}


def dense(soft):
    if sparse.issparse(soft):
        raise LearningError(f"soft labels of shape {soft.shape} do not fit on the device: use labels=MV")
    return soft
