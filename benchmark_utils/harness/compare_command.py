"""The command `compare`: a new result beside a published one, or a solver's file, which it checks and runs first."""

import argparse
import subprocess
import sys
from pathlib import Path

from benchmark_utils.harness import solver_file
from benchmark_utils.results.compare import compare, nearest
from benchmark_utils.results.compare_report import report
from benchmark_utils.results.table import ResultError, read_result, read_skips

_ROOT = Path(__file__).parents[2]
CONFIG = _ROOT / "run_configs" / "paper.yml"
PUBLISHED = _ROOT / "outputs" / "published.parquet"


def main(arguments) -> int:
    """Prints the comparison; status 1 where the strategy breaks a promise, 2 where there is nothing to compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmark_utils compare", description=__doc__)
    parser.add_argument("new", type=Path, help="a parquet of `benchopt run`, or the file of a solver")
    parser.add_argument(
        "published", type=Path, nargs="?", help="the parquet to compare with: outputs/published.parquet"
    )
    parser.add_argument("--solver", help="which strategy of the new result, where it is not the only new one")
    parser.add_argument("--markdown", action="store_true", help="print tables in Markdown")
    chosen = parser.parse_args(arguments)
    try:
        published = None
        if chosen.published or PUBLISHED.is_file():
            published = read_result(chosen.published or PUBLISHED)
        if chosen.new.suffix == ".py":
            return compare_file(chosen.new, published, chosen.markdown)
        found = compare(read_result(chosen.new), published, chosen.solver)
        print(report(found, chosen.markdown, read_skips(chosen.new.parent)))
    except ResultError as error:
        print(f"nothing compared: {error}", file=sys.stderr)
        return 2
    return 0


def compare_file(file, published, markdown) -> int:
    """Checks the strategy of a solver's file, runs it beside MV and DS, then beside its nearest rivals too."""
    status = solver_file.main([str(file)])
    if status:
        return status
    name = solver_file.load_solver(file).name
    first = compare(run(file, ["MV", "DS"]), published, name)
    rivals = nearest(first)
    found = compare(run(file, ["MV", "DS", *rivals]), published, name) if rivals else first
    print(f"\n{report(found, markdown, read_skips(_ROOT / 'outputs'))}")
    return 0


def run(file, rivals):
    """The result of the solver's file beside its rivals, on the crowds of paper.yml that are at hand."""
    output = _ROOT / "outputs" / f"compare_{file.stem}.parquet"
    output.unlink(missing_ok=True)  # Benchopt would write beside it
    solvers = [argument for solver in (str(file.resolve()), *rivals) for argument in ("-s", solver)]
    where = ["--config", str(CONFIG), "--output", str(output), "--no-plot", "--no-display"]
    command = [sys.executable, "-m", "benchopt", "run", str(_ROOT), *where, *solvers]
    done = subprocess.run(command, cwd=_ROOT)
    if not output.is_file():
        raise ResultError(f"the run wrote no result (status {done.returncode}); what it printed says why")
    return read_result(output)
