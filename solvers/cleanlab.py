import numpy as np

from benchmark_utils.harness import limits
from benchmark_utils.harness.learnt_solver import LearntSolver


class Solver(LearntSolver):
    """CROWDLAB as cleanlab has it, on the answers of the same networks as ours, with the same classifier after it.

    H. W. Goh, U. Tkachenko and J. Mueller, "CROWDLAB: supervised learning to infer consensus labels and quality scores
    for data with multiple annotators", NeurIPS workshop on human in the loop learning (2022).
    """

    name = "cleanlab"
    parameters = {"labels": ["MV"], "folds": [5], **LearntSolver.parameters}
    requirements = ["pip::cleanlab", "pip::torch", "numpy", "scipy", "pandas"]
    libraries = (*LearntSolver.libraries, "cleanlab")
    needs = {**LearntSolver.needs, "cleanlab": "cleanlab is not installed"}

    def skip(self, votes, tasks=None, **other):
        """Skip, too, what the library cannot read: its table has a cell per task and worker."""
        if len(np.unique(votes.task.astype(np.int64) * votes.n_worker + votes.worker)) < votes.n_votes:
            return True, "a worker gave a task two answers, and cleanlab reads one"
        if votes.votes_per_task.max() < 2:
            return True, "no task has two votes, and this strategy weighs workers by how they agree"
        skipped = super().skip(votes, tasks, **other)
        return skipped if skipped[0] else limits.skip(self.get_strategy(), votes, self.name)

    def get_strategy(self):
        from benchmark_utils.learning.crowdlab import CROWDLAB

        class Cleanlab(CROWDLAB):
            def agree(self, votes, probability, seed=0):
                return cleanlab_consensus(votes, probability)

            def bytes_needed(self, votes):
                return 8 * votes.n_task * votes.n_worker

        return Cleanlab(labels=self.labels, folds=self.folds, **self.common())

    def set_objective(self, votes, tasks, test_tasks=None, **other):
        import cleanlab.multiannotator  # noqa: F401 (not to be timed)

        super().set_objective(votes, tasks, test_tasks, **other)


def cleanlab_consensus(votes, probability):
    """What `cleanlab.multiannotator` makes of the votes and the probabilities (n_task, n_class), as an Aggregation."""
    from cleanlab.multiannotator import get_label_quality_multiannotator

    from benchmark_utils.strategies.aggregation import Aggregation

    voted, active = np.flatnonzero(votes.votes_per_task), np.flatnonzero(votes.votes_per_worker)
    table = np.full((votes.n_task, votes.n_worker), np.nan)
    table[votes.task, votes.worker] = votes.label
    answer = get_label_quality_multiannotator(table[np.ix_(voted, active)], probability[voted], verbose=False)
    labels = np.full(votes.n_task, -1)
    labels[voted] = answer["label_quality"]["consensus_label"]
    quality = np.full(votes.n_task, np.nan)
    quality[voted] = answer["label_quality"]["consensus_quality_score"]
    of_vote = answer["detailed_label_quality"].to_numpy()
    worker_score = np.full(votes.n_worker, np.nan)
    worker_score[active] = answer["annotator_stats"]["annotator_quality"].sort_index()
    return Aggregation(
        labels,
        worker_score=worker_score,
        parameters={
            "consensus_quality": quality,
            "vote_quality": of_vote[np.searchsorted(voted, votes.task), np.searchsorted(active, votes.worker)],
        },
    )
