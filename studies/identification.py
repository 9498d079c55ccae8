"""Who is good and what is hard: scores of tasks and of workers beside each other (thesis, 3.1.5 and 3.1.6).

    python -m studies.identification [--crowds NAME ...] [--output docs/identification.md] [--page FILE.html]

Tasks, by how hard they are: the entropy of the votes, GLAD's difficulty, and where the tasks can be seen WAUM and AUMC.
Workers, by how good they are: trace and spammer score of Dawid and Skene's matrices, GLAD's ability, accuracy, and the
diagonals of CrowdLayer and CoNAL. Networks are trained on a CPU, on features, in seconds; the WAUM of images comes
from `--scores`, a file of studies/learning/cifar10h_streams.py. `--page` gets the pictures too: scores against scores,
confusion matrices, and the images of the hardest tasks.
"""

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from benchopt.benchmark import Benchmark

from benchmark_utils.scoring.answers import Answers
from benchmark_utils.scoring.workers import LEAST_MET, rank_correlation, spammer_score, tasks_met
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.glad import GLAD
from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.votes import Votes, normalise, sum_votes
from benchmark_utils.votes.description import entropy
from studies import identification_page
from studies.crowds import NOTES
from studies.votes_per_task import ROOT

CROWDS = ("bluebirds", "labelme", "music", "cifar10h[split=train]", "audiobirds")
N_EXTREME = 5
COMMON = "Weights that CoNAL learns for the whole crowd, from the identity"
LEAST_VOTES = 20  # of a worker who is called best or worst: an accuracy over fewer has a standard error above .1
NOTES = NOTES | {
    "bluebirds": "The photographs are not at hand, so nothing learns from them.",
    "labelme": "The photographs are not at hand: networks see their features, and a task is shown by its name.",
    "music": "Networks see 124 features of the sound.",
    "cifar10h": "Partly synthetic: in the copy that was measured, who cast a vote was drawn for these tasks, so every "
    "score of a worker here describes that draw. All its attention checks are right and all its answers took 1,500 "
    "ms: these two say nothing. The counts of votes of a task, and so the entropies, are real.",
    "audiobirds": "Partly synthetic: in the copy that was measured, who cast a vote was drawn, and so was the number "
    "of votes of a unanimous task. No score of a worker or of a unanimous task speaks of the original.",
}


@dataclass
class Crowd:
    """A crowd, and what can be seen of its tasks.

    Attributes
    ----------
    votes : Votes
    truth : int64, (n_task,)
    tasks : array (n_task, ...) or None
        Features or images.
    """

    name: str
    votes: Votes
    truth: np.ndarray
    tasks: np.ndarray | None = None

    @property
    def are_images(self):
        return self.tasks is not None and self.tasks.ndim == 4

    @property
    def classes(self):
        return np.arange(self.votes.n_class) if self.votes.encoding is None else self.votes.encoding.classes

    def name_of(self, task):
        return task if self.votes.encoding is None else self.votes.encoding.tasks[task]


@dataclass
class Scores:
    """Scores of the tasks, or of the workers, of a crowd.

    Attributes
    ----------
    table : DataFrame
        One row per task or worker, one column per score; NaN where there is none.
    again : DataFrame
        Those of a network, trained from another seed.
    confusions : dict of str to (n_class, n_class)
        Confusion matrices to show, rows by true class.
    """

    table: pd.DataFrame
    again: pd.DataFrame = field(default_factory=pd.DataFrame)
    confusions: dict = field(default_factory=dict)

    def correlations(self) -> pd.DataFrame:
        """Spearman's correlations of the scores; of a network's score with itself, between two seeds."""
        table = pd.DataFrame(index=self.table.columns, columns=self.table.columns, dtype=float)
        for one in table:
            for other in table:
                second = self.again if one == other and one in self.again else self.table
                pair = np.stack([self.table[one], second[other]])
                table.loc[one, other] = rank_correlation(*pair[:, ~np.isnan(pair).any(axis=0)])
        return table


def load(name) -> Crowd | None:
    """A dataset of this suite by its name, with its tasks where they are at hand; None where it is absent."""
    folder, _, options = name.removesuffix("]").partition("[")
    (dataset,) = Benchmark(ROOT).check_dataset_patterns([folder], class_only=True)
    data = dataset.get_instance(**dict(option.split("=") for option in options.split(",") if option)).get_data()
    if data.get("missing"):
        print(data["missing"])
        return None
    return Crowd(folder, data["votes"], data["truth"], data.get("tasks"))


