"""The page shows the right numbers, under the right names, in the right order, as worked out by hand."""

import os
from html.parser import HTMLParser

import pytest

from benchmark_utils.results import page as report
from benchmark_utils.results.table import ResultError
from tests.results.test_ranking import ONE, ZEN, result, rows_of

SCORES = ["AccTrain, valid", "valid", "macro F1", "AccTrain, disagreement", "ECE", "log loss"]


class PageReader(HTMLParser):
    """What a reader of the page sees.

    `tables`, {id: rows of cells}; `best`, {id: rows that stand out}; `pictures`, [(label, [title of each mark])];
    `headings`, {text: id}; `links`; `words`, the text outside tables and pictures.
    """

    def __init__(self, page):
        super().__init__()
        self.tables, self.best, self.pictures, self.headings, self.links = {}, {}, [], {}, []
        self.words, self.text, self.anchor, self.rows = "", "", None, None
        self.inside = set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.inside.add(tag)
        if tag in ("th", "td", "h2", "title", "caption"):
            self.text = ""
        if tag == "h2":
            self.anchor = attrs["id"]
        elif tag == "a":
            self.links.append(attrs["href"])
        elif tag == "table":
            self.rows, self.marked = self.tables.setdefault(attrs["id"], []), self.best.setdefault(attrs["id"], [])
        elif tag == "tr":
            self.rows.append([])
            self.is_best = attrs.get("class") == "best"
        elif tag == "svg":
            assert attrs["role"] == "img"
            self.pictures.append((attrs["aria-label"], []))

    def handle_data(self, data):
        self.text += data
        if not self.inside & {"table", "svg", "style", "script"}:
            self.words += data

    def handle_endtag(self, tag):
        self.inside.discard(tag)
        if tag == "h2":
            self.headings[self.text] = self.anchor
        elif tag in ("th", "td"):
            self.rows[-1].append(self.text)
            if len(self.rows[-1]) == 1 and self.is_best:
                self.marked.append(self.text)
        elif tag == "title" and "svg" in self.inside:
            self.pictures[-1][1].append(self.text)


@pytest.fixture(scope="module")
def page(runs):
    return PageReader(report.build_page(runs, "a title"))


@pytest.fixture(scope="module")
def kept():
    """A page of a result that kept which tasks are right."""
    copies = {"crowd-kit[strategy=DawidSkene]": "DS"}
    rights = {"MV": "1" * 700 + "0" * 300, "DS": "1" * 900 + "0" * 100, "BWA": "1" * 897 + "0" * 103}
    large = rows_of("large", "d9", rights, objective_crowd="1,000 tasks, 2,000 votes")
    return PageReader(report.build_page(result(ONE, *ZEN, large), "kept", copies))


def test_the_page_has_a_section_for_each_dataset_in_the_order_of_the_run(page):
    assert list(page.headings) == [
        "Leaderboard",
        "Accuracy against time at convergence",
        "Run to a tolerance, or on partitions",
        "other",
        "crowd[easy]",
        "crowd[hard]",
    ]
    assert page.links[-3:] == [f"#{page.headings[name]}" for name in ("other", "crowd[easy]", "crowd[hard]")]
    assert len(set(page.links)) == len(page.links)


def test_the_answer_comes_first(page, kept):
    assert "FDS has the highest mean accuracy, 0.830, over 3 crowds in 2 families." in page.words
    assert "did not keep which tasks are right" in page.words
    # MV's mean over the three families: ((1 + 0.5) / 2 + 0.5 + 0.7) / 3; DS: (0.5 + 0.75 + 0.9) / 3; KOS and BWA have
    # MV's score where they did not run: (0.75 + 1 + 0.7) / 3 and (0.75 + 0.5 + 0.897) / 3
    assert "KOS has the highest mean accuracy, 0.817 (95 % interval 0." in kept.words
    assert "over 4 crowds in 3 families. It cannot be told apart from DS, BWA and MV." in kept.words


def test_the_leaderboard_has_everybody_and_says_whose_score_stands_in(page, kept):
    """MV's mean is ((0.73 + 0.5) / 2 + 0.6) / 2 = 0.6075, which a float has a little below."""
    assert page.tables["leaderboard-table"] == [
        ["strategy", "mean accuracy", "95 % interval", "place", "mean rank", "its interval", "imputed"],
        ["FDS", "0.830", "", "1", "1.50", "", ""],
        ["DS", "0.660", "", "2", "2.00", "", ""],
        ["MV", "0.607", "", "3", "3.00", "", ""],
        ["KOS", "0.588", "", "4", "3.50", "", "2/3"],
    ]
    assert "KOS: other and crowd[hard] (the reason was not kept)" in page.words
    rows = {row[0]: row for row in kept.tables["leaderboard-table"]}
    assert [rows[name][1] for name in ("KOS", "DS", "BWA", "MV")] == ["0.817", "0.717", "0.716", "0.650"]
    assert [rows[name][6] for name in ("KOS", "DS", "BWA", "MV")] == ["3/4", "", "3/4", ""]
    assert all(" to " in row[2] for row in kept.tables["leaderboard-table"][1:])


