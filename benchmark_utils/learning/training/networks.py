"""The classifiers, in plain PyTorch: ResNets for images, dense networks for features and for points.

The names of the ResNets' parameters are those in common use (conv1, layer1.0.bn2, ..., fc), so that the file of a
pre-trained backbone can be loaded.
"""

import torch
from torch import nn

from benchmark_utils.learning.training.errors import LearningError

BLOCKS = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3)}


def build(name, shape, n_class, stem="imagenet") -> nn.Module:
    """A network with fresh weights, from the logits' side of it: (n, *shape) to (n, n_class).

    Parameters
    ----------
    name : str
        "resnet18" or "resnet34" for images, "two_dense" or "perceptron" for features; "auto" takes resnet18 for
        images, the perceptron for points of the plane and two_dense for anything longer.
    shape : tuple
        Of one task: (channels, height, width) or (n_feature,).
    n_class : int
    stem : "imagenet" or "cifar"
        The first layers of a ResNet. "imagenet" halves the image twice before the blocks, as in the published runs on
        CIFAR-10H; "cifar" keeps it whole, which suits 32 x 32 images and costs more.
    """
    if name == "auto":
        name = "resnet18" if len(shape) == 3 else "perceptron" if shape[0] == 2 else "two_dense"
    if (name in BLOCKS) != (len(shape) == 3):
        raise LearningError(f"the network {name!r} does not take tasks of shape {shape}: leave network='auto'")
    if name in BLOCKS:
        return ResNet(BLOCKS[name], shape[0], n_class, stem)
    if name == "two_dense":
        return two_dense(shape[0], n_class)
    if name == "perceptron":
        return perceptron(shape[0], n_class)
    raise LearningError(f"there is no network {name!r}: take auto, {', '.join(BLOCKS)}, two_dense or perceptron")


def two_dense(n_feature, n_class, n_hidden=128, dropout=0.5):
    """Two dense layers with dropout over pre-computed features (Rodrigues and Pereira, 2018)."""
    return nn.Sequential(nn.Linear(n_feature, n_hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(n_hidden, n_class))


def perceptron(n_feature, n_class, hidden=(30, 20, 20)):
    """The thesis's perceptron for simulated points: hidden layers of 30, 20 and 20 neurons."""
    sizes = (n_feature, *hidden)
    layers = [layer for a, b in zip(sizes, hidden, strict=False) for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers, nn.Linear(hidden[-1], n_class))


class ResNet(nn.Module):
    """A residual network of basic blocks (He et al., 2016).

    Parameters
    ----------
    n_blocks : sequence of four ints
        Blocks with 64, 128, 256 and 512 channels.
    n_channel, n_class : int
    stem : "imagenet" or "cifar"
        7 x 7 convolution of stride 2 and 3 x 3 max pooling of stride 2, or 3 x 3 convolution of stride 1.
    """

    def __init__(self, n_blocks, n_channel, n_class, stem="imagenet"):
        super().__init__()
        if stem not in ("imagenet", "cifar"):
            raise LearningError(f"there is no stem {stem!r}: take imagenet or cifar")
        large = stem == "imagenet"
        self.conv1 = nn.Conv2d(n_channel, 64, 7 if large else 3, 2 if large else 1, 3 if large else 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if large else nn.Identity()
        self.layer1 = stack(64, 64, n_blocks[0], stride=1)
        self.layer2 = stack(64, 128, n_blocks[1], stride=2)
        self.layer3 = stack(128, 256, n_blocks[2], stride=2)
        self.layer4 = stack(256, 512, n_blocks[3], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512, n_class)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions around which the input is added, through a 1 x 1 convolution where the channels differ."""

    def __init__(self, n_in, n_out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.downsample = None
        if n_in != n_out:
            self.downsample = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(x)) + shortcut)


def stack(n_in, n_out, n_blocks, stride):
    """Blocks in a row, of which the first changes the number of channels and the size."""
    return nn.Sequential(
        BasicBlock(n_in, n_out, stride), *(BasicBlock(n_out, n_out, stride=1) for _ in range(n_blocks - 1))
    )


def load_backbone(network, path):
    """Start from the weights of a local file, a state_dict; the last layer `fc` stays fresh.

    Raises
    ------
    LearningError
        The file cannot be read, or its weights other than fc do not fit the network: it says which.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        state = {name: value for name, value in state.items() if not name.startswith("fc.")}
    except Exception as error:  # torch raises many kinds for a bad file
        raise LearningError(f"{path} is not a state_dict that torch.load reads: {error}") from error
    own = {name: value for name, value in network.state_dict().items() if not name.startswith("fc.")}
    # files saved before BatchNorm counted its batches lack num_batches_tracked
    missing = [name for name in own if name not in state and not name.endswith("num_batches_tracked")]
    unfit = [name for name in state if name not in own or own[name].shape != state[name].shape]
    if missing or unfit:
        raise LearningError(
            f"the weights of {path} do not fit the network: missing {missing[:3]}, of another shape or unknown "
            f"{unfit[:3]}; check the network and the stem"
        )
    network.load_state_dict(state, strict=False)
