"""The study of known truths: its accuracies and intervals by hand, the survey's forms, and its tables cell by cell."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from benchmark_utils.scoring.given import give
from benchmark_utils.strategies.aggregation import Aggregation
from benchmark_utils.strategies.catalogue import STRATEGIES
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.strategies.zc import ZC
from benchmark_utils.votes import Votes
from studies import as_surveyed, known_share
from studies.known_share import SHARES, SURVEY, compare, draw, half_interval, measure, run_one, to_markdown
from tests.strategies.literature_crowds import accuracy


def test_accuracies_are_of_the_tasks_whose_truth_is_not_given(random_votes):
    votes, truth = random_votes(per_task=1, skill=0.5)
    labels = MajorityVote().fit(votes).labels
    found = measure(votes, truth, MajorityVote(), 0.3, 4)
    others = [give(truth, 0.3, seed)[1] for seed in range(4)]
    assert found.tolist() == [np.mean((labels == left)[left >= 0]) for left in others]
    assert measure(votes, truth, MajorityVote(), 0, 2).tolist() == [np.mean(labels == truth)] * 2


def test_the_interval_is_students():
    """Two draws, 0.5 and 0.7: the deviation is 0.1414, its error 0.1, and t(0.975, 1) is 12.706."""
    assert half_interval(np.array([0.5, 0.7])) == pytest.approx(1.2706, abs=1e-4)


def test_the_difference_from_the_survey():
    """Draws of 0.5 and 0.7 deviate by 0.1414: 0.2 above a mean over 100 draws is 0.2 / (0.1414 sqrt(1/2 + 1/100))."""
    assert compare(np.array([0.5, 0.7]), 100, 0.4, 100) == "0.4000 (+2.0)"
    assert compare(np.array([0.5, 0.7]), 2, 0.9, 100) == "0.9000 (-2.1)"
    assert compare(np.array([0.6, 0.6]), 100, 0.4, 100) == "0.4000 (+20 tasks)"
    assert compare(np.array([0.39, 0.39]), 100, 0.4, 100) == "0.4000 (-1 task)"
    assert compare(np.array([0.4001, 0.4001]), 100, 0.4, 100) == "0.4000 (same)"


def test_the_forms_of_the_survey_give_its_figures_without_known_truths(literature):
    """Dawid-Skene on four crowds and GLAD on three, to the task: so the differences of ours come from these two."""
    for name, strategy in (("DS", as_surveyed.SurveyedDawidSkene()), ("GLAD", as_surveyed.SurveyedGLAD())):
        for crowd in ("bluebirds", "dog", "face", "cf_amt"):
            if (crowd, name) in SURVEY:
                data = literature(crowd)
                found = accuracy(strategy.fit(data.votes).labels, data)
                assert found == pytest.approx(SURVEY[crowd, name][1][0], abs=6e-5), (crowd, name)


@pytest.mark.parametrize(
    ("crowd", "name"),
    [*((crowd, "DS, survey") for crowd in ("bluebirds", "dog", "face", "cf_amt")), ("bluebirds", "VI-MF")]
    + [("cf_amt", name) for name in ("ZC", "CATD")],
    ids=str,
)
def test_the_figures_of_the_survey_by_share_of_known_truth(literature, crowd, name):
    """Within three standard errors, over 20 draws of ours; tests/strategies/test_known.py has ZC, CATD and CRH."""
    data = literature(crowd)
    strategy = (STRATEGIES | known_share.SURVEYED)[name]()
    n_theirs, figures = SURVEY[crowd, name.removesuffix(", survey")]
    for share, figure in list(zip(SHARES, figures, strict=True))[1:]:
        found = measure(data.votes, data.truth, strategy, share, 20)
        error = np.std(found, ddof=1) * np.sqrt(1 / 20 + 1 / n_theirs)
        assert abs(found.mean() - figure) <= 3 * error, share


def test_the_first_posterior_of_surveyed_dawid_skene_is_that_of_equally_able_workers(random_votes, monkeypatch):
    votes, _ = random_votes(skill=0.4)
    known = np.where(np.arange(votes.n_task) < 10, np.arange(votes.n_task) % 4, -1)
    form = as_surveyed.SurveyedDawidSkene()
    monkeypatch.setattr(form, "rounds", 1)
    monkeypatch.setattr(form, "quality", 0.8)  # where ZC starts
    result = form.fit(votes, known=known)
    np.testing.assert_allclose(result.soft, ZC().fit(votes, n_iter=0, known=known).soft, atol=1e-12)
    np.testing.assert_array_equal(result.labels[:10], known[:10])


@pytest.mark.parametrize("crowd", ["bluebirds", "dog", "face", "cf_amt"])
def test_our_dawid_skene_has_the_surveys_answers_from_its_start(literature, crowd):
    """So what differs from the survey's figures comes from the start and the end alone, and not from `known`."""
    data = literature(crowd)
    votes, form = data.votes, as_surveyed.SurveyedDawidSkene()
    n_class, right = votes.n_class, np.eye(votes.n_class)
    confusion = form.quality * right + (1 - form.quality) / (n_class - 1) * (1 - right)
    start = Aggregation(
        np.zeros(votes.n_task, dtype=int),
        soft=np.full((votes.n_task, n_class), 1 / n_class),
        worker_score=np.zeros(votes.n_worker),
        parameters={
            "confusion": np.tile(confusion, (votes.n_worker, 1, 1)),
            "prevalence": np.full(n_class, 1 / n_class),
        },
    )
    for seed, share in enumerate((0, 0.1, 0.3, 0.5)):
        known = give(data.truth, share, seed)[0] if share else None
        ours = DawidSkene().fit(votes, n_iter=form.rounds - 1, tol=-1, seed=seed, known=known, start=start)
        np.testing.assert_array_equal(ours.labels, form.fit(votes, seed=seed, known=known).labels)


