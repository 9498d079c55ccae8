"""The solvers whose weights are given, or come from known truths: what they read, and when they skip."""

import numpy as np
import pandas as pd
import pytest
from benchopt.cli.main import run as benchopt_run

from benchmark_utils.crowds.formats.worker_weights import read_weights
from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.strategies.weighted_majority_vote import GoldMajorityVote
from benchmark_utils.votes import Votes, VotesError
from tests.conftest import ROOT

NAME = "Crowdsourced label aggregation"


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("worker,weight\nann,1\nbob,0.5\n", "weight"),
        ("votes;score;worker\n9;1;ann\n8;0.5;bob\n", "score"),
        ("\ufeffworker\tweight\nann\t1e0\n\nbob\t.5\n", "weight"),
    ],
)
def test_a_table_of_weights(tmp_path, text, column):
    path = tmp_path / "weights.csv"
    path.write_text(text, encoding="utf-8")
    assert read_weights(path, column).to_dict() == {"ann": 1, "bob": 0.5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("worker,score\nann,1\n", "column 'weight' is missing in line 1, which has .* name one column so"),
        ("worker,weight,weight\nann,1,2\n", "column 'weight' occurs twice"),
        ("worker,weight\nann,1\nbob,much\n", "a weight is not a number in line 3"),
        ("worker,weight\nann,\n", "a weight is not a number in line 2"),
        ("worker,weight\nann,1\nann,2\n", "a worker stands there twice in line 3"),
        ("worker,weight\n", "there is no row after the header"),
        ("", "the file is empty"),
    ],
)
def test_a_table_that_cannot_be_read(tmp_path, text, message):
    path = tmp_path / "weights.csv"
    path.write_text(text)
    with pytest.raises(VotesError, match=f"weights.csv: {message}"):
        read_weights(path)


def test_an_absent_table(tmp_path):
    with pytest.raises(VotesError, match=r"absent\.csv: cannot be read"):
        read_weights(tmp_path / "absent.csv")


@pytest.fixture
def make(benchmark):
    def make(name, **parameters):
        (solver_class,) = benchmark.check_solver_patterns([name], class_only=True)
        solver = solver_class.get_instance(**parameters)
        solver.get_seed = lambda **uses: 0
        return solver

    return make


VOTES = Votes.from_frame(
    pd.DataFrame({"task": [0, 0, 0, 1], "worker": ["ann", "bob", "cat", "bob"], "label": ["x", "y", "y", "x"]})
)


def test_given_weights_decide(make, tmp_path):
    path = tmp_path / "weights.csv"
    path.write_text("worker,weight\ncat,1\nann,3\nbob,1\nzoe,9\n")
    solver = make("WMV", weights=str(path))
    assert solver.skip(VOTES) == (False, None)
    solver.set_objective(VOTES, tasks=None)
    solver.warm_up()
    solver.run(1)
    assert solver.get_result()["labels"].tolist() == [0, 0]
    before = solver._get_state()
    path.write_text("worker,weight\ncat,1\nann,1\nbob,1\n")
    assert make("WMV", weights=str(path))._get_state() != before  # so that no cache answers for other weights


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "no weights are given"),
        ("worker,weight\nann,3\nbob,1\n", "a worker has no weight in worker cat"),
        ("worker,weight\nann,3\nbob,1\ncat,-1\n", "a weight is below zero in worker cat"),
        ("worker,skill\nann,3\n", "column 'weight' is missing"),
    ],
)
def test_weights_that_are_not_of_these_workers_skip_in_words(make, tmp_path, text, reason):
    (tmp_path / "weights.csv").write_text(text or "")
    skips, said = make("WMV", weights=text and str(tmp_path / "weights.csv")).skip(VOTES)
    assert skips
    assert reason in said


def test_gold_skips_where_nothing_is_known(make):
    skips, said = make("GoldMV").skip(VOTES)
    assert skips
    assert "known_share=0.1" in said
    assert make("GoldMV").skip(VOTES, known=np.array([0, -1])) == (False, None)


def test_a_run_with_both(tmp_path):
    """The example's workers, weighed alike: the majority vote. Gold where a third of the truths is known."""
    weights, output = tmp_path / "weights.csv", tmp_path / "result.parquet"
    table = pd.read_csv(ROOT / "examples/animals/label.csv")
    pd.DataFrame({"worker": table["worker"].unique(), "weight": 1}).to_csv(weights, index=False)
    chosen = ["-s", "MV", "-s", "GoldMV", "-s", f"WMV[weights='{weights}']", "-d", "local"]
    objective = ["-o", f"{NAME}[known_share=0.34]", "--output", str(output), "--no-cache", "--no-plot"]
    benchopt_run([str(ROOT), *chosen, *objective], standalone_mode=False)
    results = pd.read_parquet(output).set_index("solver_name")
    assert len(results) == 3
    same = results.loc[[name for name in results.index if not name.startswith("GoldMV")], "objective_acc_train"]
    assert same.nunique() == 1
    assert results["objective_data"].nunique() == 1


def test_the_strategy_of_gold_is_told(make, random_votes):
    votes, truth = random_votes()
    known = np.where(np.arange(votes.n_task) < 20, truth, -1)
    solver = make("GoldMV")
    solver.set_objective(votes, known=known)
    solver.run(1)
    expected = GoldMajorityVote().fit(votes, known=known)
    np.testing.assert_array_equal(solver.get_result()["soft"], expected.soft)
    assert (expected.soft != MajorityVote().tied_shares(votes)).any()
