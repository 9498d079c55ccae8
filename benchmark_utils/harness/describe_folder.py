"""The command `describe`: what the votes of a folder or a file are like, a line per statistic, and what is to be known.

python -m benchmark_utils describe PATH [--task COLUMN] [--worker COLUMN] [--label COLUMN] [--truth COLUMN]
"""

import argparse
import sys

from benchmark_utils.crowds.formats.folder import read_noting
from benchmark_utils.harness.own_votes import add_arguments, columns_of, tied_tasks
from benchmark_utils.votes import VotesError
from benchmark_utils.votes.description import describe


def main(arguments) -> int:
    """Prints the statistics of `description.describe`; status 2, with the reason, for what cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m benchmark_utils describe", description=__doc__.splitlines()[0])
    add_arguments(parser)
    chosen = parser.parse_args(arguments)
    try:
        votes, truth, notes = read_noting(chosen.path, columns_of(chosen))
    except VotesError as error:
        print(error, file=sys.stderr)
        return 2
    statistics = describe(votes, truth)
    width = max(map(len, statistics))
    for name, value in statistics.items():
        print(f"{name:{width}}  {value:>10,}" if isinstance(value, int) else f"{name:{width}}  {value:>10.4g}")
    said = [*(f"{note[:1].upper()}{note[1:]}." for note in notes), *tied_tasks(votes)]
    if said:
        print("", *said, sep="\n")
    return 0
