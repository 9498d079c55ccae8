"""What is a known truth worth? Accuracy against the share of the truths that is known, beside the survey's figures.

    python -m studies.known_share [--crowds NAME ...] [--output docs/known_truth]

A share of the known truths is drawn at random and given to the strategy; the accuracy is of the other tasks. What is
shown is the mean over as many draws as the survey (Zheng et al., PVLDB 2017) has, fewer where a strategy is slow, with
its 95 % interval (Student's). `--output` gets a page, `.md`, and a picture, `.svg`.

Beside the survey's figures stands by how many standard errors ours differ. The error is that of the difference of two
means, both with the deviation that our draws have.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter
from scipy.stats import t as student

from benchmark_utils.scoring.against_truth import accuracy
from benchmark_utils.scoring.given import give
from benchmark_utils.strategies.catalogue import STRATEGIES
from studies.as_surveyed import SurveyedDawidSkene, SurveyedGLAD
from studies.votes_per_task import load

SHARES = [0, 0.1, 0.2, 0.3, 0.4, 0.5]
# One strategy per kind of model in the picture, in the colours of Okabe and Ito; the tables have more
STYLES = {
    "MV": ("#000000", "o"),
    "GoldMV": ("#E69F00", "s"),
    "ZC": ("#56B4E9", "^"),
    "CATD": ("#F0E442", "P"),
    "CRH": ("#0072B2", "X"),
    "DS": ("#D55E00", "D"),
    "GLAD": ("#009E73", "v"),
    "iBCC": ("#CC79A7", "*"),
}
SURVEYED = {"DS, survey": SurveyedDawidSkene, "GLAD, survey": SurveyedGLAD}
TABLES = (*STYLES, "WAWA", "IWMV", "LA-2", "OneCoinDS", "BWA", "MACE", "VI-MF", "Minimax", *SURVEYED)
DRAWS = {"GLAD": 50, "GLAD, survey": 10, "MACE": 10, "Minimax": 3}  # of the others 100
SLOW = ("Minimax",)  # only beside figures of the survey, which has another form of it on dog and face
MOST_DRAWS = {"cf_amt": 10}
# the survey's own result files, for SHARES; draws are those of the survey
SURVEY = {
    ("bluebirds", "CATD"): (100, [0.7778, 0.7879, 0.7929, 0.7942, 0.7962, 0.7993]),
    ("bluebirds", "DS"): (100, [0.8796, 0.8882, 0.8897, 0.8903, 0.8923, 0.8883]),
    ("bluebirds", "GLAD"): (50, [0.7685, 0.7737, 0.7766, 0.7708, 0.7732, 0.7722]),
    ("bluebirds", "CRH"): (100, [0.7870, 0.7870, 0.7911, 0.7939, 0.7966, 0.7994]),
    ("bluebirds", "ZC"): (100, [0.7222, 0.7374, 0.7744, 0.7875, 0.7992, 0.8083]),
    ("bluebirds", "VI-MF"): (100, [0.8981, 0.8955, 0.8928, 0.8905, 0.8891, 0.8852]),
    ("bluebirds", "Minimax"): (100, [0.9167, 0.9160, 0.9147, 0.9151, 0.9138, 0.9122]),
    ("dog", "CATD"): (100, [0.8211, 0.8221, 0.8235, 0.8264, 0.8287, 0.8317]),
    ("dog", "DS"): (100, [0.8426, 0.8429, 0.8437, 0.8442, 0.8463, 0.8475]),
    ("dog", "GLAD"): (50, [0.8352, 0.8346, 0.8341, 0.8344, 0.8337, 0.8346]),
    ("dog", "CRH"): (100, [0.8195, 0.8189, 0.8184, 0.8182, 0.8193, 0.8200]),
    ("dog", "ZC"): (100, [0.8302, 0.8303, 0.8309, 0.8321, 0.8336, 0.8343]),
    ("face", "CATD"): (100, [0.6166, 0.6258, 0.6294, 0.6319, 0.6351, 0.6396]),
    ("face", "DS"): (100, [0.6404, 0.6553, 0.6626, 0.6650, 0.6668, 0.6693]),
    ("face", "GLAD"): (50, [0.6301, 0.6284, 0.6294, 0.6285, 0.6284, 0.6301]),
    ("face", "CRH"): (100, [0.5973, 0.5932, 0.5922, 0.5899, 0.5904, 0.5885]),
    ("face", "ZC"): (100, [0.6284, 0.6287, 0.6312, 0.6337, 0.6372, 0.6408]),
    ("cf_amt", "CATD"): (10, [0.8600, 0.8615, 0.8583, 0.8581, 0.8589, 0.8600]),
    ("cf_amt", "DS"): (10, [0.8567, 0.8596, 0.8592, 0.8586, 0.8594, 0.8573]),
    ("cf_amt", "ZC"): (10, [0.8533, 0.8556, 0.8546, 0.8548, 0.8556, 0.8567]),
}


def measure(votes, truth, strategy, share, n_draw) -> np.ndarray:
    """The accuracy on the tasks whose truth is not given, of each draw, (n_draw,)."""
    accuracies = []
    for seed in range(n_draw):
        given, left = give(truth, share, seed) if share else (None, truth)
        accuracies.append(accuracy(strategy.fit(votes, seed=seed, known=given).labels, left))
    return np.array(accuracies)


def half_interval(values) -> float:
    """Half of the 95 % interval of their mean (Student's)."""
    return student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))


