from benchmark_utils.harness.learnt_solver import LearntSolver


class Solver(LearntSolver):
    """A classifier under a confusion that the crowd shares and one per worker, learnt together from the votes.

    Z. Chu, J. Ma and H. Wang, "Learning from crowds by modeling common confusions", AAAI 2021. `scale` keeps the
    workers' matrices away from the common one. `start` is as for CrowdLayer. The train labels are the
    classifier's. With `alpha`, WAUM prunes that share of the tasks first; these are not valid.
    """

    name = "CoNAL"
    parameters = {"scale": [0, 1e-4], "alpha": [0], "start": ["identity"], **LearntSolver.parameters}
    shown = ("scale",)
    requirements = ["pip::torch", "numpy", "scipy", "pandas"]

    def get_strategy(self):
        from benchmark_utils.learning.conal import CoNAL

        return CoNAL(scale=self.scale, alpha=self.alpha, start=self.start, **self.common())