def score_tasks(crowd: Crowd, measured=None) -> Scores:
    """How hard each task is, higher is harder; NaN without votes. The signs of WAUM and AUMC are turned.

    `measured` has those of images, from two seeds: see `identification_page.read_scores`.
    """
    votes = crowd.votes
    glad = GLAD().fit(votes).parameters["difficulty"]
    table = {"entropy": entropy(votes), "GLAD": np.where(votes.has_vote, glad, np.nan)}
    again = {}
    if measured is not None:
        for scores, seed in zip((table, again), measured, strict=True):
            scores |= {name: -score for name, score in seed.items()}
    elif crowd.tasks is not None and not crowd.are_images:
        from benchmark_utils.learning.pruning import AUMC, WAUM

        for name, pruning in {"WAUM": WAUM(device="cpu"), "AUMC": AUMC(device="cpu")}.items():
            table[name], again[name] = (-pruning.score_tasks(votes, crowd.tasks, seed) for seed in (0, 1))
    return Scores(pd.DataFrame(table), pd.DataFrame(again))


def score_workers(crowd: Crowd, answers=None) -> Scores:
    """How good each worker is, higher is better; NaN without votes, and see `confusions`."""
    votes = crowd.votes
    found = DawidSkene().fit(votes)
    confusion, met = found.parameters["confusion"], tasks_met(votes, found.soft)
    table = {
        "accuracy": Answers.of(votes, crowd.truth).agreement(),
        "trace": np.trace(confusion, axis1=1, axis2=2) / votes.n_class,
        "spammer score": spammer_score(confusion, met),
        "GLAD": GLAD().fit(votes).worker_score,
    }
    again, common = {}, {}
    if crowd.tasks is not None and not crowd.are_images:
        from benchmark_utils.learning.conal import CoNAL
        from benchmark_utils.learning.crowd_layer import CrowdLayer

        for name, layer in {"CrowdLayer": CrowdLayer(device="cpu"), "CoNAL": CoNAL(device="cpu", scale=1e-4)}.items():
            learnt, other = (layer.fit(votes, crowd.tasks, seed) for seed in (0, 1))
            table[name], again[name] = (np.asarray(one.worker_score(), dtype=float) for one in (learnt, other))
        common = {COMMON: learnt.trainer.model.common.detach().T.double().numpy()}
    table = pd.DataFrame(table | (answers or {}) | {"votes": votes.votes_per_worker.astype(float)})
    table[votes.votes_per_worker == 0] = np.nan
    return Scores(table, pd.DataFrame(again), typical_confusions(crowd, confusion, met) | common)


def typical_confusions(crowd, confusion, met) -> dict:
    """The matrices of the worker with the highest and the lowest trace, and the mean over the tasks that workers met.

    Best and worst are among the workers with 20 votes who met half a task of each class in expectation: a row that
    rests on less says nothing. They are left out where nobody is.
    """
    total = met.sum(axis=0)[:, None]
    shown = {"Confusion matrix of all workers": np.einsum("jk,jkl->kl", met, confusion) / np.maximum(total, 1e-300)}
    known = np.flatnonzero((met >= LEAST_MET).all(axis=1) & (crowd.votes.votes_per_worker >= LEAST_VOTES))
    if len(known):
        trace = np.trace(confusion[known], axis1=1, axis2=2)
        for what, place in (("best", trace.argmax()), ("worst", trace.argmin())):
            worker = known[place]
            n = crowd.votes.votes_per_worker[worker]
            shown[f"Confusion matrix of the {what} worker, number {worker}, {n} votes"] = confusion[worker]
    return shown


def checks_and_times(path, workers) -> dict:
    """CIFAR-10H's own signs of who is careful: the share of right attention checks, and the median time of an answer.

    Parameters
    ----------
    path : Path
        Of cifar10h-raw.zip.
    workers : array, (n_worker,)
        Their ids in the file.
    """
    columns = ["annotator_id", "is_attn_check", "correct_guess", "reaction_time"]
    rows = pd.read_csv(path, usecols=columns)
    is_check = rows["is_attn_check"] == 1
    right = rows[is_check].groupby("annotator_id")["correct_guess"].mean()
    time = rows[~is_check].groupby("annotator_id")["reaction_time"].median()
    return {
        "attention checks": right.reindex(workers).to_numpy(float),
        "answer time": time.reindex(workers).to_numpy(float),
    }


def errors_found(crowd, difficulty) -> pd.Series:
    """P(a task that MV gets wrong is harder than one that it gets right), ties one half: the AUC of each score."""
    labels = MajorityVote().fit(crowd.votes).labels
    known = (crowd.truth >= 0) & (labels >= 0)
    wrong = (labels != crowd.truth)[known]
    rank = difficulty.loc[known].rank()
    n_wrong, n_right = wrong.sum(), (~wrong).sum()
    if not n_wrong or not n_right:
        return pd.Series(np.nan, rank.columns)
    return (rank[wrong].sum() - n_wrong * (n_wrong + 1) / 2) / (n_wrong * n_right)


