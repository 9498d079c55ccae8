"""The command `label`: own votes in, labels out, without a run of Benchopt.

    python -m benchmark_utils label PATH [--task COLUMN] [--worker COLUMN] [--label COLUMN] [--truth COLUMN]
        [--strategy NAME|auto] [--output DIR] [--force] [--engine disk|dask[:PROCESSES]|dask:ADDRESS]

PATH is a folder of votes or its file. The columns are those of a table that names them otherwise. DIR, by default
`labels_NAME` in the current folder, gets labels.csv, workers.csv, tasks_to_ask.csv and the page votes.html, and
tasks_to_label.csv where only truth can tell which strategy is better: all of them, or none.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np

from benchmark_utils.crowds.formats.folder import read_noting
from benchmark_utils.harness.dask_map import EngineError
from benchmark_utils.harness.hard_tasks import hard_tasks
from benchmark_utils.harness.label_page import MOST_CLASSES, page_of
from benchmark_utils.harness.label_partitions import label_partitions
from benchmark_utils.harness.label_tables import ask_table, label_table, notices, worker_table
from benchmark_utils.harness.own_votes import CannotError, add_arguments, columns_of, count, status_of
from benchmark_utils.harness.recommend import (
    METRICS,
    Recommendation,
    of_known_truths,
    reason,
    recommend,
    refusal,
    verdict,
)
from benchmark_utils.scoring.columns import FEW
from benchmark_utils.strategies.catalogue import STRATEGIES
from benchmark_utils.votes import Votes
from benchmark_utils.votes.partitions import is_partitioned

FILES = ("labels.csv", "workers.csv", "tasks_to_ask.csv", "tasks_to_label.csv", "votes.html")


def main(arguments) -> int:
    """Status 0 where the files are written; 2, with the reason, where nothing is; 130 where it was interrupted."""
    chosen = _parser().parse_args(arguments)
    output = chosen.output or Path(f"labels_{chosen.path.resolve().stem or 'votes'}")
    return status_of(lambda: _label(chosen, output), output)


def _label(chosen, output) -> str:
    """Writes the files, and returns what there is to say."""
    check_output(output, chosen.force)
    columns = columns_of(chosen)
    if is_partitioned(chosen.path):
        if columns:
            given = ", ".join(f"--{kind}" for kind in columns)
            raise CannotError(
                f"{chosen.path} holds partitions, whose columns were named to partition: leave out {given}"
            )
        try:
            files, said = label_partitions(chosen.path, chosen.strategy, output.absolute().parent, chosen.engine)
        except EngineError as error:
            raise CannotError(str(error)) from error
        write_whole(output, files, chosen.force)
        return "\n".join([*said, f"Written: {', '.join(files)} in {output}"])
    if chosen.engine != "disk":
        raise CannotError(f"--engine is for votes in partitions, and {chosen.path} is none of those: leave it out")
    votes, truth, notes = read_noting(chosen.path, columns)
    why_not = refusal(chosen.strategy, votes)
    if why_not:
        raise CannotError(why_not)
    hard = hard_tasks(chosen.path, votes)
    found = recommend(votes, chosen.strategy, truth=truth)
    write_whole(output, files_of(votes, found, chosen.path, notes, hard), chosen.force)
    return summary(votes, found, [*notes, *([hard.said.rstrip(".")] if hard else [])], output)


def _parser():
    usage = "python -m benchmark_utils label"
    parser = argparse.ArgumentParser(prog=usage, description="Turn votes into labels, without a run of Benchopt.")
    add_arguments(parser)
    names = ["auto", *STRATEGIES]
    chosen = f"auto, the default, or one of {', '.join(STRATEGIES)}"
    parser.add_argument("--strategy", default="auto", choices=names, metavar="NAME", help=chosen)
    parser.add_argument("--output", type=Path, metavar="DIR", help="the folder to write, labels_NAME by default")
    engines = "of votes in partitions: disk, the default; dask, dask:PROCESSES or dask:ADDRESS"
    parser.add_argument("--engine", default="disk", help=engines)
    parser.add_argument("--force", action="store_true", help="replace a folder that this command wrote before")
    return parser


def files_of(votes: Votes, found: Recommendation, path: Path, notes=(), hard=None) -> dict:
    """The text of each file, by name."""
    labels = label_table(votes, found)
    workers = worker_table(votes, found.result)
    to_ask = ask_table(votes, found.result, labels)
    files = {"labels.csv": labels, "workers.csv": workers, "tasks_to_ask.csv": to_ask}
    if len(found.to_label):
        files["tasks_to_label.csv"] = labels.iloc[found.to_label][["task"]]
    texts = {name: table.to_csv(index=False) for name, table in files.items()}
    return texts | {"votes.html": page_of(votes, found, labels, workers, to_ask, path.resolve().name, notes, hard)}


def check_output(output: Path, force: bool):
    """CannotError where `output` cannot be written: before the work rather than after."""
    parent = output.absolute().parent
    if not parent.is_dir():
        raise CannotError(f"{parent} is not a folder, so {output.name} cannot be made in it: make it first")
    if not os.access(parent, os.W_OK):
        raise CannotError(f"{parent} cannot be written to: choose another place with --output")
    if not os.path.lexists(output):
        return
    if not force:
        raise CannotError(f"{output} is there already: choose another place with --output, or replace it with --force")
    if output.is_symlink() or not output.is_dir():
        raise CannotError(f"{output} is no folder, so --force does not replace it: choose another place with --output")
    others = sorted({path.name for path in output.iterdir()} - set(FILES))
    if others:
        raise CannotError(
            f"{output} holds other files, {', '.join(others[:5])}, so --force does not replace it: choose another "
            "place with --output"
        )


def write_whole(output: Path, texts: dict, force: bool):
    """Write all files or none: into a folder beside `output`, which then takes its place. A text may be in pieces."""
    output = output.absolute()
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as temporary:
        new, old = Path(temporary, "new"), Path(temporary, "old")
        new.mkdir()
        for name, text in texts.items():
            if isinstance(text, str):
                (new / name).write_text(text, encoding="utf-8", newline="")
                continue
            with (new / name).open("w", encoding="utf-8", newline="") as file:
                file.writelines(text)  # its pieces
        check_output(output, force)  # another command may have written it meanwhile
        if output.exists():
            output.rename(old)
        try:
            new.rename(output)
        except BaseException:
            if old.exists():
                old.rename(output)
            raise


def summary(votes: Votes, found: Recommendation, notes, output: Path) -> str:
    """What the command prints: what it took and why, what held-out votes say, and where the files are."""
    sizes = (votes.n_votes, "vote"), (np.count_nonzero(votes.votes_per_worker), "worker"), (votes.n_task, "task")
    lines = ["{} of {} on {}".format(*(count(n, what) for n, what in sizes)), *notices(votes, found, notes)]
    lines += ["", *reason(found), "", *_known_truths(found)]
    if found.heldout is not None:
        means, low, high = found.heldout.means(), *np.quantile(found.draws, [0.025, 0.975], axis=0)
        width = max(map(len, found.heldout.names))
        lines.append(f"{'':{width}}  " + "  ".join(f"{title:>26}" for title in METRICS))
        for index, name in enumerate(found.heldout.names):
            cells = (f"{means[index, m]:8.3f} [{low[index, m]:.3f}, {high[index, m]:.3f}]" for m in range(len(METRICS)))
            lines.append(f"{name:{width}}  " + "  ".join(f"{cell:>26}" for cell in cells))
        lines.append("Means over the votes of workers that the strategy had not seen, and 95 % intervals over workers.")
    lines += [verdict(found), ""]
    if "prevalence" in found.result.parameters and votes.n_class <= MOST_CLASSES:
        shares = zip(votes.encoding.classes, found.result.parameters["prevalence"], strict=True)
        lines.append(f"Prevalence: {', '.join(f'{name} {share:.2f}' for name, share in shares)}.")
    lines.append(f"Written: {', '.join(name for name in FILES if (output / name).exists())} in {output}")
    return "\n".join(lines)


def _known_truths(found):
    """Lines: the accuracy of each strategy on the known truths, and its interval."""
    if found.checked is None:
        return []
    few = f" of {found.checked.n_known}, fewer than {FEW}" if found.checked.n_known < FEW else ""
    width = max(map(len, found.checked.names))
    lines = [f"{'':{width}}  accuracy on {count(found.checked.n_known, 'known truth')}, 95 % interval over tasks"]
    for row in found.checked.table().itertuples():
        lines.append(f"{row.strategy:{width}}  {row.accuracy:.3f} [{row.low:.3f}, {row.high:.3f}]{few}")
    return [*lines, *of_known_truths(found), ""]
