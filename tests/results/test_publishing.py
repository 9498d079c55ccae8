"""What `publish` copies, what it refuses, and that the published results are fit for it."""

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from benchmark_utils.results import publishing
from benchmark_utils.results.table import final_points, read_result
from benchmark_utils.scoring.columns import COLUMNS, PACKED
from tests.conftest import ROOT

EASY = "crowd[n=1,scenario=easy]"


@pytest.fixture
def whole(runs):
    """The small result with all columns, and with Benchopt's pickles."""
    texts = {name: name for name in (*PACKED, "objective_crowd")}
    texts |= {f"objective_{name}": name for name in ("suite", "software")}
    texts["objective_data"] = runs["dataset_name"] + runs["idx_rep"].astype(str)
    lacking = {c.name: 0.5 for c in COLUMNS if c.name not in runs}
    return runs.assign(**(lacking | texts), final_results=b"\x00benchopt-pkl\x00 a pickle")


@pytest.fixture
def publish(tmp_path, capsys):
    """`publish(results, options...)`: the copy, or None; what the command printed."""

    def run(results, *options):
        results.to_parquet(tmp_path / "r.parquet")
        status = publishing.main([str(tmp_path / "r.parquet"), "--to", str(tmp_path / "copies"), *options])
        copy = tmp_path / "copies" / "r.parquet"
        assert status == (0 if copy.is_file() else 2)
        return (copy if status == 0 else None), "".join(capsys.readouterr())

    return run


def test_the_copy_names_plots_that_the_site_has_and_opens_on_acctrain_against_the_logarithm_of_time(publish, whole):
    copy, _ = publish(whole)
    noted = json.loads(pq.read_metadata(copy).metadata[b"_meta_json"])
    assert noted["plots"] == ["objective_curve", "table"]
    first = next(iter(noted["plot_configs"].values()))
    assert first["plot_kind"] == "objective_curve"
    assert first["objective_curve_objective_column"] == "objective_acc_train"
    assert (first["objective_curve_X_axis"], first["scale"]) == ("Time", "semilog-x")
    scores = [c for c in pd.read_parquet(copy) if c.startswith("objective_") and c != "objective_name"]
    assert scores[0] == "objective_acc_train"
    assert {c.name for c in COLUMNS if c.title or c.kind == "text"} <= {*scores, "time"}


def test_the_copy_has_no_pickle_and_the_same_last_points(publish, whole):
    copy, printed = publish(whole)
    copied = pd.read_parquet(copy)
    assert "final_results" not in copied
    assert f"{copy}  measured by suite" in printed
    columns = ["solver_name", "dataset_name", "idx_rep", "time", "objective_acc_train", "objective_right"]
    last = [final_points(rows)[columns].sort_values(columns).values.tolist() for rows in (whole, copied)]
    assert last[0] == last[1]
    for name in PACKED:
        assert copied[name].notna().sum() == len(last[0])  # of other points it is not kept
    publishing.check_rows(whole, "r")


def test_a_repetition_that_ended_early_counts_at_every_later_point(whole):
    one = whole[(whole["dataset_name"] == EASY) & (whole["solver_name"] == "DS")]
    early = one[(one["idx_rep"] != 1) | (one["stop_val"] < 16)]
    carried = publishing.carry_forward(early)
    assert len(carried) == len(one)
    row = carried[(carried["idx_rep"] == 1) & (carried["stop_val"] == 16)].iloc[0]
    assert (row["time"], row["objective_acc_train"], row["objective_n_iter"]) == (30, 0.79, 4)
    assert carried["objective_acc_train"].iloc[-1] == 0.81  # each repetition stays in its order


def test_tolerances_fall_so_the_smallest_is_the_last_point(whole):
    some = whole[(whole["dataset_name"] == EASY) & (whole["solver_name"] == "tolerance[strategy=DS]")]
    early = some[(some["idx_rep"] == 0) | (some["stop_val"] > 1)]
    carried = publishing.carry_forward(early)
    assert carried["stop_val"].tolist() == [3e38, 1e-6, 3e38, 1e-6]
    assert carried["objective_acc_train"].tolist() == [0.50, 0.75, 0.52, 0.52]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda r: r.drop(columns=["objective_brier", "objective_suite"]), "lacks the columns objective_brier, "),
        (lambda r: r.assign(objective_suite=["a"] + ["b"] * (len(r) - 1)), "and it is a and b"),
        (lambda r: r.assign(objective_suite=None), "and it is none that is named"),
        (lambda r: pd.concat([r, r.head(2)]), "has 2 rows twice, the first of them dataset_name other"),
        (
            lambda r: r.assign(objective_data=["x", *r["objective_data"][1:]]),
            "other is two crowds: DS ran on the data other0, FDS on x",
        ),
        (lambda r: r.assign(objective_data=[None, *r["objective_data"][1:]]), "not all rows of other have a hash"),
        (lambda r: r.assign(solver_name=[f"S[n={i}]" for i in range(len(r))]).head(0), "has no rows"),
    ],
)
def test_what_cannot_be_published_is_refused_in_words(publish, whole, change, reason):
    copy, printed = publish(change(whole).reset_index(drop=True))
    assert copy is None
    assert "not to be published: " in printed
    assert reason in printed


