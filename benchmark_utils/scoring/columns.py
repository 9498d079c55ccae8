"""The columns of a result, one row each: the list that plots, pages, rankings and docs/columns.md read.

python -m benchmark_utils.scoring.columns > docs/columns.md
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column of a result.

    Attributes
    ----------
    name : str
        In the parquet.
    meaning : str
        One sentence, for docs/columns.md. G is the set of tasks whose truth is known.
    title : str
        In a table. A column without a title is shown in no table.
    better : "higher", "lower" or ""
        Which way is better; "" where neither is.
    kind : "number" or "text"
        Tables, curves and rankings of scores are of numbers alone.
    """

    name: str
    meaning: str
    title: str = ""
    better: str = ""
    kind: str = "number"

    @property
    def short(self) -> str:
        """The name without `objective_`, which Benchopt puts before what the objective returns."""
        return self.name.removeprefix("objective_")


ACC_TRAIN = "objective_acc_train"
FEW = 30  # known truths, below which every score says how few they are
RIGHT, DATA, CROWD, SUITE = "objective_right", "objective_data", "objective_crowd", "objective_suite"
WORKER_SCORES, TASK_SCORES = "objective_worker_scores", "objective_task_scores"
PACKED = [RIGHT, WORKER_SCORES, TASK_SCORES]  # a text that speaks of many tasks or workers

COLUMNS = (
    Column(
        "objective_value",
        "1 - AccTrain. Benchopt minimises this column.",
        better="lower",
    ),
    Column(
        ACC_TRAIN,
        "AccTrain: the share of G with the right label. A task called not valid counts as wrong.",
        "AccTrain",
        "higher",
    ),
    Column(
        "objective_acc_expected",
        "AccTrain as it is on average over the draws that break ties. A task whose label ties with other classes at "
        "the top of its soft row counts by its share.",
        "AccTrain, expected",
        "higher",
    ),
    Column(
        "objective_acc_valid",
        "The same share over the valid tasks of G only.",
        "AccTrain, valid",
        "higher",
    ),
    Column(
        "objective_valid_fraction",
        "The share of the tasks with a vote that the strategy calls valid.",
        "valid",
        "higher",
    ),
    Column(
        "objective_precision_macro",
        "Precision, averaged over the classes that occur in the truth of G. A class never predicted has precision 0.",
        better="higher",
    ),
    Column(
        "objective_recall_macro",
        "Recall, averaged over the same classes.",
        better="higher",
    ),
    Column(
        "objective_f1_macro",
        "F1, averaged over the same classes.",
        "macro F1",
        "higher",
    ),
    Column(
        "objective_class_coverage",
        "The share of the truth's classes that are predicted at least once on G.",
        better="higher",
    ),
    Column(
        "objective_acc_multiple_votes",
        "AccTrain on the tasks of G with two votes or more.",
        better="higher",
    ),
    Column(
        "objective_coverage_multiple_votes",
        "Class coverage on the same tasks.",
        better="higher",
    ),
    Column(
        "objective_acc_disagreement",
        "AccTrain on the tasks of G with two different answers or more.",
        "AccTrain, disagreement",
        "higher",
    ),
    Column(
        "objective_precision_disagreement",
        "Macro precision on the same tasks.",
        better="higher",
    ),
    Column(
        "objective_recall_disagreement",
        "Macro recall on the same tasks.",
        better="higher",
    ),
    Column(
        "objective_coverage_disagreement",
        "Class coverage on the same tasks.",
        better="higher",
    ),
    Column(
        "objective_ece",
        "Expected calibration error of the soft labels on G, in 15 bins. A hard label counts as certain, "
        "a tie of MV as shared, and no answer as wrong with confidence 1 / classes.",
        "ECE",
        "lower",
    ),
    Column(
        "objective_brier",
        "Brier score of the soft labels on G, from 0 to 2. To answer nothing is to call all classes alike.",
        better="lower",
    ),
    Column(
        "objective_log_loss",
        "Log loss of the soft labels on G, clipped at 1e-12. To answer nothing is to call all classes alike.",
        "log loss",
        "lower",
    ),
    Column(
        "objective_acc_test",
        "Accuracy of a learnt classifier on the held-out tasks, where there are any.",
        "test accuracy",
        "higher",
    ),
    Column(
        "objective_acc_test_top5",
        "The share of the held-out tasks whose class is among the five that a learnt classifier finds most probable; "
        "NaN with five classes or fewer.",
        "test accuracy, top 5",
        "higher",
    ),
    Column(
        "objective_ece_test",
        "Expected calibration error of a learnt classifier on the held-out tasks.",
        better="lower",
    ),
    Column(
        "objective_votes_cross_entropy",
        "Cross-entropy of the soft labels with each task's distribution of votes, for crowds whose truth is that "
        "people disagree. The strategy saw these votes, so NS has the best by construction; with `heldout_share` they "
        "are the withheld ones.",
        better="lower",
    ),
    Column(
        "objective_votes_manhattan",
        "Manhattan distance of the soft labels from the same distribution, from 0 to 2.",
        better="lower",
    ),
    Column(
        "objective_skill_correlation",
        "Spearman's correlation, over the workers who voted, of the strategy's scores with the workers' true skill: "
        "the mean diagonal of the true confusion matrix, which a simulator knows.",
        "recovered skill",
        "higher",
    ),
    Column(
        "objective_heldout_agreement",
        "With `heldout_share`: the share of the withheld votes that equal the label. It is of votes, not of the truth.",
        "held-out agreement",
        "higher",
    ),
    Column(
        "objective_heldout_log_score",
        "With `heldout_share`: the mean log probability of a withheld vote, under one model for all strategies.",
        "held-out log score",
        "higher",
    ),
    Column(
        "objective_n_iter",
        "Iterations done.",
        "iterations",
    ),
    Column(
        "objective_converged",
        "1 once the strategy met its own tolerance, else 0.",
        "converged",
    ),
    Column(
        "objective_right",
        "Which tasks of G the strategy got right, packed by `scoring/right.py`: of 20,000 of them where G has more.",
        kind="text",
    ),
    Column(
        WORKER_SCORES,
        "How much the strategy trusts each worker once it has converged, packed by `scoring/kept_scores.py`: of 1,000 "
        "of them where more voted. Empty where it scores none, and before.",
        kind="text",
    ),
    Column(
        TASK_SCORES,
        "How clear each task is to the strategy, packed likewise: its own score (GLAD's easiness, WAUM, ...), or else "
        "the highest probability of the soft label. Empty where it has hard labels alone.",
        kind="text",
    ),
    Column(
        "objective_data",
        "Which votes and truth these are: a hash. Results with different ones are not of the same crowd.",
        kind="text",
    ),
    Column(
        "objective_crowd",
        "The crowd in a line: tasks, votes, workers, classes, Krippendorff's alpha, share of the tasks with a truth.",
        kind="text",
    ),
    Column(
        "objective_suite",
        "Version and commit of the suite that measured, and whether files that figures rest on were edited since.",
        kind="text",
    ),
    Column(
        "objective_software",
        "Python, Benchopt and the libraries that strategies run on, with their versions.",
        kind="text",
    ),
    Column(
        "time",
        "Seconds from the arrays of votes to the labels, indexing included.",
        "time [s]",
        "lower",
    ),
    Column(
        "stop_val",
        "Iterations, or the tolerance, that Benchopt asked for at this point.",
    ),
)
BY_NAME = {column.name: column for column in COLUMNS}


