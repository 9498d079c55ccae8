"""Statistics of a set of votes."""

import numpy as np
import pytest

from benchmark_utils.votes import Votes
from benchmark_utils.votes.description import describe, entropy, in_a_line, krippendorff_alpha

# the worked example of the thesis, section 3.4: rows are workers, columns tasks, -1 where there is no vote
EXAMPLE = Votes.from_matrix(
    np.array(
        [
            [-1, 1, 1, 2, 1],
            [0, 1, -1, -1, 0],
            [0, 2, -1, 2, 0],
            [0, -1, 1, 2, 2],
        ]
    ).T
)
EXAMPLE_COINCIDENCES = np.array([[11 / 3, 2 / 3, 2 / 3], [2 / 3, 3, 4 / 3], [2 / 3, 4 / 3, 3]])


def alpha_of_coincidences(o):
    """Equation 3.3 on a matrix of coincidences."""
    n_c, n = o.sum(axis=1), o.sum()
    by_chance = (n_c * (n_c - 1)).sum()
    return ((n - 1) * np.trace(o) - by_chance) / (n * (n - 1) - by_chance)


def coincidences_one_pair_at_a_time(votes):
    o = np.zeros((votes.n_class, votes.n_class))
    for task in range(votes.n_task):
        given = votes.label[votes.task == task]
        for a in range(len(given)):
            for b in range(len(given)):
                if a != b:
                    o[given[a], given[b]] += 1 / (len(given) - 1)
    return o


def test_alpha_of_the_worked_example():
    assert krippendorff_alpha(EXAMPLE) == pytest.approx(0.502, abs=5e-4)
    assert krippendorff_alpha(EXAMPLE) == pytest.approx(alpha_of_coincidences(EXAMPLE_COINCIDENCES))
    np.testing.assert_allclose(coincidences_one_pair_at_a_time(EXAMPLE), EXAMPLE_COINCIDENCES)


def test_alpha_is_one_minus_observed_over_expected(random_votes):
    for seed in range(5):
        votes, _ = random_votes(seed, n_task=30, per_task=4, skill=0.3 + 0.1 * seed)
        o = coincidences_one_pair_at_a_time(votes)
        n_c, n = o.sum(axis=1), o.sum()
        observed = 1 - np.trace(o) / n
        expected = 1 - (n_c * (n_c - 1)).sum() / (n * (n - 1))
        assert krippendorff_alpha(votes) == pytest.approx(1 - observed / expected)


def test_a_vote_alone_on_its_task_does_not_count():
    frame = EXAMPLE.to_frame()
    alone = Votes(
        np.append(frame.task, [5, 6]), np.append(frame.worker, [0, 1]), np.append(frame.label, [0, 2]), 9, 4, 3
    )
    assert krippendorff_alpha(alone) == krippendorff_alpha(EXAMPLE)


def test_alpha_of_full_agreement_and_of_full_disagreement():
    assert krippendorff_alpha(Votes([0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 1, 1], 2, 2, 2)) == 1
    # two pairs that differ: observed disagreement 1, expected 2/3
    assert krippendorff_alpha(Votes([0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0], 2, 2, 2)) == pytest.approx(-0.5)


def test_alpha_is_not_defined_without_pairs_or_with_one_class():
    assert np.isnan(krippendorff_alpha(Votes([0, 1], [0, 0], [0, 1], 2, 1, 2)))
    assert np.isnan(krippendorff_alpha(Votes([0, 0, 1, 1, 2], [0, 1, 0, 1, 0], [1, 1, 1, 1, 0], 3, 2, 2)))


def test_describe():
    votes = Votes([0, 0, 0, 0, 1, 1, 2], [0, 0, 1, 2, 0, 1, 0], [0, 0, 1, 0, 2, 2, 0], n_task=5, n_worker=9, n_class=7)
    result = describe(votes, truth=[0, -1, 3, -1, -1])
    assert result == {
        "tasks": 5,
        "voted_tasks": 3,
        "workers": 3,
        "votes": 6,
        "classes": 7,
        "voted_classes": 3,
        "repeats_dropped": 1,
        "feedback_effort_mean": 2.0,  # 3, 2 and 1 votes
        "feedback_effort_min": 1.0,
        "feedback_effort_q25": 1.5,
        "feedback_effort_median": 2.0,
        "feedback_effort_q75": 2.5,
        "feedback_effort_max": 3.0,
        "workload_mean": 2.0,  # 3, 2 and 1 votes
        "workload_min": 1.0,
        "workload_q25": 1.5,
        "workload_median": 2.0,
        "workload_q75": 2.5,
        "workload_max": 3.0,
        "disagreement": pytest.approx(1 / 3),
        "alpha": krippendorff_alpha(votes),
        "tasks_with_truth": 2,
    }
    assert describe(votes)["tasks_with_truth"] == 0


def test_entropy():
    votes = Votes([0, 0, 1, 1, 2, 2, 2, 3], [0, 1, 0, 1, 0, 1, 2, 0], [0, 1, 2, 2, 0, 0, 1, 4], 5, 3, 5)
    mixed = -(2 / 3 * np.log(2 / 3) + 1 / 3 * np.log(1 / 3))
    np.testing.assert_allclose(entropy(votes), [np.log(2), 0, mixed, 0, np.nan])


@pytest.mark.parametrize(
    ("name", "tasks", "workers", "n_votes", "classes", "with_truth", "alpha"),
    [
        ("bluebirds", 108, 39, 4_212, 2, 108, 0.126),
        ("labelme", 1_000, 59, 2_547, 8, 1_000, 0.677),
        ("music", 700, 44, 2_945, 10, 700, 0.301),
        ("cifar10h", 10_000, 2_571, 511_146, 10, 10_000, 0.915),
        ("audiobirds", 79_592, 205, 215_000, 2, 8_109, 0.81),
    ],
)
def test_facts_of_the_real_crowds(load_data, name, tasks, workers, n_votes, classes, with_truth, alpha):
    data = load_data(name)
    result = describe(data["votes"], data["truth"])
    keys = ("tasks", "workers", "votes", "classes", "tasks_with_truth")
    assert tuple(result[key] for key in keys) == (tasks, workers, n_votes, classes, with_truth)
    assert result["alpha"] == pytest.approx(alpha, abs=0.005 if alpha == 0.81 else 5e-4)


def test_a_crowd_in_a_line_rounds_to_no_whole_truth(random_votes):
    votes, truth = random_votes(n_task=3000)
    assert in_a_line(votes, truth).endswith("truth of 100 % of the tasks")
    truth[0] = -1
    line = in_a_line(votes, truth)
    assert line.startswith("3,000 tasks, 15,000 votes of 12 workers, 4 classes, alpha 0.")
    assert line.endswith("truth of 99.9 % of the tasks")
    assert in_a_line(votes, np.full(3000, -1)).endswith("truth of 0 % of the tasks")
