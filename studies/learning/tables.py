"""The learnt strategies on a CPU, beside the thesis's Tables 2.1 and 2.2 and the published figures on LabelMe.

    python -m studies.learning.tables --data ../shared/data

Test accuracy and ECE, mean and deviation: ten repetitions of the simulators, a new crowd each; five seeds on LabelMe
and Music, where the thesis trains on images: there, the differences between rows compare and the levels do not. On
one core LabelMe takes 100 seconds, Music 47 and the variants 63; --only points, labelme, music or variants takes some.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmark_utils.crowds.simulated.points import three_circles, two_moons
from benchmark_utils.learning.classifier import Classifier
from benchmark_utils.learning.conal import CoNAL
from benchmark_utils.learning.confident_learning import ConfidentLearning
from benchmark_utils.learning.crowd_layer import FORMS, CrowdLayer
from benchmark_utils.learning.crowdlab import CROWDLAB
from benchmark_utils.learning.pruning import AUMC, ESTIMATORS, WAUM
from benchmark_utils.scoring.against_truth import score_test
from benchmark_utils.votes import Votes
from studies.learning.crowds import labelme, music

PLAIN = {name: Classifier(labels=name) for name in ("MV", "NS", "DS", "GLAD", "WDS")}
THREE_CIRCLES = {
    **PLAIN,
    "WDS + AUMC(0.1)": AUMC(alpha=0.1),
    "WDS + WAUM(0.01)": WAUM(alpha=0.01),
    "WDS + WAUM(0.1)": WAUM(alpha=0.1),
    "WDS + WAUM(0.25)": WAUM(alpha=0.25),
}
TWO_MOONS = {
    **{name: PLAIN[name] for name in ("MV", "NS", "DS", "GLAD")},
    **{f"WDS + WAUM({alpha})": WAUM(alpha=alpha) for alpha in (0.001, 0.01, 0.1, 0.25)},
}


def of_features(alpha):
    """The rows of LabelMe, where the thesis prunes 1 %, and of Music, where it prunes 5 %."""
    return {
        **PLAIN,
        "CROWDLAB": CROWDLAB(),
        "CrowdLayer": CrowdLayer(),
        "CoNAL": CoNAL(),
        "CoNAL(1e-4)": CoNAL(scale=1e-4),
        f"CoNAL + WAUM({alpha})": CoNAL(alpha=alpha),
        f"CoNAL(1e-4) + WAUM({alpha})": CoNAL(scale=1e-4, alpha=alpha),
        **{f"{name} + WAUM({alpha})": WAUM(labels=name, alpha=alpha) for name in PLAIN},
        f"WDS + AUMC({alpha})": AUMC(alpha=alpha),
    }


VARIANTS = {
    "CrowdLayer, agreement": CrowdLayer(start="agreement"),
    "CoNAL, agreement": CoNAL(start="agreement"),
    **{f"CrowdLayer, {form}": CrowdLayer(form=form) for form in FORMS[1:]},
    "probability, trace": CrowdLayer(form="probability", trace=0.01),
    "ConfidentLearning": ConfidentLearning(),
    **{f"WAUM, {name}": WAUM(estimator=name) for name in ESTIMATORS[1:]},
    "AUM of WDS": AUMC(given="aggregated"),
}
TABLE_2_1 = {
    "MV": "0.73 +- 0.03", "NS": "0.70 +- 0.02", "DS": "0.75 +- 0.07", "GLAD": "0.58 +- 0.02", "WDS": "0.81 +- 0.04",
    "WDS + AUMC(0.1)": "0.81 +- 0.02", "WDS + WAUM(0.01)": "0.80 +- 0.04", "WDS + WAUM(0.1)": "0.83 +- 0.03",
    "WDS + WAUM(0.25)": "0.69 +- 0.02",
}  # fmt: skip
TABLE_2_2 = {
    "MV": "0.894 +- 0.002", "NS": "0.887 +- 0.002", "DS": "0.867 +- 0.000", "GLAD": "0.872 +- 0.006",
    "WDS + WAUM(0.001)": "0.875 +- 0.002", "WDS + WAUM(0.01)": "0.874 +- 0.002", "WDS + WAUM(0.1)": "0.870 +- 0.003",
    "WDS + WAUM(0.25)": "0.829 +- 0.006",
}  # fmt: skip
PUBLISHED_LABELME = {
    "MV": "0.856",
    "NS": "0.864",
    "GLAD": "0.875",
    "CrowdLayer": "0.872",
    "CoNAL": "0.885",
    "CoNAL(1e-4)": "0.889",
    "CoNAL(1e-4) + WAUM(0.01)": "0.900",
}


def print_table(title, strategies, crowds, published):
    """One row per strategy: ours, the ECE, and what is published."""
    print(f"\n{title}\n{'strategy':24} {'test accuracy':17} {'ECE':17} published")
    for name, strategy in strategies.items():
        scores = []
        for seed, crowd in enumerate(crowds):
            learnt = strategy.fit(crowd["votes"], crowd["tasks"], seed=seed)
            scores.append(score_test(learnt.predict(crowd["test_tasks"]), crowd["test_truth"]))
        columns = (np.array([score[key] for score in scores]) for key in ("acc_test", "ece_test"))
        ours = "  ".join(f"{c.mean():.3f} +- {c.std(ddof=1):.3f}" for c in columns)
        print(f"{name:24} {ours}  {published.get(name, '-')}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds labelme/")
    tables = ["points", "labelme", "music", "variants"]
    parser.add_argument("--only", nargs="+", choices=tables, default=tables)
    options = parser.parse_args()

    if "points" in options.only:
        crowds = [three_circles(seed)._asdict() for seed in range(10)]
        print_table("three_circles, 10 repetitions; published: Table 2.1", THREE_CIRCLES, crowds, TABLE_2_1)
        crowds = [two_moons(seed)._asdict() for seed in range(10)]
        print_table("two_moons, 10 repetitions; published: Table 2.2", TWO_MOONS, crowds, TABLE_2_2)

    for name, read, alpha, published in (("labelme", labelme, 0.01, PUBLISHED_LABELME), ("music", music, 0.05, {})):
        if name not in options.only:
            continue
        crowd = read(options.data)
        truth = crowd.pop("truth")
        oracle = Votes(np.arange(len(truth)), np.zeros(len(truth), dtype=int), truth, len(truth), 1, truth.max() + 1)
        print_table(f"{name}, features, 5 seeds", of_features(alpha), [crowd] * 5, published)
        rest = [{**crowd, "votes": oracle}] * 5
        print_table(f"{name}, the truth as votes", {"truth": Classifier(labels="MV")}, rest, {})
    if "variants" in options.only:
        crowd = labelme(options.data)
        print_table("labelme, the parameters that no default run takes", VARIANTS, [crowd] * 5, {})


if __name__ == "__main__":
    main()
