"""Which of somebody's own tasks are hard to learn: WAUM, where features or images lie beside the votes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmark_utils.crowds.formats.own_tasks import read_tasks
from benchmark_utils.votes import Votes

BATCH, STEPS = 64, 320  # the published recipe's 20 epochs over the 1,000 tasks of LabelMe are 320 steps


@dataclass(frozen=True, eq=False)
class HardTasks:
    """WAUM of each task, float (n_task,), low where it is hard to learn, or None; and what is to be said."""

    waum: np.ndarray | None
    said: str


def hard_tasks(path: Path, votes: Votes, seed=0) -> HardTasks | None:
    """None where no tasks lie beside the votes. Raises VotesError for tasks that cannot be read."""
    path = Path(path)
    tasks = read_tasks(path if path.is_dir() else path.parent, votes)
    if tasks is None:
        return None
    if find_spec("torch") is None:
        return HardTasks(None, "Which tasks are hard to learn was not looked at: PyTorch is absent, pip install torch.")
    import torch

    from benchmark_utils.learning.pruning import WAUM
    from benchmark_utils.learning.training.checkpoints import checkpoints
    from benchmark_utils.learning.training.errors import LearningError

    if tasks.ndim == 4 and not torch.cuda.is_available():
        return HardTasks(None, "Which tasks are hard to learn was not looked at: with images this needs a GPU.")
    try:
        with checkpoints():
            waum = WAUM(recipe=recipe(tasks, votes)).score_tasks(votes, tasks, seed)
    except LearningError as error:
        return HardTasks(None, f"Which tasks are hard to learn cannot be said: {error}.")
    return HardTasks(waum, "The page shows the tasks that are hardest to learn by their WAUM.")


def recipe(tasks, votes) -> dict:
    """What differs from the published recipe: more epochs of features where few tasks make few steps an epoch."""
    if tasks.ndim == 4:
        return {}
    steps_per_epoch = math.ceil(np.count_nonzero(votes.has_vote) / BATCH)
    return {"margin_epochs": max(20, math.ceil(STEPS / steps_per_epoch))}
