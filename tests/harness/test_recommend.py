"""What `auto` takes and why, what counts as a contradiction, and how many tasks to label: by hand and by simulation."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.harness.recommend import (
    LEADERS,
    METRICS,
    REGRETS,
    ROWS,
    STANDARD_ERROR,
    reason,
    recommend,
    refusal,
    tasks_to_label,
    verdict,
    who_is_ahead,
    why_not,
)
from benchmark_utils.scoring.truth_free import HeldOut
from benchmark_utils.votes import Votes
from tests.conftest import ROOT


@pytest.fixture
def found(random_votes):
    return recommend(random_votes()[0])


def test_auto_takes_the_leader_and_says_so(found):
    assert found.chosen == LEADERS[0]
    assert found.automatic
    first, cost = reason(found)
    assert first.startswith(f"The labels are those of {LEADERS[0]}. It leads the order of the mean accuracy")
    assert all(f"{choice} {regret}" in cost for choice, regret in REGRETS.items())


def test_where_the_leader_is_too_slow_the_next_is_taken(random_votes):
    votes, _ = random_votes(n_task=2000, n_worker=40, n_class=2, per_task=10)
    assert why_not(ROWS["EBCC"], votes) == "too slow for a crowd of this size"
    assert why_not(ROWS["EBCC"], votes, however_slow=True) == ""
    found = recommend(votes)
    assert found.chosen == LEADERS[LEADERS.index("EBCC") + 1]
    assert "Before it in the order: EBCC is too slow for a crowd of this size." in reason(found)[0]
    assert "EBCC" in found.too_large
    assert "EBCC" not in found.labels


def test_what_needs_more_memory_than_there_is_is_left_out():
    votes = Votes([0, 1], [0, 1], [0, 1], 2, 100_000, 500)
    assert why_not(ROWS["DS"], votes).startswith("in need of ")
    assert refusal("DS", votes).startswith("DS is in need of ")
    assert why_not(ROWS["MV"], votes) == ""
    assert recommend(votes).chosen in LEADERS


def test_a_strategy_that_is_named_is_taken_and_compared(random_votes):
    found = recommend(random_votes()[0], "PlantNet")
    assert found.chosen == "PlantNet"
    assert "PlantNet" in found.labels
    assert "PlantNet" in found.heldout.names
    assert reason(found)[0] == "The labels are those of PlantNet."


def held_out(chosen, other):
    """Scores of two strategies on 40 workers of ten votes: sums of agreement and of log score, each worker alike."""
    wiggle = np.tile([-0.5, 0.5], 20)
    sums = [np.array([chosen[m] + wiggle, other[m] + wiggle[::-1]]) for m in range(2)]
    return HeldOut(["chosen", "other"], np.full(40, 10.0), *sums)


@pytest.mark.parametrize(
    ("other", "expected"),
    [((5.0, -9.0), [[], []]), ((7, -9), [["other"], []]), ((5, -7), [[], ["other"]]), ((3, -12), [[], []])],
)
def test_ahead_is_ahead_beyond_chance(other, expected):
    heldout = held_out((5.0, -9.0), other)
    ahead = who_is_ahead(heldout, heldout.bootstrap(), "chosen")
    assert ahead == dict(zip(METRICS, expected, strict=True))


def test_a_lead_within_chance_is_none():
    rng = np.random.default_rng(0)
    sums = rng.binomial(10, 0.5, size=(2, 40)).astype(float)
    sums[1] += sums[0].sum() / 40 - sums[1].mean() + 0.05  # a lead of half a percent
    heldout = HeldOut(["chosen", "other"], np.full(40, 10.0), sums, sums)
    assert who_is_ahead(heldout, heldout.bootstrap(), "chosen") == {title: [] for title in METRICS}


def test_the_verdict(found):
    assert "No strategy predicts held-out votes better" in verdict(
        replace(found, ahead={title: [] for title in METRICS})
    )
    ahead = {METRICS[0]: [], METRICS[1]: ["DS"]}
    said = verdict(replace(found, ahead=ahead, to_label=np.arange(7), n_differ=20))
    assert "by held-out agreement no strategy is; by held-out log score DS is ahead of EBCC" in said
    assert "cannot be told without truth: label some tasks" in said
    assert "on which the labels differ are 20. The truth of 7 of them, drawn at random, says" in said
    assert "same label" in verdict(replace(found, ahead=ahead, to_label=np.arange(0), n_differ=0))
    alone = recommend(Votes([0, 1], [0, 0], [0, 1], 2, 1, 2))
    assert alone.heldout is None
    assert "cannot be told without truth" in verdict(alone)


def test_no_sentence_calls_a_held_out_score_an_accuracy(found):
    for path in ("docs/without_truth.md", "benchmark_utils/scoring/truth_free.py"):
        text = (ROOT / path).read_text(encoding="utf-8").lower()
        assert "held-out accuracy" not in text
        assert "accuracy on held-out" not in text
    ahead = {METRICS[0]: ["DS"], METRICS[1]: []}
    said = verdict(replace(found, ahead=ahead, to_label=np.arange(7), n_differ=20))
    assert "accurac" not in said
    assert "accurac" not in verdict(replace(found, ahead={title: [] for title in METRICS}))


@pytest.mark.parametrize(("n_differ", "n_label"), [(1000, 91), (300, 76), (100, 51), (20, 17), (3, 3), (1, 1)])
def test_the_standard_error_is_met_with_the_fewest_tasks(n_differ, n_label):
    """A rival that has half of them right, which is the worst case: by the formula, and by drawing."""
    one, other = np.zeros(2000, dtype=int), np.zeros(2000, dtype=int)
    other[:n_differ] = 1
    chosen, n = tasks_to_label([one, other], np.ones(2000, dtype=bool))
    assert (len(chosen), n) == (n_label, n_differ)
    assert set(chosen) <= set(range(n_differ))
    assert len(set(chosen)) == len(chosen)

    def worst(n):
        return 0.5 * ((n_differ - n) / max(n_differ - 1, 1) / n) ** 0.5

    assert worst(n_label) <= STANDARD_ERROR + 1e-9
    assert n_label == 1 or worst(n_label - 1) > STANDARD_ERROR
    if n_differ % 2 == 0:
        rng, right = np.random.default_rng(0), np.repeat([1, 0], n_differ // 2)
        means = [rng.permutation(right)[:n_label].mean() for _ in range(2000)]
        assert np.std(means) == pytest.approx(worst(n_label), rel=0.08)


def test_tasks_without_votes_and_equal_labels_tell_nothing():
    labels = np.array([0, 1, 1])
    assert tasks_to_label([labels], np.ones(3, dtype=bool))[1] == 0
    assert tasks_to_label([labels, labels], np.ones(3, dtype=bool))[1] == 0
    chosen, n = tasks_to_label([labels, 1 - labels], np.array([True, False, True]))
    assert (set(chosen) <= {0, 2}, n) == (True, 2)


def rows_of(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]


def test_the_order_and_the_costs_are_those_of_the_study():
    text = (ROOT / "docs" / "without_truth.md").read_text(encoding="utf-8")
    cells = {row[0]: row[1] for row in rows_of(text) if len(row) > 1}
    assert {choice: cells[choice] for choice in REGRETS} == REGRETS
    assert len(REGRETS) == 4
    mean_acc = [float(cells[name]) for name in LEADERS]
    assert mean_acc == sorted(mean_acc, reverse=True)


def test_the_leader_leads_the_published_result():
    """Once the published result has the crowds of the literature, `auto` has to take what leads there."""
    results = pd.read_parquet(ROOT / "outputs" / "published.parquet")
    crowds = results[results["dataset_name"].str.startswith("literature")]
    if crowds["dataset_name"].nunique() < 10:
        pytest.skip("the published result has fewer than ten crowds of the literature")
    last = crowds.groupby(["dataset_name", "solver_name", "idx_rep"], sort=False).tail(1)
    acc = last.pivot_table(index="dataset_name", columns="solver_name", values="objective_acc_train")
    acc.columns = acc.columns.str.split("[").str[0]
    acc = acc[[name for name in LEADERS if name in acc]].dropna()  # the crowds on which all of them ran
    assert len(acc) >= 10
    assert acc.T.groupby(level=0).max().T.mean().idxmax() == LEADERS[0]  # of two forms of one, the better
