"""What `cifar10h_streams.py` trains: a job is (name, kind, seed, options)."""

SEEDS = range(5)
LABELS = ("MV", "NS", "DS", "GLAD", "WDS")
TASKS, VOTES = "WAUM, epoch=tasks", "WAUM, epoch=votes"
LEVEL = "no weight decay"  # the part without which MV is where the publication has it

# one part of the published recipe changed at a time
PARTS = {
    "as published": {},
    "no augmentation": {"augment": False},
    "batches of 128": {"batch_size": 128, "learning_rate": 0.1 / 2**0.5},  # which the batch makes 0.1 again
    "batches of 512": {"batch_size": 512},
    "50 epochs": {"epochs": 50, "drops": ()},
    "no drops": {"drops": ()},
    "float32": {"precision": "float32"},
    "no weight decay": {"weight_decay": 0.0},
    "32 x 32 stem": {"stem": "cifar"},
    "ResNet-34": {"network": "resnet34"},
    "VGG-16": {"network": "vgg16"},
    "adam, 0.001": {"optimizer": "adam", "learning_rate": 0.001},
}
SGD = {"optimizer": "sgd", "learning_rate": 0.1, "crowd_learning_rate": 0.001}
NETWORKS = ("ResNet-34", "VGG-16")
CROWD = {
    "adam": {},
    "adam, from the agreement": {"start": "agreement"},
    "sgd, adam for the layer": {"recipe": SGD},
    "sgd, adam for the layer, from the agreement": {"recipe": SGD, "start": "agreement"},
}


def scores(name, seeds, **options):
    return [(name, "score", seed, options) for seed in seeds]


def table(pruned, part="as published", seeds=SEEDS):
    """Table 2.3: the five labels, on all tasks or on what a job of scores leaves."""
    name = ("" if part == "as published" else f", {part}") + ("" if pruned is None else f" + {pruned}")
    return [
        (f"{labels}{name}", "classifier", seed, dict(labels=labels, pruned=pruned, recipe=PARTS[part]))
        for seed in seeds
        for labels in LABELS
    ]


def parts(names, seeds=range(3)):
    return [
        (f"MV, {name}", "classifier", seed, dict(labels="MV", recipe=PARTS[name])) for seed in seeds for name in names
    ]


def stopped(names, seeds=range(3)):
    """Classifiers of which the epoch counts that does best on the images that the thesis holds out for validation."""
    return [
        (f"MV, {name}, with validation", "stopped", seed, dict(recipe=PARTS[name])) for seed in seeds for name in names
    ]


def crowd(names, seeds=SEEDS, strategies=("CrowdLayer", "CoNAL")):
    return [
        (f"{how}, {name}", "crowd", seed, dict(how=how, **CROWD[name]))
        for seed in seeds
        for name in names
        for how in strategies
    ]


PLANS = {
    # the default, with nothing else on the card
    "alone": scores("WAUM, alone", range(1), recipe={"margin_epochs": 200}),
    "tasks": scores(TASKS, SEEDS, recipe={"margin_epochs": 200}),
    "steady": scores(f"{TASKS}, no drops", range(2), recipe={"margin_epochs": 200, "drops": ()}),
    "votes": scores(VOTES, range(3), epoch="votes", recipe={"margin_epochs": 50}),
    "aumc": scores("AUMC", SEEDS, how="AUMC", recipe={"margin_epochs": 50}),
    "plain": table(None),
    "waum": table(TASKS),  # after "tasks"
    "aumc_table": table("AUMC"),  # after "aumc"
    "votes_table": table(VOTES, seeds=range(3)),  # after "votes"
    "level": table(None, LEVEL)
    + scores(f"{TASKS}, {LEVEL}", SEEDS, recipe={"margin_epochs": 200, **PARTS[LEVEL]})
    + table(f"{TASKS}, {LEVEL}", LEVEL),
    # Figure 2.16, after "tasks"; the ResNet-18 is in "plain" and "waum"
    "networks": [
        job for seed in SEEDS for part in NETWORKS for pruned in (None, TASKS) for job in table(pruned, part, [seed])
    ],
    "stopped": stopped(["as published", "no augmentation", "no weight decay"]),
    "parts": parts([name for name in PARTS if name not in ("as published", *NETWORKS)]),
    "crowd": crowd(["adam", "adam, from the agreement"]),
    "crowd_sgd": crowd(["sgd, adam for the layer", "sgd, adam for the layer, from the agreement"], seeds=range(1)),
}
