from dataclasses import fields

import numpy as np

from benchmark_utils.harness.solver import OnePassSolver
from benchmark_utils.strategies.plantnet import PlantNet
from benchmark_utils.votes import Votes


class Solver(OnePassSolver):
    """Pl@ntNet: weights grow with the number of species a user identified; what too few trusted users back is invalid.

    T. Lefort, "Label ambiguity in crowdsourcing for classification and expert feedback", thesis, University of
    Montpellier (2024), Algorithm 5. weight: current, linear, sqrt, power75, square, log; penalty: none, difference,
    ratio, accuracy, reviewed, reviewed_valid; ai: ignored, worker, fixed, invalidating, confident. theta_conf None goes
    with the weight.
    """

    name = "PlantNet"
    parameters = {option.name: [option.default] for option in fields(PlantNet)}

    @property
    def parameter_template(self):
        """What is part of the name: `weight`, and each option that is not the default."""
        named = sorted(k for k, v in self._parameters.items() if k == "weight" or v != self.parameters[k][0])
        return ",".join(f"{option}={{{option}}}" for option in named)

    def get_strategy(self):
        return PlantNet(**{option: getattr(self, option) for option in self.parameters})

    def skip(self, votes, **task_data):
        """Skip datasets without the model's answers where they are asked for."""
        if self.ai != "ignored" and votes.machine_label is None:
            return True, f"ai={self.ai} needs a model's answers, which this dataset lacks"
        if self.ai == "confident" and votes.machine_score is None:
            return True, "ai=confident needs a model's scores, which this dataset lacks"
        return super().skip(votes, **task_data)

    def warm_up(self):
        one = np.zeros(1, dtype=int)
        self.aggregate(Votes(one, one, one, 1, 1, 1, author=one, machine_label=one, machine_score=one), 2)
