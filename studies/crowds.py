"""Tasks, workers, votes, classes and Krippendorff's alpha of every crowd at hand: the thesis's Table 3.6, and more.

    python -m studies.crowds [--output docs/crowds.md]

A crowd whose files are absent is left out, with the command that fetches it on standard error.
"""

import argparse
import sys
from pathlib import Path

from benchmark_utils.crowds.published.literature import CROWDS
from benchmark_utils.votes.description import describe
from studies.votes_per_task import load

FILES = ("bluebirds", "labelme", "music", "cifar10h", "audiobirds", "plantnet_swe")
TABLE_3_6 = {"audiobirds": 0.810, "bluebirds": 0.126, "cifar10h": 0.910, "labelme": 0.677, "music": 0.301}
NOTES = {
    "cifar10h": "The copy that was measured differs from the official one, whose alpha is 0.910: for tasks 0 to 9,499 "
    "the counts of votes are real, and who cast them was drawn. Alpha depends on the counts alone.",
    "audiobirds": "In the copy that was measured who cast a vote was drawn, and the number of votes of unanimous tasks "
    "were chosen so that alpha is the published one: that they agree is by construction.",
    "labelme": "The thesis counts the 77 columns of the file; 18 of these workers gave no answer.",
    "zencrowd_us": "Exact repeats of a vote are dropped, as everywhere.",
}


def row(name, found) -> str:
    published = TABLE_3_6.get(name)
    cells = [f"{found[key]:,}" for key in ("tasks", "workers", "votes", "classes")]
    cells += [f"{found['feedback_effort_mean']:.1f}", f"{found['workload_median']:,.0f}"]
    cells += [f"{found['alpha']:.3f}", "" if published is None else f"{published:.3f}"]
    return f"| {name} | {' | '.join(cells)} |"


def to_markdown(found) -> str:
    """The page; `found` has by crowd what `describe` says of it."""
    titles = ["crowd", "tasks", "workers", "votes", "classes", "votes a task", "votes a worker, median", "alpha"]
    titles.append("alpha in the thesis")
    absent = [name for name in (*FILES, *CROWDS) if name not in found]
    notes = [f"- `{name}`: {NOTES[name]}" for name in found if name in NOTES]
    lines = [
        "# The crowds at hand",
        "",
        "Made by `python -m studies.crowds --output docs/crowds.md`. Workers are those who voted. Alpha is",
        "Krippendorff's: 1 where votes always agree, 0 where they agree as often as chance (thesis, Table 3.6).",
        "",
        f"| {' | '.join(titles)} |",
        "| --- " * len(titles) + "|",
        *(row(name, one) for name, one in found.items()),
        "",
        *notes,
    ]
    if absent:
        lines += [
            "",
            f"Not at hand where this was measured: {', '.join(absent)}. The thesis's `relevance-2` (7,138 workers,",
        ]
        lines += ["99,319 tasks, 2 classes, alpha 0.262) is no dataset of this suite."]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path)
    chosen = parser.parse_args()
    loaded = ((name, load(name)) for name in (*FILES, *CROWDS))
    found = {name: describe(*data) for name, data in loaded if data is not None}
    if not found:
        sys.exit("no crowd is at hand; the lines above say how to fetch them")
    page = to_markdown(found)
    print(page)
    if chosen.output:
        chosen.output.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
