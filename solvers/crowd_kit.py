from importlib.util import find_spec

import pandas as pd

from benchmark_utils.harness.library_solver import LibrarySolver
from benchmark_utils.votes.counts import is_large

if find_spec("crowdkit") is None:
    raise ImportError("crowd-kit is not installed")


class Solver(LibrarySolver):
    """The strategies of crowd-kit, as the library has them.

    D. Ustalov, N. Pavlichenko and B. Tseitlin, "Learning from crowds with Crowd-Kit", Journal of Open Source Software 9
    (2024).
    """

    name = "crowd-kit"
    package = "crowd-kit"
    requirements = ["pip::crowd-kit", "pip::scikit-learn<1.7"]
    iterations = {
        "ZeroBasedSkill": 100,
        "DawidSkene": 100,
        "OneCoinDawidSkene": 100,
        "GLAD": 100,
        "MACE": 50,
        "KOS": 100,
        "MMSR": 10000,
    }
    limits = {
        "ZeroBasedSkill": 400_000,
        "DawidSkene": 6_000_000,
        "OneCoinDawidSkene": 400_000,
        "GLAD": 30_000,
        "MACE": 50_000,
        "KOS": 400_000,
        "MMSR": 400_000,
    }
    seeded = {"MACE", "KOS", "MMSR"}
    parameters = {  # literals, which Benchopt can read where crowd-kit is not installed
        "strategy": [
            "MajorityVote",
            "Wawa",
            "ZeroBasedSkill",
            "DawidSkene",
            "OneCoinDawidSkene",
            "GLAD",
            "MACE",
            "KOS",
            "MMSR",
        ],
        "max_votes": [None],
    }
    parameter_template = "strategy={strategy}"

    def convert(self, votes):
        return pd.DataFrame({"task": votes.task, "worker": votes.worker, "label": votes.label})

    def fit(self, converted, n_class, n_iter, seed):
        from crowdkit.aggregation import classification

        options = {"n_iter": n_iter} if self.strategy in self.iterations else {}
        if self.strategy in self.seeded:
            options["random_state"] = seed
        model = getattr(classification, self.strategy)(**options)
        labels = model.fit_predict(converted)
        n_done = len(getattr(model, "loss_history_", range(n_iter)))
        return (labels, getattr(model, "probas_", None)), n_done, n_done < n_iter

    def align(self, fitted):
        labels, probabilities = fitted
        tasks, classes = range(self.votes.n_task), range(self.votes.n_class)
        if probabilities is not None:
            large = is_large(self.votes)
            probabilities = None if large else probabilities.reindex(index=tasks, columns=classes).fillna(0).to_numpy()
        return labels.reindex(tasks).fillna(-1).to_numpy().astype("int64"), probabilities
