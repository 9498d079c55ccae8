from benchmark_utils.harness.learnt_solver import LearntSolver


class Solver(LearntSolver):
    """A classifier under one confusion layer per worker, learnt together from the votes (matrix weights).

    F. Rodrigues and F. Pereira, "Deep learning from crowds", AAAI 2018. The train labels are the classifier's.
    With `alpha`, WAUM prunes that share of the tasks first; these are not valid.
    """

    name = "CrowdLayer"
    parameters = {"alpha": [0], **LearntSolver.parameters}
    shown = ()
    requirements = ["pip::torch", "numpy", "scipy", "pandas"]

    def get_strategy(self):
        from benchmark_utils.learning.crowd_layer import CrowdLayer

        return CrowdLayer(alpha=self.alpha, **self.common())
