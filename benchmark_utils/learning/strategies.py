"""The strategies that look at the tasks, as classes that run in a notebook:

    learnt = WAUM(labels="WDS", alpha=0.01).fit(votes, tasks)
    learnt.train_labels(), learnt.predict(test_tasks), learnt.task_score

`fit` calls `after_epoch(learnt)` before the first epoch of the classifier and after each; False ends the training.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from benchmark_utils.learning import margins
from benchmark_utils.learning.conal import CoNAL as CoNALModel
from benchmark_utils.learning.crowd_layer import CrowdLayer as CrowdLayerModel
from benchmark_utils.learning.errors import LearningError
from benchmark_utils.learning.networks import build, load_backbone
from benchmark_utils.learning.training import (
    PlainLoss,
    Tasks,
    Trainer,
    choose_device,
    published_recipe,
    seed_everything,
)
from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.glad import GLAD
from benchmark_utils.strategies.majority_vote import MajorityVote, NaiveSoft
from benchmark_utils.strategies.weighted_dawid_skene import WeightedDawidSkene
from benchmark_utils.votes import Votes, normalise, sum_votes

AGGREGATIONS = {"MV": MajorityVote, "NS": NaiveSoft, "DS": DawidSkene, "WDS": WeightedDawidSkene, "GLAD": GLAD}
CONFUSION_BYTES = 4 * 2**30  # above this, the trust comes from Dawid and Skene with voted support
PADDED_ENTRIES = 200_000_000  # tasks times the most votes of a task, for the layers that take a task's votes at once


@dataclass
class Learnt:
    """What a strategy has learnt so far.

    Attributes
    ----------
    trainer : Trainer
        Of the classifier.
    voted : bool array, (n_task,)
        Whether the task has a vote.
    task_score : float array (n_task,), or None
        AUMC or WAUM, low for ambiguous tasks, NaN without votes.
    aggregation : Aggregation or None
        The labels aggregated from what the pruning left, where there was any.
    worker_score : callable returning a float array (n_worker,), or None
        What is known of the workers at this epoch, higher is better.
    """

    trainer: Trainer
    voted: np.ndarray
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

        Those aggregated where tasks were pruned, else the classifier's, with -1 for tasks without votes.
        """
        if self.aggregation is not None:
            return self.aggregation.labels, self.aggregation.soft
        soft = self.trainer.predict().double().cpu().numpy()
        return np.where(self.voted, soft.argmax(axis=1), -1), soft

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
    while (after_epoch is None or after_epoch(learnt)) and not learnt.converged:
        learnt.trainer.train_epoch()
    return learnt


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
        learnt = Learnt(trainer, votes.votes_per_task > 0, task_score, pruned)
        learnt.worker_score = lambda: aggregation.worker_score
        return train(learnt, after_epoch)