def test_the_gradient_of_surveyed_glad(random_votes):
    votes, _ = random_votes(n_task=6, n_worker=5, per_task=3)
    rng = np.random.default_rng(0)
    p, x = rng.random(votes.n_votes), rng.normal(1, 0.5, 11)
    value, slope = (lambda x, i=i: as_surveyed.loss(x, votes, p)[i] for i in (0, 1))
    assert check_grad(value, slope, x) < 1e-5


@pytest.fixture(scope="module")
def results():
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=40)
    task, worker = np.divmod(np.arange(40 * 6), 6)
    label = np.where(rng.random(240) < np.array([0.9, 0.9, 0.6, 0.6, 0.5, 0.5])[worker], truth[task], 1 - truth[task])
    votes = Votes(task, worker, label, 40, 6, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(known_share, "MOST_DRAWS", {"bluebirds": 2})
        found = {"bluebirds": run_one("bluebirds", votes, truth)}
    return {"bluebirds": (votes, truth)}, found


def test_each_cell_of_the_tables(results):
    crowds, found = results
    text = to_markdown(found, crowds, "the command", "picture.svg")
    assert "## bluebirds: 40 tasks, 240 votes, 2 classes" in text
    ours, theirs = (
        [line for line in part.splitlines() if line.startswith("| ")] for part in text.split("The survey's f")
    )
    assert len(ours) - 2 == len(found["bluebirds"])
    for line in ours[2:]:
        name, n_draw, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert n_draw == "2"
        for cell, accuracies in zip(cells, found["bluebirds"][name], strict=True):
            assert cell == f"{np.mean(accuracies):.4f} ± {half_interval(accuracies):.4f}"
    assert len(theirs) - 2 == len([crowd for crowd, _ in SURVEY if crowd == "bluebirds"]) + 2  # and the two forms
    for line in theirs[2:]:
        name, n_draw, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        draws, figures = SURVEY["bluebirds", name.removesuffix(", survey")]
        assert n_draw == str(draws)
        assert [float(cell.split(" ")[0]) for cell in cells] == figures


def test_the_picture_has_a_curve_for_each_strategy(results):
    (axis,) = draw(results[1]).axes
    drawn = {bar.get_label(): bar.lines[0].get_ydata() for bar in axis.containers}
    assert list(drawn) == list(known_share.STYLES)
    for strategy, heights in drawn.items():
        assert heights.tolist() == [np.mean(accuracies) for accuracies in results[1]["bluebirds"][strategy]]
    assert axis.containers[0].lines[0].get_xdata().tolist() == SHARES
