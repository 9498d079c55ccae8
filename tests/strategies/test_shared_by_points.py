"""What all the points of a curve need is made before the first of them, and not with the labels of one.

The labels of a point are not in the time of the next: what they made for it too would be missing there.
"""

from itertools import islice

import pytest

from benchmark_utils.strategies import ibcc, kos, mmsr, vi_mf, weighted_dawid_skene
from benchmark_utils.strategies.catd import CATD
from benchmark_utils.strategies.iwmv import IWMV
from benchmark_utils.strategies.steps.pairs import Pairs

SHARED = [
    (kos.KOS, kos, "parts"),
    (mmsr.MMSR, mmsr, "signs"),
    (mmsr.MMSR, mmsr, "Pairs"),
    (weighted_dawid_skene.WeightedDawidSkene, weighted_dawid_skene, "Cast"),
    (ibcc.IBCC, ibcc, "count_answers"),
    (vi_mf.VIMF, vi_mf, "count_answers"),
    (IWMV, Pairs, "sum_by_worker"),
    (CATD, Pairs, "sum_by_worker"),
]


@pytest.mark.parametrize(
    ("strategy", "owner", "step"), SHARED, ids=[f"{strategy.__name__}-{step}" for strategy, _, step in SHARED]
)
def test_the_labels_of_a_point_do_not_make_what_others_need(monkeypatch, random_votes, strategy, owner, step):
    votes, _ = random_votes(n_class=2, skill=0.4)
    made, calls = getattr(owner, step), []

    def counted(*args, **options):
        calls.append(step)
        return made(*args, **options)

    monkeypatch.setattr(owner, step, counted)
    n_points = 0
    for point in islice(strategy().iterate(votes), 3):
        n_calls, n_points = len(calls), n_points + 1
        assert n_calls > 0
        point.aggregation()
        assert len(calls) == n_calls
    assert n_points > 1
