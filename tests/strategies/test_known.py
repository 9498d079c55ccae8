"""Known truths: what is refused, what is fixed, and the survey's accuracies by the share that is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from benchmark_utils.strategies.bwa import BWA
from benchmark_utils.strategies.catd import CATD
from benchmark_utils.strategies.crh import CRH
from benchmark_utils.strategies.glad import GLAD
from benchmark_utils.strategies.iwmv import IWMV
from benchmark_utils.strategies.la import LA
from benchmark_utils.strategies.mace import MACE
from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.strategies.wawa import WAWA
from benchmark_utils.strategies.weighted_majority_vote import GoldMajorityVote
from benchmark_utils.strategies.zbs import ZeroBasedSkill
from benchmark_utils.strategies.zc import ZC
from benchmark_utils.votes import Votes, VotesError, counts
from tests.strategies.literature_crowds import accuracy

STRATEGIES = {
    "ZC": ZC(),
    "CATD": CATD(),
    "CRH": CRH(),
    "LA-1": LA(passes=1),
    "LA-2": LA(passes=2),
    "GoldMV": GoldMajorityVote(),
    "WAWA": WAWA(),
    "IWMV": IWMV(),
    "ZBS": ZeroBasedSkill(),
    "GLAD": GLAD(),
    "MACE": MACE(),
    "MACE-EM": MACE(variational=False),
    "BWA": BWA(),
}
each = pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)


@each
def test_nothing_known_changes_nothing(strategy, random_votes):
    votes, _ = random_votes(skill=0.3)
    result, again = strategy.fit(votes), strategy.fit(votes, known=np.full(votes.n_task, -1))
    np.testing.assert_array_equal(result.labels, again.labels)
    np.testing.assert_array_equal(result.soft, again.soft)
    np.testing.assert_array_equal(result.worker_score, again.worker_score)


@each
@pytest.mark.parametrize("large", [False, True])
def test_known_tasks_keep_their_class(strategy, large, random_votes, monkeypatch):
    """A class that nobody voted for and a task without votes included."""
    votes, _ = random_votes(n_task=60, n_class=9, per_task=3)
    votes = Votes(votes.task, votes.worker, votes.label, 61, votes.n_worker, 9)
    known = np.where(np.arange(61) % 2 == 0, np.arange(61) % 9, -1)
    if large:
        monkeypatch.setattr(counts, "DENSE_ENTRIES", 0)
    result = strategy.fit(votes, known=known)
    is_known = known >= 0
    np.testing.assert_array_equal(result.labels[is_known], known[is_known])
    assert sparse.issparse(result.soft) == (large and not isinstance(strategy, BWA))  # whose labels are dense
    soft = result.soft.toarray() if sparse.issparse(result.soft) else result.soft
    np.testing.assert_allclose(soft[is_known], np.eye(9)[known[is_known]])
    if not large:
        np.testing.assert_allclose(soft.sum(axis=1), 1)
    unknown = strategy.fit(votes)
    assert (unknown.labels[:60] >= 0).all()
    assert unknown.labels[60] == -1


@each
def test_a_worker_who_contradicts_what_is_known_is_found_out(strategy, random_votes):
    """Three workers are always wrong, and alike; two are right: without known tasks the three are believed."""
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=200)
    matrix = np.column_stack([1 - truth] * 3 + [truth] * 2)
    matrix[rng.random((200, 5)) < 0.1] = -1
    known = np.where(np.arange(200) < 150, truth, -1)
    votes = Votes.from_matrix(matrix, n_class=2)
    asked = (votes.votes_per_task > 0) & (known < 0)
    assert np.mean(strategy.fit(votes).labels == truth) < 0.2
    result = strategy.fit(votes, known=known)
    assert result.worker_score[3:].min() > result.worker_score[:3].max()
    assert np.mean((result.labels == truth)[asked]) > 0.95


@each
@pytest.mark.parametrize(
    ("known", "message"),
    [
        ([0, 1], r"known has shape \(2,\): it needs one entry per task, \(3,\)"),
        ([0, 2, -1], r"known is not below n_class = 2 in row 1 \(found 2\)"),
        ([-2, 0, 1], r"known is below -1 in row 0 \(found -2\)"),
        ([0, 0.5, 1], r"known is fractional or missing in row 1 \(found 0.5\)"),
        ([0, 0, np.nan], "known is fractional or missing in row 2"),
        (["a", "b", "a"], "known holds <U1: it needs integer codes"),
    ],
)
def test_what_is_not_a_truth_is_refused(strategy, known, message):
    with pytest.raises(VotesError, match=message):
        strategy.fit(Votes([0, 1, 2], [0, 0, 0], [0, 1, 0], 3, 1, 2), known=known)


# accuracy on the other tasks where 10, ..., 50 % of the truths are known; means over 100 draws
SURVEY = pd.DataFrame(
    {
        ("bluebirds", "ZC"): [0.7374, 0.7744, 0.7875, 0.7992, 0.8083],
        ("bluebirds", "CATD"): [0.7879, 0.7929, 0.7942, 0.7962, 0.7993],
        ("bluebirds", "CRH"): [0.7870, 0.7911, 0.7939, 0.7966, 0.7994],
        ("dog", "ZC"): [0.8303, 0.8309, 0.8321, 0.8336, 0.8343],
        ("dog", "CATD"): [0.8221, 0.8235, 0.8264, 0.8287, 0.8317],
        ("dog", "CRH"): [0.8189, 0.8184, 0.8182, 0.8193, 0.8200],
        ("face", "ZC"): [0.6287, 0.6312, 0.6337, 0.6372, 0.6408],
        ("face", "CATD"): [0.6258, 0.6294, 0.6319, 0.6351, 0.6396],
        ("face", "CRH"): [0.5932, 0.5922, 0.5899, 0.5904, 0.5885],
    },
    index=[0.1, 0.2, 0.3, 0.4, 0.5],
)


@pytest.mark.parametrize(("crowd", "name"), list(SURVEY), ids=str)
def test_accuracy_by_share_of_known_truth(literature, crowd, name):
    """Within three standard errors of the difference of two means, theirs over 100 draws and ours over 20."""
    data = literature(crowd)
    n_task = len(data.truth)
    for share, figure in SURVEY[crowd, name].items():
        accuracies = []
        for seed in range(20):
            drawn = np.random.default_rng(seed).permutation(n_task) < round(share * n_task)
            labels = STRATEGIES[name].fit(data.votes, seed=seed, known=np.where(drawn, data.truth, -1)).labels
            accuracies.append(accuracy(labels, data, of=~drawn))
        error = np.std(accuracies, ddof=1) * np.sqrt(1 / 20 + 1 / 100)
        assert abs(np.mean(accuracies) - figure) <= 3 * error, share


@pytest.mark.parametrize("name", ["ZC", "GLAD", "MACE", "MACE-EM", "BWA"])
def test_the_objective_never_falls(random_votes, name):
    """With known truths that contradict the votes, a class that nobody voted for among them."""
    for seed in range(5):
        votes, truth = random_votes(seed, n_task=40, n_class=5, per_task=4, skill=0.4)
        known = np.where(np.arange(40) % 3 == 0, (truth + 1) % 5, -1)
        history = np.array(STRATEGIES[name].fit(votes, n_iter=60, tol=-1, known=known).history)
        assert (np.diff(history) >= -1e-9 * np.abs(history[1:])).all()


@pytest.mark.parametrize("large", [False, True])
def test_the_majority_vote_of_the_other_tasks_is_the_one_without(large, random_votes, monkeypatch):
    votes, truth = random_votes(n_task=90, per_task=2)
    if large:
        monkeypatch.setattr(counts, "DENSE_ENTRIES", 0)
    known = np.where(np.arange(90) < 30, (truth + 1) % 4, -1)
    labels = MajorityVote().fit(votes, seed=2, known=known).labels
    np.testing.assert_array_equal(labels[:30], known[:30])
    np.testing.assert_array_equal(labels[30:], MajorityVote().fit(votes, seed=2).labels[30:])
    shares, without = (MajorityVote().tied_shares(votes, given) for given in (known, None))
    shares, without = (one.toarray() if large else one for one in (shares, without))
    np.testing.assert_array_equal(shares[:30], np.eye(4)[known[:30]])
    np.testing.assert_array_equal(shares[30:], without[30:])
    with pytest.raises(VotesError, match="known has shape"):
        MajorityVote().fit(votes, known=[0])
