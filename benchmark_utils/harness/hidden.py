"""What a solver does not see: the truth.

Solvers run in the process that scores them, so that a determined one reads any memory and any file: solvers are
reviewed. What is here keeps the truth from a solver that looks where it would stand:

- Benchopt gives each solver the objective, and never asks for it back. `solver._objective` is not kept.
- The objective has its truth in a table beside it. It also forgets the dataset once the data is set.
"""

from weakref import WeakKeyDictionary

from benchopt import BaseSolver

_hidden = WeakKeyDictionary()


def hide(objective, *values):
    """Keep `values` for this objective, until it is gone."""
    _hidden[objective] = values


def reveal(objective):
    """What `hide` was given."""
    return _hidden[objective]


class ForgetsDataset:
    """A mixin for the objective. The dataset holds the truth; Benchopt brings it again for each run."""

    def _set_dataset(self, dataset):
        try:
            return super()._set_dataset(dataset)
        finally:
            self._dataset = None


def _no_objective(solver):
    raise AttributeError("a solver does not see the objective: `set_objective` gets all that a strategy may know")


BaseSolver._objective = property(_no_objective, lambda solver, objective: None)
