from benchmark_utils.harness.learnt_solver import LearntSolver


class Solver(LearntSolver):
    """A classifier under one confusion layer per worker, learnt together from the votes.

    F. Rodrigues and F. Pereira, "Deep learning from crowds", AAAI 2018. The train labels are the classifier's.
    `form` is matrix, vector, vector_bias, scalar, or probability, whose `trace` is penalised (R. Tanno et al.,
    "Learning from noisy labels by regularized estimation of annotator confusion", CVPR 2019). `start=agreement` takes
    workers for as good at first as they agree with the majority. With `alpha`, WAUM prunes that share of the tasks
    first; these are not valid.
    """

    name = "CrowdLayer"
    parameters = {
        "alpha": [0],
        "form": ["matrix"],
        "trace": [0],
        "start": ["identity"],
        **LearntSolver.parameters,
    }
    shown = ()
    requirements = ["pip::torch", "numpy", "scipy", "pandas"]

    def get_strategy(self):
        from benchmark_utils.learning.crowd_layer import CrowdLayer

        return CrowdLayer(alpha=self.alpha, form=self.form, trace=self.trace, start=self.start, **self.common())
