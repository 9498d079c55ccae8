"""The table of stopping rules, on histories written out by hand."""

import numpy as np
import pytest

from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.votes import Votes
from studies import convergence
from studies.convergence import RULES, Kept, compare, first, measure, page, table


def test_the_rules_end_where_their_change_is_small():
    history = np.array([-1e5, -9e4, -9e4 + 0.08, -9e4 + 0.0801, -9e4 + 0.0801])
    change = np.abs(np.diff(history))
    assert {rule: first(holds(history, change)) for rule, holds in RULES.items()} == {"before": 3, "after": 4}


def test_a_row_has_both_ends(random_votes):
    votes, truth = random_votes(1, n_class=2, skill=0.6)
    rows = compare(DawidSkene(), votes, truth)
    own = DawidSkene().fit(votes)
    n_iter, accuracy, short = rows["after"]
    assert n_iter == own.n_iter
    assert accuracy == np.mean(own.labels == truth)
    assert 0 <= short < rows["before"][2] or rows["before"][0] >= n_iter
    lines = table({("ours", "DS"): rows}).splitlines()
    assert lines[2].startswith(
        f"| ours | DS | {rows['before'][0]} / {n_iter} | {rows['before'][1]:.4f} / {accuracy:.4f} |"
    )


def test_a_stopped_run_goes_on_and_other_votes_are_measured_again(random_votes, tmp_path, monkeypatch):
    crowds = {"one": random_votes(1, n_class=2), "two": random_votes(2, n_class=2), "gone": None}
    fits = []

    def stop_at_the_second(strategy, votes, truth):
        fits.append(votes)
        if len(fits) == 2:
            raise KeyboardInterrupt
        return {rule: [3, 0.5, 0.25] for rule in RULES}

    monkeypatch.setattr(convergence, "load", crowds.get)
    monkeypatch.setattr(convergence, "STRATEGIES", {"DS": DawidSkene()})
    monkeypatch.setattr(convergence, "compare", stop_at_the_second)
    path = tmp_path / "kept.json"
    with pytest.raises(KeyboardInterrupt):
        measure(crowds, Kept(path))
    rows, absent, left_out = measure(crowds, Kept(path))
    assert [id(votes) for votes in fits] == [id(crowds[name][0]) for name in ("one", "two", "two")]
    assert list(rows) == [("one", "DS"), ("two", "DS")]
    assert (absent, left_out) == (["gone"], [])
    votes, truth = crowds["one"]
    crowds["one"] = Votes(votes.task, votes.worker, 1 - votes.label, votes.n_task, votes.n_worker, 2), truth
    measure(crowds, Kept(path))
    monkeypatch.setattr(convergence, "CODE", "edited")
    measure(crowds, Kept(path))
    assert len(fits) == 3 + 1 + 2


def test_the_page_counts_what_is_left_out():
    rows = {"before": [3, 0.5, 2.0], "after": [1000, 0.75, 1.0]}
    text = page({("one", "DS"): rows}, ["gone", "lost"], ["MACE on one needs 9 GiB"], "COMMAND")
    assert "- All pairs together take 3 iterations before and 1,000 after." in text
    assert "- The worst pair ends 2.0 nats short before, and 1.0 after." in text
    assert "- 1 accuracies differ: 1 are higher after and 0 lower, by 0.2500 at most." in text
    assert "- 1 pairs do not meet the rule of today within 1000 iterations: DS on one." in text
    assert "- 2 crowds are left out since they are not here: gone, lost." in text
    assert "- 1 pairs are left out for what they need: MACE on one needs 9 GiB." in text