@dataclass(frozen=True)
class AUMC(Classifier):
    """Prune the tasks whose majority label has a small area under the margin, aggregate the rest, train on that.

    Parameters
    ----------
    alpha : float
        The share of tasks to prune.
    by_class : bool
        Prune that share of each class, by majority label, rather than of all tasks.
    margin, top_k :
        See `margins.AreaUnderMargin`.
    """

    alpha: float = 0.01
    by_class: bool = False
    margin: str = "psi5"
    top_k: int = 1

    def score_tasks(self, votes: Votes, tasks, seed=0) -> np.ndarray:
        """AUMC of each task, (n_task,), NaN without votes: train on the majority labels and record the margins."""
        majority = MajorityVote().fit(votes, seed=seed)
        area = self.record(labelled_examples(majority, votes), votes, tasks, seed)
        return margins.aumc(majority.labels, area.mean())

    def record(self, examples, votes, tasks, seed):
        """Train a network on the examples for T epochs; the margins after each."""
        tasks, recipe, network = self.prepare(votes, tasks, seed)
        name = f"{type(self).__name__} margins"
        trainer = Trainer(PlainLoss(network), tasks, examples, recipe, recipe.margin_epochs, seed, name)
        area = margins.AreaUnderMargin(self.margin, self.top_k)
        for _ in range(recipe.margin_epochs):
            trainer.train_epoch()
            area.record(trainer.predict())
        return area

    def prune(self, votes: Votes, score, seed=0) -> Votes:
        """The votes on the tasks that are kept; the others stay, without votes."""
        by_class = MajorityVote().fit(votes, seed=seed).labels if self.by_class else None
        kept = margins.kept_tasks(score, self.alpha, by_class)[votes.task]
        if not kept.any():
            raise LearningError(f"alpha = {self.alpha} prunes every task: lower it")
        return Votes(
            votes.task[kept], votes.worker[kept], votes.label[kept], votes.n_task, votes.n_worker, votes.n_class
        )

    def fit(self, votes: Votes, tasks, seed=0, after_epoch=None) -> Learnt:
        """Score the tasks, prune, aggregate, train: `labels` are those aggregated, -1 for tasks that were pruned."""
        tasks = Tasks(tasks, choose_device(self.device))
        score = self.score_tasks(votes, tasks, seed)
        return super().fit(self.prune(votes, score, seed), tasks, seed, after_epoch, task_score=score)


@dataclass(frozen=True)
class WAUM(AUMC):
    """Prune the tasks with a small trust-weighted mean of their voters' areas under the margin (thesis, Algorithm 4).

    The trust in a worker comes from the confusion matrices of Dawid and Skene; see `worker_diagonals`.

    Parameters
    ----------
    epoch : "tasks" or "votes"
        What one of the T epochs visits: every (task, vote) pair once, as published, or every task once, its vote
        frequencies as the target and its number of votes as the weight: the same expected loss in fewer steps.
    """

    epoch: str = "tasks"

    def score_tasks(self, votes: Votes, tasks, seed=0) -> np.ndarray:
        """WAUM of each task, (n_task,), NaN without votes."""
        diagonal = worker_diagonals(votes, seed)
        if self.epoch == "votes":
            examples = {"task": votes.task.astype(np.int64), "target": votes.label.astype(np.int64)}
        elif self.epoch == "tasks":
            examples = frequency_examples(votes)
        else:
            raise LearningError(f"epoch is {self.epoch!r}: it is 'tasks' or 'votes'")
        area = self.record(examples, votes, tasks, seed)
        trust = margins.trust(votes, diagonal, area.softmax.cpu().numpy())
        return margins.waum(votes, area.mean(), trust)


@dataclass(frozen=True)
class CrowdLayer(Learner):
    """A classifier that learns from the votes themselves, through one confusion layer per worker.

    Parameters
    ----------
    alpha : float
        The share of tasks that WAUM prunes beforehand.
    """

    alpha: float = 0.0

    def recipe_for(self, shape):
        """Adam for images, too, at its own learning rate: the SGD published for classifiers fails (docs/learning.md).

        A worker has voted on few of the tasks of a batch, so that the gradient of their matrix is tiny.
        """
        adam = {"optimizer": "adam", "learning_rate": 0.001} if len(shape) == 3 else {}
        return published_recipe(shape, **adam | self.recipe)

    def model(self, network, votes, tasks):
        return CrowdLayerModel(network, votes.n_worker, votes.n_class, votes_per_task(votes))

    def fit(self, votes: Votes, tasks, seed=0, after_epoch=None) -> Learnt:
        """Train classifier and crowd together; an epoch visits every task once, with all its votes."""
        tasks, recipe, network = self.prepare(votes, tasks, seed)
        score = None
        if self.alpha > 0:
            waum = WAUM(device=self.device, recipe=self.recipe, alpha=self.alpha)
            score = waum.score_tasks(votes, tasks, seed)
            votes = waum.prune(votes, score, seed)
        model = self.model(network, votes, tasks)
        trainer = Trainer(model, tasks, padded_examples(votes), recipe, recipe.epochs, seed, type(self).__name__)
        learnt = Learnt(trainer, votes.votes_per_task > 0, score)
        learnt.worker_score = lambda: model.worker_confusion().diagonal(dim1=1, dim2=2).mean(dim=1).cpu().numpy()
        return train(learnt, after_epoch)


