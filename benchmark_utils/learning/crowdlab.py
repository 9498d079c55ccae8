"""CROWDLAB: the votes and a classifier's probabilities, each by how far it can be trusted (Goh et al., 2022)."""

from dataclasses import dataclass

import numpy as np

from benchmark_utils.learning.classifier import aggregate, labelled_examples
from benchmark_utils.learning.learnt import Learner, Learnt, train
from benchmark_utils.learning.training.checkpoints import each_epoch
from benchmark_utils.learning.training.errors import LearningError
from benchmark_utils.learning.training.tasks import Tasks, choose_device
from benchmark_utils.learning.training.trainer import PlainLoss, Trainer
from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.votes.counts import sum_votes
from benchmark_utils.votes.labels import hard_labels, normalise
from benchmark_utils.votes.votes import Votes

LEAST_WEIGHT = 1e-6  # of who is no better than the baseline, who still decides where nobody else has a say


@dataclass(frozen=True)
class CROWDLAB(Learner):
    """Consensus of the votes and of a network's answers to tasks that it was not trained on; then train on that.

    H. W. Goh, U. Tkachenko and J. Mueller, "CROWDLAB: supervised learning to infer consensus labels and quality scores
    for data with multiple annotators", NeurIPS workshop on human in the loop learning, 2022.

    Parameters
    ----------
    labels : str
        The aggregation that the first networks learn from, one of `classifier.AGGREGATIONS`; the majority vote in the
        paper.
    folds : int
        The tasks are dealt into so many parts. A network that learns from the others answers for each part.
    """

    labels: str = "MV"
    folds: int = 5

    def fit(self, votes: Votes, tasks, seed=0, after_epoch=None) -> Learnt:
        """Train a network per fold, form the consensus, train on its labels.

        `task_score` is the quality of the consensus label, `worker_score` the quality of the worker.
        """
        tasks = Tasks(tasks, choose_device(self.device))
        agreed = self.agree(votes, self.out_of_sample(votes, tasks, seed), seed)
        examples = {"task": np.flatnonzero(agreed.labels >= 0), "target": agreed.labels[agreed.labels >= 0]}
        tasks, recipe, network = self.prepare(votes, tasks, seed)
        trainer = Trainer(PlainLoss(network), tasks, examples, recipe, recipe.epochs, seed, "CROWDLAB classifier")
        learnt = Learnt(trainer, votes.votes_per_task > 0, agreed.parameters["consensus_quality"], agreed)
        learnt.worker_score = lambda: agreed.worker_score
        return train(learnt, after_epoch)

    def agree(self, votes: Votes, probability, seed=0) -> Aggregation:
        """The consensus: see `consensus`."""
        return consensus(votes, probability, seed)

    def out_of_sample(self, votes: Votes, tasks, seed=0) -> np.ndarray:
        """Probabilities (n_task, n_class) of the voted tasks, each from a network that did not learn from its fold.

        Raises
        ------
        LearningError
            There are fewer labelled tasks than folds, or fewer than two folds.
        """
        aggregation = aggregate(self.labels, votes, seed)
        fold = deal(aggregation.labels, self.folds, seed)
        examples = labelled_examples(aggregation, votes)
        probability = np.zeros((votes.n_task, votes.n_class))
        for part in range(self.folds):
            learns = fold[examples["task"]] != part
            tasks, recipe, network = self.prepare(votes, tasks, seed)
            others = {name: column[learns] for name, column in examples.items()}
            name = f"CROWDLAB fold {part + 1}/{self.folds}"
            trainer = Trainer(PlainLoss(network), tasks, others, recipe, recipe.epochs, seed, name)
            for _ in each_epoch(trainer):
                pass
            probability[fold == part] = trainer.predict().double().cpu().numpy()[fold == part]
        return probability


def deal(labels, folds, seed) -> np.ndarray:
    """The fold of each task, (n_task,), -1 where there is no label: every class is dealt out evenly, at random."""
    labelled = np.flatnonzero(labels >= 0)
    if not 2 <= folds <= len(labelled):
        raise LearningError(f"folds is {folds}: it is 2 at least and at most the {len(labelled)} tasks with a label")
    draw = np.random.default_rng(seed).random(len(labelled))
    fold = np.full(len(labels), -1)
    fold[labelled[np.lexsort((draw, labels[labelled]))]] = np.arange(len(labelled)) % folds
    return fold


