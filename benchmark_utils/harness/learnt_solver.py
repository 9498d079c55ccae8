"""The Benchopt base class of the solvers that look at the tasks: one training, a point of the curve per few epochs."""

from importlib.util import find_spec

import numpy as np
from benchopt.stopping_criterion import NoCriterion

from benchmark_utils.harness.fresh import FreshSolver
from benchmark_utils.votes import Votes


class LearntSolver(FreshSolver):
    """A network learns from the votes, or from labels aggregated from them.

    A subclass has a `name`, `requirements` and `get_strategy()`. Parameters that every such solver takes:

    device : "auto", "cpu" or "cuda"
        "auto" takes the GPU, and without one trains on features and skips images; "cpu" trains on images, too.
    network, stem, backbone : see `benchmark_utils.learning.networks.build`
    batch_size : int, larger ones with a larger learning rate
    epochs : int, or None for the published number

    `benchmark_utils.learning.training.recipe.published_recipe` has the rest. All that is timed starts from the raw
    votes and tasks: aggregation, the copy to the device, and the epochs whose margins are recorded.
    """

    libraries = ("torch", "torchvision")
    sampling_strategy = "callback"
    stopping_criterion = NoCriterion()  # the recipe says how many epochs there are
    parameters = {
        "device": ["auto"],
        "network": ["auto"],
        "stem": ["imagenet"],
        "backbone": [None],
        "batch_size": [64],
        "epochs": [None],
    }
    test_config = {"epochs": 2, "dataset": {"name": "simulated", "scenario": "three_circles"}}
    shown = ()  # the parameters that are always part of the name; the others are where they differ from the default
    needs = {"torch": "PyTorch is not installed: pip install torch"}  # the modules, and what to say where one is absent

    @property
    def parameter_template(self):
        named = sorted(k for k, v in self._parameters.items() if k in self.shown or v != self.parameters[k][0])
        return ",".join(f"{name}={{{name}}}" for name in named) or "default"

    @classmethod
    def is_installed(cls, env_name=None, raise_on_not_installed=None, **options):
        """Whether there is PyTorch, or what else it needs, without the seconds that the import takes."""
        # an ImportError in the file would have Benchopt read the class from its text, parameters included
        absent = [message for module, message in cls.needs.items() if find_spec(module) is None]
        if env_name is None and absent:
            if raise_on_not_installed:
                raise ImportError(absent[0])
            return False
        return super().is_installed(env_name, raise_on_not_installed=raise_on_not_installed, **options)

    def get_strategy(self):
        raise NotImplementedError

    def common(self):
        """What every strategy takes, from the parameters."""
        recipe = dict(network=self.network, stem=self.stem, backbone=self.backbone, batch_size=self.batch_size)
        if self.epochs is not None:
            recipe.update(epochs=self.epochs)
        return dict(device=self.device, recipe=recipe)

    def skip(self, votes, tasks=None, **other):
        """Skip a dataset without tasks, and images without a GPU."""
        import torch

        if tasks is None:
            return True, "the dataset has votes only, and this strategy learns from the tasks: features or images"
        if self.device == "cuda" and not torch.cuda.is_available():
            return True, "no CUDA device: PyTorch sees no GPU"
        if self.device == "auto" and tasks.ndim == 4 and not torch.cuda.is_available():
            return True, f"images need a GPU; to train for hours on the CPU: -s '{self.name}[device=cpu]'"
        return False, None

    def set_objective(self, votes, tasks, test_tasks=None, **other):
        import benchmark_utils.learning.conal
        import benchmark_utils.learning.crowdlab  # noqa: F401 (they import all: heavy, and not to be timed)

        self.votes, self.tasks, self.test_tasks = votes, tasks, test_tasks
        self.seed = self.get_seed(use_repetition=True)

    def warm_up(self):
        """Train on ten points, so that the first measurement is not of what PyTorch loads for its first step."""
        from benchmark_utils.learning.classifier import Classifier

        ten = np.arange(10)
        points = np.stack([ten, ten % 2], axis=1).astype(np.float32)
        votes = Votes(ten, np.zeros(10, dtype=int), ten % 2, 10, 1, 2)
        Classifier(labels="MV", device=self.device, recipe={"epochs": 1}).fit(votes, points)

    def run(self, callback):
        from benchmark_utils.learning.training.checkpoints import checkpoints

        def after_epoch(learnt):
            self.learnt = learnt
            return callback()

        with checkpoints():
            self.get_strategy().fit(self.votes, self.tasks, seed=self.seed, after_epoch=after_epoch)

    def get_result(self):
        learnt = self.learnt
        labels, soft = learnt.train_labels()
        return dict(
            labels=labels,
            soft=soft,
            test_proba=None if self.test_tasks is None else learnt.predict(self.test_tasks),
            worker_score=learnt.worker_score(),
            task_score=learnt.task_score,
            n_iter=learnt.n_iter,
            converged=learnt.converged,
        )
