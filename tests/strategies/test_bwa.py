"""BWA against a loop, the integral that its objective stands for, and published accuracies."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gamma, norm

from benchmark_utils.strategies.bwa import BWA


def loop(votes, n_iter, strength, shape, rate):
    """z and mu after EM, vote by vote."""
    asked = list(zip(votes.task, votes.worker, votes.label, strict=True))
    z = np.zeros((votes.n_task, votes.n_class))
    for i, _, k in asked:
        z[i, k] += 1 / votes.votes_per_task[i]
    mu = z.mean(axis=0)
    for _ in range(n_iter):
        v, new = np.zeros((votes.n_worker, votes.n_class)), np.zeros_like(z)
        for c in range(votes.n_class):
            for j in range(votes.n_worker):
                errors = [(float(k == c) - z[i, c]) ** 2 for i, worker, k in asked if worker == j]
                v[j, c] = (shape + len(errors) / 2) / (rate + sum(errors) / 2)
            for i in range(votes.n_task):
                given = [(v[j, c], float(k == c)) for task, j, k in asked if task == i]
                new[i, c] = strength * mu[c] + sum(w * y for w, y in given)
                new[i, c] /= strength + sum(w for w, _ in given)
        z, mu = new, new.mean(axis=0)
    return z, mu


def log_joint(votes, z, mu, strength, shape, rate):
    """log p(y, z | mu), the precisions integrated out by quadrature."""
    total = norm.logpdf(z, mu, strength**-0.5).sum()
    for j in range(votes.n_worker):
        of_worker = votes.worker == j
        for c in range(votes.n_class):
            y, truth = (votes.label[of_worker] == c).astype(float), z[votes.task[of_worker], c]

            def density(v, y=y, truth=truth):
                return gamma.pdf(v, shape, scale=1 / rate) * norm.pdf(y, truth, v**-0.5).prod()

            total += np.log(quad(density, 0, 60, limit=200, epsabs=0)[0])
    return total


PRIORS = dict(strength=2.0, shape=4.0, rate=1.5)


def test_against_a_loop_and_the_integral(random_votes):
    votes, _ = random_votes(n_task=8, n_worker=4, n_class=3, per_task=3)
    values, exact = [], []
    for n_iter in (1, 2, 5):
        result = BWA(**PRIORS).fit(votes, n_iter=n_iter, tol=-1)
        z, mu = loop(votes, n_iter, **PRIORS)
        np.testing.assert_allclose(result.parameters["truth"], z, rtol=1e-10)
        np.testing.assert_allclose(result.parameters["mean"], mu, rtol=1e-10)
        values.append(result.history[-1])
        exact.append(log_joint(votes, z, mu, **PRIORS))
    np.testing.assert_allclose(np.diff(values), np.diff(exact), rtol=1e-5)  # the constant is left out


PUBLISHED = {
    "rte": 0.928,
    "dog": 0.831,
    "web": 0.822,
    "cf_amt": 0.860,
    "sp_amt": 0.946,
    "bluebirds": 0.759,
    "music": 0.786,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_accuracy(name, load_data):
    data = load_data(name) if name in ("bluebirds", "music") else load_data("local", path=name)
    known = data["truth"] >= 0
    accuracy = (BWA().fit(data["votes"]).labels == data["truth"])[known].mean()
    assert accuracy == pytest.approx(PUBLISHED[name], abs=0.005)
