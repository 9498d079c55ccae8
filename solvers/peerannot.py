import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmark_utils.harness.library_solver import LibrarySolver

if find_spec("peerannot") is None:
    raise ImportError("peerannot is not installed")


class Solver(LibrarySolver):
    """The strategies of peerannot, as the library has them.

    T. Lefort, B. Charlier, A. Joly and J. Salmon, "Peerannot: classification for crowdsourced image datasets with
    Python", Computo (2024).
    """

    name = "peerannot"
    package = "peerannot"
    requirements = ["pip::peerannot"]
    iterations = {"dawid_skene": 50, "dawid_skene_clust": 100, "glad": 50, "plantnet": 100, "iwmv": 10}
    limits = {"glad": 9_000, "dawid_skene": 100_000, "iwmv": 1_000_000}
    soft = {"dawid_skene", "glad"}
    parameters = {  # literals, which Benchopt can read where peerannot is not installed
        "strategy": [
            "majority_voting",
            "naive_soft",
            "wawa",
            "twothird",
            "wds",
            "dawid_skene",
            "dawid_skene_clust",
            "glad",
            "plantnet",
            "iwmv",
        ],
        "max_votes": [None],
    }
    parameter_template = "strategy={strategy}"

    def skip(self, votes, **task_data):
        if len(np.unique(votes.task.astype(np.int64) * votes.n_worker + votes.worker)) < votes.n_votes:
            return True, "a worker gave a task two answers, and peerannot reads one"
        return super().skip(votes, **task_data)

    def convert(self, votes):
        """{task: {worker: label}} in codes, of the tasks that have a vote: the library answers by position."""
        answers = {}
        for task, worker, label in zip(votes.task.tolist(), votes.worker.tolist(), votes.label.tolist(), strict=True):
            answers.setdefault(task, {})[worker] = label
        numbered = dict(enumerate(answers.values()))
        return numbered, votes.n_worker, np.array(list(answers))

    def fit(self, converted, n_class, n_iter, seed):
        from peerannot.models import agg_strategies

        answers, n_worker, _ = converted
        with tempfile.TemporaryDirectory() as folder:  # GLAD writes its parameters to a file
            options = {"n_workers": n_worker, "n_classes": n_class}
            if self.strategy != "dawid_skene":
                options["dataset"] = Path(folder)
            model = agg_strategies[self.strategy](answers, **options)
            done = None
            if self.strategy in self.iterations:
                done = model.run(**{"nb_iter" if self.strategy == "iwmv" else "maxiter": n_iter})
            elif hasattr(model, "run"):
                model.run()
            labels = np.asarray(model.get_answers())
        n_done = done[1] if self.strategy == "dawid_skene" else n_iter
        return (model, labels), n_done, n_done < n_iter

    def align(self, fitted):
        model, answers = fitted
        tasks = self.converted[2]
        labels = np.full(self.votes.n_task, -1, dtype=np.int64)
        labels[tasks] = answers
        if self.strategy not in self.soft:
            return labels, None
        soft = np.zeros((self.votes.n_task, self.votes.n_class))
        soft[tasks] = model.get_probas()
        return labels, soft
