from benchmark_utils.harness.learnt_solver import LearntSolver


class Solver(LearntSolver):
    """Prune the tasks whose majority label networks that have not seen it hold to be wrong; learn from the rest.

    C. G. Northcutt, L. Jiang and I. L. Chuang, "Confident learning: estimating uncertainty in dataset labels", JAIR 70,
    2021. How many tasks go follows from the joint of given and true labels. Pruned tasks are not valid.
    """

    name = "ConfidentLearning"
    parameters = {"labels": ["WDS"], "folds": [5], **LearntSolver.parameters}
    shown = ("labels",)
    requirements = ["pip::torch", "numpy", "scipy", "pandas"]

    def get_strategy(self):
        from benchmark_utils.learning.confident_learning import ConfidentLearning

        return ConfidentLearning(labels=self.labels, folds=self.folds, **self.common())
