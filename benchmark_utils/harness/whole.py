"""A run from which a result is missing says so, and ends with status 1.

Benchopt ends with status 0 where a solver fails. The process that hands out the runs tells the objective and the
solver of each one before it starts. So it is known here what was asked for. When `benchopt run` has ended, this is
compared with the results that it wrote. What was skipped for a reason, and what is not installed, is not missing.
"""

import atexit
import csv
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import click

_asked = None  # of the `benchopt run` that this process does; None in a worker, and for other commands


@dataclass
class Asked:
    """What a `benchopt run` was asked for."""

    since: float = field(default_factory=time.time)
    output: Path | None = None  # the results, without the ending
    runs: dict = field(default_factory=dict)  # (dataset, objective, solver, repetition) -> how to build these again
    datasets: dict = field(default_factory=dict)  # name -> how to build it again
    absent: dict = field(default_factory=dict)  # name -> why it was skipped


class Watched:
    """A mixin for the objective and the solvers: notes each run that is handed out to them."""

    _context = None

    @property
    def _run_context(self):
        return self._context

    @_run_context.setter
    def _run_context(self, context):
        self._context = context
        asked = watch()
        if asked and context.solver_name is not None:
            asked.output = context.run_output_base
            key = (context.dataset_name, context.objective_name, context.solver_name, context.repetition)
            parts = asked.runs.setdefault(key, dict(context=context))
            parts[self._base_class_name] = (type(self), self._parameters)


def note_dataset(context, dataset, missing):
    """The objective has looked at a dataset, and skips it where something is `missing`."""
    asked = watch()
    if asked and context is not None and missing is None:
        asked.datasets[context.dataset_name] = type(dataset), dataset._parameters
    elif asked and context is not None:
        asked.absent[context.dataset_name] = missing


def watch():
    """What the `benchopt run` of this process was asked for so far, to be compared with its results when it ends."""
    global _asked
    command = click.get_current_context(silent=True)  # None in threads and in workers
    if command is not None and command.command.name == "run" and "n_repetitions" in command.params:
        if __name__ not in command.meta:
            command.meta[__name__] = Asked()
            if not command.params["collect"]:  # which asks for what there is
                command.call_on_close(lambda: check(command.meta[__name__]))
        _asked = command.meta[__name__]
    return _asked


def check(asked):
    """Raise with a list of what is missing; after an exception only say how to go on."""
    broken = sys.exc_info()[1]
    if isinstance(broken, ValueError) and not asked.runs:  # in what was asked for
        raise click.UsageError(f"{broken}\n{QUOTES}") from broken
    if broken is not None and not isinstance(broken, (SystemExit, click.exceptions.Exit, click.ClickException)):
        atexit.register(click.echo, f"The run broke off and wrote no results. {GO_ON}", err=True)  # below the traceback
        return
    came = read_runs(asked)
    skipped = {}  # by (dataset, objective, solver)
    missing = []
    for run, parts in asked.runs.items():
        dataset, _, solver, repetition = run
        if run in came or dataset not in asked.datasets:
            continue
        if run[:3] not in skipped:
            skipped[run[:3]] = would_skip(parts, asked.datasets[dataset])
        if not skipped[run[:3]]:
            missing.append(f"  {solver} on {dataset}, repetition {repetition + 1}")
    write_skips(asked, skipped)
    if missing:
        n_run = len(came) + len(missing)
        raise click.ClickException("\n".join([f"{len(missing)} of {n_run} results are missing:", *missing, GO_ON]))


GO_ON = (
    "What has ended is in the cache: the same command goes on from there, and with --collect it writes what there is. "
    "-s and -d leave out what fails."
)

QUOTES = (
    "Names of folders, and all values that are not plain letters, digits and ./_-, go in quotes within quotes, such as "
    """-d "local[path='../my votes']"."""
)


def read_runs(asked):
    """(dataset, objective, solver, repetition) of every run in the results that were written."""
    import pandas as pd

    columns = ["dataset_name", "objective_name", "solver_name", "idx_rep"]
    if asked.output is None:
        return set()
    name = re.compile(re.escape(asked.output.name) + r"(_\d+)?\.(parquet|csv)")  # Benchopt numbers what would overwrite
    found = [path for path in asked.output.parent.iterdir() if name.fullmatch(path.name)]
    found = [path for path in found if path.stat().st_mtime >= asked.since - 0.1]  # file systems tell time in ticks
    if not found:
        return set()
    path = max(found, key=lambda path: path.stat().st_mtime_ns)
    rows = pd.read_parquet(path, columns=columns) if path.suffix == ".parquet" else pd.read_csv(path, usecols=columns)
    return set(rows[columns].itertuples(index=False, name=None))


def write_skips(asked, skipped):
    """Who skipped what and why, beside the results, which have no row for it: `NAME.skips.csv`.

    A dataset that no solver could be run on has a row without a solver.
    """
    rows = [(dataset, "", reason) for dataset, reason in asked.absent.items()]
    rows += [(dataset, solver, reason) for (dataset, _, solver), reason in skipped.items() if reason]
    if rows and asked.output is not None:
        with open(f"{asked.output}.skips.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("dataset_name", "solver_name", "reason"), *rows])


def would_skip(parts, dataset_parts):
    """Why the solver skips this dataset, asked once more, else "": Benchopt tells the reason to the terminal alone.

    An error is no skip. A solver or a dataset that fails when it is asked failed in the run, too. Where only asking
    again fails, the result counts as missing, since nothing shows that it was skipped; the error is printed.
    """
    try:
        dataset, objective, solver = (
            part.get_instance(**parameters) for part, parameters in (dataset_parts, parts["Objective"], parts["Solver"])
        )
        parts["context"].attach(objective, dataset, solver)
        skips, reason = objective._set_dataset(dataset)
        if not skips:
            skips, reason = solver.skip(**objective.get_objective())
        return (reason or "no reason is given") if skips else ""
    except Exception as error:
        solver, dataset = parts["context"].solver_name, parts["context"].dataset_name
        click.echo(f"Whether {solver} skips {dataset} cannot be told: {type(error).__name__}: {error}", err=True)
        return ""


watch()  # the files of the benchmark are loaded before Benchopt reads what it was asked for
