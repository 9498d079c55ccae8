"""The study of votes per task: its interval by hand, its accuracy on one vote a task, its table cell by cell."""

import numpy as np
import pytest

from benchmark_utils.crowds.varied import vary
from benchmark_utils.votes import Votes
from studies.votes_per_task import STYLES, draw, measure, run, summarise, to_markdown


def test_the_interval_is_students():
    """Two draws, 0.5 and 0.7: the deviation is 0.1414, its error 0.1, and t(0.975, 1) is 12.706."""
    rows = [dict(strategy="MV", effort=2, acc_train=accuracy) for accuracy in (0.5, 0.7)]
    assert summarise(rows).loc["MV"].tolist() == pytest.approx([2, 0.6, 1.2706], abs=1e-4)


def test_with_one_vote_a_task_the_majority_is_that_vote(random_votes):
    votes, truth = random_votes()
    truth[:20] = -1
    rows = [row for row in measure(votes, truth, 3, votes_per_task=1) if row["strategy"] == "MV"]
    drawn = [vary(votes, 1, seed=seed) for seed in range(3)]
    assert [row["acc_train"] for row in rows] == [np.mean(one.label[20:] == truth[20:]) for one in drawn]
    assert [row["effort"] for row in rows] == [1, 1, 1]


@pytest.fixture(scope="module")
def results():
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=40)
    task, worker = np.divmod(np.arange(40 * 6), 6)
    label = np.where(rng.random(240) < 0.8, truth[task], 1 - truth[task])
    crowds = {"made up": (Votes(task, worker, label, 40, 6, 2), truth)}
    return crowds, run(crowds, 2)


def test_the_curves(results):
    """Six votes a task: fewer are drawn, and all of them is the crowd without spammers."""
    _, curves = results
    by_effort, by_share = curves["made up"]
    assert list(by_effort) == ["1", "2", "3", "4", "5", "all"]
    assert by_effort["all"] is by_share["0 %"]
    assert [summary.at["MV", "effort"] for summary in by_effort.values()] == [1, 2, 3, 4, 5, 6]
    assert by_effort["all"].at["MV", "acc_train"] > by_effort["1"].at["MV", "acc_train"]
    assert by_share["50 %"].at["MV", "effort"] == 12  # as many spammers as workers, who all answer everything


def test_each_cell_of_the_table(results):
    crowds, curves = results
    text = to_markdown(curves, crowds, 2, "the command", "picture.svg")
    assert "`made up` (40 tasks, 240 votes, 2 classes)" in text
    for what, curve in zip(("votes per task", "spammers"), curves["made up"], strict=True):
        table = text.split(f"## made up: {what}\n\n")[1].split("\n\n")[0].splitlines()
        header, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
        assert header == ["strategy", *curve]
        assert [row[0] for row in rows[1:]] == list(STYLES)
        for row in rows[1:]:
            for column, cell in zip(header[1:], row[1:], strict=True):
                mean, half = map(float, cell.split(" ± "))
                assert mean == pytest.approx(curve[column].at[row[0], "acc_train"], abs=0.00051)
                assert half == pytest.approx(curve[column].at[row[0], "half"], abs=0.00051)


def test_the_picture_has_a_curve_for_each_strategy(results):
    _, curves = results
    upper, lower = draw(curves).axes
    for axis, curve in ((upper, curves["made up"][0]), (lower, curves["made up"][1])):
        drawn = {bar.get_label(): bar.lines[0].get_ydata() for bar in axis.containers}
        assert list(drawn) == list(STYLES)
        for strategy, heights in drawn.items():
            assert heights.tolist() == [summary.at[strategy, "acc_train"] for summary in curve.values()]
