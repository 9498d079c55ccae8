"""What studies/identification.py found, as a page of docs/ and as one HTML file that opens without a network."""

import base64
import io
from html import escape
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from benchmark_utils.harness.dataset import find_data
from benchmark_utils.results.votes_page import build_page, paragraph, table

ABOUT = [
    "Scores of tasks say how hard a task is: the entropy of its votes, GLAD's difficulty, and the areas under the "
    "margin WAUM and AUMC with their signs turned, so that all are higher for harder tasks.",
    "Scores of workers say how good a worker is: the share of right votes, trace and spammer score of Dawid and "
    "Skene's confusion matrices, GLAD's ability, and the mean diagonals that CrowdLayer and CoNAL(1e-4) learn. The "
    "number of votes stands beside them: it is no skill, and a score that follows it says little.",
    "Correlations are Spearman's. On the diagonal stands the correlation of a network's score from one seed with that "
    "from another: how much of it is not noise. A correlation is blank where one of the scores is constant.",
    "The AUC for MV's errors is the probability that a task which MV gets wrong is scored harder than one which it "
    "gets right; one half is chance.",
    "Workers have numbers here, since an id may lead to a person. One is called best or worst only with 20 votes or "
    "more. A confusion matrix is that of one worker where every class was met; that of all workers is their mean, "
    "weighted by the tasks that they met.",
]
COMMAND = "python -m studies.identification --scores outputs/streams.npz --page outputs/identification.html"
SCORES = (
    "The areas under the margin of CIFAR-10H come from a GPU: "
    "`python -m studies.learning.cifar10h_streams votes tasks aumc --data FOLDER --out outputs/streams`. "
    "Without `--scores` they are left out."
)


def data_folder(name) -> Path:
    return Path(find_data(name))


def read_scores(path, n_task) -> tuple[dict, dict]:
    """WAUM, the published way and by default, and AUMC of each task, (n_task,), of seed 0 and of seed 1.

    Ends in words where the file lacks a score, or where one is of other tasks.
    """
    names = {"WAUM": "WAUM, epoch=votes", "WAUM, default": "WAUM, epoch=tasks", "AUMC": "AUMC"}
    again = "measure it again: python -m studies.learning.cifar10h_streams votes tasks aumc"
    with np.load(path) as scores:
        wanted = [f"{name}, seed {seed}" for seed in (0, 1) for name in names.values()]
        lacking = [name for name in wanted if name not in scores]
        if lacking:
            raise SystemExit(f"{path} has no {lacking[0]!r}: {again}")
        found = [scores[name] for name in wanted]
    for name, score in zip(wanted, found, strict=True):
        if score.shape != (n_task,):
            raise SystemExit(f"{name!r} of {path} has the shape {score.shape}, and there are {n_task} tasks: {again}")
    return dict(zip(names, found, strict=False)), dict(zip(names, found[len(names) :], strict=True))


def write(found, output, page):
    """Both pages; `found` is a list of (crowd, note, scores of tasks, scores of workers, tables)."""
    output.write_text(to_markdown(found), encoding="utf-8")
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(to_html(found), encoding="utf-8")
    print(f"{output}\n{page}  (opens without a network)")


def to_markdown(found) -> str:
    lines = [
        "# Who is good and what is hard",
        "",
        "Made, with a page that has the pictures, by",
        "",
        f"    {COMMAND}",
    ]
    for sentence in (SCORES, *ABOUT):
        lines += ["", sentence]
    for crowd, note, _, _, tables in found:
        lines += ["", f"## {crowd.name}", "", note]
        for caption, frame in tables:
            if " worker, number" not in caption:  # two matrices more per crowd, which the other page has
                lines += ["", f"**{caption}**", "", *markdown_table(frame)]
    return "\n".join(lines) + "\n"


def markdown_table(frame):
    yield f"| {' | '.join(map(str, frame.columns))} |"
    yield "| --- " * frame.shape[1] + "|"
    for row in frame.itertuples(index=False):
        yield f"| {' | '.join(map(text_of, row))} |"


def text_of(value) -> str:
    if isinstance(value, (float, np.floating)):
        return "" if np.isnan(value) else f"{value:.2f}"
    return str(value).replace("|", "\\|")


def to_html(found) -> str:
    parts = []
    for crowd, note, tasks, workers, tables in found:
        content = paragraph(note)
        for caption, frame in tables:
            if caption.endswith("by true class"):
                content += matrix_table(frame, caption)
                continue
            content += table(frame, caption)
            if "Rank correlations" in caption:
                scores = tasks if "tasks" in caption else workers
                content += picture(pairs(scores.table), f"{crowd.name}: {caption}") + paragraph(note)
        if crowd.are_images:
            content += picture(hardest_images(crowd, tasks.table), f"{crowd.name}: the hardest tasks by each score")
            content += paragraph(note)
        parts.append((crowd.name, content))
    return build_page("Who is good and what is hard", ABOUT, parts)


def matrix_table(frame, caption) -> str:
    """A confusion matrix, the darker the more likely."""
    head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in frame.columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(str(name))}</th>'
        + "".join(
            f'<td style="background:rgba(11,98,168,{0.6 * max(value, 0):.2f})">{value:.2f}</td>' for value in values
        )
        + "</tr>"
        for name, *values in frame.itertuples(index=False)
    )
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(caption)}"><table class="heat">'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def pairs(table: pd.DataFrame):
    """Every score against every other, a point per task or worker; on the diagonal how its values are spread."""
    n = table.shape[1]
    figure, axes = plt.subplots(n, n, figsize=(1.7 * n, 1.7 * n), squeeze=False, layout="constrained")
    for i, y in enumerate(table):
        for j, x in enumerate(table):
            axis = axes[i, j]
            if i == j:
                axis.hist(table[x].dropna(), bins=30, color="#0072B2")
            else:
                axis.plot(table[x], table[y], ".", ms=2, alpha=0.4, color="#0072B2")
            axis.tick_params(labelsize=6)
            if i == n - 1:
                axis.set_xlabel(x, fontsize=8)
            if j == 0:
                axis.set_ylabel(y, fontsize=8)
    return figure


def hardest_images(crowd, difficulty, n=8):
    """A row of images per score; above each the two most frequent answers."""
    figure, axes = plt.subplots(difficulty.shape[1], n, figsize=(1.4 * n, 1.8 * difficulty.shape[1]), squeeze=False)
    for row, name in zip(axes, difficulty, strict=True):
        for axis, task in zip(row, difficulty[name].nlargest(n).index, strict=True):
            of_task = np.bincount(crowd.votes.label[crowd.votes.task == task], minlength=crowd.votes.n_class)
            said = [k for k in np.argsort(-of_task)[:2] if of_task[k]]
            axis.imshow(crowd.tasks[task].transpose(1, 2, 0))
            axis.set_title("\n".join(f"{crowd.classes[k]} {of_task[k]}" for k in said), fontsize=7)
            axis.set(xticks=[], yticks=[])
        row[0].set_ylabel(name)
    figure.tight_layout()
    return figure


def picture(figure, label) -> str:
    """The figure inside the page."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=80)
    plt.close(figure)
    content = base64.b64encode(file.getvalue()).decode("ascii")
    return f'<p><img alt="{escape(label)}" src="data:image/png;base64,{content}" style="max-width:100%"></p>'
