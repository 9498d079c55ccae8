from benchmark_utils.harness.learnt_solver import LearntSolver


class Solver(LearntSolver):
    """Prune the tasks whose voters, weighted by trust, have the smallest areas under the margin; learn from the rest.

    T. Lefort, B. Charlier, A. Joly and J. Salmon, "Identify ambiguous tasks combining crowdsourced labels by weighting
    areas under the margin", TMLR 2024. Pruned tasks are not valid. `epoch=votes` visits every vote, as published;
    `epoch=tasks` every task with its vote frequencies, the same expected loss. `estimator` says where the trust in the
    workers comes from: DS, FDS, smoothed DS, DSWC, OneCoinDS (for many classes) or none (all are trusted alike).
    """

    name = "WAUM"
    parameters = {
        "labels": ["WDS"],
        "alpha": [0.01],
        "by_class": [False],
        "margin": ["psi5"],
        "top_k": [1],
        "epoch": ["tasks"],
        "estimator": ["DS"],
        **LearntSolver.parameters,
    }
    shown = ("labels", "alpha", "epoch")
    requirements = ["pip::torch", "numpy", "scipy", "pandas"]

    def get_strategy(self):
        from benchmark_utils.learning.pruning import WAUM

        return WAUM(
            labels=self.labels,
            alpha=self.alpha,
            by_class=self.by_class,
            margin=self.margin,
            top_k=self.top_k,
            epoch=self.epoch,
            estimator=self.estimator,
            **self.common(),
        )
