"""What the stopping rule is worth: iterations, accuracy and nats short on every crowd at hand, by two rules.

python -m studies.convergence --output docs/convergence.md

"Before" is a change of the log-likelihood (or of the evidence bound) of a millionth of its value, "after" one of a
thousandth of a nat, which is the rule of `stands_still`. "Short" is how many nats the end is below the end of
MOST iterations.
"""

import argparse
from pathlib import Path

import numpy as np
from benchopt.benchmark import Benchmark

from benchmark_utils.crowds.published.literature import CROWDS
from benchmark_utils.strategies.bwa import BWA
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.dswc import DSWC
from benchmark_utils.strategies.glad import GLAD
from benchmark_utils.strategies.ibcc import IBCC
from benchmark_utils.strategies.mace import MACE
from benchmark_utils.strategies.one_coin import OneCoinDawidSkene

ROOT = Path(__file__).parents[1]
MOST = 1000
MOST_VOTES = 100_000  # above, a thousand iterations of every strategy take too long
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
    history = np.array(strategy.fit(votes, n_iter=MOST, tol=-1).history)
    ends = {rule: first(holds(history, np.abs(np.diff(history)))) for rule, holds in RULES.items()}
    known = truth >= 0
    rows = {}
    for rule, n_iter in ends.items():
        labels = strategy.fit(votes, n_iter=n_iter, tol=-1).labels
        rows[rule] = n_iter, np.mean(labels[known] == truth[known]), history[-1] - history[n_iter - 1]
    return rows


def crowds():
    """Name, votes and truth of each crowd that is here and small enough."""
    benchmark = Benchmark(ROOT)
    asked = [(name, {}) for name in ("bluebirds", "labelme", "music")]
    asked += [("literature", {"name": name}) for name in CROWDS]
    for name, parameters in asked:
        (dataset,) = benchmark.check_dataset_patterns([name], class_only=True)
        data = dataset.get_instance(**parameters).get_data()
        if not data.get("missing") and data["votes"].n_votes <= MOST_VOTES:
            yield parameters.get("name", name), data["votes"], data["truth"]


def table(compared) -> str:
    lines = ["| crowd | strategy | iterations | accuracy | nats short |", "| --- | --- | --- | --- | --- |"]
    for (crowd, strategy), rows in compared.items():
        cells = [
            " / ".join(form % rows[rule][place] for rule in RULES) for place, form in enumerate(("%d", "%.4f", "%.3f"))
        ]
        lines.append(f"| {crowd} | {strategy} | {' | '.join(cells)} |")
    total = {rule: sum(rows[rule][0] for rows in compared.values()) for rule in RULES}
    worst = {rule: max(rows[rule][2] for rows in compared.values()) for rule in RULES}
    moved = sum(rows["before"][1] != rows["after"][1] for rows in compared.values())
    lines.append(
        f"| all | all | {total['before']} / {total['after']} | {moved} of {len(compared)} differ "
        f"| at most {worst['before']:.1f} / {worst['after']:.1f} |"
    )
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path)
    chosen = parser.parse_args()
    compared = {}
    for crowd, votes, truth in crowds():
        for name, strategy in STRATEGIES.items():
            if name != "GLAD" or votes.n_votes <= 30_000:  # a thousand of its iterations take minutes above
                compared[crowd, name] = compare(strategy, votes, truth)
                print(crowd, name, compared[crowd, name], flush=True)
    if chosen.output:
        text = chosen.output.read_text() if chosen.output.exists() else ""
        head = text[: text.index("| crowd |")] if "| crowd |" in text else text
        chosen.output.write_text(head + table(compared))


if __name__ == "__main__":
    main()
