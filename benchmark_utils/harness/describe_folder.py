"""The command `describe`: what the votes of a folder are like, a line per statistic."""

import argparse
import sys
from pathlib import Path

from benchmark_utils.crowds.formats.folder import read_path
from benchmark_utils.votes import VotesError
from benchmark_utils.votes.description import describe


def main(arguments) -> int:
    """Prints the statistics of `description.describe`; status 2, with the reason, for what cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m benchmark_utils describe", description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder that holds label.csv (item, worker, label) or answers.json")
    try:
        votes, truth = read_path(parser.parse_args(arguments).folder)
    except VotesError as error:
        print(error, file=sys.stderr)
        return 2
    statistics = describe(votes, truth)
    width = max(map(len, statistics))
    for name, value in statistics.items():
        print(f"{name:{width}}  {value:>10,}" if isinstance(value, int) else f"{name:{width}}  {value:>10.4g}")
    return 0
