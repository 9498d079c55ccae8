"""The leaderboard: who is on it, whose score stands in, families, places, as worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.results.outcomes import crowds_of
from benchmark_utils.results.ranking import board, crowd_board, leaderboard, mean_ranks, own, where_all_ran
from benchmark_utils.results.table import ResultError
from benchmark_utils.scoring.right import pack_right


def rows_of(crowd, data, rights, rep=0, **more):
    """One row per strategy, of which tasks are right: {"MV": "1101"}."""
    rows = []
    for solver, right in rights.items():
        bits = np.array([int(bit) for bit in right])
        kept = dict(objective_right=pack_right(np.ones_like(bits), bits), objective_data=data)
        rows.append(
            dict(dataset_name=crowd, solver_name=solver, idx_rep=rep, stop_val=1, time=1.0, **more)
            | dict(objective_acc_train=bits.mean(), **kept)
        )
    return rows


def result(*rows):
    return pd.DataFrame([row for some in rows for row in some])


ONE = rows_of("one", "d1", {"MV": "1100", "DS": "1110", "KOS": "1111", "crowd-kit[strategy=DawidSkene]": "1110"})
ZEN = [
    rows_of("literature[name=zencrowd_us]", "d2", {"MV": "11", "DS": "00", "tolerance[strategy=DS]": "11"}),
    rows_of("literature[name=zencrowd_in]", "d3", {"MV": "10", "DS": "11"}),
]


def test_the_board_by_hand():
    """Two families: one, and ZenCrowd twice. KOS has the majority vote's score on ZenCrowd.

    MV: (0.5 + (1 + 0.5) / 2) / 2; DS: (0.75 + (0 + 1) / 2) / 2; KOS: (1 + (1 + 0.5) / 2) / 2.
    Ranks of MV, DS, KOS: 3, 2, 1 on one; 1.5, 3, 1.5 on the US; 2.5, 1, 2.5 in India.
    """
    found = leaderboard(result(ONE, *ZEN))
    assert found.table["mean"].to_dict() == {"KOS": 0.875, "MV": 0.625, "DS": 0.625}
    assert found.table["mean rank"].to_dict() == {"KOS": 1.5, "MV": 2.5, "DS": 2.0}
    assert found.table["imputed"].to_dict() == {"KOS": 2, "MV": 0, "DS": 0}
    assert found.skipped == {"KOS": ["literature[name=zencrowd_us]", "literature[name=zencrowd_in]"]}
    assert (found.n_crowds, found.n_families) == (3, 2)
    assert (found.table["first"] == 1).all()  # a handful of tasks separates nobody
    assert (found.table["last"] == 3).all()
    assert found.critical is None
    assert list(found.by_crowd["one"].index) == ["KOS", "DS", "MV"]
    assert list(found.by_crowd["literature[name=zencrowd_in]"].index) == ["DS", "MV"]


def test_intervals_hold_the_means_and_chances_are_of_the_draws():
    found = leaderboard(result(ONE, *ZEN))
    assert (found.table["low"] <= found.table["mean"]).all()
    assert (found.table["mean"] <= found.table["high"]).all()
    assert (found.table["rank low"] <= found.table["mean rank"]).all()
    # KOS has MV's draws on ZenCrowd; on one it is right wherever MV is, and MV catches up with it where both draws
    # of the tasks 3 and 4 are missed: 1 of 2^4
    assert found.better.loc["KOS", "MV"] == pytest.approx(1 - 0.5 / 16, abs=0.012)
    assert (found.better + found.better.T).to_numpy() == pytest.approx(1)


def test_copies_of_libraries_and_tolerance_are_not_ours_and_move_nothing():
    with_copies = leaderboard(result(ONE, *ZEN))
    without = leaderboard(result(ONE[:3], ZEN[0][:2], ZEN[1]))
    pd.testing.assert_frame_equal(with_copies.table, without.table)
    assert own(crowds_of(result(ONE, *ZEN))) == ["DS", "KOS", "MV"]
    assert mean_ranks(result(ONE, *ZEN)).equals(mean_ranks(result(ONE[:3], ZEN[0][:2], ZEN[1])))


def test_a_second_board_has_the_crowds_on_which_all_ran():
    crowds = crowds_of(result(ONE, *ZEN))
    second = board(where_all_ran(crowds, own(crowds)), own(crowds))
    assert list(second.by_crowd) == ["one"]
    assert second.table["mean"].to_dict() == {"KOS": 1, "DS": 0.75, "MV": 0.5}
    assert second.skipped == {}


def test_a_crowd_without_a_majority_vote_stands_in_for_nobody():
    found = leaderboard(result(ONE, rows_of("two", "d2", {"DS": "10", "KOS": "11"})))
    assert found.left_out == ["two"]
    assert found.n_crowds == 1
    assert leaderboard(result(rows_of("two", "d2", {"DS": "10"}), rows_of("one", "d1", {"KOS": "10"}))) is None


def test_a_crowd_by_hand_of_a_thousand_tasks():
    """A and B differ on 4 tasks, which is nothing; C is wrong on 300 that they have right. So there are two groups."""
    right = {"A": "1" * 900 + "0" * 100, "B": "1" * 896 + "0" * 104, "C": "1" * 600 + "0" * 400}
    (crowd,) = crowds_of(result(rows_of("c", "d", right)))
    table = crowd_board(crowd, ["C", "A", "B"])
    assert list(table.index) == ["A", "B", "C"]
    assert table["accuracy"].tolist() == [0.9, 0.896, 0.6]
    assert table["best"].tolist() == [True, True, False]
    assert list(zip(table["first"], table["last"], strict=True)) == [(1, 2), (1, 2), (3, 3)]
    half = 1.96 * np.sqrt(0.9 * 0.1 / 1000)
    assert table.loc["A", ["low", "high"]].tolist() == pytest.approx([0.9 - half, 0.9 + half], abs=2.5e-3)


def test_seeds_neither_widen_nor_narrow():
    """Ten seeds of one answer say what one says."""
    right = {"A": "1101" * 50, "B": "1011" * 50}
    one, ten = (result(*(rows_of("c", "d", right, rep) for rep in range(n))) for n in (1, 10))
    first, second = (crowds_of(some)[0] for some in (one, ten))
    assert second.n_seeds == 10
    pd.testing.assert_frame_equal(crowd_board(first, ["A", "B"]), crowd_board(second, ["A", "B"]))


def test_seeds_are_averaged_task_by_task():
    right = [{"A": "11", "B": "10"}, {"A": "10", "B": "10"}]
    (crowd,) = crowds_of(result(*(rows_of("c", "d", some, rep) for rep, some in enumerate(right))))
    assert crowd.right.loc["A"].tolist() == [1, 0.5]
    assert crowd.right.loc["B"].tolist() == [1, 0]
    assert crowd.accuracy.to_dict() == {"A": 0.75, "B": 0.5}
    assert (crowd.n_known, crowd.n_seeds) == (2, 2)


def test_a_simulated_crowd_is_drawn_anew_in_each_repetition():
    """So the tasks of two repetitions are other tasks, and a strategy that missed one is compared on the other."""
    rows = [rows_of("s[n=1]", f"d{rep}", {"A": "11", "B": "10"}, rep) for rep in range(2)]
    (crowd,) = crowds_of(result(*rows))
    assert crowd.right.shape == (2, 4)
    assert crowd.n_known == 4
    assert crowd.data == {"d0", "d1"}
    (crowd,) = crowds_of(result(rows[0], rows[1][:1]))
    assert crowd.right.shape == (2, 2)
    assert "1 of 2 crowds" in crowd.note


def test_other_data_under_one_name_is_refused_in_words():
    with pytest.raises(ResultError, match=r"c is two crowds: A ran on the data d1, B on d2.*never mixed"):
        crowds_of(result(rows_of("c", "d1", {"A": "11"}), rows_of("c", "d2", {"B": "10"})))
    with pytest.raises(ResultError, match="no two strategies ran on the same votes"):
        crowds_of(result(rows_of("c", "d1", {"A": "11"}), rows_of("c", "d2", {"B": "10"}, rep=1)))


def test_an_older_result_has_a_board_without_intervals():
    older = result(ONE, *ZEN).drop(columns=["objective_right", "objective_data"])
    found = leaderboard(older)
    assert found.table["mean"].to_dict() == {"KOS": 0.875, "MV": 0.625, "DS": 0.625}
    assert found.table["low"].isna().all()
    assert found.better is None
    assert found.table.loc["KOS", ["first", "last"]].tolist() == [1, 1]


def test_a_crowd_without_truth_is_on_no_board():
    blind = rows_of("blind", "d9", {"MV": "1"})
    for row in blind:
        row["objective_acc_train"] = np.nan
    assert leaderboard(result(ONE, blind)).n_crowds == 1
    assert leaderboard(result(blind)) is None


def test_the_expected_accuracy_over_ties_is_taken_where_it_is_there():
    rows = result(ONE).assign(objective_acc_expected=[0.55, 0.75, 1.0, 0.75])
    assert leaderboard(rows).table.loc["MV", "mean"] == 0.55


def test_with_the_default_datasets_and_a_skip_nobody_is_missing():
    names = ["MV", "DS", "EBCC", "iBCC", "GLAD", "BWA"]
    full = rows_of("a", "d1", dict.fromkeys(names, "1101"))
    large = rows_of("b", "d2", dict.fromkeys(["MV", "BWA"], "1001"))
    assert set(leaderboard(result(full, large)).table.index) == set(names)
    assert set(mean_ranks(result(full, large)).index) == set(names)


def test_crowds_that_say_little_alone_say_more_together():
    """A is right alone on 40 of 1,000 tasks, B on 30: z = 9 / sqrt(70) = 1.08. Of four such crowds it is 2.3."""
    right = {"A": "1" * 40 + "0" * 30 + "1" * 930, "B": "0" * 40 + "1" * 30 + "1" * 930}
    crowds = crowds_of(result(*(rows_of(name, name, right) for name in "wxyz")))
    assert crowd_board(crowds[0], ["A", "B"])["last"].tolist() == [2, 2]
    table = board(crowds, ["A", "B"]).table
    assert list(zip(table["first"], table["last"], strict=True)) == [(1, 1), (2, 2)]
    assert board(crowds[:3], ["A", "B"]).table["last"].tolist() == [2, 2]