@dataclass(frozen=True)
class CoNAL(CrowdLayer):
    """A classifier that learns from the votes themselves, through a confusion shared by the crowd and one per worker.

    Parameters
    ----------
    alpha : float
        The share of tasks that WAUM prunes beforehand.
    scale : float
        How strongly the workers' matrices are kept away from the common one.
    """

    scale: float = 0.0

    def model(self, network, votes, tasks):
        voted = votes.votes_per_worker > 0
        return CoNALModel(network, tasks.shape, voted, votes.n_class, self.scale, votes_per_task(votes))


def aggregate(name, votes, seed) -> Aggregation:
    """The strategy of this name on the votes."""
    if name not in AGGREGATIONS:
        raise LearningError(f"labels is {name!r}: take one of {', '.join(AGGREGATIONS)}")
    return AGGREGATIONS[name]().fit(votes, seed=seed)


def worker_diagonals(votes, seed=0) -> np.ndarray:
    """diag pi^j of Dawid and Skene, (n_worker, n_class); with voted support where full matrices would not fit."""
    if DawidSkene().bytes_needed(votes) <= CONFUSION_BYTES:
        return np.einsum("jkk->jk", DawidSkene().fit(votes, seed=seed).parameters["confusion"])
    pi = DawidSkene(support="voted").fit(votes, seed=seed).parameters
    right = pi["true_class"] == pi["voted_class"]
    diagonal = np.zeros((votes.n_worker, votes.n_class))
    diagonal[pi["worker"][right], pi["true_class"][right]] = pi["confusion"][right]
    return diagonal


def votes_per_task(votes) -> float:
    return votes.n_votes / np.count_nonzero(votes.votes_per_task)


def labelled_examples(aggregation, votes):
    """One example per task that has a label: the soft label as target where there is one, else the hard label."""
    task = np.flatnonzero(aggregation.labels >= 0)
    if aggregation.soft is None:
        return {"task": task, "target": aggregation.labels[task]}
    return {"task": task, "target": dense(aggregation.soft)[task].astype(np.float32)}


def frequency_examples(votes):
    """One example per task that has a vote: the frequencies of its votes, weighted by their number."""
    task = np.flatnonzero(votes.votes_per_task)
    weight = votes.votes_per_task[task] / votes_per_task(votes)
    target = dense(normalise(sum_votes(votes)))[task]
    return {"task": task, "target": target.astype(np.float32), "weight": weight.astype(np.float32)}


def padded_examples(votes):
    """One example per task that has a vote, with its votes in rows of equal length: `worker`, and `label` or -1."""
    task = np.flatnonzero(votes.votes_per_task)
    most = int(votes.votes_per_task.max())
    if len(task) * most > PADDED_ENTRIES:
        raise LearningError(f"{len(task)} tasks with up to {most} votes each do not fit as rows of equal length")
    row = np.searchsorted(task, votes.task)
    first = np.cumsum(votes.votes_per_task) - votes.votes_per_task
    column = np.arange(votes.n_votes) - first[votes.task]
    worker = np.zeros((len(task), most), dtype=np.int64)
    label = np.full((len(task), most), -1, dtype=np.int64)
    worker[row, column], label[row, column] = votes.worker, votes.label
    return {"task": task, "worker": worker, "label": label}


def dense(soft):
    if sparse.issparse(soft):
        raise LearningError(f"soft labels of shape {soft.shape} do not fit on the device: use labels=MV")
    return soft
