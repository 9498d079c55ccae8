from benchmark_utils.harness.solver import OneShotSolver
from benchmark_utils.strategies.weighted_majority_vote import GoldMajorityVote


class Solver(OneShotSolver):
    """Votes weighted by each worker's accuracy on the tasks whose truth is known.

    It needs known truths, `-o "Crowdsourced label aggregation[known_share=0.1]"`: without, it is the majority vote.
    """

    name = "GoldMV"
    test_config = {"objective": {"known_share": 0.5}}

    def get_strategy(self):
        return GoldMajorityVote()

    def skip(self, votes, known=None, **task_data):
        """Skip where no truth is known: the run has the majority vote already."""
        if known is None:
            some = '-o "Crowdsourced label aggregation[known_share=0.1]"'
            return True, f"no truth is known, and without it is MV; give some truths with {some}"
        return super().skip(votes, **task_data)