def shown(results) -> list[Column]:
    """The columns of a table of these results, those left out that an older result lacks or that hold no value."""
    return [c for c in COLUMNS if c.title and c.name in results and results[c.name].notna().any()]


def scores(results) -> list[Column]:
    """Of these the ones that say how good the labels are, which a curve or a ranking can be of."""
    return [c for c in shown(results) if c.better and c.name.startswith("objective_")]


def lower_is_better(name: str) -> bool:
    """Whether the lowest value of the column is the best; KeyError for a column that has no direction."""
    return {"lower": True, "higher": False}[BY_NAME[name].better]


def to_markdown() -> str:
    """The text of docs/columns.md."""
    rows = (f"| `{c.name}` | {c.better or '-'} | {c.meaning} |" for c in COLUMNS)
    return "\n".join([_ABOUT, "| column | better | meaning |", "| --- | --- | --- |", *rows, ""])


_ABOUT = """# The columns of a result

`benchopt run` writes a parquet with one row per dataset, strategy, repetition and point of the curve. This page is
written by `python -m benchmark_utils.scoring.columns`.

G is the set of tasks whose truth is known. A strategy may call a task not valid; it then has no label. A column is NaN
where it has nothing to average over: no task of G with a disagreement, no held-out tasks.

`benchopt run . -o "Crowdsourced label aggregation[heldout_share=0.2]"` withholds the votes of a fifth of the workers
from every strategy. Every column is then of the votes that are left, and the two held-out columns are there. By default
the share is 0 and they are not. A held-out score says how well a result predicts votes: an error that all workers share
does not lower it ([without truth](without_truth.md)).

`benchopt run . -o "Crowdsourced label aggregation[known_share=0.1]"` gives a tenth of the known truths, drawn anew in
each repetition, to the strategies that have a place for them ([known truths](known_truth.md)). The other strategies run
without. Every column of every strategy is then of the other tasks alone, and so is G. No strategy sees a truth of them.
By default the share is 0. Both shares can be asked for at once, separated by a comma.
"""


if __name__ == "__main__":
    print(to_markdown(), end="")
