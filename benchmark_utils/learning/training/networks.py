"""The classifiers, in plain PyTorch: ResNets and a VGG for images, dense networks for features and for points.

The names of the parameters are those in common use (conv1, layer1.0.bn2, ..., fc; features.0, ...), so that the file of
a pre-trained backbone can be loaded.
"""

import torch
from torch import nn

from benchmark_utils.learning.training.errors import LearningError

BLOCKS = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3), "resnet50": (3, 4, 6, 3)}
IMAGE_NETWORKS = (*BLOCKS, "vgg16")
VGG16 = (64, 64, "pool", 128, 128, "pool", *[256] * 3, "pool", *[512] * 3, "pool", *[512] * 3, "pool")


def build(name, shape, n_class, stem="imagenet") -> nn.Module:
    """A network with fresh weights, from the logits' side of it: (n, *shape) to (n, n_class).

    Parameters
    ----------
    name : str
        "resnet18", "resnet34", "resnet50" or "vgg16" for images, "two_dense" or "perceptron" for features; "auto" takes
        resnet18 for images, the perceptron for points of the plane and two_dense for anything longer.
    shape : tuple
        Of one task: (channels, height, width) or (n_feature,).
    n_class : int
    stem : "imagenet" or "cifar"
        The first layers of a ResNet. "imagenet" halves the image twice before the blocks, as in the published runs on
        CIFAR-10H; "cifar" keeps it whole, which suits 32 x 32 images and costs more.
    """
    if name == "auto":
        name = "resnet18" if len(shape) == 3 else "perceptron" if shape[0] == 2 else "two_dense"
    if (name in IMAGE_NETWORKS) != (len(shape) == 3):
        raise LearningError(f"the network {name!r} does not take tasks of shape {shape}: leave network='auto'")
    if name in BLOCKS:
        return ResNet(BLOCKS[name], shape[0], n_class, stem, Bottleneck if name == "resnet50" else BasicBlock)
    if name == "vgg16":
        return VGG(shape, n_class)
    if name == "two_dense":
        return two_dense(shape[0], n_class)
    if name == "perceptron":
        return perceptron(shape[0], n_class)
    known = ", ".join(IMAGE_NETWORKS)
    raise LearningError(f"there is no network {name!r}: take auto, {known}, two_dense or perceptron")


def two_dense(n_feature, n_class, n_hidden=128, dropout=0.5):
    """Two dense layers with dropout over pre-computed features (Rodrigues and Pereira, 2018)."""
    return nn.Sequential(nn.Linear(n_feature, n_hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(n_hidden, n_class))


def perceptron(n_feature, n_class, hidden=(30, 20, 20)):
    """The thesis's perceptron for simulated points: hidden layers of 30, 20 and 20 neurons."""
    sizes = (n_feature, *hidden)
    layers = [layer for a, b in zip(sizes, hidden, strict=False) for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers, nn.Linear(hidden[-1], n_class))


class VGG(nn.Module):
    """VGG-16 with batch normalisation under two dense layers (Simonyan and Zisserman, 2015; thesis, Figure 2.16).

    The dense layers are those of `two_dense`, as for pre-computed features: in the place of the original three.

    Parameters
    ----------
    shape : tuple
        Of an image: (channels, height, width), each side 32 at least.
    n_class : int
    """

    def __init__(self, shape, n_class):
        super().__init__()
        channel, height, width = shape
        if min(height, width) < 32:
            raise LearningError(f"vgg16 halves an image five times: {height} x {width} is too small, it needs 32 x 32")
        layers = []
        for size in VGG16:
            if size == "pool":
                layers.append(nn.MaxPool2d(2))
                continue
            layers += [nn.Conv2d(channel, size, 3, padding=1), nn.BatchNorm2d(size), nn.ReLU(inplace=True)]
            channel = size
        self.features = nn.Sequential(*layers)
        self.fc = two_dense(512 * (height // 32) * (width // 32), n_class)
        start_convolutions(self)

    def forward(self, x):
        return self.fc(self.features(x).flatten(1))


class ResNet(nn.Module):
    """A residual network (He et al., 2016).

    Parameters
    ----------
    n_blocks : sequence of four ints
        Blocks with 64, 128, 256 and 512 channels.
    n_channel, n_class : int
    stem : "imagenet" or "cifar"
        7 x 7 convolution of stride 2 and 3 x 3 max pooling of stride 2, or 3 x 3 convolution of stride 1.
    block : BasicBlock or Bottleneck
    """

    def __init__(self, n_blocks, n_channel, n_class, stem="imagenet", block=None):
        super().__init__()
        if stem not in ("imagenet", "cifar"):
            raise LearningError(f"there is no stem {stem!r}: take imagenet or cifar")
        block = block or BasicBlock
        large = stem == "imagenet"
        self.conv1 = nn.Conv2d(n_channel, 64, 7 if large else 3, 2 if large else 1, 3 if large else 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if large else nn.Identity()
        grows = block.grows
        self.layer1 = stack(block, 64, 64, n_blocks[0], stride=1)
        self.layer2 = stack(block, 64 * grows, 128, n_blocks[1], stride=2)
        self.layer3 = stack(block, 128 * grows, 256, n_blocks[2], stride=2)
        self.layer4 = stack(block, 256 * grows, 512, n_blocks[3], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512 * grows, n_class)
        start_convolutions(self)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions around which the input is added, through a 1 x 1 convolution where the channels differ."""

    grows = 1  # channels out of the block for each of its own

    def __init__(self, n_in, n, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(n)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(n, n, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(n)
        self.downsample = shortcut(n_in, n, stride)

    def forward(self, x):
        added = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(x)) + added)


class Bottleneck(nn.Module):
    """A 1 x 1, a 3 x 3 and a 1 x 1 convolution to four times the channels, around which the input is added."""

    grows = 4

    def __init__(self, n_in, n, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(n)
        self.conv2 = nn.Conv2d(n, n, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(n)
        self.conv3 = nn.Conv2d(n, 4 * n, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * n)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = shortcut(n_in, 4 * n, stride)

    def forward(self, x):
        added = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.relu(self.bn3(self.conv3(x)) + added)


def shortcut(n_in, n_out, stride):
    """What brings a block's input to the shape of its output; None where it has it."""
    if n_in == n_out:
        return None
    return nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))


def stack(block, n_in, n, n_blocks, stride):
    """Blocks in a row, of which the first changes the number of channels and the size."""
    rest = (block(n * block.grows, n, stride=1) for _ in range(n_blocks - 1))
    return nn.Sequential(block(n_in, n, stride), *rest)


def start_convolutions(network):
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def load_backbone(network, path):
    """Start from the weights of a local file, a state_dict; what comes after the convolutions, `fc`, stays fresh.

    Raises
    ------
    LearningError
        The file cannot be read, or its weights other than fc do not fit the network: it says which.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        state = {name: value for name, value in state.items() if not name.startswith(("fc.", "classifier."))}
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