def run_one(crowd, votes, truth) -> dict:
    """{strategy: one array of accuracies per share}"""
    found = {}
    for name in TABLES:
        if name in SLOW and (crowd, name) not in SURVEY:
            continue
        strategy = (STRATEGIES | SURVEYED)[name]()
        if votes.n_class <= getattr(strategy, "max_classes", votes.n_class):
            n_draw = min(DRAWS.get(name, 100), MOST_DRAWS.get(crowd, 100))
            found[name] = [measure(votes, truth, strategy, share, n_draw) for share in SHARES]
    print(crowd, "done", file=sys.stderr, flush=True)
    return found


def run(crowds) -> dict:
    """{crowd: {strategy: one array of accuracies per share}}, a process per crowd."""
    with ProcessPoolExecutor(len(crowds)) as pool:
        running = {crowd: pool.submit(run_one, crowd, *data) for crowd, data in crowds.items()}
        return {crowd: one.result() for crowd, one in running.items()}


def compare(accuracies, n_theirs, figure, n_task) -> str:
    """The survey's figure, and how far ours is from it: in standard errors, or where no draw differs, in tasks."""
    difference = np.mean(accuracies) - figure
    error = np.std(accuracies, ddof=1) * np.sqrt(1 / len(accuracies) + 1 / n_theirs)
    if error < 1e-12:
        n = round(difference * n_task)
        return f"{figure:.4f} (same)" if n == 0 else f"{figure:.4f} ({n:+d} task{'s' * (abs(n) > 1)})"
    return f"{figure:.4f} ({difference / error:+.1f})"


def draw(found):
    figure, axes = plt.subplots(1, len(found), figsize=(3.4 * len(found), 4), squeeze=False, layout="constrained")
    for (crowd, curves), axis in zip(found.items(), axes[0], strict=True):
        for strategy, (colour, marker) in STYLES.items():
            mean, half = [np.mean(a) for a in curves[strategy]], [half_interval(a) for a in curves[strategy]]
            style = dict(color=colour, marker=marker, ms=4, lw=1, elinewidth=1, label=strategy)
            axis.errorbar(SHARES, mean, half, **style)
        axis.set(title=crowd, xlabel="share of the truths that is known")
        axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.0f} %"))
        axis.grid(alpha=0.3)
    axes[0, 0].set_ylabel("accuracy on the other tasks")
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=len(STYLES), frameon=False)
    return figure


def table(first, rows) -> list[str]:
    """A table with a column per share."""
    header = f"| {first} | draws | {' | '.join(f'{100 * share:.0f} %' for share in SHARES)} |"
    return [header, "| --- " * (len(SHARES) + 2) + "|", *(f"| {' | '.join(row)} |" for row in rows)]