def consensus(votes: Votes, probability, seed=0) -> Aggregation:
    """What votes and classifier agree on, in time and memory of the votes and of tasks x classes.

    Y_i is the majority vote of task i, its ties broken by the classifier, and I+ the tasks with two votes or more.
    s_j is how often j's votes equal another vote on the task, A_M how often the classifier's answer is Y_i on I+, A_MLC
    how often the class with the most votes is, and P the mean over I+ of the share of votes that are Y_i. Then

        w_j = 1 - (1 - s_j) / (1 - A_MLC),     w_M = (1 - (1 - A_M) / (1 - A_MLC)) sqrt(votes per task)
        p_j(k) = P where j voted for k, else (1 - P) / (K - 1)
        p(k) = (w_M p_M(k) + sum_j w_j p_j(k)) / (w_M + sum_j w_j),    label = argmax p
        a_j = u mean_i p(y_ij) + (1 - u) mean_{i in I+} 1(y_ij = label_i),    u = w_M / (w_M + w_0)

    where w_0 is the mean of w_j times the votes per task. The quality of a label, voted or agreed on, is its p.

    Ours: a worker who shares no task has the mean s_j of the others, and mean p alone as quality; a weight is 1e-6 at
    least, since a weight below zero has no meaning; a worker's contradicting answers count as two workers'. cleanlab
    forms the weights a second time, with the labels in the place of Y; the ranks are the same but for a few.

    Parameters
    ----------
    votes : Votes
    probability : float array, (n_task, n_class)
        p_M, of a classifier that has not seen the task's votes.
    seed : int
        Breaks ties of p.

    Returns
    -------
    Aggregation
        p as soft labels; a_j as worker score, NaN without votes; parameters `consensus_quality` (n_task,), NaN without
        votes, `vote_quality` (n_votes,), `worker_weight` (n_worker,), w_j, `model_weight`, w_M, and `reliability`, P.

    Raises
    ------
    LearningError
        No task has two votes, so that nobody's agreement is known.
    """
    n_votes = votes.votes_per_task
    voted, shared = n_votes > 0, n_votes > 1
    if not shared.any():
        raise LearningError("no task has two votes: CROWDLAB weighs workers by how they agree; take a Classifier")
    count = votes_for(votes)
    majority = np.where(count == count.max(axis=1, keepdims=True), probability, -1).argmax(axis=1)

    baseline = majority[shared] == count.sum(axis=0).argmax()
    model = majority[shared] == probability[shared].argmax(axis=1)
    worker_weight = normalised(agreement_with_others(votes, count), baseline.mean())
    model_weight = normalised(model.mean(), baseline.mean()) * np.sqrt(n_votes[voted].mean())

    reliability = (count[shared, majority[shared]] / n_votes[shared]).mean()
    error = (1 - reliability) / max(votes.n_class - 1, 1)
    cast = votes_for(votes, worker_weight[votes.worker])
    total = cast.sum(axis=1, keepdims=True)
    soft = normalise(model_weight * probability + error * total + (reliability - error) * cast)
    soft[~voted] = 0

    labels = hard_labels(soft, voted, seed)
    vote_quality = soft[votes.task, votes.label]
    quality, agrees = of_workers(votes, vote_quality), votes.label == labels[votes.task]
    agreement = of_workers(votes, np.where(shared[votes.task], agrees, np.nan))
    others_weight = worker_weight[votes.votes_per_worker > 0].mean() * n_votes[voted].mean()
    share = model_weight / (model_weight + others_weight)
    return Aggregation(
        labels,
        soft=soft,
        worker_score=np.where(np.isnan(agreement), quality, share * quality + (1 - share) * agreement),
        parameters={
            "consensus_quality": np.where(voted, soft[np.arange(votes.n_task), labels], np.nan),
            "vote_quality": vote_quality,
            "worker_weight": worker_weight,
            "model_weight": model_weight,
            "reliability": reliability,
        },
    )


def votes_for(votes, weight=None):
    """Sum of the votes' weights by task and class, dense, as the classifier's probabilities are."""
    total = sum_votes(votes, weight)
    return total if isinstance(total, np.ndarray) else total.toarray()


def agreement_with_others(votes, count):
    """s_j, (n_worker,): how often the other votes on j's tasks equal j's; the mean of all where there are none."""
    equal = np.bincount(votes.worker, count[votes.task, votes.label] - 1, votes.n_worker)
    others = np.bincount(votes.worker, votes.votes_per_task[votes.task] - 1, votes.n_worker)
    agreement = np.divide(equal, others, out=np.full(votes.n_worker, np.nan), where=others > 0)
    return np.where(others > 0, agreement, np.nanmean(agreement))


def normalised(accuracy, baseline):
    """1 - (1 - accuracy) / (1 - baseline), and at least the least weight."""
    return np.maximum(1 - (1 - accuracy) / max(1 - baseline, LEAST_WEIGHT), LEAST_WEIGHT)


def of_workers(votes, value):
    """The mean of a value of each vote over the votes of a worker where it is not NaN, (n_worker,), NaN if none is."""
    known = ~np.isnan(value)
    total = np.bincount(votes.worker[known], value[known], votes.n_worker)
    n_known = np.bincount(votes.worker[known], minlength=votes.n_worker)
    return np.divide(total, n_known, out=np.full(votes.n_worker, np.nan), where=n_known > 0)
