"""Arrays in temporary files, which go with the objects that they belong to."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import numpy as np


class Scratch:
    """A temporary folder of arrays, which is removed with this object, or when Python ends.

    A copy of it that was pickled, here or on another machine, writes and reads the same folder and leaves it there.
    """

    def __init__(self, parent: Path | None = None):
        self.folder = Path(tempfile.mkdtemp(prefix="partitions-", dir=parent)).absolute()
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def save(self, index, **arrays):
        for name, array in arrays.items():
            part = self.folder / f"{name}-{index}.{uuid4().hex}"
            with part.open("wb") as file:
                np.save(file, array)
            part.replace(self.folder / f"{name}-{index}.npy")  # whole or not at all, whoever writes it again

    def load(self, index, *names):
        return [np.load(self.folder / f"{name}-{index}.npy") for name in names]

    def remove(self, index, name):
        (self.folder / f"{name}-{index}.npy").unlink()

    def mapped(self, index, name):
        """An array that is read where it is used."""
        return np.load(self.folder / f"{name}-{index}.npy", mmap_mode="r")


class Shared:
    """An array in a file of a scratch folder: whoever asks for some of it reads that much. The file goes with it."""

    def __init__(self, array, scratch: Scratch):
        self._scratch, self._index = scratch, uuid4().hex
        scratch.save(self._index, shared=array)
        weakref.finalize(self, (scratch.folder / f"shared-{self._index}.npy").unlink, missing_ok=True)

    def __getitem__(self, key):
        return self._scratch.mapped(self._index, "shared")[key]


def share(array, scratch: Scratch, engine: Callable):
    """An array that a function on partitions takes entries of: itself, or, where the function travels, its file."""
    return array if engine is map else Shared(array, scratch)
