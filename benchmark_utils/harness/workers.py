"""What keeps a run on several workers whole: three faults of Benchopt 1.10 and joblib 1.6, mended before they are met.

1. Benchopt's terminal goes to the workers with each run. One thread pickles it while another writes to its
   dictionaries ("dictionary changed size during iteration"). On dask this run is then never handed out, and waited for
   without end. So the terminal is pickled from a copy that is made in one step.
2. joblib does not learn when dask gives a run up, for instance one that has taken several workers with it
   (`KilledWorker`), and waits for it without end. `GoesOn` hands such a run back as one that failed. The others go on.
3. In `benchopt run .` the benchmark's folder is ".", also to a scheduler or a worker of dask that runs elsewhere. So it
   is made absolute.
"""

import copyreg
import functools
import sys

from benchopt.benchmark import get_running_benchmark
from benchopt.utils.terminal_output import TerminalOutput
from joblib import register_parallel_backend


def reduce_terminal(terminal):
    state = {k: v.copy() if isinstance(v, dict) else v for k, v in vars(terminal).copy().items()}
    return TerminalOutput.__new__, (TerminalOutput,), state


def dask_backend(**parameters):
    """joblib's backend for dask, which is slow to import, with the second mend."""
    from joblib._dask import DaskDistributedBackend

    class GoesOn(DaskDistributedBackend):
        def submit(self, func, callback=None):
            future = super().submit(func, callback)
            future.add_done_callback(functools.partial(hand_back, func, callback))
            return future

    return GoesOn(**parameters)


def hand_back(batch, callback, future):
    """Where dask gave a batch up, give Benchopt for each run of it what a run that failed returns."""
    error = future.exception()
    if error is None:
        return
    failed = []
    for _, _, arguments in batch.items:
        meta = arguments["meta"]
        failed.append(([], (meta["dataset_name"], meta["objective_name"], meta["solver_name"]), "error", ""))
        where = f"{meta['solver_name']} on {meta['dataset_name']}, repetition {meta['idx_rep'] + 1}"
        print(f"dask gave up {where}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    callback(failed)


copyreg.pickle(TerminalOutput, reduce_terminal)
register_parallel_backend("dask", dask_backend)
if get_running_benchmark() is not None:  # the one that is loading this file
    get_running_benchmark().benchmark_dir = get_running_benchmark().benchmark_dir.resolve()
