"""The objective's `heldout_share`: what is withheld, and that nothing changes without it."""

import numpy as np
import pandas as pd
import pytest
from benchopt.cli.main import run as benchopt_run
from benchopt.utils.run_context import RunContext

from benchmark_utils.harness.hidden import reveal
from benchmark_utils.scoring.truth_free import heldout_scores
from tests.conftest import ROOT

NAME = "Crowdsourced label aggregation"


@pytest.fixture
def make(benchmark):
    """`make(votes, truth, repetition=0, **parameters)`: an objective as in a run, with its data."""

    def make(votes, truth, repetition=0, **parameters):
        objective = benchmark.get_benchmark_objective().get_instance(**parameters)
        context = RunContext().set_run_context(objective, "d", "s", repetition, base_seed=0)
        context.attach(objective, None, None)
        objective.set_data(votes=votes, truth=truth)
        return objective

    return make


def test_by_default_nothing_is_withheld_and_nothing_is_drawn(make, random_votes):
    votes, truth = random_votes()
    objective = make(votes, truth)
    assert str(objective) == NAME  # as in results from before there was a parameter
    seen = objective.get_objective()["votes"]
    assert all(getattr(seen, name) is getattr(votes, name) for name in ("task", "worker", "label"))
    assert not any(objective._seed_params.values())  # so that Benchopt caches the data over repetitions, as before
    assert not [name for name in objective.evaluate_result(truth) if name.startswith("heldout")]


def test_a_share_of_the_workers_is_withheld_and_predicted(make, random_votes):
    votes, truth = random_votes(n_worker=10)
    objective = make(votes, truth, heldout_share=0.3)
    assert str(objective) == f"{NAME}[heldout_share=0.3]"
    seen = objective.get_objective()["votes"]
    _, _, withheld = reveal(objective)
    assert len(set(withheld.worker)) == 3
    assert not set(seen.worker) & set(withheld.worker)
    assert seen.n_votes + withheld.n_votes == votes.n_votes
    assert not [name for name, value in vars(objective).items() if value is withheld]  # no solver sees them
    scores = objective.evaluate_result(truth)
    expected = heldout_scores(seen, withheld, truth)
    assert {name: scores[name] for name in expected} == expected
    assert scores["acc_train"] == 1


def test_each_repetition_withholds_other_workers(make, random_votes):
    votes, truth = random_votes()
    first, again, second = (make(votes, truth, repetition, heldout_share=0.3) for repetition in (0, 0, 1))
    drawn = [set(reveal(objective)[2].worker) for objective in (first, again, second)]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize(("share", "reason"), [(1, "is a share of the workers"), (0.5, "one worker gave all")])
def test_what_cannot_be_withheld_skips_in_words(benchmark, random_votes, share, reason):
    votes, _ = random_votes(n_worker=1, per_task=1)
    objective = benchmark.get_benchmark_objective().get_instance(heldout_share=share)
    skips, said = objective.skip(votes=votes)
    assert skips
    assert reason in said


def test_a_run_with_withheld_votes(tmp_path):
    output = tmp_path / "result.parquet"
    chosen = ["-s", "MV", "-s", "OneCoinDS", "-d", "simulated[scenario=independent,n_task=60]", "-r", "2"]
    objective = ["-o", f"{NAME}[heldout_share=0.2]", "--output", str(output), "--no-cache", "--no-plot"]
    benchopt_run([str(ROOT), *chosen, *objective], standalone_mode=False)
    results = pd.read_parquet(output)
    assert results["objective_name"].unique() == [f"{NAME}[heldout_share=0.2]"]
    assert results["objective_heldout_agreement"].between(0, 1).all()
    assert (results["objective_heldout_log_score"] < 0).all()
    assert np.unique(results["objective_heldout_log_score"]).size > 2
