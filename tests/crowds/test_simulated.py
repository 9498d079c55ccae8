"""`simulated`, as Benchopt calls it in each repetition of a run."""

import numpy as np
import pytest

from benchmark_utils.crowds.simulated.confusions import SCENARIOS
from benchmark_utils.crowds.simulated.points import TASK_SCENARIOS


@pytest.fixture
def get_data(benchmark):
    """`get_data(repetition, base_seed, **parameters)`: what the dataset returns in that repetition of a run."""
    from benchopt.utils.run_context import RunContext

    (dataset_class,) = benchmark.check_dataset_patterns(["simulated"], class_only=True)

    def get(repetition=0, base_seed="0", **parameters):
        dataset = dataset_class.get_instance(**parameters)
        dataset._run_context = RunContext(base_seed=base_seed, dataset_name=str(dataset), repetition=repetition)
        return dataset.get_data()

    return get


def test_the_default_grid_is_the_three_published_scenarios_and_all_is_every_one(benchmark):
    ((_, parameters),) = benchmark.check_dataset_patterns(["simulated"])
    assert parameters["scenario"] == ["independent", "correlated", "difficulty"]
    ((_, parameters),) = benchmark.check_dataset_patterns(["simulated[scenario=all]"])
    assert parameters["scenario"] == [*SCENARIOS, *TASK_SCENARIOS]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_defaults_are_the_published_sizes(get_data, scenario):
    data = get_data(scenario=scenario)
    votes, n_worker = data["votes"], 100 if scenario == "difficulty" else 30
    assert (votes.n_task, votes.n_worker, votes.n_class, votes.n_votes) == (200, n_worker, 5, 2000)
    assert data["truth"].shape == (200,)
    assert data["confusion"].shape == (n_worker, 5, 5)


def test_parameters_reach_the_simulator(get_data):
    votes = get_data(scenario="adversarial", n_task=50, n_worker=12, n_class=3, feedback=4)["votes"]
    assert (votes.n_task, votes.n_worker, votes.n_class, votes.n_votes) == (50, 12, 3, 200)
    votes = get_data(imbalanced_votes=True)["votes"]
    assert len(np.unique(votes.votes_per_task)) > 20


def test_repetitions_and_base_seeds_differ_and_each_is_reproducible(get_data):
    first = get_data(0)["truth"]
    assert np.array_equal(first, get_data(0)["truth"])
    assert not np.array_equal(first, get_data(1)["truth"])
    assert not np.array_equal(first, get_data(0, base_seed="1")["truth"])


def test_what_cannot_be_simulated_is_missing_with_the_reason(get_data):
    assert "need as many workers" in get_data(feedback=31)["missing"]
    assert "'unknown' is unknown: take one of independent, " in get_data(scenario="unknown")["missing"]
