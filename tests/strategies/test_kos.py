"""KOS against a loop over the edges, crowd-kit, and the published accuracy."""

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.strategies.kos import KOS, Crowd
from benchmark_utils.votes import Votes, VotesError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:crowdkit")  # of pandas 3


def loop(votes, message, n_iter):
    """The messages of the thesis, edge by edge, y scaled at the end only; and the labels."""
    edges = list(zip(votes.task, votes.worker, 2 * votes.label - 1, strict=True))
    y = dict(enumerate(message))
    for _ in range(n_iter):
        x = {
            e: sum(a * y[f] for f, (task, _, a) in enumerate(edges) if task == edges[e][0] and f != e)
            for e in range(len(edges))
        }
        y = {
            e: sum(a * x[f] for f, (_, worker, a) in enumerate(edges) if worker == edges[e][1] and f != e)
            for e in range(len(edges))
        }
    y = np.array(list(y.values()))
    total = np.bincount(votes.task, [a * m for (_, _, a), m in zip(edges, y, strict=True)], votes.n_task)
    return y / np.sqrt(np.mean(y**2)), (total > 0).astype(int)


@pytest.mark.parametrize("seed", range(3))
def test_against_a_loop_over_the_edges(seed, random_votes):
    votes, _ = random_votes(seed, n_task=14, n_worker=6, n_class=2, per_task=3)
    start = KOS().fit(votes, n_iter=0, seed=seed).parameters["message"]
    for n_iter in (1, 3):
        result = KOS().fit(votes, n_iter=n_iter, tol=-1, seed=seed)
        message, labels = loop(votes, start, n_iter)
        np.testing.assert_allclose(result.parameters["message"], message, rtol=1e-9)
        np.testing.assert_array_equal(result.labels, labels)


def test_a_task_that_nobody_with_a_message_answered_falls_back_on_its_votes():
    votes = Votes([0, 0, 0, 1, 1], [0, 1, 2, 3, 4], [1, 1, 0, 0, 0], 2, 5, 2)  # five workers, one vote each
    result = KOS().fit(votes)
    np.testing.assert_array_equal(result.labels, [1, 0])
    np.testing.assert_allclose(result.soft, [[1 / 3, 2 / 3], [1, 0]])
    assert result.converged


def test_more_than_two_classes_are_refused(random_votes):
    votes, _ = random_votes(n_class=3)
    with pytest.raises(VotesError, match="two classes and these votes have 3"):
        KOS().fit(votes)


@pytest.mark.parametrize("name", ["bluebirds", "rte", "sp_amt"])
def test_labels_are_those_of_crowd_kit(name, load_data):
    crowd_kit = pytest.importorskip("crowdkit.aggregation")
    data = load_data(name) if name == "bluebirds" else load_data("local", path=name)
    votes = data["votes"]
    frame = pd.DataFrame({"task": votes.task, "worker": votes.worker, "label": votes.label})
    theirs = crowd_kit.KOS(random_state=0).fit_predict(frame).reindex(range(votes.n_task))
    result = KOS().fit(votes)
    assert (result.labels == theirs.to_numpy()).mean() > 0.995
    if name == "bluebirds":
        assert (result.labels == data["truth"]).mean() == pytest.approx(0.722, abs=0.005)


@pytest.mark.parametrize("seed", range(12))
def test_a_unanimous_crowd_is_not_turned_round(seed):
    """Two parts that no worker joins: each has a sign of its own, and the drawn start may have either."""
    task, worker = np.divmod(np.arange(20), 2)
    votes = Votes(task, worker + 2 * (task >= 5), task % 2, 10, 4, 2)
    for n_iter in (15, 100):
        assert KOS().fit(votes, n_iter=n_iter, seed=seed).labels.tolist() == [0, 1] * 5


def signs(votes, message):
    """The sign of each worker: walk from task to worker to task, and count where messages and majority agree."""
    answer = 2 * votes.label - 1
    edges = list(zip(votes.task, votes.worker, answer, answer * message, strict=True))
    sign, unseen = np.ones(votes.n_worker), set(range(votes.n_worker))
    while unseen:
        part, size = {unseen.pop()}, 0
        while len(part) > size:
            size = len(part)
            tasks = {task for task, worker, _, _ in edges if worker in part}
            part |= {worker for task, worker, _, _ in edges if task in tasks}
        totals = [np.sum([edge[2:] for edge in edges if edge[0] == task], axis=0) for task in tasks]
        if sum(np.sign(majority) * np.sign(says) for majority, says in totals) < 0:
            sign[list(part)] = -1
        unseen -= part
    return sign


def test_each_part_of_a_crowd_has_a_sign_of_its_own():
    rng = np.random.default_rng(0)
    turned = 0
    for _ in range(100):
        task, worker, label = rng.integers([[15], [12], [2]], size=(3, 14))
        votes = Votes(task, worker, label, 16, 13, 2)  # with tasks and workers without votes
        message = rng.normal(size=votes.n_votes)
        answer = 2.0 * votes.label - 1
        found = Crowd(votes, votes.task, answer).sign(np.bincount(votes.task, answer * message, votes.n_task))
        np.testing.assert_array_equal(found, signs(votes, message))
        turned += (found < 0).sum()
    assert turned > 100


def test_messages_that_never_stand_still_end_after_a_fixed_number_of_iterations(random_votes):
    votes, _ = random_votes(n_class=2, skill=0.1)
    result = KOS().fit(votes, n_iter=10**6, tol=-1)
    assert result.converged
    assert result.n_iter == 100
    assert not KOS().fit(votes, n_iter=99, tol=-1).converged
