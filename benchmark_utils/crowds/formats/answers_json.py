"""`answers.json`: peerannot's `{task: {worker: label}}`."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from benchmark_utils.crowds.formats.declared import refuse_no_answer
from benchmark_utils.crowds.formats.found import Found
from benchmark_utils.votes import VotesError
from benchmark_utils.votes.refusals import short


def recognises(content) -> bool:
    return isinstance(content, dict)


def read(answers, declared) -> Found:
    if not isinstance(answers, dict) or not answers:
        raise VotesError("it holds no map of answers: it needs {task: {worker: label}}")
    for task, given in answers.items():
        if not isinstance(given, dict):
            raise VotesError(f"task {short(task)} has {short(given)}, not a map of answers: it needs {{worker: label}}")
    tasks = _stripped(answers, "task")
    rows = [
        (task, worker, _label(task, worker, label))
        for task, given in zip(tasks, answers.values(), strict=True)
        for worker, label in zip(_stripped(given, "worker"), given.values(), strict=True)
    ]
    refuse_no_answer(pd.Series(tasks, name="item", index=pd.RangeIndex(1, len(tasks) + 1, name="task")))
    names = [f"task {short(task)} worker {short(worker)}" for task, worker, _ in rows]
    index = pd.Index(names, name="the vote of", dtype=object)
    numbered = set(tasks) == set(map(str, range(len(tasks))))
    table = pd.DataFrame(rows, columns=["task", "worker", "label"], dtype=object, index=index)
    return Found(table, tasks=np.arange(len(tasks)) if numbered else tasks)


def _stripped(names, what):
    """Names without outer spaces, as in a table, and still different."""
    stripped = [name.strip() for name in names]
    for name in stripped:
        if not name:
            raise VotesError(f"a {what} has an empty name: name it, or remove it")
    if len(set(stripped)) < len(stripped):
        repeated = pd.Series(stripped)[pd.Series(stripped).duplicated()].iloc[0]
        raise VotesError(f"the {what} {short(repeated)} occurs twice in one map, with outer spaces: keep one of them")
    return stripped


def _label(task, worker, label):
    if type(label) not in (int, float, str) or (type(label) is float and math.isinf(label)):
        raise VotesError(f"task {short(task)}, worker {short(worker)}: {short(label)} is no number or word: correct it")
    return label.strip() if type(label) is str else label
