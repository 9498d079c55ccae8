"""A training that is stopped goes on from its last whole epoch.

    with checkpoints("folder"):
        WAUM().fit(votes, tasks)

Each training within writes its state to a file of its own after each epoch, and starts from that file where an earlier
run left one. On a CPU the bits are those of a run that was never stopped. At the end of the `with` the files are
removed, unless an error or an interrupt ends it.
"""

import hashlib
import os
import re
import sys
import tempfile
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

import torch

from benchmark_utils.learning.training.errors import LearningError

VARIABLE = "CROWD_LABELS_CHECKPOINTS"
_kept = ContextVar("kept", default=None)


@contextmanager
def checkpoints(folder=None):
    """Keep what is trained within in `folder`: by default the one that the variable names, and without it nowhere.

    Raises
    ------
    LearningError
        The folder cannot be made.
    """
    folder = folder or os.environ.get(VARIABLE)
    if not folder:
        yield
        return
    kept = Kept(Path(folder))
    before = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(before)
    kept.remove()


def each_epoch(trainer, area=None):
    """Train, epoch by epoch: yields before the first epoch that is left and after each.

    Parameters
    ----------
    trainer : Trainer
    area : AreaUnderMargin, optional
        Records the margins after each epoch.

    Raises
    ------
    LearningError
        The training cannot go on, or its checkpoint cannot be read or written.
    """
    kept = _kept.get()
    path = kept and kept.path_of(trainer, area)
    if path:
        load(path, trainer, area)
    yield
    while trainer.n_epoch < trainer.epochs:
        trainer.train_epoch()
        if area is not None:
            area.record(trainer.predict())
        if path:
            save(path, trainer, area)
        yield


class Kept:
    """A folder, and which of its files belong to what is trained."""

    def __init__(self, folder: Path):
        with _in_words(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.paths = folder, set()

    def path_of(self, trainer, area) -> Path:
        name = re.sub(r"\W+", "_", trainer.name)
        path = self.folder / f"{name}-{fingerprint(trainer, area)}.pt"
        self.paths.add(path)
        return path

    def remove(self):
        """The files, and what a process that was killed had begun to write."""
        for path in self.paths:
            for file in self.folder.glob(f"{path.stem}.*"):
                file.unlink(missing_ok=True)


def load(path, trainer, area=None):
    """Set the training to where the file has it, if there is one. Nothing in it is run: it is read as tensors alone."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        trainer.restore(state["trainer"])
        if area is not None:
            area.restore(state["area"], trainer.device)
    except FileNotFoundError:
        return
    except Exception as error:  # torch raises many kinds for a bad file
        first = str(error).partition("\n")[0]
        raise LearningError(f"{path} is not a whole checkpoint ({first}): remove it to train from the start") from error
    print(f"{trainer.name}: goes on after epoch {trainer.n_epoch} of {trainer.epochs}, from {path}", file=sys.stderr)


def save(path, trainer, area=None):
    """Write beside and rename, so that a file under its name is always whole."""
    state = {"trainer": trainer.state(), "area": None if area is None else area.state()}
    with _in_words(path.parent):
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{path.stem}.", suffix=".part", delete=False) as part:
            torch.save(state, part)
        with suppress(FileNotFoundError):  # another process with the same training was done, and removed its files
            os.replace(part.name, path)


@contextmanager
def _in_words(folder):
    """Say in words that the folder cannot be written."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # torch raises RuntimeError where a disk is full
        raise LearningError(f"checkpoints cannot be written to {folder} ({error}): choose another folder") from error


def hash_code():
    """One SHA-256 for the code that trains: every file of learning/."""
    room = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for file in sorted(room.rglob("*.py")):
        digest.update(f"{file.relative_to(room)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


CODE = hash_code()  # when it was loaded: a process that outlives an edit still runs what it had loaded


def fingerprint(trainer, area=None) -> str:
    """What a training rests on, at its start: code, settings, tasks, examples, weights and random generators.

    The votes are in the examples. A training that differs in anything has another fingerprint.
    """
    model, tasks = trainer.model, trainer.tasks
    settings = {name: value for name, value in vars(model).items() if isinstance(value, (bool, int, float, str))}
    margin = None if area is None else (area.margin, area.top_k)
    about = (CODE, torch.__version__, trainer.device.type, trainer.epochs, trainer.recipe, margin, settings, model)
    digest = hashlib.sha256(repr(about).encode())
    tensors = {
        **model.state_dict(),
        **{f"example {name}": column for name, column in trainer.examples.items()},
        **{"tasks": tasks.values, "shift": tasks.shift, "scale": tasks.scale},
        **{"order": trainer.random.get_state(), "dropout": torch.get_rng_state()},
    }
    for name, tensor in tensors.items():
        array = tensor.cpu().numpy()
        digest.update(f"{name} {array.dtype} {array.shape}".encode() + array.tobytes())
    return digest.hexdigest()[:32]
