"""What a strategy makes of the votes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse


@dataclass(frozen=True, eq=False)
class Aggregation:
    """What a strategy makes of the votes.

    Attributes
    ----------
    labels : int64, (n_task,)
        The aggregated label, -1 where the strategy calls the task not valid.
    soft : float array (n_task, n_class) or csr_array of this shape, or None
        Rows sum to one, rows without votes to zero; None where the strategy gives hard labels only.
    n_iter : int
        Iterations done.
    converged : bool
        Whether the strategy met its own stopping rule.
    history : list of float
        The strategy's own objective, one value per iteration.
    worker_score : float, (n_worker,), or None
        How much the strategy trusts each worker, higher is better.
    parameters : dict of arrays
        What the strategy estimated, by name: `confusion` (n_worker, n_class, n_class), `prevalence` (n_class,), ...
    """

    labels: np.ndarray
    soft: np.ndarray | sparse.csr_array | None = None
    n_iter: int = 0
    converged: bool = True
    history: list = field(default_factory=list)
    worker_score: np.ndarray | None = None
    parameters: dict = field(default_factory=dict)
