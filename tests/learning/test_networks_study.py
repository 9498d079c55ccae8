"""Figure 2.16: what the table and the gains say of the lines of a run."""

import json

import pytest

from studies.learning.cifar10h_plans import TASKS
from studies.learning.networks import draw, gains, read, to_markdown


@pytest.fixture
def rows(tmp_path):
    scores = {  # name: test accuracy of seeds 0, 1, ...
        "MV": (0.5, 0.7),
        f"MV + {TASKS}": (0.6, 0.9),
        "MV + AUMC": (0.1,),  # not of the figure
        "WDS, VGG-16": (0.8,),
        f"WDS, VGG-16 + {TASKS}": (0.7, 0.9),  # the second has no partner
        f"DS, VGG-16 + {TASKS}": (0.6,),
    }
    lines = [
        dict(name=name, seed=seed, acc_test=accuracy, ece_test=0.25)
        for name, found in scores.items()
        for seed, accuracy in enumerate(found)
    ]
    path = tmp_path / "streams.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return read(path)


def test_the_table_has_mean_deviation_calibration_and_seeds(rows):
    titles, _, mv, ns, ds, _, wds = to_markdown(rows).splitlines()
    assert titles == "| labels | ResNet-18 | + WAUM | VGG-16 | + WAUM |"
    assert mv == "| MV | 60.0 ± 14.1 (0.75), 2 | 75.0 ± 21.2 (0.75), 2 |  |  |"
    assert ns == "| NS |  |  |  |  |"
    assert ds == "| DS |  |  |  | 60.0 (0.75), 1 |"
    assert wds == "| WDS |  |  | 80.0 (0.75), 1 | 80.0 ± 14.1 (0.75), 2 |"


def test_a_gain_pairs_runs_of_one_seed_and_one_aggregation(rows):
    resnet, vgg = gains(rows).splitlines()
    assert resnet == "ResNet-18: +15.00 ± 5.00 points (pairs: 2)"
    assert vgg == "VGG-16: -10.00 ± nan points (pairs: 1)"


def test_the_picture_has_a_point_for_every_run(rows):
    axes = draw(rows).axes
    points = sum(len(line.get_xdata()) for line in axes[0].lines if line.get_marker() == "o")
    assert (len(axes), points) == (4, 4)
