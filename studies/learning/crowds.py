"""LabelMe and Music with their features, as the studies of learning read them."""

import numpy as np

from benchmark_utils.crowds.published.features import MUSIC_FILES, labelme_tasks, music_tasks
from benchmark_utils.crowds.published.music import read_votes
from benchmark_utils.votes import Votes


def labelme(folder) -> dict:
    """`votes`, `truth` and what `labelme_tasks` returns, from the folder that holds labelme/."""
    answers = np.loadtxt(folder / "labelme" / "LabelMe" / "answers.txt", dtype=int)
    truth = np.loadtxt(folder / "labelme" / "LabelMe" / "labels_train.txt", dtype=np.int64)
    return dict(votes=Votes.from_matrix(answers), truth=truth, **labelme_tasks(folder / "labelme", len(truth)))


def music(folder) -> dict:
    """`votes`, `truth` and what `music_tasks` returns, from the folder that holds music/."""
    files = [folder / "music" / "music_genre_classification" / "mturk_answers.csv", folder / "music" / MUSIC_FILES[0]]
    votes, truth = read_votes(*files)
    return dict(votes=votes, truth=truth, **music_tasks(folder / "music", votes))
