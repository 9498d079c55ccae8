from benchmark_utils.harness.solver import OneShotSolver
from benchmark_utils.strategies.two_third import TwoThird


class Solver(OneShotSolver):
    """iNaturalist's consensus: two votes or more, of which two thirds agree; other tasks are not valid.

    G. Van Horn et al., "The iNaturalist species classification and detection dataset", CVPR (2018).
    """

    name = "TwoThird"

    def get_strategy(self):
        return TwoThird()
