"""Bluebirds: two YAML files, {photograph: true or false} and {worker: {photograph: true or false}}."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from benchmark_utils.crowds.formats.text_files import naming
from benchmark_utils.votes import Votes, VotesError, encode_truth
from benchmark_utils.votes.refusals import short

MEND = "correct it, or move the file away and fetch it again"
_ANSWERS = {"false": 0, "true": 1}


def read_votes(truth_path, votes_path) -> tuple[Votes, np.ndarray]:
    """The votes, 0 = false and 1 = true, and the truth, (n_task,).

    Raises
    ------
    VotesError
        With the file and the line: no YAML, an id that is no number, another answer than true and false, an id that
        occurs twice in a map, a photograph without a truth.
    """
    with naming(truth_path):
        truth = {photograph: _answer(node) for photograph, node in _entries(_compose(truth_path))}
    with naming(votes_path):
        rows, lines = [], []
        for worker, given in _entries(_compose(votes_path)):
            for photograph, node in _entries(given):
                rows.append((photograph, worker, _answer(node)))
                lines.append(_line(node))
        table = pd.DataFrame(rows, columns=["task", "worker", "label"], index=pd.Index(lines, name="line"))
        votes = Votes.from_frame(table, tasks=list(truth), classes=[0, 1])
    return votes, encode_truth(list(truth), list(truth.values()), votes)


def _compose(path):
    """The nodes of a YAML file, which know their line and, unlike a dict, a key that occurs twice."""
    import yaml  # it comes with Benchopt

    try:
        return yaml.compose(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1} is" if mark else "it is"
        raise VotesError(f"{where} not YAML: {MEND}") from None


def _entries(node):
    """The pairs of an id and a node of a map."""
    if node is None or node.id != "mapping":
        raise VotesError(f"{_place(node)} is no map from ids to answers: {MEND}")
    found = {}
    for key, value in node.value:
        if key.id != "scalar" or not re.fullmatch("0|[1-9][0-9]{0,17}", key.value):
            raise VotesError(f"line {_line(key)} has an id that is no number, {short(key.value)}: {MEND}")
        if int(key.value) in found:
            raise VotesError(f"line {_line(key)} has {key.value} a second time in one map: {MEND}")
        found[int(key.value)] = value
    return found.items()


def _answer(node):
    if node.id != "scalar" or node.value not in _ANSWERS:
        raise VotesError(f"line {_line(node)} has {short(node.value)} for an answer, not true or false: {MEND}")
    return _ANSWERS[node.value]


def _line(node):
    return node.start_mark.line + 1


def _place(node):
    return "the file" if node is None else f"what begins in line {_line(node)}"
