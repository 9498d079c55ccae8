"""What the stopping rule is worth: iterations, accuracy and nats short on every crowd at hand, by two rules.

    python -m studies.convergence [--crowds NAME ...] [--output docs/convergence.md]

"Before" is a change of the log-likelihood (or of the evidence bound) of a millionth of its value, "after" one of a
thousandth of a nat, which is the rule of `stands_still`. "Short" is how many nats the end is below the end of
MOST iterations, or of those after which a step changes less than STILL nats.

Each row is kept in outputs/convergence.json as soon as it is measured, so that a stopped run goes on. A row is measured
again where the votes or the code of the suite have changed.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from benchmark_utils.crowds.published.literature import CROWDS
from benchmark_utils.harness import limits
from benchmark_utils.harness.fresh import CODE
from benchmark_utils.strategies.bwa import BWA
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.dswc import DSWC
from benchmark_utils.strategies.glad import GLAD
from benchmark_utils.strategies.ibcc import IBCC
from benchmark_utils.strategies.mace import MACE
from benchmark_utils.strategies.one_coin import OneCoinDawidSkene
from benchmark_utils.votes.digest import digest
from studies.votes_per_task import ROOT, load

MOST = 1000
STILL = 1e-7
AT_HAND = ("bluebirds", "labelme", "music", "cifar10h", "audiobirds", *CROWDS)
STRATEGIES = {
    "DS": DawidSkene(),
    "OneCoinDS": OneCoinDawidSkene(),
    "GLAD": GLAD(),
    "iBCC": IBCC(),
    "DSWC": DSWC(),
    "BWA": BWA(),
    "MACE, one start": MACE(restarts=1),
}
RULES = {
    "before": lambda history, change: change <= 1e-6 * np.abs(history[1:]),
    "after": lambda history, change: change <= 1e-3,
}


def first(still) -> int:
    """Iterations until the rule holds."""
    return int(np.argmax(still)) + 2 if still.any() else MOST


def compare(strategy, votes, truth):
    """By rule: iterations, accuracy there, nats short of the end."""
    history = np.array(strategy.fit(votes, n_iter=MOST, tol=STILL).history)
    ends = {rule: first(holds(history, np.abs(np.diff(history)))) for rule, holds in RULES.items()}
    known = truth >= 0
    rows = {}
    for rule, n_iter in ends.items():
        labels = strategy.fit(votes, n_iter=n_iter, tol=-1).labels
        rows[rule] = n_iter, np.mean(labels[known] == truth[known]), history[-1] - history[n_iter - 1]
    return rows


class Kept:
    """The rows measured so far, in a file."""

    def __init__(self, path):
        self.path = path
        self.rows = json.loads(path.read_text()) if path.exists() else {}

    def row(self, crowd, name, strategy, votes, truth):
        """The row of a crowd and a strategy, measured where it is not there, or is of other votes or other code."""
        key, about = f"{crowd}, {name}", [digest(votes, truth), CODE]
        if self.rows.get(key, {}).get("about") != about:
            self.rows[key] = dict(about=about, **compare(strategy, votes, truth))
            part = self.path.with_suffix(".part")
            part.write_text(json.dumps(self.rows, indent=1))
            part.replace(self.path)
            print(key, {rule: self.rows[key][rule] for rule in RULES}, flush=True)
        return {rule: self.rows[key][rule] for rule in RULES}


def measure(crowds, kept):
    """The rows, {(crowd, strategy): row}; the names of the crowds that are absent, and what does not fit, with why."""
    rows, absent, left_out = {}, [], []
    for crowd in crowds:
        loaded = load(crowd)
        if loaded is None:
            absent.append(crowd)
            continue
        for name, strategy in STRATEGIES.items():
            skips, reason = limits.skip(strategy, loaded[0], name)
            if skips:
                left_out.append(f"{name} on {crowd} {reason}")
            else:
                rows[crowd, name] = kept.row(crowd, name, strategy, *loaded)
    return rows, absent, left_out


def table(compared) -> str:
    lines = ["| crowd | strategy | iterations | accuracy | nats short |", "| --- | --- | --- | --- | --- |"]
    for (crowd, strategy), rows in compared.items():
        cells = [
            " / ".join(form % rows[rule][place] for rule in RULES) for place, form in enumerate(("%d", "%.4f", "%.3f"))
        ]
        lines.append(f"| {crowd} | {strategy} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def page(compared, absent, left_out, command) -> str:
    """The page: what is compared, what comes of it, the table, and what is not in it."""
    total = {rule: sum(rows[rule][0] for rows in compared.values()) for rule in RULES}
    worst = {rule: max(rows[rule][2] for rows in compared.values()) for rule in RULES}
    change = np.array([rows["after"][1] - rows["before"][1] for rows in compared.values()])
    unmet = [f"{name} on {crowd}" for (crowd, name), rows in compared.items() if rows["after"][0] == MOST]
    lines = [
        "# When an iteration stops",
        "",
        f"Two stopping rules, compared on {len(compared)} pairs of a strategy and one of "
        f"{len({crowd for crowd, _ in compared})} crowds.",
        "*Before*, a strategy had converged when its log-likelihood, or the bound that it raises, changed by at most a",
        "millionth of its value. *After* is the rule today: a change of at most a thousandth of a nat. Cells are",
        "*before / after*. Nats short is how far the end by the rule lies below the end of",
        f"{MOST} iterations, or of those after which a step changes less than {STILL:g} nats.",
        "",
        f"- All pairs together take {total['before']:,} iterations before and {total['after']:,} after.",
        f"- The worst pair ends {worst['before']:.1f} nats short before, and {worst['after']:.1f} after.",
        f"- {np.count_nonzero(change)} accuracies differ: {(change > 0).sum()} are higher after and "
        f"{(change < 0).sum()} lower, by {np.abs(change).max():.4f} at most.",
        f"- {len(unmet)} pairs do not meet the rule of today within {MOST} iterations{listed(unmet)}.",
        f"- {len(absent)} crowds are left out since they are not here{listed(absent)}.",
        f"- {len(left_out)} pairs are left out for what they need{listed(left_out)}.",
        "- Pl@ntNet-CrowdSWE is left out: a thousand iterations on nine million votes take hours.",
        "",
        f"Made by `{command}`.",
        "",
        table(compared),
    ]
    return "\n".join(lines)


def listed(names):
    return f": {', '.join(names)}" if names else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crowds", nargs="+", default=AT_HAND, choices=AT_HAND, metavar="NAME")
    parser.add_argument("--output", type=Path)
    chosen = parser.parse_args()
    found = measure(chosen.crowds, Kept(ROOT / "outputs" / "convergence.json"))
    text = page(*found, " ".join(["python -m studies.convergence", *sys.argv[1:]]))
    print(text)
    if chosen.output:
        chosen.output.write_text(text)


if __name__ == "__main__":
    main()
