"""LA by hand, against a naive program, in a stream, and its authors' accuracies."""

import pickle

import numpy as np
import pytest
from scipy import sparse

from benchmark_utils.strategies.la import LA
from benchmark_utils.votes import Votes, VotesError, counts
from tests.strategies.literature_crowds import FIGURES, accuracy, each_crowd


def test_one_pass_by_hand():
    """Worker 0 is right twice; on the third task workers 1 and 2 outvote the two others, 1/2 + 3/4 to 3/4 + 1/3."""
    answers = [[0, 1, 0, -1], [1, 0, 1, -1], [0, 1, -1, -1], [1, 0, 0, 1]]
    result = LA(passes=1).fit(Votes.from_matrix(answers))
    # after two tasks a = 3/4, 1/4, 3/4, after three 4/5, 1/5: the last task has 4/5 + 1/2 for class 1, 1/5 + 3/4 for 0
    assert result.labels.tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(result.soft[1], [1 / 3 / (1 / 3 + 4 / 3), 4 / 5])
    np.testing.assert_allclose(result.soft[3], [0.95 / 2.25, 1.3 / 2.25])
    np.testing.assert_allclose(result.worker_score, [5 / 6, 1 / 6, 3 / 5, 2 / 3])


def test_two_passes_by_hand():
    """The first pass follows two workers on the first task, whom the others contradict later."""
    answers = [[0, 1, 1], [0, 1, 0], [0, 1, 0], [1, 1, 0], [0, 1, 0]]
    one, two = (LA(passes=passes).fit(Votes.from_matrix(answers)) for passes in (1, 2))
    np.testing.assert_allclose(one.worker_score, [5 / 7, 3 / 7, 5 / 7])
    assert one.labels.tolist() == [1, 0, 0, 1, 0]
    # weights 3/7, -1/7, 3/7: the second worker counts against what they vote for
    assert two.labels.tolist()[1:3] == [0, 0]
    np.testing.assert_allclose(two.soft[1], [1, 0], atol=1e-8)  # 6/7 and -1/7, from the lowest on
    np.testing.assert_array_equal(two.worker_score, one.worker_score)


def test_the_second_pass_takes_a_class_without_votes_where_the_voters_are_worse_than_chance():
    """Worker 2 contradicts two others on four tasks, and is alone on the fifth."""
    task, worker = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4], [0, 1, 2] * 4 + [2]
    label = [0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0]
    result = LA(passes=2).fit(Votes(task, worker, label, 5, 3, 3))
    assert result.labels[:4].tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(result.worker_score, [5 / 6, 5 / 6, 2 / 7])  # the fifth task goes to who is alone
    np.testing.assert_allclose(result.soft[4], [0, 0.5, 0.5], atol=1e-8)
    assert result.labels[4] in (1, 2)


def naive(votes, known):
    """Both passes, vote by vote; None where there is a tie."""
    right, seen = np.ones(votes.n_worker), np.full(votes.n_worker, 2)
    first, second = [], []

    def highest(i, weight):
        score = np.zeros(votes.n_class)
        for j, k in zip(votes.worker[votes.task == i], votes.label[votes.task == i], strict=True):
            score[k] += weight[j]
        return None if np.ptp(np.sort(score)[-2:]) < 1e-12 else score.argmax()

    for i in range(votes.n_task):
        first.append(highest(i, right / seen) if known[i] < 0 else known[i])
        if first[i] is None:
            return None
        mine = votes.task == i
        np.add.at(seen, votes.worker[mine], 1)
        np.add.at(right, votes.worker[mine], votes.label[mine] == first[i])
    for i in range(votes.n_task):
        second.append(highest(i, votes.n_class * right / seen - 1) if known[i] < 0 else known[i])
    return None if None in second else (first, second, right / seen)


@pytest.mark.parametrize("n_known", [0, 10])
def test_it_is_the_naive_program(random_votes, n_known):
    compared = 0
    for seed in range(60):
        votes, _ = random_votes(seed, n_task=30, per_task=5, n_class=3, skill=0.6)
        known = np.where(np.arange(30) < n_known, np.arange(30) % 3, -1)
        expected = naive(votes, known)
        if expected is None:
            continue
        one, two = (LA(passes=passes).fit(votes, known=known) for passes in (1, 2))
        assert one.labels.tolist() == expected[0]
        assert two.labels.tolist() == expected[1]
        np.testing.assert_allclose(two.worker_score, expected[2])
        compared += 1
    assert compared >= 5


