from benchmark_utils.harness.solver import SeveralRunsSolver
from benchmark_utils.strategies.minimax import Minimax


class Solver(SeveralRunsSolver):
    """Minimax conditional entropy: confusions of tasks and of workers, penalties by held-out likelihood.

    D. Zhou et al., "Learning from the wisdom of crowds by minimax entropy", NeurIPS (2012); "Aggregating ordinal labels
    from crowds by minimax conditional entropy", ICML (2014). A point of its curve takes 26 runs.
    """

    name = "Minimax"
    parameters = {"max_votes": [None]}

    def get_strategy(self):
        return Minimax()