def test_the_page_says_why_a_strategy_has_no_result(runs, tmp_path):
    """From what `benchopt run` leaves beside its results."""
    runs.to_parquet(tmp_path / "r.parquet")
    rows = ["dataset_name,solver_name,reason", '"crowd[n=1,scenario=hard]",KOS,"<b>for 2, at most"', "other,DS,none"]
    rows += ["gone,,not <here>", "other,,of an older run"]
    (tmp_path / "r.skips.csv").write_text("\n".join(rows))
    assert report.main([str(tmp_path / "r.parquet")]) == 0
    words = PageReader((tmp_path / "r.html").read_text(encoding="utf-8")).words
    assert "KOS: other (the reason was not kept); crowd[hard] (<b>for 2, at most)" in words
    assert "1 crowd could not be read" in words
    assert "gone: not <here>" in words
    assert "of an older run" not in words


def test_the_leaderboard_is_a_picture_too(page):
    label, marks = page.pictures[0]
    assert label == "Mean accuracy of 4 strategies with 95 % intervals, best first"
    assert marks[1:] == ["FDS: 0.830", "DS: 0.660", "MV: 0.607", "KOS: 0.588"]


def test_a_second_board_has_what_all_ran_on(page):
    assert page.tables["where-all-ran"][1:] == [
        ["DS", "0.740", "", "1", "1.00", "", ""],
        ["MV", "0.730", "", "2", "2.00", "", ""],
        ["FDS", "0.720", "", "3", "3.00", "", ""],
        ["KOS", "0.650", "", "4", "4.00", "", ""],
    ]


def test_chances_of_being_better_stand_for_each_pair(kept):
    header, *rows = kept.tables["chances"]
    assert header == ["strategy", "KOS", "DS", "BWA", "MV"]
    assert [row[0] for row in rows] == ["KOS", "DS", "BWA", "MV"]
    assert [row[i + 1] for i, row in enumerate(rows)] == [""] * 4
    for i in range(4):
        for j in range(i):
            assert float(rows[i][j + 1]) + float(rows[j][i + 1]) == pytest.approx(1, abs=0.011)


def test_time_is_in_times_of_the_majority_vote_of_the_same_crowd(page):
    """DS: 60 / 0.03, 8 / 9 and 8 / 9, whose geometric mean is 11.6; FDS: 5 / 0.03, 7 / 9 and 7 / 9: 4.65."""
    label, marks = page.pictures[1]
    assert label == "Mean accuracy against time at convergence"
    assert set(marks[1:]) == {"DS: 0.660, 12", "KOS: 0.588, 17", "MV: 0.607, 1", "FDS: 0.830, 4.7", "MV", "FDS"}
    assert "both faster and more accurate than, MV and FDS." in page.words


def test_the_table_of_a_crowd_has_means_over_seeds_of_last_points_best_first(page):
    anchor = page.headings["crowd[easy]"]
    assert page.tables[f"table-{anchor}"] == [
        ["strategy", "AccTrain", "95 % interval", "place", *SCORES, "iterations", "converged", "time [s]"],
        ["DS", "0.740", "", "1", "0.750", "0.260", "0.640", "0.540", "0.360", "1.260", "12", "0.667", "60"],
        ["MV", "0.730", "", "2", "0.740", "0.270", "0.630", "0.530", "0.370", "1.270", "1", "1", "0.030"],
        ["FDS", "0.720", "", "3", "0.730", "0.280", "0.620", "0.520", "0.380", "1.280", "2", "1", "5.0"],
        ["KOS", "0.650", "", "4", "0.660", "0.350", "0.550", "0.450", "0.450", "1.350", "20", "0", "0.50"],
    ]


def test_a_cell_is_blank_where_only_some_solvers_have_the_score(page):
    header, *rows = page.tables[f"table-{page.headings['other']}"]
    column = header.index("test accuracy")
    assert {row[0]: row[column] for row in rows} == {"FDS": "0.330", "DS": "", "MV": ""}


def test_intervals_places_and_the_best_group_stand_in_the_table_of_a_crowd(kept):
    anchor = kept.headings["large"]
    rows = kept.tables[f"table-{anchor}"][1:]
    assert [(row[0], row[1], row[3]) for row in rows] == [
        ("DS", "0.900", "1 to 2"),
        ("BWA", "0.897", "1 to 2"),
        ("MV", "0.700", "3"),
    ]
    low, high = map(float, rows[0][2].split(" to "))
    assert (low, high) == (pytest.approx(0.881, abs=0.004), pytest.approx(0.919, abs=0.004))
    assert kept.best[f"table-{anchor}"] == ["DS", "BWA"]
    assert "1,000 tasks, 2,000 votes. Accuracy over 1,000 tasks and 1 seed." in kept.words


def test_the_curves_end_where_the_table_does(page):
    label, marks = page.pictures[2 + ["other", "crowd[easy]", "crowd[hard]"].index("crowd[easy]")]
    assert label == "crowd[easy]: accuracy against time, 4 strategies; the best is DS"
    assert {mark for mark in marks if "after" in mark} == {
        "DS: 0.740 after 60 s",
        "MV: 0.730 after 0.03 s",
        "FDS: 0.720 after 5 s",
        "KOS: 0.650 after 0.5 s",
    }
    assert marks.count("DS: 0.740 after 60 s") == 1 + 3  # the line, and its points
    assert [mark for mark in marks[1:] if "after" not in mark] == ["DS", "MV"]  # named: the front and the best


