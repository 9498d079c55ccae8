import numpy as np

from benchmark_utils.harness.fresh import FreshObjective
from benchmark_utils.scoring.against_truth import score, score_test


class Objective(FreshObjective):
    """How well aggregated labels recover the truth. The README defines every column."""

    name = "Crowdsourced label aggregation"
    url = "https://github.com/benchmark-crowd-labels/benchmark_crowd_labels"
    min_benchopt_version = "1.10"
    requirements = ["numpy", "scipy", "pandas"]
    sampling_strategy = "run_once"
    test_config = {"dataset": {"name": "simulated"}}

    def set_data(
        self, votes, truth, tasks=None, test_tasks=None, test_truth=None, confusion=None, missing=None, files=None
    ):
        """Take what a dataset brings.

        Parameters
        ----------
        votes : Votes
        truth : int64, (n_task,)
            -1 where unknown.
        tasks, test_tasks : arrays of features or images, (n_task, ...) and (n_test, ...), optional
        test_truth : int64, (n_test,), optional
        confusion : (n_worker, n_class, n_class), optional
            A simulator's true confusion matrices; no solver sees them.
        files : str, optional
            Fingerprint of the files that all this was read from, which `skip` has noted.
        """
        self.votes, self.truth = votes, truth
        self.tasks, self.test_tasks, self.test_truth = tasks, test_tasks, test_truth

    def get_objective(self):
        """What a solver sees: votes and tasks, never the truth."""
        return dict(votes=self.votes, tasks=self.tasks, test_tasks=self.test_tasks)

    def evaluate_result(
        self, labels, soft=None, n_iter=0, converged=True, test_proba=None, task_score=None, worker_score=None
    ):
        scores = score(self.votes, self.truth, labels, soft)
        scores |= score_test(test_proba, self.test_truth)
        return dict(value=1 - scores["acc_train"], **scores, n_iter=float(n_iter), converged=float(converged))

    def save_final_results(self, task_score=None, worker_score=None, **result):
        """What a learnt strategy found of tasks and workers, higher is better: column `final_results`."""
        learnt = dict(task_score=task_score, worker_score=worker_score)
        return {name: score for name, score in learnt.items() if score is not None} or None

    def get_one_result(self):
        return dict(labels=np.zeros(self.votes.n_task, dtype=np.int64))
