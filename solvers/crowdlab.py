from benchmark_utils.harness.learnt_solver import LearntSolver


class Solver(LearntSolver):
    """Votes and the answers of networks to tasks that they did not learn from, each by how far it can be trusted.

    H. W. Goh, U. Tkachenko and J. Mueller, "CROWDLAB: supervised learning to infer consensus labels and quality scores
    for data with multiple annotators", NeurIPS workshop on human in the loop learning (2022). The train labels are the
    consensus; a classifier then learns from it.
    """

    name = "CROWDLAB"
    parameters = {"labels": ["MV"], "folds": [5], **LearntSolver.parameters}
    requirements = ["pip::torch", "numpy", "scipy", "pandas"]

    def get_strategy(self):
        from benchmark_utils.learning.crowdlab import CROWDLAB

        return CROWDLAB(labels=self.labels, folds=self.folds, **self.common())

    def skip(self, votes, tasks=None, **other):
        """Skip, too, a crowd in which nobody's agreement can be known."""
        if votes.votes_per_task.max() < 2:
            return True, "no task has two votes, and this strategy weighs workers by how they agree"
        return super().skip(votes, tasks, **other)
