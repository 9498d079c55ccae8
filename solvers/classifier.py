from benchmark_utils.harness.learnt_solver import LearntSolver


class Solver(LearntSolver):
    """A network trained on the labels of a strategy: MV, NS, DS, GLAD or WDS, soft where that strategy's are soft.

    Its train labels are the network's own answers, which the votes on similar tasks have shaped.
    T. Lefort, "Label ambiguity in crowdsourcing for classification and expert feedback" (2024), section 2.2.2.
    """

    name = "Classifier"
    parameters = {"labels": ["WDS"], **LearntSolver.parameters}
    shown = ("labels",)
    requirements = ["pip::torch", "numpy", "scipy", "pandas"]

    def get_strategy(self):
        from benchmark_utils.learning.classifier import Classifier

        return Classifier(labels=self.labels, **self.common())
