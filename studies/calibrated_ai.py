"""What the calibration of the AI's scores changes for PlantNet[ai=confident], on simulated observers.

    python -m studies.calibrated_ai

Three crowds of 200,000 votes. The temperature is fitted on half of the truths, and all is measured on the others.
"""

import numpy as np
from scipy.sparse import csr_array

from benchmark_utils.crowds.published.plantnet_calibration import calibrate
from benchmark_utils.crowds.simulated.flora import flora
from benchmark_utils.scoring.against_truth import score
from benchmark_utils.scoring.calibration import expected_calibration_error
from benchmark_utils.strategies.plantnet import PlantNet


def measure(votes, truth):
    """ECE of the AI's answers, and AccTrain and share of valid observations with the AI's confident vote."""
    known = (truth >= 0) & (votes.machine_label >= 0) & np.isfinite(votes.machine_score)
    said = (votes.machine_score[known], votes.machine_label[known], np.arange(known.sum() + 1))
    ece = expected_calibration_error(csr_array(said, shape=(known.sum(), votes.n_class)), truth[known])
    result = PlantNet(ai="confident").fit(votes)
    scores = score(votes, truth, result.labels)
    return ece, scores["acc_train"], scores["acc_disagreement"], scores["valid_fraction"]


def main():
    before, after, temperatures = [], [], []
    for seed in range(3):
        crowd = flora(200_000, seed=seed)
        votes, left, temperature = calibrate(crowd.votes, crowd.truth, seed=seed)
        temperatures.append(temperature)
        before.append(measure(crowd.votes, left))
        after.append(measure(votes, left))
    print(f"temperature {np.mean(temperatures):.3f} ± {np.std(temperatures, ddof=1) / 3**0.5:.3f}")
    print("| scores | ECE | Acc, all | Acc, disagreement | valid |\n| --- | --- | --- | --- | --- |")
    for name, rows in (("as they come", before), ("calibrated", after)):
        cells = zip(np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1) / 3**0.5, strict=True)
        print(f"| {name} | {' | '.join(f'{mean:.3f} ± {error:.3f}' for mean, error in cells)} |")


if __name__ == "__main__":
    main()
