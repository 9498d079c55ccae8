"""`answers.json`: peerannot's `{task: {worker: label}}`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark_utils.crowds.formats.declared import check_declared
from benchmark_utils.crowds.formats.text_files import read_json
from benchmark_utils.votes import Votes, VotesError


def read_answers_json(path, declared):
    answers = read_json(path)
    if not isinstance(answers, dict) or not answers:
        raise VotesError("it holds no map of answers: it needs {task: {worker: label}}")
    for task, given in answers.items():
        if not isinstance(given, dict):
            raise VotesError(f"task {task!r} has {given!r}, not a map of answers: it needs {{worker: label}}")
    rows = [(task, worker, label) for task, given in answers.items() for worker, label in given.items()]
    for task, worker, label in rows:
        if type(label) not in (int, float, str):
            raise VotesError(f"task {task!r}, worker {worker!r}: {label!r} is no number or word")
    numbered = set(answers) == set(map(str, range(len(answers))))
    tasks = np.arange(len(answers)) if numbered else np.array(list(answers))
    table = pd.DataFrame(rows, columns=["item", "worker", "label"])
    try:
        votes = Votes.from_frame(table, "item", "worker", "label", tasks=tasks, **declared)
    except VotesError:  # once more, to name the votes in the user's own words
        table.index = pd.Index([f"task {task!r} worker {worker!r}" for task, worker, _ in rows], name="the vote of")
        votes = Votes.from_frame(table, "item", "worker", "label", tasks=tasks, **declared)
    return check_declared(votes, declared)
