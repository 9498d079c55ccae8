from benchmark_utils.harness.learnt_solver import LearntSolver


class Solver(LearntSolver):
    """Prune the tasks whose majority label has the smallest areas under the margin; aggregate and learn from the rest.

    G. Pleiss et al., "Identifying mislabeled data using the area under the margin ranking", NeurIPS 2020;
    T. Lefort, "Label ambiguity in crowdsourcing for classification and expert feedback" (2024), eq. 2.2.
    Pruned tasks are not valid. `given=aggregated` takes the area of the label that `labels` aggregates, which is AUM
    proper, in the place of the majority's.
    """

    name = "AUMC"
    parameters = {
        "labels": ["WDS"],
        "alpha": [0.01],
        "by_class": [False],
        "margin": ["psi5"],
        "top_k": [1],
        "given": ["majority"],
        **LearntSolver.parameters,
    }
    shown = ("labels", "alpha")
    requirements = ["pip::torch", "numpy", "scipy", "pandas"]

    def get_strategy(self):
        from benchmark_utils.learning.pruning import AUMC

        return AUMC(
            labels=self.labels,
            alpha=self.alpha,
            by_class=self.by_class,
            margin=self.margin,
            top_k=self.top_k,
            given=self.given,
            **self.common(),
        )
