import tempfile
import weakref
from importlib.util import find_spec
from pathlib import Path

from benchmark_utils.harness.dask_map import engine_of
from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.partitioned import PARTITIONED
from benchmark_utils.strategies.steps.runs import SeveralRuns
from benchmark_utils.votes.partition_writing import VOTES_PER_PARTITION, write_partitions


class Solver(OnePassSolver):
    """A strategy on votes in partitions on disk, which are written before the clock runs: see docs/scale.md.

    engine=dask starts a process for each processor before the clock runs. engine='dask:2' starts two, and
    engine='dask:ADDRESS' takes the workers of a scheduler.
    """

    name = "partitioned"
    parameters = {"strategy": list(PARTITIONED), "engine": ["disk"], "votes_per_partition": [VOTES_PER_PARTITION]}
    parameter_template = "strategy={strategy},engine={engine},votes_per_partition={votes_per_partition}"
    requirements = ["numpy", "scipy", "pandas", "pyarrow"]
    libraries = ("pyarrow", "distributed")
    test_config = {"strategy": "DS", "votes_per_partition": 100}

    def skip(self, votes, **task_data):
        if self.engine != "disk" and find_spec("distributed") is None:
            return True, "the engine needs a package that is not installed: pip install distributed"
        return False, None

    def set_objective(self, votes, known=None, **task_data):
        engine = engine_of(self.engine)
        self.over_partitions = engine.__enter__()
        weakref.finalize(self, engine.__exit__, None, None, None)
        super().set_objective(votes, known)
        self.folder = tempfile.TemporaryDirectory(prefix="partitioned-")  # which goes with this object
        self.votes = write_partitions(votes, Path(self.folder.name, "crowd"), None, self.votes_per_partition)

    def get_strategy(self):
        return PARTITIONED[self.strategy](engine=self.over_partitions)

    def aggregate(self, votes, n_iter):
        """The warm-up, on the workers too."""
        with tempfile.TemporaryDirectory() as folder:
            return self.get_strategy().fit(write_partitions(votes, Path(folder, "crowd")), seed=self.seed)

    def run(self, callback):
        strategy = self.get_strategy()
        keeps_all = isinstance(strategy, SeveralRuns)  # in memory, where a fit keeps one
        if hasattr(strategy, "iterate") and not keeps_all:
            super().run(callback)
            return
        self.result = strategy.fit(self.votes, seed=self.seed, **self.told)
        while callback():
            pass
