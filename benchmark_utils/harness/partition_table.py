"""The command `partition`: a table of votes larger than memory, as a folder of partitions that `label` takes.

    python -m benchmark_utils partition TABLE --output DIR [--memory GIB] [--votes-per-partition N]

TABLE is CSV or tab-separated text, JSON lines or Parquet, with one row per vote; truth.csv and metadata.json may stand
beside it. DuckDB reads it and sorts it, on disk beside DIR where it must. DIR is written whole or not at all.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

from benchmark_utils.crowds.large_table import import_table
from benchmark_utils.harness.own_votes import count, status_of
from benchmark_utils.votes.partition_writing import VOTES_PER_PARTITION


def main(arguments) -> int:
    """Status 0 where the folder is written; 2, with the reason, where nothing is; 130 where it was interrupted."""
    chosen = _parser().parse_args(arguments)
    return status_of(lambda: _partition(chosen), chosen.output)


def _partition(chosen) -> str:
    """Writes the folder, and returns what there is to say."""
    with warnings.catch_warnings(record=True) as noticed:
        warnings.simplefilter("always")
        memory = f"{round(chosen.memory * 1024)}MiB"
        votes = import_table(chosen.table, chosen.output, memory, chosen.votes_per_partition)
    for one in noticed:
        print(one.message, file=sys.stderr)
    sizes = (votes.n_votes, "vote"), (votes.n_worker, "worker"), (votes.n_task, "task"), (len(votes), "partition")
    said = ["{} of {} on {}, in {}".format(*(count(n, what) for n, what in sizes))]
    if votes.n_repeated:
        said.append(f"{count(votes.n_repeated, 'row')} left out: the same worker, task and answer again.")
    said.append(
        f"Written: {chosen.output}. For labels: python -m benchmark_utils label {chosen.output} --strategy NAME"
    )
    return "\n".join(said)


def _parser():
    usage = "python -m benchmark_utils partition"
    parser = argparse.ArgumentParser(prog=usage, description="Keep a large table of votes in partitions on disk.")
    parser.add_argument("table", type=Path, help="a file with one row per vote: .csv, .tsv, .jsonl or .parquet")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="the folder to write")
    said = "what DuckDB may take, 2 by default; Python takes about one more"
    parser.add_argument("--memory", type=_positive(float), default=2, metavar="GIB", help=said)
    said = f"about how many votes each has, {VOTES_PER_PARTITION:,} by default"
    parser.add_argument(
        "--votes-per-partition", type=_positive(int), default=VOTES_PER_PARTITION, metavar="N", help=said
    )
    return parser


def _positive(kind):
    def number(text):
        if not kind(text) > 0:
            raise ValueError
        return kind(text)

    number.__name__ = "number above zero"  # what argparse says that it wants
    return number
