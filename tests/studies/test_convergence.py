"""The table of stopping rules, on histories written out by hand."""

import numpy as np

from benchmark_utils.strategies.dawid_skene import DawidSkene
from studies.convergence import RULES, compare, first, table


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