def to_markdown(found, crowds, command, picture) -> str:
    lines = [_ABOUT.format(picture=picture, command=command)]
    for crowd, curves in found.items():
        votes, truth = crowds[crowd]
        n_task = np.count_nonzero(truth >= 0)
        rows, beside = [], []
        for name, accuracies in curves.items():
            cells = (f"{np.mean(a):.4f} ± {half_interval(a):.4f}" for a in accuracies)
            rows.append([name, str(len(accuracies[0])), *cells])
            n_theirs, figures = SURVEY.get((crowd, name.removesuffix(", survey")), (0, []))
            if figures:
                pairs = zip(accuracies, figures, strict=True)
                beside.append([name, str(n_theirs), *(compare(a, n_theirs, figure, n_task) for a, figure in pairs)])
        size = f"{votes.n_task:,} tasks, {votes.n_votes:,} votes, {votes.n_class} classes"
        lines += [f"## {crowd}: {size}", "", *table("strategy", rows), ""]
        lines += ["The survey's figures, and how far ours are from them:", "", *table("strategy", beside), ""]
    return "\n".join(lines)


_ABOUT = """# What a known truth is worth

![Accuracy on the other tasks against the share of the truths that is known, strategy by strategy]({picture})

A share of the truths is given to the strategy, `fit(votes, known=...)`; [partitions](scale.md#larger-than-memory) take
it too. The accuracy is of the other tasks: its mean over random draws, ± half of its 95 % interval. Other draws have
other tasks, so that curves are not smooth. MV gains nothing from a known truth, since it learns nothing of the
workers: its curve shows what the draw of tasks alone does. GoldMV learns of the workers from known tasks alone, and is
MV without any. Made by

    {command}

- A strategy that takes the crowd for something else gains most. On bluebirds OneCoinDS goes from 0.58 to 0.71 with a
  tenth of the truths and to 0.82 with half of them, ZC from 0.72 to 0.82.
- A strategy that is right about the workers gains little. DS, iBCC and VI-MF have 0.89 to 0.90 on bluebirds without
  any known truth, and with half of the truths. On face a tenth of the truths takes DS from 0.640 to 0.659.
- GoldMV needs few truths. With a tenth of them it is 0.024 ahead of MV on bluebirds, 0.007 on dog and 0.004 on face.
  More truths add little.

Below each table are the figures of the survey of Zheng et al. (PVLDB 10, 2017), read from its own result files (CRH is
PM there), and in brackets by how many standard errors ours differ from them. Where all our draws have one accuracy,
the difference is in tasks.

## Where ours and the survey's differ, and why

ZC, CATD, CRH and VI-MF are within three standard errors of the survey's figures everywhere, and so is Minimax, in three
draws, on bluebirds. DS and GLAD are not.

- DS differs on bluebirds with a tenth of the truths or none, on face with a tenth, and on cf_amt. The survey's program
  does not start from the majority vote: it takes every worker for right with probability 0.7. It stops after 20 rounds.
  So EM ends elsewhere. "DS, survey" is the same model with that start and that end. It has the survey's accuracies
  without known truths, to the task, and is within two standard errors elsewhere. Our own DS has the same labels, known
  truths given or not, when it is given that start (`start=`) and that end (`n_iter=19`).
- GLAD differs on bluebirds. The survey's program has our priors, but takes the current abilities and difficulties for
  the means of their priors. So the priors pull nowhere. "GLAD, survey" is the same model without priors, with the
  optimiser and the stopping rule of that program. It has the survey's accuracies without known truths, to the task, and
  is within three standard errors elsewhere.

Our start and our priors are those of the papers, and stay.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crowds", nargs="+", default=["bluebirds", "dog", "face", "cf_amt"])
    parser.add_argument("--output", type=Path, default=Path("docs/known_truth"))
    chosen = parser.parse_args()
    crowds = {name: data for name in chosen.crowds if (data := load(name)) is not None}
    if not crowds:
        parser.error("none of the crowds is there; the lines above say how to fetch them")
    found = run(crowds)
    picture = chosen.output.with_suffix(".svg")
    picture.parent.mkdir(parents=True, exist_ok=True)
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "known_share"})  # small, and the same each time
    draw(found).savefig(picture, metadata={"Date": None})
    command = " ".join(["python -m studies.known_share", *sys.argv[1:]])
    chosen.output.with_suffix(".md").write_text(to_markdown(found, crowds, command, picture.name))


if __name__ == "__main__":
    main()
