"""MMSR against a loop over dense matrices, exact matrices, colluders, crowd-kit, and published accuracies."""

import numpy as np
import pandas as pd
import pytest

from benchmark_utils import simulation
from benchmark_utils.strategies.mmsr import MMSR, agreements
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
    worker, partner, count, agreement = agreements(votes)
    np.testing.assert_array_equal(np.argwhere(n_common > 0), np.column_stack([worker, partner]))
    np.testing.assert_allclose(count, n_common[worker, partner])
    np.testing.assert_allclose(agreement, c[worker, partner], atol=1e-12)


def test_iterations_against_a_loop(random_votes):
    votes, _ = random_votes(n_task=40, n_worker=9, n_class=3, per_task=4)
    n_common, c = dense(votes)
    u = v = np.ones(9)

    def solve(v):
        new = np.zeros(9)
        for j in range(9):
            proposals = {m: c[j, m] / v[m] for m in np.flatnonzero(n_common[j])}
            ordered, dropped = sorted(proposals.values()), int(0.3 * len(proposals))
            lowest, highest = ordered[dropped], ordered[len(ordered) - 1 - dropped]
            kept = [m for m, proposal in proposals.items() if lowest <= proposal <= highest]
            new[j] = sum(n_common[j, m] * c[j, m] * v[m] for m in kept) / sum(n_common[j, m] * v[m] ** 2 for m in kept)
        return new

    for _ in range(2):
        u = solve(v)
        v = solve(u)
    result = MMSR(trimmed=0.3).fit(votes, n_iter=2, tol=-1)
    np.testing.assert_allclose(result.worker_score, np.sign(u) * np.sqrt(np.abs(u * v)), rtol=1e-9)


def test_true_skills_are_recovered():
    rng = np.random.default_rng(0)
    truth, accuracy = rng.integers(4, size=20_000), np.array([0.1, 0.25, 0.4, 0.6, 0.8, 0.95])
    wrong = (truth[:, None] + rng.integers(1, 4, size=(20_000, 6))) % 4
    answers = np.where(rng.random((20_000, 6)) < accuracy, truth[:, None], wrong)
    result = MMSR(trimmed=0).fit(Votes.from_matrix(answers, n_class=4), tol=1e-9)
    np.testing.assert_allclose(result.parameters["accuracy"], accuracy, atol=0.02)


def test_a_filter_that_would_swap_partners_for_ever_still_converges():
    crowd = simulation.correlated(seed=4)
    assert MMSR().fit(crowd.votes, n_iter=100).converged


@pytest.mark.parametrize("size", [(45, 14, 4, 30), (30, 13, 4, 30), (52, 9, 2, 180)])
def test_a_crowd_of_noise_converges(size):
    """An unbounded fit has no minimum there: its skills grow for ever."""
    n_task, n_worker, n_class, n_vote = size
    for seed in range(10):
        rng = np.random.default_rng(seed)
        columns = (rng.integers(n, size=n_vote) for n in (n_task, n_worker, n_class))
        result = MMSR().fit(Votes(*columns, n_task, n_worker, n_class))
        assert result.converged
        assert np.abs(result.worker_score).max() <= 2


def test_the_filter_resists_colluders():
    """Four workers of sixteen copy one another at random: they agree perfectly, and know nothing."""
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=300)
    answers = np.where(rng.random((300, 16)) < 0.7, truth[:, None], 1 - truth[:, None])
    answers[:, 12:] = rng.integers(2, size=(300, 1))
    votes = Votes.from_matrix(answers, n_class=2)
    filtered, trusting = MMSR(trimmed=0.25).fit(votes), MMSR(trimmed=0).fit(votes)
    assert filtered.worker_score[12:].max() < filtered.worker_score[:12].min()
    assert trusting.worker_score[12:].max() > trusting.worker_score[:12].max()
    assert (filtered.labels == truth).mean() > (trusting.labels == truth).mean() + 0.1


# crowd-kit 1.4.2: 0.713, 0.767, 0.860, 0.828; on web, music and rte its skills are negative for more than a third of
# the workers, and its accuracies 0.683, 0.743 and 0.858
@pytest.mark.parametrize(
    ("name", "accuracy"),
    [("bluebirds", 0.722), ("labelme", 0.769), ("cf_amt", 0.857), ("dog", 0.830), ("web", 0.827), ("rte", 0.926)],
)
def test_accuracy(name, accuracy, load_data):
    data = load_data(name) if name in ("bluebirds", "labelme") else load_data("local", path=name)
    known = data["truth"] >= 0
    result = MMSR().fit(data["votes"])
    assert result.converged
    assert (result.labels == data["truth"])[known].mean() == pytest.approx(accuracy, abs=0.005)


def test_accuracy_where_crowd_kit_can_be_run(load_data):
    crowd_kit = pytest.importorskip("crowdkit.aggregation")
    data = load_data("bluebirds")
    votes = data["votes"]
    frame = pd.DataFrame({"task": votes.task, "worker": votes.worker, "label": votes.label})
    theirs = crowd_kit.MMSR(n_iter=300).fit_predict(frame).reindex(range(votes.n_task)).to_numpy()
    assert (MMSR().fit(votes).labels == theirs).mean() > 0.97
