"""The ground: votes, and what is made of them directly. Imports nothing else of ours."""

from benchmark_utils.votes.counts import sum_votes
from benchmark_utils.votes.ids import Encoding, encode_truth
from benchmark_utils.votes.labels import hard_labels, normalise
from benchmark_utils.votes.refusals import VotesError
from benchmark_utils.votes.votes import Votes

__all__ = ["Encoding", "Votes", "VotesError", "encode_truth", "hard_labels", "normalise", "sum_votes"]