def test_what_is_run_to_a_tolerance_has_a_section_of_its_own(page):
    assert page.tables["tolerance-table"] == [
        ["strategy and crowd", "AccTrain", "time [s]"],
        ["DS on other", "0.950", "6.0"],
        ["DS on crowd[easy]", "0.760", "75"],
        ["DS on crowd[hard]", "0.900", "6.0"],
    ]


def test_the_copies_of_libraries_stand_beside_ours(kept):
    assert kept.tables["libraries-table"] == [
        ["strategy", "mean accuracy", "ours", "mean accuracy of ours", "crowds", "time over ours"],
        ["crowd-kit", "0.750", "DS", "0.750", "1", "1"],
    ]


def test_the_page_says_where_and_when_each_run_was(runs):
    about = {"run_date": "2026-01-02", "system-cpus": 7, "version-numpy": "2.0", "version-scipy": "1.1"}
    one = runs.assign(**about)
    words = PageReader(report.build_page(one, "<title>")).words
    assert "run 2026-01-02, numpy 2.0, scipy 1.1, 7 CPUs" in words
    assert "<title>" in words
    assert "never compared" not in words
    two = one.assign(**{"system-cpus": [7] * 8 + [8] * (len(one) - 8)})
    words = PageReader(report.build_page(two, "two machines")).words
    assert "7 CPUs" in words
    assert "8 CPUs" in words
    assert "never compared" in words


def test_a_crowd_without_truth_says_so_and_what_helps(runs):
    blind = runs[runs["dataset_name"] == "other"].assign(objective_acc_train=float("nan"), dataset_name="blind")
    page = PageReader(report.build_page(blind, "blind"))
    assert "No truth is known here" in page.words
    assert "python -m benchmark_utils describe FOLDER" in page.words
    assert "No accuracy can be compared here" in page.words
    assert page.tables[f"table-{page.headings['blind']}"][0][:2] == ["strategy", "AccTrain, valid"]


def test_two_crowds_under_one_name_are_no_page(runs):
    other = result(rows_of("c", "d1", {"A": "11"}), rows_of("c", "d2", {"B": "10"}))
    with pytest.raises(ResultError, match="is two crowds"):
        report.build_page(other, "mixed")


@pytest.fixture
def three_results(runs, tmp_path, monkeypatch):
    """`outputs/` with b.parquet newest, c.parquet oldest; each page says which result it is of."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outputs").mkdir()
    for name, written in ("c", 1), ("b", 3), ("a", 2):
        path = tmp_path / "outputs" / f"{name}.parquet"
        runs.assign(run_date=f"of {name}").to_parquet(path)
        os.utime(path, (written, written))
    return tmp_path / "outputs"


def test_without_arguments_the_page_is_of_the_newest_result_and_lies_beside_it(three_results):
    assert report.main([]) == 0
    assert [path.name for path in three_results.glob("*.html")] == ["b.html"]
    assert "run of b" in (three_results / "b.html").read_text(encoding="utf-8")


def test_a_named_result_and_a_named_page_are_used(three_results, tmp_path):
    assert report.main([str(three_results / "a.parquet"), str(tmp_path / "mine.html")]) == 0
    assert [path.name for path in tmp_path.rglob("*.html")] == ["mine.html"]
    assert "run of a" in (tmp_path / "mine.html").read_text(encoding="utf-8")


def test_a_copy_finds_ours_whatever_parameters_both_have():
    rights = {"MV": "1100", "FDS[hybrid=False,s=1]": "1110", "FDS[hybrid=True,s=1]": "1111"}
    rights |= {"crowd-kit[strategy=Fast,max_votes=9]": "1000"}
    some = result(rows_of("one", "d1", rights))
    page = PageReader(report.build_page(some, "copies", {"crowd-kit[strategy=Fast]": "FDS[hybrid=False]"}))
    assert page.tables["libraries-table"][1] == ["crowd-kit", "0.250", "FDS[hybrid=False]", "0.750", "1", "1"]
    without = PageReader(report.build_page(some, "no twin", {"crowd-kit[strategy=Other]": "MV"}))
    assert without.tables["libraries-table"][1] == ["crowd-kit", "", "", "", "0", ""]


@pytest.mark.parametrize("n_known", [5, 29, 30])
def test_few_known_truths_are_said_to_be_few(n_known):
    """A crowd with fewer than 30: in words, and over the scores, which have their interval beside them."""
    page = report.build_page(
        result(rows_of("mine", "d1", {"MV": "1" * n_known, "DS": "0" + "1" * (n_known - 1)})), "a title"
    )
    assert ("fewer than 30 known truths" in page) == (n_known < 30)
    assert (f"AccTrain on {n_known} tasks" in page) == (n_known < 30)
    assert "95 % interval" in page
