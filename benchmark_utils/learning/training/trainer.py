"""Training on one device: the tasks lie there, steps are captured in a CUDA graph, the same code runs on a CPU.

A step reads the batch's indices from a buffer that stays in place, gathers tasks and targets on the device, augments,
and updates the network. On a GPU the step is recorded once and replayed: a ResNet-18 on 32 x 32 images does too
little per kernel for Python to keep up. A short last batch is filled with other examples of weight zero.
"""

import contextlib
import sys

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from benchmark_utils.learning.training.errors import LearningError
from benchmark_utils.learning.training.recipe import PUBLISHED_BATCH

EAGER_STEPS = 3  # steps before the capture: they let the optimizer and cuDNN allocate what they keep
PREDICT_BATCH = 1000


class PlainLoss(torch.nn.Module):
    """Cross-entropy of a classifier with `target`: classes (n,) or distributions over the classes (n, n_class)."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def loss(self, x, batch):
        return cross_entropy(self.network(x), batch["target"], reduction="none")


class Trainer:
    """Trains a model on examples, one epoch at a time.

    Parameters
    ----------
    model : Module
        With `network`, the classifier, and `loss(x, batch)`, the loss of each example of a batch, (n,).
    tasks : Tasks
    examples : dict of arrays, all of the same length
        `task`, the index of each example's task; optionally `weight`, of mean one; and whatever the model's loss reads.
    recipe : Recipe
    epochs : int
    seed : int
        Of the order and the augmentation. Weights and dropout draw from torch's own generator: see `seed_everything`.
    name : str
        For the line of progress, which a terminal shows.
    """

    def __init__(self, model, tasks, examples, recipe, epochs, seed=0, name="training"):
        self.device, self.tasks, self.recipe, self.epochs, self.name = tasks.device, tasks, recipe, epochs, name
        self.on_gpu = self.device.type == "cuda"
        self.n_epoch, self.n_step, self.graph = 0, 0, None
        if recipe.precision not in ("auto", "float32"):
            raise LearningError(f"precision is {recipe.precision!r}: it is 'auto' or 'float32'")
        with self._in_words():
            layout = torch.channels_last if tasks.are_images else torch.contiguous_format
            self.model = model.to(self.device, memory_format=layout)
            self.examples = {name: torch.as_tensor(column, device=self.device) for name, column in examples.items()}
            self.n_example = len(self.examples["task"])
            size = min(recipe.batch_size, self.n_example)
            self.index = torch.zeros(size, dtype=torch.int64, device=self.device)
            self.real = torch.zeros(size, device=self.device)  # 0 marks what fills the last batch
            self.loss_sum = torch.zeros((), device=self.device)
        self.random = torch.Generator(self.device).manual_seed(seed)
        self.optimizers = self._optimizers()
        if self.on_gpu:
            torch.backends.cudnn.benchmark = True
            self.stream = torch.cuda.Stream()

    def _optimizers(self):
        """One for all parameters, or one for the network and Adam for what a crowd's layer adds to it."""
        recipe, everything = self.recipe, list(self.model.parameters())
        scale = max(1, len(self.index) / PUBLISHED_BATCH) ** 0.5
        if recipe.crowd_learning_rate is None:
            return [self._optimizer(recipe.optimizer, everything, recipe.learning_rate * scale)]
        network = list(self.model.network.parameters())
        of_network = {id(parameter) for parameter in network}
        layer = [parameter for parameter in everything if id(parameter) not in of_network]
        optimizers = [self._optimizer(recipe.optimizer, network, recipe.learning_rate * scale)]
        if layer:  # the network that WAUM prunes by has none
            optimizers.append(self._optimizer("adam", layer, recipe.crowd_learning_rate * scale))
        return optimizers

    def _optimizer(self, name, parameters, rate):
        recipe = self.recipe
        if name == "sgd":
            return torch.optim.SGD(
                parameters, rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay, fused=self.on_gpu
            )
        if name == "adam":
            return torch.optim.Adam(parameters, rate, fused=self.on_gpu, capturable=self.on_gpu)
        raise LearningError(f"there is no optimizer {name!r}: take sgd or adam")

    def train_epoch(self) -> float:
        """Visit every example once, in a new order; returns the mean loss.

        Raises
        ------
        LearningError
            The loss is not finite, or memory does not suffice.
        """
        if self.n_epoch in self.recipe.drops:
            for group in self._groups():
                group["lr"] /= 10
            self.graph = None  # the learning rate is part of what was recorded
        self.model.train()
        self.loss_sum.zero_()
        with self._in_words(), self._threads():
            size = len(self.index)
            order = torch.randperm(self.n_example, generator=self.random, device=self.device)
            real = torch.ones(self.n_example, device=self.device)
            missing = -self.n_example % size
            order = torch.cat([order, order[:missing]])
            real = torch.cat([real, real.new_zeros(missing)])
            for start in range(0, len(order), size):
                self.index.copy_(order[start : start + size])
                self.real.copy_(real[start : start + size])
                self._advance()
            loss = self.loss_sum.item() / self.n_example
        self.n_epoch += 1
        if not np.isfinite(loss):
            raise LearningError(
                f"{self.name}: the loss is {loss} after epoch {self.n_epoch}: lower the learning rate "
                f"({self._groups()[0]['lr']:.3g}) or the batch size ({size})"
            )
        show_progress(f"{self.name}: epoch {self.n_epoch}/{self.epochs}, loss {loss:.4f}", self.n_epoch == self.epochs)
        return loss

    def state(self) -> dict:
        """All that the next epochs depend on and the last ones changed: a dict of tensors and numbers."""
        return {
            "n_epoch": self.n_epoch,
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "order": self.random.get_state(),
            "dropout": torch.get_rng_state(),
            "dropout on the GPU": torch.cuda.get_rng_state() if self.on_gpu else None,
        }

    def restore(self, state):
        """Go on from a `state` of the same training."""
        self.n_epoch = state["n_epoch"]
        self.model.load_state_dict(state["model"])
        for optimizer, own in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(own)
        self.random.set_state(state["order"])
        torch.set_rng_state(state["dropout"])
        if self.on_gpu:
            torch.cuda.set_rng_state(state["dropout on the GPU"])

    def _advance(self):
        """One step on the batch in `index`: as it comes on a CPU, from the recorded graph on a GPU."""
        self.n_step += 1
        if not self.on_gpu:
            self._step()
        elif self.n_step <= EAGER_STEPS:
            self.stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self.stream):
                self._step()
            torch.cuda.current_stream().wait_stream(self.stream)
        else:
            if self.graph is None:
                self.graph = torch.cuda.CUDAGraph()
                self.graph.register_generator_state(self.random)
                # what other threads do with the GPU meanwhile is no fault of the recording
                with torch.cuda.graph(self.graph, stream=self.stream, capture_error_mode="thread_local"):
                    self._step()
            self.graph.replay()

    def _step(self):
        batch = {name: column[self.index] for name, column in self.examples.items()}
        x = self.tasks.batch(batch["task"], self.recipe.augment, self.random)
        with self._mixed_precision():
            loss = self.model.loss(x, batch)
        loss = loss * self.real
        if "weight" in batch:
            loss = loss * batch["weight"]
        self.loss_sum += loss.detach().sum()
        self.model.zero_grad(set_to_none=True)
        (loss.sum() / self.real.sum()).backward()
        for optimizer in self.optimizers:
            optimizer.step()

    def _groups(self):
        return [group for optimizer in self.optimizers for group in optimizer.param_groups]

    @torch.no_grad()
    def predict(self, tasks=None):
        """The classifier's softmax for these tasks or the training tasks, in evaluation mode, (n, n_class)."""
        tasks = self.tasks if tasks is None else tasks
        self.model.eval()
        chunks = []
        with self._in_words(), self._threads():
            for index in torch.arange(len(tasks), device=self.device).split(PREDICT_BATCH):
                with self._mixed_precision():
                    logits = self.model.network(tasks.batch(index))
                chunks.append(logits.float().softmax(dim=1))
        return torch.cat(chunks)

    def _mixed_precision(self):
        # weights change at every replay: a cast kept from the recording would be stale
        on = self.on_gpu and self.tasks.are_images and self.recipe.precision == "auto"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=on, cache_enabled=False)

    @contextlib.contextmanager
    def _threads(self):
        """One thread for small networks on a CPU: faster, and the bits do not depend on how many cores are free."""
        before = torch.get_num_threads()
        if not self.on_gpu and not self.tasks.are_images:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    @contextlib.contextmanager
    def _in_words(self):
        """Say in words that memory does not suffice."""
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            message = str(error)
            if isinstance(error, (torch.cuda.OutOfMemoryError, MemoryError)) or "can't allocate memory" in message:
                raise LearningError(
                    f"{self.name}: not enough memory on {self.device} for batches of {self.recipe.batch_size}: lower "
                    f"batch_size or free the device ({message.splitlines()[0]})"
                ) from error
            raise


def seed_everything(seed):
    """Seed the generator that weights and dropout draw from; on a CPU the same seed gives the same bits.

    On a GPU sums are added in an order that varies, and so do the last digits.
    """
    torch.manual_seed(seed % 2**63)


def show_progress(line, last):
    """Write a line over the one before, where a person watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="\n" if last else "", file=sys.stderr, flush=True)
