"""Strategies of several runs: each point of a curve is a fit to the bit, a curve is the work of its last point."""

from collections import Counter

import numpy as np
import pytest
from scipy import sparse

from benchmark_utils.strategies import cbcc, ebcc
from benchmark_utils.strategies.aggregation import Aggregation, Point
from benchmark_utils.strategies.cbcc import CBCC
from benchmark_utils.strategies.ebcc import EBCC
from benchmark_utils.strategies.mace import MACE
from benchmark_utils.strategies.minimax import Dual, Minimax
from benchmark_utils.strategies.steps.mace import Steps
from benchmark_utils.strategies.steps.runs import Run, best
from tests.conftest import peak

STRATEGIES = {
    "MACE": MACE(),
    "MACE-EM": MACE(variational=False, restarts=4),
    "EBCC": EBCC(groups=3, restarts=5),
    "CBCC": CBCC(),
    "CBCC-2": CBCC(communities=2),
    "Minimax": Minimax(),
    "Minimax-1": Minimax(penalties=(0.5,)),
}
CROWDS = [
    dict(seed=0),
    dict(seed=1, n_class=2, skill=0.3),
    dict(seed=2, n_class=3, skill=0.4, per_task=8),
    dict(seed=3, n_task=1, n_class=2, per_task=1),
]
DOUBLING = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)


def bits(result):
    """Everything that a result says, as bytes."""
    arrays = dict(labels=result.labels, soft=result.soft, worker_score=result.worker_score, **result.parameters)
    arrays |= dict(history=np.array(result.history), n_iter=np.array(result.n_iter))
    dense = {name: a.toarray() if sparse.issparse(a) else a for name, a in arrays.items()}
    return result.converged, {name: (a.shape, a.dtype, a.tobytes()) for name, a in dense.items()}


@pytest.mark.parametrize("crowd", CROWDS, ids=str)
@pytest.mark.parametrize(
    ("name", "told"),
    [(name, told) for name in STRATEGIES for told in ("nothing", "known")]
    + [(name, "start") for name, strategy in STRATEGIES.items() if isinstance(strategy, MACE | EBCC)],
)
def test_each_point_is_the_fit_with_as_many_iterations(random_votes, name, crowd, told):
    """Up to the first that has converged, and also where a point is asked for later."""
    strategy, (votes, truth) = STRATEGIES[name], random_votes(**crowd)
    given = {}
    if told == "known":
        given = {"known": np.where(np.arange(votes.n_task) % 4 == 0, truth, -1)}
    if told == "start":
        given = {"start": strategy.fit(votes, n_iter=2, seed=1)}
    points = list(strategy.iterate(votes, DOUBLING, seed=7, **given))
    for n_iter, point in zip(DOUBLING, points, strict=False):
        assert bits(point.aggregation()) == bits(strategy.fit(votes, n_iter=n_iter, seed=7, **given)), n_iter
    assert [point.converged for point in points] == [False] * (len(points) - 1) + [True]
    if name != "Minimax":  # which has converged with one penalty while the others may not have
        assert bits(points[-1].aggregation()) == bits(strategy.fit(votes, seed=7, **given))


COUNTED = {
    "MACE": (Steps, "expect"),
    "EBCC": (ebcc, "learn_confusion"),
    "CBCC": (cbcc, "shift"),  # once for each community in an iteration
    "Minimax": (Dual, "iterate"),
}


@pytest.fixture
def work(monkeypatch):
    """`work(name, run)`: how many steps of the strategy `run()` takes."""

    def count(name, run):
        owner, step = COUNTED[name]
        original, n = getattr(owner, step), Counter()

        def counted(*args, **options):
            n[name] += 1
            return original(*args, **options)

        with monkeypatch.context() as patch:
            patch.setattr(owner, step, counted)
            run()
        return n[name]

    return count


@pytest.mark.parametrize("name", COUNTED)
def test_a_curve_does_the_work_of_its_last_point(random_votes, name, work):
    votes, _ = random_votes(2, skill=0.4)
    strategy = STRATEGIES[name]
    n_points = len(list(strategy.iterate(votes, DOUBLING)))
    assert n_points > 5
    curve, last = work(name, lambda: list(strategy.iterate(votes, DOUBLING))), work(name, lambda: strategy.fit(votes))
    assert curve == last > 50
    from_scratch = work(name, lambda: [strategy.fit(votes, n_iter=n) for n in DOUBLING[:n_points]])
    assert from_scratch > 1.4 * last


def test_a_number_of_communities_waits_for_its_turn(random_votes, monkeypatch):
    """It is not begun before it is tried, and goes on where it is tried again."""
    begun = []
    original = CBCC._climb

    def climb(self, crowd, communities, *options):
        begun.append(communities)
        yield from original(self, crowd, communities, *options)

    monkeypatch.setattr(CBCC, "_climb", climb)
    votes, _ = random_votes(n_class=2, skill=0.4)
    list(CBCC().iterate(votes, DOUBLING))
    assert begun == list(range(1, len(begun) + 1))
    assert len(begun) < cbcc.MOST_COMMUNITIES


def run_of(*values, label=0):
    """A run with these objectives, which converges at the last, and whose result is one label."""

    def points():
        history = []
        for value in (None, *values):
            if value is not None:
                history.append(value)
            yield Point(history, len(history) == len(values), lambda: Aggregation(np.array([label])))

    return Run(points())


def test_a_run_goes_on_from_where_it_stands():
    run = run_of(1.0, 2.0, 3.0)
    assert [run.reach(n).n_iter for n in (0, 2, 2, 1, 3, 9)] == [0, 2, 2, 2, 3, 3]
    assert run.reach(9).converged


def test_the_first_of_equals_is_the_best_and_all_have_to_converge():
    runs = [run_of(1.0, 5.0, label=0), run_of(4.0, 5.0, 5.0, label=1), run_of(0.0, label=2)]
    for n_iter, converged, history, label in [
        (0, False, [], 0),
        (1, False, [4.0], 1),
        (2, False, [4.0, 5.0], 0),
        (3, True, [4.0, 5.0, 5.0], 0),
    ]:
        result = best((run.reach(n_iter) for run in runs), "ends").aggregation()
        assert (result.n_iter, result.converged, result.history) == (n_iter, converged, history)
        assert result.labels == [label]
    np.testing.assert_array_equal(result.parameters["ends"], [5.0, 5.0, 0.0])


def test_a_fit_keeps_the_best_run_alone(random_votes):
    """However many starts it has; a curve keeps R (n_task, n_class * groups) of each."""
    votes, _ = random_votes(n_task=2000, n_class=10)
    size_of_r, few, many = 8 * 2000 * 10 * 4, EBCC(groups=4, restarts=3), EBCC(groups=4, restarts=13)
    of_fit = [peak(lambda s=s: s.fit(votes, n_iter=2)) for s in (few, many)]
    of_curve = [peak(lambda s=s: list(map(bool, s.iterate(votes, [0, 1, 2])))) for s in (few, many)]
    assert of_fit[1] - of_fit[0] < size_of_r
    assert 9 * size_of_r < of_curve[1] - of_curve[0] < 11 * size_of_r
