"""The training loop: every example once an epoch, seeds, words for what goes wrong; the networks."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from benchmark_utils.learning.training import networks  # noqa: E402
from benchmark_utils.learning.training.errors import LearningError  # noqa: E402
from benchmark_utils.learning.training.recipe import Recipe, published_recipe  # noqa: E402
from benchmark_utils.learning.training.tasks import PAD, Tasks, choose_device  # noqa: E402
from benchmark_utils.learning.training.trainer import PlainLoss, Trainer, seed_everything  # noqa: E402

CPU = torch.device("cpu")


def blobs(n=90, n_class=3, seed=0):
    rng = np.random.default_rng(seed)
    classes = np.arange(n) % n_class
    points = rng.normal(size=(n, 2)) * 0.3 + np.array([[0, 0], [3, 0], [0, 3]])[classes]
    return points.astype(np.float32), classes


def trainer(recipe=None, targets=None, seed=0, weight=None, epochs=20):
    points, classes = blobs()
    seed_everything(seed)
    network = networks.build("perceptron", (2,), 3)
    examples = {"task": np.arange(len(points)), "target": classes if targets is None else targets}
    if weight is not None:
        examples["weight"] = weight
    recipe = recipe or Recipe(learning_rate=0.01, batch_size=16)
    return Trainer(PlainLoss(network), Tasks(points, CPU), examples, recipe, epochs, seed), classes


class Recorder(torch.nn.Module):
    """A model whose gradient says which examples it saw, and with which share."""

    def __init__(self, n):
        super().__init__()
        self.seen = torch.nn.Parameter(torch.zeros(n))

    def loss(self, x, batch):
        return self.seen[batch["task"]]


def test_a_network_learns_separate_blobs():
    learner, classes = trainer()
    losses = [learner.train_epoch() for _ in range(20)]
    assert losses[-1] < 0.1 * losses[0]
    probabilities = learner.predict().numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert (probabilities.argmax(axis=1) == classes).mean() > 0.98


def test_the_same_seed_gives_the_same_bits():
    results = []
    for seed in (0, 0, 1):
        learner, _ = trainer(seed=seed)
        for _ in range(3):
            learner.train_epoch()
        results.append(learner.predict().numpy())
    assert np.array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])


def test_the_order_comes_from_the_seed_and_changes_with_the_epoch():
    orders = []
    for seed in (0, 0, 1):
        model, seen = Recorder(20), []
        loss = model.loss
        model.loss = lambda x, batch, loss=loss, seen=seen: seen.extend(batch["task"].tolist()) or loss(x, batch)
        learner = Trainer(model, Tasks(np.zeros((20, 2)), CPU), {"task": np.arange(20)}, Recipe(batch_size=5), 2, seed)
        learner.train_epoch()
        learner.train_epoch()
        orders.append(seen)
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    assert orders[0][:20] != orders[0][20:]


def test_small_networks_take_one_thread_whatever_the_machine_has(monkeypatch):
    learner, _ = trainer()
    threads = []
    loss = learner.model.loss
    monkeypatch.setattr(learner.model, "loss", lambda *args: threads.append(torch.get_num_threads()) or loss(*args))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    learner.train_epoch()
    after = torch.get_num_threads()
    torch.set_num_threads(before)
    assert set(threads) == {1}
    assert after == 2


def test_an_epoch_visits_every_example_once_and_the_last_batch_is_no_heavier():
    # 10 examples in batches of 4: the last batch has 2 real ones, each of which takes half of the step
    model = Recorder(10)
    recipe = Recipe(optimizer="sgd", learning_rate=1.0, momentum=0, weight_decay=0, batch_size=4)
    learner = Trainer(model, Tasks(np.zeros((10, 2)), CPU), {"task": np.arange(10)}, recipe, 1)
    learner.train_epoch()
    assert sorted(np.round(-model.seen.detach().numpy(), 6)) == [0.25] * 8 + [0.5] * 2


def test_weights_scale_the_gradient():
    model = Recorder(4)
    recipe = Recipe(optimizer="sgd", learning_rate=1.0, momentum=0, weight_decay=0, batch_size=4)
    examples = {"task": np.arange(4), "weight": np.array([0.5, 1.5, 0.0, 2.0], dtype=np.float32)}
    Trainer(model, Tasks(np.zeros((4, 2)), CPU), examples, recipe, 1).train_epoch()
    np.testing.assert_allclose(-model.seen.detach().numpy(), [0.125, 0.375, 0, 0.5])


def test_frequencies_with_weights_have_the_loss_of_the_votes():
    """One pass over tasks with vote frequencies and numbers of votes: the gradient of one pass over all votes."""
    points, _ = blobs(6)
    task = np.array([0, 0, 0, 1, 2, 2, 3, 4, 5, 5])
    label = np.array([0, 0, 1, 2, 1, 0, 2, 2, 0, 1])
    counts = np.zeros((6, 3), dtype=np.float32)
    np.add.at(counts, (task, label), 1)
    per_task = counts.sum(axis=1)
    ways = (
        {"task": task, "target": label},
        {"task": np.arange(6), "target": counts / per_task[:, None], "weight": per_task * 6 / 10},
    )
    steps = []
    for examples in ways:
        seed_everything(0)
        network = networks.build("perceptron", (2,), 3)
        recipe = Recipe(optimizer="sgd", learning_rate=1.0, momentum=0, weight_decay=0, batch_size=10)
        Trainer(PlainLoss(network), Tasks(points, CPU), examples, recipe, 1).train_epoch()
        steps.append(torch.cat([p.detach().flatten() for p in network.parameters()]).numpy())
    np.testing.assert_allclose(steps[0], steps[1], atol=1e-6)


def test_the_learning_rate_drops_and_grows_with_the_batch():
    learner, _ = trainer(Recipe(learning_rate=0.1, drops=(1, 2), batch_size=16))
    rates = []
    for _ in range(3):
        learner.train_epoch()
        rates.append(learner.optimizers[0].param_groups[0]["lr"])
    np.testing.assert_allclose(rates, [0.1, 0.01, 0.001])
    points = np.zeros((256, 2))
    model = PlainLoss(networks.perceptron(2, 2))
    examples = {"task": np.arange(256), "target": np.zeros(256, dtype=int)}
    large = Trainer(model, Tasks(points, CPU), examples, Recipe(learning_rate=0.1, batch_size=256), 1)
    assert large.optimizers[0].param_groups[0]["lr"] == pytest.approx(0.2)


def test_a_loss_that_is_not_finite_is_said_in_words():
    learner, _ = trainer(Recipe(optimizer="sgd", learning_rate=1e12, batch_size=16))
    with pytest.raises(LearningError, match="lower the learning rate"):
        [learner.train_epoch() for _ in range(5)]


def test_too_little_memory_is_said_in_words(monkeypatch):
    learner, _ = trainer()

    def full():
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")

    monkeypatch.setattr(learner, "_step", full)
    with pytest.raises(LearningError, match="not enough memory on cpu for batches of 16"):
        learner.train_epoch()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_said_in_words():
    with pytest.raises(LearningError, match="no CUDA device"):
        choose_device("cuda")
    assert choose_device("auto") == CPU


def test_images_are_scaled_by_channel_and_come_back_in_place():
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(5, 3, 8, 8), dtype=np.uint8)
    tasks = Tasks(images, CPU)
    x = tasks.batch(torch.tensor([3, 0]))
    flat = images.transpose(1, 0, 2, 3).reshape(3, -1)
    expected = (images[[3, 0]] - flat.mean(1)[:, None, None]) / flat.std(1)[:, None, None]
    np.testing.assert_allclose(x.numpy(), expected, atol=1e-5)
    assert x.is_contiguous(memory_format=torch.channels_last)
    held_out = Tasks(images[:2] // 2, CPU, like=tasks)
    np.testing.assert_allclose(held_out.mean, tasks.mean)


def test_augmentation_crops_and_flips():
    """Every augmented image is one of the 81 shifts of the padded image, or of its mirror; both and many occur."""
    image = np.arange(1, 65, dtype=np.float32).reshape(1, 1, 8, 8)
    tasks = Tasks(image, CPU)
    padded = np.pad(image[0, 0], PAD)
    possible = {}
    for top in range(2 * PAD + 1):
        for left in range(2 * PAD + 1):
            crop = padded[top : top + 8, left : left + 8]
            possible[crop.tobytes()] = (top, left, False)
            possible[crop[:, ::-1].copy().tobytes()] = (top, left, True)
    random = torch.Generator().manual_seed(0)
    x = tasks.batch(torch.zeros(400, dtype=torch.int64), augment=True, random=random)[:, 0].numpy()
    drawn = np.rint(x * tasks.std + tasks.mean).astype(np.float32)
    kinds = [possible[crop.copy().tobytes()] for crop in drawn]
    assert len(set(kinds)) > 100
    assert 0.4 < np.mean([flip for *_, flip in kinds]) < 0.6
    assert {top for top, *_ in kinds} == set(range(2 * PAD + 1))


def test_tasks_that_do_not_fit_are_refused():
    with pytest.raises(LearningError, match="shape"):
        Tasks(np.zeros(3), CPU)
    with pytest.raises(LearningError, match="NaN"):
        Tasks(np.array([[np.nan, 1.0]]), CPU)
    with pytest.raises(LearningError, match="held-out"):
        Tasks(np.zeros((2, 3)), CPU, like=Tasks(np.zeros((2, 4)), CPU))


@pytest.mark.parametrize(("name", "stem", "n_parameter"), [
    # the published sizes with 1,000 classes; the small stem is 3 x 3, not 7 x 7
    ("resnet18", "imagenet", 11_689_512),
    ("resnet34", "imagenet", 21_797_672),
    ("resnet50", "imagenet", 25_557_032),
    ("resnet18", "cifar", 11_689_512 - 64 * 3 * (49 - 9)),
])  # fmt: skip
def test_resnets_have_the_published_number_of_weights(name, stem, n_parameter):
    with torch.device("meta"):  # shapes without numbers
        network = networks.build(name, (3, 32, 32), 1000, stem)
        assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 1000)
    assert sum(p.numel() for p in network.parameters()) == n_parameter


def test_a_vgg_has_the_published_convolutions_under_two_dense_layers():
    with torch.device("meta"):
        network = networks.build("vgg16", (3, 64, 32), 10)
        assert network(torch.zeros(2, 3, 64, 32)).shape == (2, 10)
    # 138,357,544 of VGG-16 are 14,714,688 of convolutions and three dense layers; two numbers per channel normalise
    convolutions = sum(p.numel() for p in network.features.parameters())
    assert convolutions == 138_357_544 - (25_088 + 1) * 4096 - 4097 * 4096 - 4097 * 1000 + 2 * 4224
    assert sum(p.numel() for p in network.fc.parameters()) == (2 * 512 + 1) * 128 + 129 * 10
    with pytest.raises(LearningError, match="16 x 32 is too small"):
        networks.build("vgg16", (3, 16, 32), 10)


@pytest.mark.parametrize("name", ["resnet50", "vgg16"])
def test_the_larger_networks_learn_from_images(name):
    """Two classes of bright and dark images, a few steps."""
    classes = np.arange(16) % 2
    images = (np.random.default_rng(0).integers(60, size=(16, 3, 32, 32)) + 150 * classes[:, None, None, None]).astype(
        np.uint8
    )
    seed_everything(0)
    network = networks.build(name, (3, 32, 32), 2)
    recipe = Recipe(learning_rate=0.001, batch_size=8)
    learner = Trainer(PlainLoss(network), Tasks(images, CPU), {"task": np.arange(16), "target": classes}, recipe, 4)
    losses = [learner.train_epoch() for _ in range(4)]
    assert losses[-1] < 0.8 * losses[0]


def test_images_on_a_gpu_are_learnt_in_bfloat16_unless_told_otherwise():
    images = Tasks(np.zeros((4, 3, 8, 8), dtype=np.uint8), CPU)
    for tasks, precision, mixed in (
        (images, "auto", True),
        (images, "float32", False),
        (Tasks(np.zeros((4, 2)), CPU), "auto", False),
    ):
        learner = Trainer(Recorder(4), tasks, {"task": np.arange(4)}, Recipe(precision=precision), 1)
        for learner.on_gpu in (False, True):
            with learner._mixed_precision():
                assert torch.is_autocast_enabled("cpu") == (mixed and learner.on_gpu)
    with pytest.raises(LearningError, match="precision"):
        Trainer(Recorder(4), images, {"task": np.arange(4)}, Recipe(precision="half"), 1)


def test_what_a_crowd_adds_can_have_an_optimizer_of_its_own():
    class Layered(PlainLoss):
        def __init__(self, network):
            super().__init__(network)
            self.shift = torch.nn.Parameter(torch.zeros(3))

        def loss(self, x, batch):
            return torch.nn.functional.cross_entropy(self.network(x) + self.shift, batch["target"], reduction="none")

    points, classes = blobs()
    recipe = Recipe(optimizer="sgd", learning_rate=0.0, weight_decay=0, crowd_learning_rate=0.01, drops=(1,))
    network = networks.perceptron(2, 3)
    model = Layered(network)
    before = [p.detach().clone() for p in network.parameters()]
    learner = Trainer(model, Tasks(points, CPU), {"task": np.arange(90), "target": classes * 0}, recipe, 2)
    learner.train_epoch()
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
    np.testing.assert_allclose(model.shift.detach(), [0.02, -0.02, -0.02], atol=1e-4)  # two steps of Adam
    learner.train_epoch()
    assert [optimizer.param_groups[0]["lr"] for optimizer in learner.optimizers] == [0.0, pytest.approx(0.001)]


def test_a_network_without_a_layer_has_one_optimizer_under_the_same_recipe():
    """That of WAUM, which prunes before the layers learn."""
    learner, _ = trainer(Recipe(learning_rate=0.01, crowd_learning_rate=0.02, batch_size=16))
    learner.train_epoch()
    assert [optimizer.param_groups[0]["lr"] for optimizer in learner.optimizers] == [0.01]


def test_the_dense_networks():
    assert [layer.out_features for layer in networks.perceptron(2, 3) if hasattr(layer, "out_features")] == [
        30,
        20,
        20,
        3,
    ]
    assert networks.two_dense(512, 8)(torch.zeros(4, 512)).shape == (4, 8)
    with pytest.raises(LearningError, match="does not take tasks of shape"):
        networks.build("resnet18", (512,), 8)
    with pytest.raises(LearningError, match="no network"):
        networks.build("vgg", (512,), 8)


def test_the_published_recipe_follows_the_shape():
    images = published_recipe((3, 32, 32))
    assert (images.optimizer, images.learning_rate, images.weight_decay) == ("sgd", 0.1, 5e-4)
    assert (images.epochs, images.drops, images.batch_size, images.margin_epochs) == (150, (50, 100), 64, 50)
    assert published_recipe((512,)).optimizer == published_recipe((2,)).optimizer == "adam"
    assert published_recipe((2,), epochs=3).epochs == 3


def test_a_backbone_loads_from_a_file(tmp_path):
    source = networks.ResNet((1, 1, 1, 1), 3, 1000)
    torch.save(source.state_dict(), tmp_path / "weights.pt")
    network = networks.ResNet((1, 1, 1, 1), 3, 10)
    fresh = network.fc.weight.clone()
    networks.load_backbone(network, tmp_path / "weights.pt")
    assert torch.equal(network.layer3[0].conv2.weight, source.layer3[0].conv2.weight)
    assert torch.equal(network.fc.weight, fresh)
    other = networks.ResNet((1, 1, 1, 1), 3, 10, stem="cifar")
    with pytest.raises(LearningError, match=r"conv1\.weight"):
        networks.load_backbone(other, tmp_path / "weights.pt")
    (tmp_path / "text.pt").write_text("not weights")
    with pytest.raises(LearningError, match="not a state_dict"):
        networks.load_backbone(network, tmp_path / "text.pt")
