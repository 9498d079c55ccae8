"""`simulated_flora`, as Benchopt calls it in each repetition of a run."""

import numpy as np
import pytest


@pytest.fixture
def get_data(benchmark):
    """`get_data(repetition, **parameters)`: what the dataset returns in that repetition of a run."""
    from benchopt.utils.run_context import RunContext

    (dataset_class,) = benchmark.check_dataset_patterns(["simulated_flora"], class_only=True)

    def get(repetition=0, **parameters):
        dataset = dataset_class.get_instance(**parameters)
        dataset._run_context = RunContext(base_seed="0", dataset_name="simulated_flora", repetition=repetition)
        return dataset.get_data()

    return get


def test_the_default_is_small_and_complete(get_data):
    votes = get_data()["votes"]
    assert votes.n_votes == 20_000
    assert votes.author is not None
    assert votes.machine_label is not None
    assert votes.machine_score is not None


def test_expert_votes_are_kept_or_removed_and_the_truth_stays(get_data):
    kept, removed = (get_data(n_votes=3_000, expert_votes=choice) for choice in ("kept", "removed"))
    assert np.array_equal(kept["truth"], removed["truth"])
    known = kept["truth"] >= 0
    lost = kept["votes"].votes_per_task - removed["votes"].votes_per_task
    assert np.array_equal(lost, known.astype(int))  # one expert sees an observation


def test_repetitions_differ_and_each_is_reproducible(get_data):
    first = get_data(0, n_votes=2_000)["truth"]
    assert np.array_equal(first, get_data(0, n_votes=2_000)["truth"])
    assert not np.array_equal(first, get_data(1, n_votes=2_000)["truth"])


def test_what_cannot_be_simulated_is_missing_with_the_reason(get_data):
    assert "at least 2000" in get_data(n_votes=1_000)["missing"]
    assert "take kept or removed" in get_data(expert_votes="dropped")["missing"]
