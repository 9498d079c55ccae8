"""BWA against a loop, the integral that its objective stands for, and the authors' accuracies."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gamma, norm

from benchmark_utils.strategies.bwa import BWA
from benchmark_utils.votes import Votes, counts


def loop(votes, n_iter, strength, shape, known=()):
    """z, mu and the rate of the prior after EM: for each class, worker by worker and task by task."""
    given = {}
    for i, j, k in zip(votes.task.tolist(), votes.worker.tolist(), votes.label.tolist(), strict=True):
        given.setdefault((i, j), set()).add(k)
    z, rate = np.zeros((votes.n_task, votes.n_class)), np.zeros(votes.n_class)
    for c in range(votes.n_class):
        for i in range(votes.n_task):
            z[i, c] = np.mean([c in answers for (task, _), answers in given.items() if task == i])
        doubt = np.mean([z[i, c] * (1 - z[i, c]) for i, _ in given])
        rate[c] = shape * doubt * 4 * (1 - 1 / votes.n_class)
    certain = np.eye(votes.n_class)[list(known)]
    z[: len(known)] = certain
    for _ in range(n_iter):
        mu, v, new = z.mean(axis=0), np.zeros((votes.n_worker, votes.n_class)), np.zeros_like(z)
        for c in range(votes.n_class):
            for j in range(votes.n_worker):
                errors = [((c in answers) - z[i, c]) ** 2 for (i, worker), answers in given.items() if worker == j]
                v[j, c] = (shape + len(errors)) / (rate[c] + sum(errors))
            for i in range(votes.n_task):
                said = [(v[j, c], c in answers) for (task, j), answers in given.items() if task == i]
                new[i, c] = strength * mu[c] + sum(weight * yes for weight, yes in said)
                new[i, c] /= strength + sum(weight for weight, _ in said)
        new[: len(known)] = certain
        z = new
    return z, z.mean(axis=0), rate


def log_joint(votes, z, mu, rate, strength, shape):
    """log p(y, z | mu), the precisions integrated out by quadrature."""
    total = norm.logpdf(z, mu, strength**-0.5).sum()
    for j in range(votes.n_worker):
        of_worker = votes.worker == j
        for c in range(votes.n_class):
            y, truth = (votes.label[of_worker] == c).astype(float), z[votes.task[of_worker], c]

            def density(v, y=y, truth=truth, rate=rate[c]):
                return gamma.pdf(v, shape / 2, scale=2 / rate) * norm.pdf(y, truth, v**-0.5).prod()

            total += np.log(quad(density, 0, 60, limit=200, epsabs=0)[0])
    return total


PRIORS = dict(strength=2.0, shape=8.0)


@pytest.mark.parametrize("known", [[], [2, 0, 1]])
def test_against_a_loop_and_the_integral(random_votes, known):
    votes, _ = random_votes(n_task=8, n_worker=4, n_class=3, per_task=3)
    values, exact = [], []
    for n_iter in (1, 2, 5):
        result = BWA(**PRIORS).fit(votes, n_iter=n_iter, tol=-1, known=[*known, *[-1] * (8 - len(known))])
        z, mu, rate = loop(votes, n_iter, **PRIORS, known=known)
        np.testing.assert_allclose(result.parameters["truth"], z, rtol=1e-10)
        np.testing.assert_allclose(result.parameters["mean"], mu, rtol=1e-10)
        np.testing.assert_allclose(result.parameters["rate"], rate, rtol=1e-10)
        values.append(result.history[-1])
        exact.append(log_joint(votes, z, mu, rate, **PRIORS))
    np.testing.assert_allclose(np.diff(values), np.diff(exact), rtol=1e-5)  # the constant is left out


def test_two_answers_of_a_worker_say_yes_to_both_classes():
    votes = Votes([0, 0, 0, 1, 1, 1, 2, 2], [0, 0, 1, 0, 1, 2, 1, 2], [0, 1, 0, 1, 1, 0, 2, 0], 3, 3, 3)
    result = BWA().fit(votes, n_iter=3, tol=-1)
    z, _, rate = loop(votes, 3, 1.0, 15.0)
    np.testing.assert_allclose(result.parameters["truth"], z, rtol=1e-10)
    np.testing.assert_allclose(result.parameters["rate"], rate, rtol=1e-10)


def test_a_crowd_without_disagreement_is_believed():
    votes = Votes.from_matrix(np.repeat(np.arange(4)[:, None] % 3, 3, axis=1), n_class=4)
    result = BWA().fit(votes)
    assert result.converged
    np.testing.assert_allclose(result.soft, np.eye(4)[np.arange(4) % 3], atol=1e-9)


def test_it_is_the_same_where_sums_of_votes_are_sparse(random_votes, monkeypatch):
    votes, _ = random_votes()
    dense = BWA().fit(votes, n_iter=5, tol=-1)
    monkeypatch.setattr(counts, "DENSE_ENTRIES", 0)
    np.testing.assert_allclose(BWA().fit(votes, n_iter=5, tol=-1).soft, dense.soft)


# printed by the authors' notebooks; on zencrowd_us, where workers contradict themselves, with all their answers
PUBLISHED = {
    "bluebirds": 0.7593,
    "music": 0.7857,
    "dog": 0.8315,
    "rte": 0.9275,
    "web": 0.8225,
    "cf": 0.8933,
    "cf_amt": 0.8600,
    "sp": 0.9170,
    "sp_amt": 0.9460,
    "zencrowd_us": 0.9108,
    "face": 0.6182,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_accuracy(name, load_data):
    data = load_data(name) if name in ("bluebirds", "music") else load_data("literature", name=name)
    known = data["truth"] >= 0
    accuracy = (BWA().fit(data["votes"]).labels == data["truth"])[known].mean()
    assert accuracy == pytest.approx(PUBLISHED[name], abs=0.002)


def test_a_known_task_without_votes_counts_in_the_mean(random_votes):
    votes, _ = random_votes(n_task=30)
    votes = Votes(votes.task, votes.worker, votes.label, 32, votes.n_worker, votes.n_class)
    result = BWA().fit(votes, known=np.where(np.arange(32) == 30, 2, -1))
    np.testing.assert_allclose(result.parameters["mean"], result.parameters["truth"][:31].mean(axis=0))
    assert result.labels[30:].tolist() == [2, -1]
