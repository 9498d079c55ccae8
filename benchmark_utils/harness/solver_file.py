"""A solver's file, wherever it lies: the strategy in it, and the command `check` that runs every property on it."""

import argparse
import inspect
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from benchopt.utils.parametrized_name_mixin import product_param

from benchmark_utils.strategies.conformance import PROPERTIES, check_property


class SolverFileError(ValueError):
    """A file that holds no strategy to check: the message says what is missing and how to mend it."""


def load_strategy(path):
    """The strategy of the file's `Solver`, with the parameters that Benchopt would run first.

    Raises
    ------
    SolverFileError
        The file is not there, cannot be imported, or has no `Solver` with a `get_strategy()` whose result has a
        `fit(votes, seed=...)`.
    """
    solver_class = load_solver(path)
    if not hasattr(solver_class, "get_strategy"):
        raise SolverFileError(
            f"{path}: its Solver has no get_strategy(): derive it from IterativeSolver or OneShotSolver"
        )
    try:
        strategy = solver_class.get_instance(**next(iter(product_param(solver_class.parameters)))).get_strategy()
    except NotImplementedError:
        raise SolverFileError(
            f"{path}: its Solver names no strategy: write get_strategy(), which returns it. The strategy of a library "
            "cannot be checked"
        ) from None
    except Exception as error:  # of somebody's own code
        raise SolverFileError(f"{path}: get_strategy() raised {type(error).__name__}: {error}") from error
    _check_fit(strategy, path)
    return strategy


def load_solver(path):
    """The class `Solver` of the file; SolverFileError where there is none."""
    solver_class = getattr(_import_file(Path(path)), "Solver", None)
    if not inspect.isclass(solver_class):
        raise SolverFileError(f"{path} has no class Solver: copy solvers/template_solver.py and start from there")
    return solver_class


def _import_file(path):
    if path.suffix != ".py" or not path.is_file():
        raise SolverFileError(f"{path} is not a Python file: give the file of a solver, as solvers/ds.py")
    spec = spec_from_file_location(f"solver_file_{path.stem}", path)
    module = sys.modules[spec.name] = module_from_spec(spec)  # a dataclass looks its module up there
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # of somebody's own code
        raise SolverFileError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    return module


def _check_fit(strategy, path):
    name = type(strategy).__name__
    if not callable(getattr(strategy, "fit", None)):
        raise SolverFileError(f"{path}: {name} has no fit(votes, seed=...), so it is no strategy")
    try:
        inspect.signature(strategy.fit).bind("votes", seed=0)
    except TypeError as error:
        raise SolverFileError(
            f"{path}: {name}.fit cannot be called as fit(votes, seed=...): {error}. The properties are those of "
            "strategies that look at votes alone"
        ) from None


def main(arguments) -> int:
    """Prints a line per property; status 1 where one fails, 2 where there is nothing to check."""
    parser = argparse.ArgumentParser(prog="python -m benchmark_utils check", description=__doc__)
    parser.add_argument("file", type=Path, help="the file of a solver, anywhere")
    try:
        strategy = load_strategy(parser.parse_args(arguments).file)
    except SolverFileError as error:
        print(error, file=sys.stderr)
        return 2
    width = max(len(promised.name) for promised in PROPERTIES)
    outcomes = []
    for promised in PROPERTIES:
        finding = check_property(strategy, promised)
        outcomes.append(finding.outcome)
        print(f"{finding.outcome:8}  {finding.property:{width}}  {finding.seen}", flush=True)
        if finding.mend:
            print(f"{'':8}  {'':{width}}  how to mend it: {finding.mend}")
    counts = ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in ("passed", "failed", "excluded"))
    print(f"\n{type(strategy).__name__}: {counts}")
    return int("failed" in outcomes)
