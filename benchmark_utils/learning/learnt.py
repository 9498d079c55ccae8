"""The strategies that look at the tasks, as classes that run in a notebook:

    learnt = WAUM(labels="WDS", alpha=0.01).fit(votes, tasks)
    learnt.train_labels(), learnt.predict(test_tasks), learnt.task_score

`fit` calls `after_epoch(learnt)` before the first epoch of the classifier and after each; False ends the training.
`training.checkpoints` has how a fit that was stopped goes on.
"""

from dataclasses import dataclass, field

import numpy as np

from benchmark_utils.learning.training.checkpoints import each_epoch
from benchmark_utils.learning.training.errors import LearningError
from benchmark_utils.learning.training.networks import build, load_backbone
from benchmark_utils.learning.training.recipe import published_recipe
from benchmark_utils.learning.training.tasks import Tasks, choose_device
from benchmark_utils.learning.training.trainer import Trainer, seed_everything
from benchmark_utils.strategies.aggregation import Aggregation


@dataclass
class Learnt:
    """What a strategy has learnt so far.

    Attributes
    ----------
    trainer : Trainer
        Of the classifier.
    has_vote : bool array, (n_task,)
        Whether the task has a vote.
    task_score : float array (n_task,), or None
        AUMC, WAUM or the quality of CROWDLAB's consensus, low for ambiguous tasks, NaN without votes.
    aggregation : Aggregation or None
        The labels aggregated from what the pruning left, or from a first network's answers, where there was either.
    worker_score : callable returning a float array (n_worker,), or None
        What is known of the workers at this epoch, higher is better.
    """

    trainer: Trainer
    has_vote: np.ndarray
    task_score: np.ndarray | None = None
    aggregation: Aggregation | None = None
    worker_score: object = None

    @property
    def n_iter(self) -> int:
        return self.trainer.n_epoch

    @property
    def converged(self) -> bool:
        """Whether every epoch of the recipe is done."""
        return self.trainer.n_epoch >= self.trainer.epochs

    def train_labels(self):
        """Labels (n_task,), -1 where not valid, and soft labels (n_task, n_class) or None, of the training tasks.

        Those aggregated where there is an `aggregation`, else the classifier's, with -1 for tasks without votes.
        """
        if self.aggregation is not None:
            return self.aggregation.labels, self.aggregation.soft
        soft = self.trainer.predict().double().cpu().numpy()
        return np.where(self.has_vote, soft.argmax(axis=1), -1), soft

    def predict(self, tasks) -> np.ndarray:
        """The classifier's probabilities for other tasks, (n, n_class)."""
        held_out = Tasks(tasks, self.trainer.device, like=self.trainer.tasks)
        return self.trainer.predict(held_out).double().cpu().numpy()


@dataclass(frozen=True)
class Learner:
    """Common to the strategies.

    Parameters
    ----------
    device : "auto", "cpu" or "cuda"
    recipe : dict
        Changes to the published recipe: see `training.Recipe`.
    """

    device: str = "auto"
    recipe: dict = field(default_factory=dict)

    def recipe_for(self, shape):
        """The recipe for tasks of this shape."""
        return published_recipe(shape, **self.recipe)

    def prepare(self, votes, tasks, seed):
        """The tasks on the device, the recipe, and a network with fresh weights from the seed."""
        if len(tasks) != votes.n_task:
            raise LearningError(f"there are {len(tasks)} tasks and votes on {votes.n_task}: give one row per task")
        tasks = tasks if isinstance(tasks, Tasks) else Tasks(tasks, choose_device(self.device))
        recipe = self.recipe_for(tasks.shape)
        seed_everything(seed)
        network = build(recipe.network, tasks.shape, votes.n_class, recipe.stem)
        if recipe.backbone:
            load_backbone(network, recipe.backbone)
        return tasks, recipe, network


def train(learnt: Learnt, after_epoch) -> Learnt:
    """The epochs of the classifier."""
    for _ in each_epoch(learnt.trainer):
        if after_epoch is not None and not after_epoch(learnt):
            break
    return learnt


def votes_per_task(votes) -> float:
    return votes.n_votes / np.count_nonzero(votes.votes_per_task)