def many(whole, n):
    """A result of `n` solvers."""
    row = whole[(whole["dataset_name"] == "other") & (whole["solver_name"] == "MV")]
    return pd.concat([row.assign(solver_name=f"{'AB'[i % 2]}[n={i}]") for i in range(n)], ignore_index=True)


def test_more_solvers_than_markers_are_refused_until_some_are_left_out(publish, whole):
    assert publish(many(whole, 53))[0] is not None
    copy, printed = publish(many(whole, 54), "--without", "B")
    assert set(pd.read_parquet(copy)["solver_name"].str[0]) == {"A"}
    copy.unlink()
    copy, printed = publish(many(whole, 54))
    assert copy is None
    assert "54 solvers, and Benchopt's page draws 53. Leave some out: --without SOLVER" in printed
    assert "A (27)" in printed


def test_the_solvers_of_all_results_are_counted_together(tmp_path, whole, capsys):
    names = [str(tmp_path / name) for name in ("a.parquet", "b.parquet")]
    many(whole, 30).to_parquet(names[0])
    many(whole, 40).assign(solver_name=[f"C[n={i}]" for i in range(40)]).to_parquet(names[1])
    assert publishing.main([*names, "--to", str(tmp_path / "copies")]) == 2
    assert "70 solvers" in capsys.readouterr().err
    assert not (tmp_path / "copies").exists()


def test_a_file_that_is_too_large_is_refused_and_removed(publish, whole, monkeypatch):
    monkeypatch.setattr(publishing, "LARGEST", 1000)
    copy, printed = publish(whole)
    assert copy is None
    assert "r.parquet would have 0.0 MB" in printed


REAL = ("bluebirds", "labelme", "music", "literature")
PUBLISHED = ["published", "published_learning"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_committed_result_is_small_and_has_no_row_twice(name):
    path = ROOT / "outputs" / f"{name}.parquet"
    assert path.stat().st_size < publishing.LARGEST
    assert not read_result(path).duplicated(publishing.KEY).any()


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_committed_result_can_be_published(name):
    results = read_result(ROOT / "outputs" / f"{name}.parquet")
    assert len(publishing.check_rows(results, name))


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_committed_result_was_measured_on_the_crowds_at_hand(name, load_data, benchmark):
    """Only real crowds: a simulated one is drawn anew with each version of its simulator."""
    from benchmark_utils.votes.digest import digest

    results = read_result(ROOT / "outputs" / f"{name}.parquet")
    real = [c for c in results["dataset_name"].unique() if c.partition("[")[0] in REAL]
    for crowd in real:
        family, _, options = crowd.rstrip("]").partition("[")
        (dataset,) = benchmark.check_dataset_patterns([family], class_only=True)
        data = dataset.get_instance(**dict(o.split("=") for o in options.split(",") if o)).get_data()
        if not data.get("missing"):
            here = digest(data["votes"], data["truth"])
            assert set(results.loc[results["dataset_name"] == crowd, "objective_data"]) == {here}, crowd


def test_benchopts_local_page_has_a_marker_for_every_solver(benchmark, whole):
    plot = next(p for p in benchmark.get_plots() if p.name == "accuracy_curve").get_instance()
    curves = plot.plot(many(whole, 120), dataset="other", column="acc_train", X_axis="Time")
    assert {curve["marker"] for curve in curves} == set(range(publishing.MARKERS))


def test_the_copy_is_over_all_repetitions_at_each_point(publish, whole):
    ended_early = (whole["dataset_name"] == EASY) & (whole["solver_name"] == "DS") & (whole["idx_rep"] == 1)
    copy, _ = publish(whole[~(ended_early & (whole["stop_val"] == 16))])
    copied = pd.read_parquet(copy)
    assert sorted(copied[publishing.KEY].values.tolist()) == sorted(whole[publishing.KEY].values.tolist())