def test_ties_go_either_way():
    """Two workers disagree on a thousand tasks of their own."""
    task, label = np.divmod(np.arange(2000), 2)
    labels = LA(passes=1).fit(Votes(task, np.arange(2000), label, 1000, 2000, 2)).labels
    assert 440 < labels.sum() < 560
    other = LA(passes=1).fit(Votes(task, np.arange(2000), label, 1000, 2000, 2), seed=1).labels
    assert (labels != other).any()


@pytest.mark.parametrize("passes", [1, 2])
def test_the_label_is_a_mode_of_its_row(random_votes, passes, monkeypatch):
    for seed in range(10):
        votes, _ = random_votes(seed, per_task=2, skill=0.1)
        result = LA(passes=passes).fit(votes)
        assert (result.soft >= 0).all()
        np.testing.assert_allclose(result.soft.sum(axis=1), 1)
        np.testing.assert_allclose(result.soft[np.arange(60), result.labels], result.soft.max(axis=1), rtol=1e-6)
        with monkeypatch.context() as patch:
            patch.setattr(counts, "DENSE_ENTRIES", 0)
            large = LA(passes=passes).fit(votes)
        assert isinstance(large.soft, sparse.csr_array)
        np.testing.assert_array_equal(large.labels, result.labels)
        received = large.soft.toarray() > 0
        np.testing.assert_allclose(large.soft.toarray()[received], result.soft[received])


def test_one_class():
    """Its weights are below zero, all of them."""
    result = LA(passes=2).fit(Votes([0, 0, 1], [0, 1, 0], [0, 0, 0], 3, 2, 1))
    assert result.labels.tolist() == [0, 0, -1]
    np.testing.assert_array_equal(result.soft, [[1], [1], [0]])


# --- the stream


def batches_of(votes, ends):
    for start, end in zip([0, *ends], [*ends, votes.n_task], strict=True):
        mine = (votes.task >= start) & (votes.task < end)
        n_worker = int(votes.worker[votes.task < end].max()) + 1  # later workers are not known yet
        yield Votes(
            votes.task[mine] - start, votes.worker[mine], votes.label[mine], end - start, n_worker, votes.n_class
        )


@pytest.mark.parametrize("ends", [[30], [1, 2, 3, 59], list(range(1, 60))])
def test_labels_of_batches_are_those_of_one_batch(random_votes, ends):
    votes, _ = random_votes(per_task=2, skill=0.3)  # half of the tasks are tied
    expected = LA(passes=1).fit(votes, seed=7)
    stream = LA.stream(votes.n_class, seed=7)
    labels, soft = zip(*(stream.add(batch) for batch in batches_of(votes, ends)), strict=True)
    np.testing.assert_array_equal(np.concatenate(labels), expected.labels)
    np.testing.assert_array_equal(np.concatenate(soft), expected.soft)
    np.testing.assert_array_equal(stream.accuracy(votes.n_worker), expected.worker_score)
    two = LA(passes=2).fit(votes, seed=7)
    np.testing.assert_array_equal(stream.label(votes)[0], two.labels)  # which learns nothing
    np.testing.assert_array_equal(stream.label(votes)[1], two.soft)


def test_a_stream_keeps_two_numbers_per_worker(random_votes):
    votes, _ = random_votes()
    sizes, stream = [], LA.stream(votes.n_class)
    assert stream.accuracy(3).tolist() == [0.5, 0.5, 0.5]
    for _ in range(20):
        stream.add(votes)
        sizes.append(len(pickle.dumps(stream)))
    assert max(sizes) - min(sizes) < 50


def test_a_stream_refuses_other_classes(random_votes):
    votes, _ = random_votes()
    with pytest.raises(VotesError, match="the batch has 4 classes and the stream 3"):
        LA.stream(3).add(votes)


def test_passes_are_one_or_two(random_votes):
    with pytest.raises(ValueError, match="passes is 3: it is 1 or 2"):
        LA(passes=3).fit(random_votes()[0])


# --- the authors' accuracies


@each_crowd("LA-1")
def test_accuracy_of_the_authors(literature, crowd):
    """Means over orders of the tasks, as theirs."""
    data = literature(crowd)
    votes, accuracies = data.votes, []
    for seed in range(20 if votes.n_votes < 50_000 else 5):
        place = np.random.default_rng(seed).permutation(votes.n_task)
        ordered = Votes(place[votes.task], votes.worker, votes.label, votes.n_task, votes.n_worker, votes.n_class)
        labels = [LA(passes=passes).fit(ordered, seed=seed).labels[place] for passes in (1, 2)]
        accuracies.append([accuracy(label, data) for label in labels])
    tolerance = 0.014 if crowd == "ducks" else 0.005  # their deviation over the orders of ducks, the most unsure crowd
    np.testing.assert_allclose(np.mean(accuracies, axis=0), FIGURES.loc[crowd, ["LA-1", "LA-2"]], atol=tolerance)
