"""LA: label aggregation in one pass or two over the votes (Yang et al., 2024)."""

from dataclasses import dataclass

from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.steps.known import check_known, clamp
from benchmark_utils.strategies.steps.la_stream import Stream
from benchmark_utils.votes import Votes


@dataclass
class LA:
    """A weighted vote on each task in its turn; the workers' weights are updated before the next.

    Worker j is right with probability a_j, a priori Beta(2, 2). The first pass takes the tasks in the order of their
    codes, and estimates a_j by the mode of its posterior:

        label_i = argmax_k sum_j a_j 1(y_ij = k), ties at random from the seed
        a_j     = (1 + how many of j's votes so far are the label) / (2 + j's votes so far)

    The second pass votes on all tasks anew, with the a_j of the end:

        label_i = argmax_k sum_j (K a_j - 1) 1(y_ij = k)

    A class without votes has 0 there, and a worker below chance counts against what they vote for.

    The order of the tasks matters: early labels come from workers of whom little is known. `stream` takes the tasks as
    they come, and keeps two numbers for each worker.

    Y. Yang, Z.-Q. Zhao, G. Wu, X. Zhuo, Q. Liu, Q. Bai and W. Li, "A lightweight, effective, and efficient model for
    label aggregation in crowdsourcing", ACM TKDD 18 (2024), arXiv:2212.00007.

    Attributes
    ----------
    passes : 1 or 2
    """

    passes: int = 1

    def fit(self, votes: Votes, seed=0, known=None) -> Aggregation:
        """One pass or two over the tasks.

        Parameters
        ----------
        votes : Votes
        seed : int
            Breaks ties.
        known : int, (n_task,), optional
            The true class of tasks where it is known, else -1. Workers are measured by it in the task's turn.

        Returns
        -------
        Aggregation
            The normalised weighted votes of the last pass as soft labels, from the lowest on where that is below
            zero; a_j of the end as worker score and parameter `accuracy` (n_worker,), 1/2 without votes.

        Raises
        ------
        VotesError
            `known` of another length, or not a class.
        """
        if self.passes not in (1, 2):
            raise ValueError(f"passes is {self.passes!r}: it is 1 or 2")
        stream = self.stream(votes.n_class, seed)
        labels, soft = self.learn(stream, votes, known)
        if self.passes == 2:
            labels, soft = self.label(stream, votes, known)
        accuracy = stream.accuracy(votes.n_worker)
        return Aggregation(labels, soft=soft, worker_score=accuracy, parameters={"accuracy": accuracy})

    def learn(self, stream, votes, known):
        """The first pass."""
        known = check_known(known, votes)
        return clamp(*stream.add(votes, known), known)

    def label(self, stream, votes, known):
        """The second pass."""
        return clamp(*stream.label(votes), check_known(known, votes))

    @staticmethod
    def stream(n_class, seed=0) -> Stream:
        """A stream of votes: `add` makes the first pass over a batch, `label` the second over any votes."""
        return Stream(n_class, seed)
