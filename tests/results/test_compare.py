"""A new strategy beside its rivals: differences, signs, words and refusals, as worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.results.compare import compare, join, nearest
from benchmark_utils.results.compare_report import in_words, report
from benchmark_utils.results.table import ResultError
from tests.results.test_ranking import result, rows_of


def bits(*shares):
    """`bits((700, 1), (300, 0))`: 700 tasks right, then 300 wrong."""
    return "".join(str(right) * n for n, right in shares)


# on `one` Mine has 850 of 1,000: MV 800, all of them Mine's too; DS 847, 3 fewer; on `two` DS has 100 more, MV as many
ONE = {"MV": bits((800, 1), (200, 0)), "Mine": bits((850, 1), (150, 0)), "DS[s=0]": bits((847, 1), (153, 0))}
TWO = {"MV": bits((500, 1), (500, 0)), "Mine": bits((500, 1), (500, 0)), "DS[s=0]": bits((600, 1), (400, 0))}
WAWA = {"one": bits((851, 1), (149, 0)), "two": bits((400, 1), (600, 0))}


def new():
    table = result(rows_of("one", "d1", ONE), rows_of("two", "d2", TWO))
    return table.assign(time=table["solver_name"].map({"MV": 1, "Mine": 3, "DS[s=0]": 12}) * 0.5)


def published(data="d2"):
    rows = [rows_of("one", "d1", {"WAWA": WAWA["one"], "MV": "0" * 1000}), rows_of("two", data, {"WAWA": WAWA["two"]})]
    return result(*rows, rows_of("three", "d3", {"WAWA": "11"})).assign(time=99.0)


def test_differences_over_crowds_by_hand():
    """Mine is at (0.85 + 0.5) / 2 = 0.675; MV at 0.65, DS at 0.7235, WAWA at 0.6255."""
    found = compare(new(), published())
    assert found.entrant == "Mine"
    assert found.overall["difference"].to_dict() == pytest.approx({"MV": 0.025, "DS[s=0]": -0.0485, "WAWA": 0.0495})
    signs = found.overall[["better", "worse", "crowds"]].astype(int).T.to_dict("list")
    assert signs == {"MV": [1, 0, 2], "DS[s=0]": [0, 1, 2], "WAWA": [1, 0, 2]}
    low, high = found.overall.loc["MV", ["low", "high"]]
    half = 1.96 * np.sqrt(0.05 * 0.95 / 1000) / 2  # 50 tasks of 1,000, on one crowd of two
    assert (low, high) == (pytest.approx(0.025 - half, abs=1e-3), pytest.approx(0.025 + half, abs=1e-3))
    assert found.overall.loc["MV", "probability"] == 1
    assert found.overall.loc["DS[s=0]", "probability"] == 0
    assert found.skipped == []
    assert found.refused == []


def test_differences_on_a_crowd_by_hand():
    one = compare(new(), published()).by_crowd["one"]
    assert one["difference"].to_dict() == pytest.approx({"MV": 0.05, "DS[s=0]": 0.003, "WAWA": -0.001})
    assert one["sign"].to_dict() == {"MV": 1, "DS[s=0]": 0, "WAWA": 0}
    # one task in a thousand is WAWA's alone: ahead where it is drawn, which fails in 1 of e, and then they are equal
    assert one.loc["WAWA", "probability"] == pytest.approx(0.5 * np.exp(-1), abs=0.03)


def test_times_are_of_the_new_run_alone():
    times = compare(new(), published()).times
    assert times["MV"].to_dict() == pytest.approx({"one": 3, "two": 3})
    assert times["DS"].to_dict() == pytest.approx({"one": 0.25, "two": 0.25})


def test_it_is_said_in_one_sentence():
    found = compare(new(), published())
    assert in_words(found) == (
        "Mine is worse than DS on 1 of 2 crowds; better than MV on 1 of 2 crowds; better than WAWA on 1 of 2 crowds. "
        "Over all crowds it is ahead of MV, WAWA; behind DS."
    )
    alone = compare(new().query("dataset_name == 'one'"), published())
    assert in_words(alone) == (
        "Mine is better than MV on 1 of 1 crowds; not separated from DS, WAWA. "
        "Over all crowds it is ahead of MV; not separated from WAWA, DS."
    )


def test_the_sentence_counts_crowds_for_mv_ds_and_the_nearest_rivals_alone():
    others = {f"Far{n}": bits((600 + n, 0), (400 - n, 1)) for n in range(3)}
    found = compare(new(), pd.concat([published(), result(rows_of("one", "d1", others)).assign(time=1.0)]))
    crowd_by_crowd, _, over_all = in_words(found).partition(". ")
    assert {name for name in found.names.values() if f"{name} " in crowd_by_crowd} == {
        "Mine",
        "MV",
        "DS",
        "WAWA",
        "Far0",
    }
    assert "Far0, Far1, Far2" in over_all


def test_the_report_has_every_part():
    text = report(compare(new(), published("other")))
    assert text.startswith("Mine, on 2 crowds\n")
    # WAWA has MV's score on `two`, so its mean is 0.6755, one task away; DS is ahead of both, MV behind
    assert "Place 2 to 3 of 4, with a mean accuracy of 0.675 (0.6" in text
    lines = [line.split() for line in text.splitlines()]
    assert ["one", "0.850", "1", "to", "3", "3", "0.25"] in lines
    assert ["two", "0.500", "2", "to", "3", "3", "0.25"] in lines
    assert [line[:2] for line in lines if line[:1] == ["DS"]] == [["DS", "-0.048"], ["DS", "+0.003"], ["DS", "-0.100"]]
    assert "Refused: two: published on other data (d2 here, other), so no row of it is used." in text


def test_markdown_has_the_same_numbers_in_columns():
    lines = report(compare(new(), published()), markdown=True).splitlines()
    assert lines[0] == "## Mine, on 2 crowds"
    assert (
        "| rival | difference | 95 % interval | probability of being better | better on | worse on | crowds |" in lines
    )
    assert any(line.startswith("| DS | -0.048 |") for line in lines)
    evil = new().replace({"solver_name": {"Mine": "Mi|ne<script>"}})
    assert "<script>" not in report(compare(evil, published()), markdown=True).partition("\n\n")[2].partition("\n\n")[2]


def test_a_crowd_that_it_skipped_is_named_and_imputed():
    some = new()
    found = compare(some[~((some["dataset_name"] == "two") & (some["solver_name"] == "Mine"))], published())
    assert found.skipped == ["two"]
    assert found.board.n_crowds == 1
    assert "Mine has no result on two: the reason was not kept." in report(found)
    reasons = {("Mine", "two"): "it is for one"}
    assert "Mine has no result on two: it is for one." in report(found, skips=reasons)


def test_rows_on_other_data_are_never_mixed():
    rows, refused = join(new(), published("other"))
    assert len(refused) == 1
    assert set(rows.loc[rows["dataset_name"] == "two", "solver_name"]) == {"MV", "Mine", "DS[s=0]"}
    assert set(rows.loc[rows["dataset_name"] == "one", "solver_name"]) == {"MV", "Mine", "DS[s=0]", "WAWA"}
    assert (rows["time"] != 99).sum() == 6
    assert rows[(rows["solver_name"] == "MV") & (rows["dataset_name"] == "one")]["objective_acc_train"].tolist() == [
        0.8
    ]


def test_an_older_published_result_is_left_alone():
    rows, refused = join(new(), published().drop(columns="objective_data"))
    assert len(rows) == 6
    assert refused == ["the published result does not say which data it is of, so no row of it is used"]


def test_the_nearest_rivals_are_those_whose_means_are_nearest():
    assert nearest(compare(new(), published())) == ["WAWA"]


@pytest.mark.parametrize(
    ("table", "solver", "reason"),
    [
        (lambda: new().replace({"solver_name": {"Mine": "WAWA"}}), None, "there is none"),
        (
            lambda: new().replace({"solver_name": {"MV": "Other"}}),
            None,
            "there is 2: Mine, Other|there is 2: Other, Mine",
        ),
        (lambda: new(), "Absent", "there is none"),
        (lambda: new().query("solver_name == 'Mine'"), None, None),
        (lambda: new().drop(columns="objective_data"), None, "does not say which data"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(table, solver, reason):
    if reason is None:
        with pytest.raises(ResultError, match="has no rival"):
            compare(table(), None, solver)
        return
    with pytest.raises(ResultError, match=reason):
        compare(table(), published(), solver)


def test_another_strategy_may_be_named():
    assert compare(new(), published(), "DS").entrant == "DS[s=0]"
    assert isinstance(compare(new(), None, "Mine").overall, pd.DataFrame)