def said_of(crowd, task) -> str:
    """The answers to a task: `bird 3, plane 1`."""
    count = np.asarray(normalise(sum_votes(crowd.votes.keep(crowd.votes.task == task)))[[task]]).ravel()
    n = crowd.votes.votes_per_task[task]
    order = [k for k in np.argsort(-count, kind="stable") if count[k] > 0]
    return ", ".join(f"{crowd.classes[k]} {round(count[k] * n)}" for k in order)


def extremes(crowd, difficulty) -> pd.DataFrame:
    """The hardest and the easiest tasks by each score, what people say, and the truth; among equals the first."""
    rows = []
    for name in difficulty:
        score = difficulty[name].dropna()
        for what, some in (("hardest", score.nlargest(N_EXTREME)), ("easiest", score.nsmallest(1))):
            for task, value in some.items():
                truth = crowd.classes[crowd.truth[task]] if crowd.truth[task] >= 0 else ""
                rows.append((name, what, crowd.name_of(task), value, said_of(crowd, task), truth))
    return pd.DataFrame(rows, columns=["by", "", "task", "score", "votes", "truth"])


def best_and_worst(crowd, skill) -> pd.DataFrame:
    """Three workers at either end of each score, of those with 20 votes, as `number (votes)`.

    An id may lead to a person, for instance on Amazon Mechanical Turk, so a page has numbers alone.
    """
    n_votes = crowd.votes.votes_per_worker
    rows = []
    for name in skill.columns.drop("votes"):
        score = skill[name][n_votes >= LEAST_VOTES].dropna()
        ends = (score.nlargest(3).index, score.nsmallest(3).index) if score.nunique() > 1 else ((), ())
        rows.append((name, *(", ".join(f"{j} ({n_votes[j]})" for j in end) for end in ends)))
    return pd.DataFrame(rows, columns=["by", "best", "worst"])


def summary(crowd, difficulty) -> pd.DataFrame:
    """Of each score of tasks: how many values it has, and how well it finds the tasks that MV gets wrong."""
    found = errors_found(crowd, difficulty)
    rows = [(name, difficulty[name].nunique(), found[name]) for name in difficulty]
    return pd.DataFrame(rows, columns=["score", "different values", "AUC for MV's errors"])


def named(frame) -> pd.DataFrame:
    """A square table with its names as the first column."""
    return frame.rename_axis("").reset_index()


def sections(crowd, tasks: Scores, workers: Scores) -> list[tuple[str, pd.DataFrame]]:
    """The tables of a crowd: (caption, table)."""
    matrices = [
        (f"{caption}; rows by true class", named(pd.DataFrame(matrix, crowd.classes, crowd.classes)))
        for caption, matrix in workers.confusions.items()
    ]
    return [
        ("Scores of tasks", summary(crowd, tasks.table)),
        ("Rank correlations of the scores of tasks, higher is harder", named(tasks.correlations())),
        ("The hardest tasks and the easiest", extremes(crowd, tasks.table)),
        ("Rank correlations of the scores of workers, higher is better", named(workers.correlations())),
        (f"Best and worst workers of those with {LEAST_VOTES} votes", best_and_worst(crowd, workers.table)),
        *matrices,
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crowds", nargs="+", default=CROWDS)
    parser.add_argument("--scores", type=Path, help="the .npz file of studies/learning/cifar10h_streams.py")
    parser.add_argument("--output", type=Path, default=Path("docs/identification.md"))
    parser.add_argument("--page", type=Path, default=Path("outputs/identification.html"))
    chosen = parser.parse_args()
    found = []
    for crowd in filter(None, map(load, chosen.crowds)):
        answers, measured = None, None
        if crowd.name == "cifar10h":
            path = identification_page.data_folder("cifar10h") / "cifar10h-raw.zip"
            answers = checks_and_times(path, crowd.votes.encoding.workers)
            measured = chosen.scores and identification_page.read_scores(chosen.scores, crowd.votes.n_task)
        tasks, workers = score_tasks(crowd, measured), score_workers(crowd, answers)
        found.append((crowd, NOTES.get(crowd.name, ""), tasks, workers, sections(crowd, tasks, workers)))
        print(crowd.name, "done", flush=True)
    if not found:
        parser.error("none of the crowds is there; the lines above say how to fetch them")
    identification_page.write(found, chosen.output, chosen.page)


if __name__ == "__main__":
    main()
