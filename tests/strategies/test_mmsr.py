"""MMSR against a loop over dense matrices, exact matrices, colluders, crowd-kit, and published accuracies."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse.linalg import eigsh

from benchmark_utils.strategies.mmsr import MMSR, change
from benchmark_utils.strategies.steps import worker_agreement
from benchmark_utils.strategies.steps.worker_agreement import agreements, signs
from benchmark_utils.votes import Votes

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:crowdkit")  # of pandas 3


def dense(votes):
    """n_jl and C_jl as matrices, by a loop; NaN where there is no common task."""
    n_common, n_equal = np.zeros((2, votes.n_worker, votes.n_worker))
    for e in range(votes.n_votes):
        for f in range(votes.n_votes):
            if votes.task[e] == votes.task[f] and votes.worker[e] != votes.worker[f]:
                n_common[votes.worker[e], votes.worker[f]] += 1
                n_equal[votes.worker[e], votes.worker[f]] += votes.label[e] == votes.label[f]
    with np.errstate(invalid="ignore"):
        return n_common, (votes.n_class * n_equal / n_common - 1) / (votes.n_class - 1)


def test_agreements_against_a_loop(random_votes):
    votes, _ = random_votes(n_task=12, n_worker=8, n_class=3, per_task=3)
    n_common, c = dense(votes)
    worker, partner, c_pair = agreements(votes)
    np.testing.assert_array_equal(np.argwhere(n_common > 0), np.column_stack([worker, partner]))
    np.testing.assert_allclose(c_pair, c[worker, partner], atol=1e-12)


def test_iterations_against_a_loop(random_votes):
    """Two iterations by the words of the paper: sort, drop the extremes about the present value, take the mean."""
    votes, _ = random_votes(n_task=40, n_worker=9, n_class=3, per_task=4)
    n_common, c = dense(votes)
    u = v = np.full(9, np.sqrt(np.abs(c[n_common > 0]).mean()))

    def mean_of_rest(proposals, own):
        proposals = sorted(proposals)
        n_below = min(2, sum(p < own for p in proposals))
        n_above = min(2, sum(p > own for p in proposals))
        return np.mean(proposals[n_below : len(proposals) - n_above])

    for _ in range(2):
        v = np.array([mean_of_rest([abs(c[j, m]) / u[m] for m in np.flatnonzero(n_common[j])], v[j]) for j in range(9)])
        u = np.array([mean_of_rest([abs(c[j, m]) / v[m] for m in np.flatnonzero(n_common[j])], u[j]) for j in range(9)])
    skill = MMSR(n_extreme=2).fit(votes, n_iter=2, tol=-1).worker_score
    expected = np.sign(skill) * u * np.sqrt(np.linalg.norm(v) / np.linalg.norm(u))
    np.testing.assert_allclose(skill, np.clip(expected, 1 / np.sqrt(40) - 1 / 2, 1 - 1 / np.sqrt(40)), rtol=1e-9)
    assert len(np.unique(skill)) > 5


def test_it_ends_where_the_product_stands_still(random_votes):
    votes, _ = random_votes(n_task=40, n_worker=9, n_class=3, per_task=4)
    result = MMSR().fit(votes, tol=1e-9)
    assert result.converged
    further = MMSR().fit(votes, n_iter=result.n_iter + 50, tol=-1)
    np.testing.assert_allclose(further.worker_score, result.worker_score, atol=1e-7)


def test_true_skills_are_recovered():
    rng = np.random.default_rng(0)
    truth, accuracy = rng.integers(4, size=20_000), np.array([0.1, 0.4, 0.5, 0.6, 0.8, 0.95])
    wrong = (truth[:, None] + rng.integers(1, 4, size=(20_000, 6))) % 4
    answers = np.where(rng.random((20_000, 6)) < accuracy, truth[:, None], wrong)
    result = MMSR(n_extreme=0).fit(Votes.from_matrix(answers, n_class=4), tol=1e-9)
    np.testing.assert_allclose(result.parameters["accuracy"], accuracy, atol=0.02)


def test_signs_of_a_rank_one_matrix_are_its_factors():
    rng = np.random.default_rng(0)
    for n_bad in (0, 1, 5):
        truth = np.where(np.arange(12) < n_bad, -1, 1)
        pairs = np.argwhere((rng.random((12, 12)) < 0.5) | (np.abs(np.subtract.outer(range(12), range(12))) == 1))
        pairs = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
        worker, partner = pairs[pairs[:, 0] != pairs[:, 1]].T
        c = truth[worker] * truth[partner] * rng.uniform(0.1, 1)
        np.testing.assert_array_equal(signs(worker, partner, c, 12), truth)


def both_ways(pairs):
    """Worker, partner and agreement of (worker, partner, agreement), each pair both ways."""
    one, other, c = np.array(pairs).T
    return np.append(one, other).astype(int), np.append(other, one).astype(int), np.append(c, c)


def test_signs_outside_the_largest_crowd_are_positive_and_have_no_say_in_it():
    """Workers 0, 10, 20 and 30, of whom 20 contradicts the others; eight pairs who agree; 38 and 39, who do not."""
    largest = [(0, 20, -0.5), (10, 20, -0.5), (20, 30, -0.5), (0, 10, 0.5), (10, 30, 0.5)]
    crowds = both_ways([*largest, *((11 + i, 21 + i, 0.9) for i in range(8)), (38, 39, -0.9)])
    np.testing.assert_array_equal(signs(*crowds, 40), np.where(np.arange(40) == 20, -1, 1))


def test_most_signs_are_positive_whichever_way_the_eigenvector_points(monkeypatch):
    crowd = both_ways([(0, 1, -0.5), (0, 2, -0.5), (1, 2, 0.5)])
    monkeypatch.setattr(worker_agreement, "eigsh", lambda *given, **options: (0, -eigsh(*given, **options)[1]))
    np.testing.assert_array_equal(signs(*crowd, 3), [-1, 1, 1])


def test_signs_of_a_symmetric_crowd_are_the_same_each_time():
    """Neither of two workers who contradict each other is the better: the belief in both is no start."""
    crowd = both_ways([(0, 1, -0.5)])
    assert len({tuple(signs(*crowd, 2)) for _ in range(30)}) == 1


def test_change_is_that_of_the_product():
    u, v, u_before, v_before = np.random.default_rng(0).random((4, 7))
    expected = np.linalg.norm(np.outer(u, v) - np.outer(u_before, v_before))
    assert change(u, v, u_before, v_before) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("seed", [253, 396, 400])
def test_a_crowd_of_noise_stays_finite(seed):
    """The fit runs off to infinity there."""
    rng = np.random.default_rng(seed)
    n_task, n_worker, n_class, n_vote = (rng.integers(1, n) for n in (40, 15, 5, 200))
    columns = (rng.integers(n, size=n_vote) for n in (n_task, n_worker, n_class))
    result = MMSR().fit(Votes(*columns, n_task, n_worker, n_class), n_iter=3000)
    assert np.isfinite(result.history).all()
    assert np.isfinite(result.soft).all()


def test_the_filter_resists_colluders():
    """Four workers of sixteen copy one another at random: they agree perfectly, and know nothing."""
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=300)
    answers = np.where(rng.random((300, 16)) < 0.7, truth[:, None], 1 - truth[:, None])
    answers[:, 12:] = rng.integers(2, size=(300, 1))
    votes = Votes.from_matrix(answers, n_class=2)
    filtered, trusting = MMSR().fit(votes), MMSR(n_extreme=0).fit(votes)
    strength, believed = np.abs(filtered.worker_score), np.abs(trusting.worker_score)
    assert strength[12:].max() < strength[:12].min()
    assert np.median(believed[12:]) > np.median(believed[:12])
    assert (filtered.labels == truth).mean() > (trusting.labels == truth).mean() + 0.1


CROWDS = ["bluebirds", "labelme", "music", "rte", "dog", "web", "cf_amt", "sp_amt"]


def load(load_data, name):
    return load_data(name) if name in CROWDS[:3] else load_data("local", path=name)


@pytest.mark.parametrize(
    ("name", "accuracy"), list(zip(CROWDS, (0.713, 0.773, 0.803, 0.898, 0.823, 0.679, 0.860, 0.946), strict=True))
)
def test_accuracy(name, accuracy, load_data):
    data = load(load_data, name)
    known = data["truth"] >= 0
    result = MMSR().fit(data["votes"])
    assert result.converged
    assert (result.labels == data["truth"])[known].mean() == pytest.approx(accuracy, abs=0.001)


@pytest.mark.parametrize("name", CROWDS)
def test_skills_are_crowd_kits_save_for_the_signs(name, load_data):
    """The size of every weight agrees. Where crowd-kit's signs differ, ours contradict fewer agreements.

    The labels then differ by the signs, and since crowd-kit never chooses a class that nobody voted for: in the paper
    its score is 0, above the sum of negative weights.
    """
    crowd_kit = pytest.importorskip("crowdkit.aggregation")
    votes = load(load_data, name)["votes"]
    frame = pd.DataFrame({"task": votes.task, "worker": votes.worker, "label": votes.label})
    model = crowd_kit.MMSR(n_iter=2000)
    labels = model.fit_predict(frame).reindex(range(votes.n_task)).to_numpy()
    theirs = model.skills_.reindex(range(votes.n_worker)).to_numpy()  # log((K - 1) p / (1 - p))
    result = MMSR().fit(votes, tol=1e-10)
    p, same_sign = result.parameters["accuracy"], np.sign(result.worker_score) == np.sign(theirs)
    ours = np.log((votes.n_class - 1) * p / (1 - p))
    np.testing.assert_allclose(ours[same_sign], theirs[same_sign], atol=1e-6)

    worker, partner, c = agreements(votes)

    def contradicted(skill):
        return np.mean(np.sign(skill[worker] * skill[partner]) * np.sign(c) < 0)

    if same_sign.all():
        np.testing.assert_array_equal(result.labels, labels)
    else:
        assert contradicted(result.worker_score) < contradicted(theirs)


def test_a_single_task_gets_its_majority_vote():
    for label in ([0, 1, 1], [2, 0, 2, 1, 2], [1, 0, 0, 0]):
        votes = Votes(np.ones(len(label), int), np.arange(len(label)), label, 2, len(label) + 1, 3)
        result = MMSR().fit(votes)
        assert result.labels.tolist() == [-1, np.bincount(label).argmax()]
        assert np.isfinite(result.worker_score).all()
