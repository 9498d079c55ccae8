"""What a strategy maximises never decreases, on any crowd."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark_utils.strategies.ebcc import EBCC
from benchmark_utils.votes import Votes
from tests.strategies.ours import OURS

crowds = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=40)


def votes_of(crowd, n_task=6, n_worker=5, n_class=4):
    return Votes(*zip(*crowd, strict=True), n_task=n_task, n_worker=n_worker, n_class=n_class)


DAWID_SKENE = ("DS", "DS-smooth", "DS-voted", "DS-voted-smooth", "FDS", "FDS-voted", "FDS-smooth")
MONOTONE = (*DAWID_SKENE, "OneCoinDS", "GLAD", "MACE", "MACE-EM", "BWA", "iBCC", "DSWC-5", "DSWC-published")
STRATEGIES = {name: OURS[name] for name in MONOTONE} | {"EBCC": lambda: EBCC(groups=3, restarts=3)}


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("seed", range(8))
def test_the_objective_never_decreases(name, seed, random_votes):
    votes, _ = random_votes(seed, n_task=80, n_class=2 + seed, skill=0.2 + 0.1 * seed)
    history = STRATEGIES[name]().fit(votes, n_iter=100, tol=-1, seed=seed).history
    assert len(history) == 100
    assert history[-1] > history[0] or name.startswith("FDS")  # which may start where it ends
    assert np.diff(history).min() >= -1e-9 * abs(history[0])


@pytest.mark.parametrize("name", STRATEGIES)
@given(crowds)
@settings(max_examples=20, deadline=None)
def test_the_objective_never_decreases_on_any_crowd(name, crowd):
    history = STRATEGIES[name]().fit(votes_of(crowd), n_iter=15, tol=-1).history
    assert np.diff(history).min() >= -1e-8 * (1 + abs(history[0]))
