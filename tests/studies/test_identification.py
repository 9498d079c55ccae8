"""Who is good and what is hard: each figure by hand, and what the two pages show and do not show."""

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.votes import Encoding, Votes
from studies import identification_page
from studies.identification import (
    Crowd,
    Scores,
    checks_and_times,
    errors_found,
    extremes,
    said_of,
    score_tasks,
    score_workers,
    sections,
    typical_confusions,
)

# tasks x workers: MV is wrong on task 3 alone
ANSWERS = np.array([[0, 0, 0], [1, 1, 1], [1, 1, 0], [1, 1, 0], [0, -1, 0], [-1, -1, -1]])
TRUTH = np.array([0, 1, 1, 0, 0, -1])


@pytest.fixture
def crowd():
    votes = Votes.from_matrix(ANSWERS, n_class=2)
    encoding = Encoding(
        np.array(list("abcdef"), dtype=object), np.array(["SECRET1", "SECRET2", "SECRET3"]), ["no", "yes"]
    )
    return Crowd("small", Votes(votes.task, votes.worker, votes.label, 6, 3, 2, encoding=encoding), TRUTH)


def test_the_auc_of_a_score_is_the_share_of_pairs_that_it_puts_right(crowd):
    """MV is wrong on task 3, right on 0, 1, 2 and 4: harder than two, as hard as one, easier than one."""
    difficulty = pd.DataFrame({"some": [1.0, 2, 3, 3, 9, np.nan]})
    assert errors_found(crowd, difficulty)["some"] == pytest.approx((2 + 1 / 2) / 4)
    crowd.truth = np.array([0, 1, 1, 1, 0, -1])
    assert np.isnan(errors_found(crowd, difficulty)["some"])  # MV makes no error


def test_correlations_leave_out_who_lacks_a_score_and_compare_two_seeds_on_the_diagonal():
    scores = pd.DataFrame({"a": [1.0, 2, 3, 4, np.nan], "b": [10.0, np.nan, 30, 20, 0], "same": [1.0] * 5})
    again = pd.DataFrame({"b": [10.0, np.nan, 5, 20, 0]})
    found = Scores(scores, again).correlations()
    assert found.loc["a", "a"] == pytest.approx(1)
    assert found.loc["a", "b"] == found.loc["b", "a"] == pytest.approx(0.5)  # ranks 1 2 3 and 1 3 2
    assert found.loc["b", "b"] == pytest.approx(1 - 6 * 6 / 60)  # ranks 2 4 3 1 and 3 2 4 1
    assert np.isnan(found.loc["a", "same"])


def test_attention_checks_and_times_are_read_by_worker(tmp_path):
    path = tmp_path / "raw.csv"
    rows = ["annotator_id,is_attn_check,correct_guess,reaction_time", "7,1,1,9000", "7,1,0,9000", "7,0,1,100"]
    path.write_text("\n".join([*rows, "7,0,1,300", "3,0,0,50", "5,1,1,1"]))
    found = checks_and_times(path, [3, 7])
    np.testing.assert_array_equal(found["attention checks"], [np.nan, 0.5])
    np.testing.assert_array_equal(found["answer time"], [50, 200])


def test_the_matrix_of_all_workers_weighs_by_the_tasks_met(crowd):
    confusion = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0.5, 0.5], [0, 0]]])
    met = np.array([[3.0, 0.5], [1, 0.5], [0, 0]])
    shown = typical_confusions(crowd, confusion, met)
    assert list(shown) == ["Confusion matrix of all workers"]  # nobody has 20 votes
    np.testing.assert_allclose(shown["Confusion matrix of all workers"], [[0.75, 0.25], [0.5, 0.5]])


def test_the_best_and_the_worst_worker_have_votes_and_met_every_class():
    n_votes = [20, 20, 20, 19]
    worker = np.repeat(np.arange(4), n_votes)
    votes = Votes(np.concatenate([np.arange(n) for n in n_votes]), worker, np.zeros(79, int), 20, 4, 2)
    confusion = np.stack([np.array([[p, 1 - p], [1 - p, p]]) for p in (0.7, 0.6, 0.9, 1.0)])
    met = np.array([[10, 10], [10, 10], [20, 0.4], [10, 9]])
    shown = list(typical_confusions(Crowd("c", votes, np.zeros(20, int)), confusion, met))
    assert shown[1:] == [
        "Confusion matrix of the best worker, number 0, 20 votes",
        "Confusion matrix of the worst worker, number 1, 20 votes",
    ]


def test_the_hardest_task_by_entropy_with_its_votes(crowd):
    table = extremes(crowd, score_tasks(crowd).table)
    first = table[table["by"] == "entropy"].iloc[0]
    assert (first["task"], first["votes"], first["truth"]) == ("c", "yes 2, no 1", "yes")
    assert said_of(crowd, 4) == "no 2"
    assert np.isnan(score_tasks(crowd).table.iloc[5]).all()


def test_both_pages_have_every_table_no_id_of_a_worker_and_load_nothing(crowd):
    tasks, workers = score_tasks(crowd), score_workers(crowd)
    assert workers.table["accuracy"].tolist() == [0.8, 0.75, 0.8]
    found = [(crowd, "Partly <synthetic>.", tasks, workers, sections(crowd, tasks, workers))]
    markdown, html = identification_page.to_markdown(found), identification_page.to_html(found)
    for caption, _ in found[0][-1]:
        assert caption in markdown
        assert caption in html
    assert "SECRET" not in markdown + html
    assert html.count("Partly &lt;synthetic&gt;.") == 3  # beside the crowd and beside each figure
    assert html.count('<img alt="small: ') == html.count('src="data:image/png;base64,') == 2
    assert "http" not in html


def test_the_scores_of_a_gpu_are_read_from_two_seeds_and_turned(crowd, tmp_path):
    names = [f"{name}, seed {seed}" for seed in (0, 1) for name in ("WAUM, epoch=votes", "WAUM, epoch=tasks", "AUMC")]
    kept = dict(zip(names, np.random.default_rng(0).random((6, 6)), strict=True))
    np.savez(tmp_path / "s.npz", **kept, **{"WAUM, epoch=votes, seed 2": np.zeros(6)})
    found = score_tasks(crowd, identification_page.read_scores(tmp_path / "s.npz", 6))
    assert found.table.columns.tolist() == ["entropy", "GLAD", "WAUM", "WAUM, default", "AUMC"]
    for seed, table in enumerate((found.table, found.again)):
        for column, name in (("WAUM", "WAUM, epoch=votes"), ("WAUM, default", "WAUM, epoch=tasks"), ("AUMC", "AUMC")):
            assert table[column].tolist() == (-kept[f"{name}, seed {seed}"]).tolist()
    with pytest.raises(SystemExit, match="shape \\(6,\\), and there are 7 tasks"):
        identification_page.read_scores(tmp_path / "s.npz", 7)
    np.savez(tmp_path / "s.npz", **{name: kept[name] for name in names[:-1]})
    with pytest.raises(SystemExit, match="has no 'AUMC, seed 1': measure it again"):
        identification_page.read_scores(tmp_path / "s.npz", 6)
