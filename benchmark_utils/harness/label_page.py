"""What the page votes.html says of a crowd: the sections, each from what the command has found."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark_utils.harness.known_truths import takes_known
from benchmark_utils.harness.label_tables import notices, repeated_answers
from benchmark_utils.harness.own_votes import count
from benchmark_utils.harness.recommend import METRICS, ROWS, Recommendation, of_known_truths, reason, verdict
from benchmark_utils.results.votes_page import build_page, bullets, heat_table, interval_plot, paragraph, table
from benchmark_utils.scoring.answers import agreement_of_pairs
from benchmark_utils.scoring.columns import FEW
from benchmark_utils.votes import Votes
from benchmark_utils.votes.description import describe

MOST_ROWS = 20  # of a table on the page; the files hold the others
MOST_WORKERS = 15  # of the table of who disagrees with whom
MOST_MATRICES, MOST_CLASSES = 6, 12  # of the confusion matrices that are shown


def page_of(votes: Votes, found: Recommendation, labels, workers, to_ask, name: str, notes=(), hard=None) -> str:
    """The page as HTML.

    `labels`, `workers` and `to_ask` are the tables of the files, `notes` those of the reader, `hard` the tasks that
    are hard to learn, where tasks lie beside the votes.
    """
    sections = [
        *([("Known truths", _known(found))] if found.checked is not None else []),
        *([("Held-out votes", _heldout(found))] if found.heldout is not None else []),
        ("Where the strategies differ", _strategies(votes, found)),
        ("Tasks to ask again", _to_ask(to_ask)),
        *([("Tasks that are hard to learn", _hard(hard, labels))] if hard is not None else []),
        ("Workers", _workers(workers)),
        *([("What the strategy estimates", estimates)] if (estimates := _estimates(votes, found)) else []),
        ("Who disagrees with whom", _pairs(votes)),
        ("What the votes are like", _description(votes, labels)),
    ]
    said = notices(votes, found, notes)
    if said:
        sections.insert(0, ("What should be known of these votes", bullets(said)))
    return build_page(f"Labels of {name}", [*reason(found), *of_known_truths(found), verdict(found)], sections)


def _known(found):
    checked = found.checked.table()
    frame = checked[["strategy", "accuracy"]].assign(
        interval=[f"{a:.3f} to {b:.3f}" for a, b in zip(checked["low"], checked["high"], strict=True)],
        right=[f"{n:,} of {known:,}" for n, known in zip(checked["right"], checked["known"], strict=True)],
        truths=[
            "used, by cross-validation" if takes_known(ROWS[name].make()) else "not used"
            for name in checked["strategy"]
        ],
    )
    n_known = found.checked.n_known
    few = n_known < FEW
    frame = frame.rename(columns={"interval": "95 % interval", "right": "right" + f", fewer than {FEW} known" * few})
    about = (
        "Each strategy labels the tasks whose truth is known without having seen it: where a strategy takes known "
        "truths, in five folds over these tasks. The accuracy is the share that it has right. The intervals, Wilson's, "
        "are over tasks."
    )
    frame = frame.sort_values("accuracy", ascending=False, kind="stable")
    return paragraph(about) + table(frame, f"Accuracy on {count(n_known, 'known truth')}" + f", fewer than {FEW}" * few)


def _heldout(found):
    means, low, high = found.heldout.means(), *np.quantile(found.draws, [0.025, 0.975], axis=0)
    order = np.argsort(-means[:, 0], kind="stable")
    columns = [("strategy", np.array(found.heldout.names)[order])]
    for metric, title in enumerate(METRICS):
        ends = zip(low[order, metric], high[order, metric], strict=True)
        columns += [(title, means[order, metric]), ("95 % interval", [f"{a:.3f} to {b:.3f}" for a, b in ends])]
    frame = pd.DataFrame(zip(*(values for _, values in columns), strict=True), columns=[name for name, _ in columns])
    picture = interval_plot(
        frame["strategy"].tolist(), means[order, 0], low[order, 0], high[order, 0], f"{METRICS[0]} of each strategy"
    )
    about = (
        "Each strategy predicts the votes of workers that it has not seen: how often the vote equals its label, and "
        "the mean log probability of the vote. The intervals, 95 %, are over the workers. Neither says how often a "
        "label is right: an error that all workers share is invisible here. The picture shows the agreement."
    )
    skipped = "; ".join(f"{name} {why}" for name, why in found.too_large.items())
    return (
        paragraph(about)
        + picture
        + table(frame, "Held-out scores")
        + (paragraph(f"Not compared: {skipped}.") * bool(skipped))
    )


def _strategies(votes, found):
    voted = votes.votes_per_task > 0
    names = list(found.labels)
    share = [[np.mean((a == b)[voted]) for b in found.labels.values()] for a in found.labels.values()]
    same = np.all([labels == found.result.labels for labels in found.labels.values()], axis=0)
    differ = np.flatnonzero(voted & ~same)
    differ = differ[np.argsort(found.agreeing[differ], kind="stable")]
    shown = {"task": votes.named(found.result.labels).index[differ[:MOST_ROWS]]}
    shown |= {name: votes.named(labels).to_numpy()[differ[:MOST_ROWS]] for name, labels in found.labels.items()}
    n_same, n_voted = np.count_nonzero(voted & same), np.count_nonzero(voted)
    said = f"All {len(names)} strategies give the same label to {n_same:,} of {n_voted:,} tasks."
    text = paragraph(said) + heat_table(names, np.array(share), "Share of the tasks with the same label")
    if len(differ):
        text += table(pd.DataFrame(shown).astype(str), f"The tasks on which most strategies differ from {found.chosen}")
    return text


def _to_ask(to_ask):
    if to_ask.empty:
        return paragraph("No further vote is expected to change a label.")
    about = (
        "The expected gain is by how much one more vote, of a worker drawn like the last ones, raises the chance that "
        "the label is right, if the strategy's confidence is taken at its word."
    )
    return paragraph(about) + table(
        to_ask.head(MOST_ROWS), f"The first rows of tasks_to_ask.csv, which has {len(to_ask):,}"
    )


def _hard(hard, labels):
    if hard.waum is None:
        return paragraph(hard.said)
    order = np.argsort(hard.waum, kind="stable")
    order = order[~np.isnan(hard.waum[order])][:MOST_ROWS]
    about = (
        "A network learns the answers from the tasks' features or images. WAUM, the weighted area under the margin, is "
        "low where it does not come to give a task the answers of its workers, weighted by the trust in them: an "
        "ambiguous task, or a wrong answer (Lefort et al., 2024)."
    )
    worst = labels.iloc[order][["task", "label", "votes", "winning_share"]]
    worst.insert(1, "WAUM", hard.waum[order])
    return paragraph(about) + table(worst, "The tasks with the lowest WAUM")


def _workers(workers):
    about = (
        "The score is the strategy's own. Agreement is the share of a worker's votes that are the label. The spammer "
        "score is 0 for who answers alike whatever the label is, and 1 for who never errs on any class."
    )
    lowest = workers.sort_values(["agreement", "votes"], ascending=[True, False]).head(MOST_ROWS)
    return paragraph(about) + table(lowest, f"The lowest agreements in workers.csv, which has {len(workers):,} rows")


def _estimates(votes, found):
    """The prevalence and confusion matrices, where the strategy has them and they are few enough to be read."""
    estimated = found.result.parameters
    if "prevalence" not in estimated or votes.n_class > MOST_CLASSES:
        return ""
    classes = range(votes.n_class) if votes.encoding is None else votes.encoding.classes
    names = [str(name) for name in classes]
    prevalence = pd.DataFrame({"class": names, "prevalence": estimated["prevalence"]})
    text = table(prevalence, f"The share of the tasks of each class, as {found.chosen} estimates it")
    confusion = estimated.get("confusion")
    if confusion is None or confusion.shape != (votes.n_worker, votes.n_class, votes.n_class):
        return text
    for worker in _busiest(votes, MOST_MATRICES):
        matrix = pd.DataFrame(confusion[worker], columns=names)
        matrix.insert(0, "class", names)
        text += table(matrix, f"How often worker {_worker_names(votes)[worker]} answers what, by the class of the task")
    return text


def _busiest(votes, n):
    """The codes of the workers with the most votes, n of them at most."""
    busiest = np.argsort(-votes.votes_per_worker, kind="stable")[:n]
    return busiest[votes.votes_per_worker[busiest] > 0]


def _worker_names(votes):
    return np.arange(votes.n_worker) if votes.encoding is None else np.asarray(votes.encoding.workers)


def _pairs(votes):
    busiest = _busiest(votes, MOST_WORKERS)
    share, _ = agreement_of_pairs(votes, busiest)
    names = _worker_names(votes)[busiest]
    caption = f"Share of the common tasks on which two workers answer alike; the {len(busiest)} with the most votes"
    return heat_table(names, share, caption)


def _description(votes, labels):
    found = describe(votes)
    n_kept, n_contradicting = repeated_answers(votes)
    rows = {
        "tasks": found["tasks"],
        "tasks with a vote": found["voted_tasks"],
        "workers": found["workers"],
        "votes": found["votes"],
        "classes": found["classes"],
        "votes per task, mean": found["feedback_effort_mean"],
        "votes per task, fewest": int(found["feedback_effort_min"]),
        "votes per task, most": int(found["feedback_effort_max"]),
        "votes per worker, median": found["workload_median"],
        "votes per worker, most": int(found["workload_max"]),
        "share of tasks with different answers": found["disagreement"],
        "Krippendorff's alpha": found["alpha"],
        "tasks whose most voted answers tie": int(labels["tied"].sum()),
        "exact repeats left out": found["repeats_dropped"],
        "exact repeats kept as votes": n_kept,
        "further, different answers of a worker to a task": n_contradicting,
    }
    return table(pd.DataFrame(rows.items(), columns=["", "value"], dtype=object), "Statistics of the votes")
