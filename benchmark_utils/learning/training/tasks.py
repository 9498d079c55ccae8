"""Tasks on the device: features or images, scaled, in batches."""

import numpy as np
import torch

from benchmark_utils.learning.training.errors import LearningError

PAD = 4  # pixels of padding around an image, for the random crop


def choose_device(name="auto") -> torch.device:
    """The device by name; "auto" is the GPU where there is one. Raises LearningError for a GPU that is not there."""
    if name == "cuda" and not torch.cuda.is_available():
        raise LearningError("no CUDA device: PyTorch sees no GPU here; use device=cpu, or check nvidia-smi")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


class Tasks:
    """Tasks on the device, scaled by the mean and deviation of each feature, or of each channel of images.

    Images (n_task, channels, height, width), bytes or floats, are kept as they came, padded with black and with the
    channels last; features (n_task, n_feature) are kept scaled.

    Parameters
    ----------
    values : array
    device : torch.device
    like : Tasks, optional
        Scale as these were: held-out tasks as the training tasks.
    """

    def __init__(self, values, device, like=None):
        values = np.asarray(values)
        if values.ndim not in (2, 4):
            raise LearningError(
                f"tasks have shape {values.shape}: they need (n_task, n_feature) or (n_task, channels, height, width)"
            )
        if values.dtype != np.uint8:
            values = values.astype(np.float32)
            if not np.isfinite(values).all():
                raise LearningError("some tasks hold NaN or infinite values: remove or mend them")
        self.shape, self.device, self.are_images = values.shape[1:], device, values.ndim == 4
        if like is not None and like.shape != self.shape:
            raise LearningError(f"held-out tasks have shape {self.shape}, the training tasks {like.shape}")
        axes = (0, 2, 3) if self.are_images else 0
        mean, std = (like.mean, like.std) if like else (values.mean(axes), values.std(axes))
        self.mean, self.std = mean, np.where(std > 0, std, 1)
        if self.are_images:
            around = ((0, 0), (PAD, PAD), (PAD, PAD), (0, 0))
            values = np.pad(values.transpose(0, 2, 3, 1), around)
        else:
            values = ((values - self.mean) / self.std).astype(np.float32)
        self.values = torch.as_tensor(values, device=device)
        self.shift, self.scale = (torch.as_tensor(v, dtype=torch.float32, device=device) for v in (self.mean, self.std))

    def __len__(self):
        return len(self.values)

    def batch(self, index, augment=False, random=None):
        """The tasks of an index tensor (n,), as the network takes them, (n, *shape); `random` is a torch Generator."""
        if not self.are_images:
            return self.values[index]
        n, (_, height, width) = len(index), self.shape
        row = torch.arange(height, device=self.device).expand(n, -1)
        column = torch.arange(width, device=self.device).expand(n, -1)
        if augment:
            flip = torch.rand(n, 1, device=self.device, generator=random) < 0.5
            column = torch.where(flip, width - 1 - column, column)
            row = row + torch.randint(2 * PAD + 1, (n, 1), device=self.device, generator=random)
            column = column + torch.randint(2 * PAD + 1, (n, 1), device=self.device, generator=random)
        else:
            row, column = row + PAD, column + PAD
        images = self.values[index[:, None, None], row[:, :, None], column[:, None, :]]
        return ((images - self.shift) / self.scale).permute(0, 3, 1, 2)  # channels-last in memory
