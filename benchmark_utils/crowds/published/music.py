"""Music genres: a table of answers, whose lines end with a bare carriage return, and one of the songs' genres."""

from __future__ import annotations

import numpy as np

from benchmark_utils.crowds.formats.text_files import naming, read_table
from benchmark_utils.votes import Votes, encode_truth

CLASSES = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"]
_ANSWERS = {"input.song": "task", "workerid": "worker", "answer.pred_label": "label"}


def read_votes(answers_path, gold_path) -> tuple[Votes, np.ndarray]:
    """The votes and the truth, (n_task,).

    Raises
    ------
    VotesError
        With the file and the line: an empty field, a genre that is none of the ten, an answer about a song that is not
        in the table of genres, a song that is there twice.
    """
    with naming(gold_path):
        gold = read_table(gold_path, {"id": "task", "class": "truth"})
    with naming(answers_path):
        votes = Votes.from_frame(read_table(answers_path, _ANSWERS), tasks=gold["task"].unique(), classes=CLASSES)
    with naming(gold_path):
        return votes, encode_truth(gold["task"], gold["truth"], votes, gold.index)
