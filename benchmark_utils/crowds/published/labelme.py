"""LabelMe: a line per photograph in each of three files, its answers, its truth and its name."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from benchmark_utils.crowds.formats.text_files import naming, read_lines
from benchmark_utils.votes import Encoding, Votes, VotesError
from benchmark_utils.votes.refusals import raise_rows, short

CLASSES = ["highway", "insidecity", "tallbuilding", "street", "forest", "coast", "mountain", "opencountry"]
MEND = "correct it, or move the file away and fetch it again"


def read_votes(answers_path, truth_path, names_path) -> tuple[Votes, np.ndarray]:
    """The votes and the truth, (n_task,). A worker's id is the number of the column, of those with an answer.

    Raises
    ------
    VotesError
        With the file and the line: another entry than a class and, of the answers, -1 for none; lines of unequal
        lengths; files of unequal lengths; a name that occurs twice.
    """
    with naming(answers_path):
        matrix = _whole_numbers(answers_path, lowest=-1)
        if not (matrix >= 0).any():
            raise VotesError(f"it holds no answer, every entry is -1: {MEND}")
    with naming(truth_path):
        truth = _whole_numbers(truth_path, lowest=0)
        if truth.shape != (len(matrix), 1):
            raise VotesError(
                f"it has {truth.shape[0]} lines of {truth.shape[1]} numbers, and {answers_path.name} has "
                f"{len(matrix)} photographs: it needs one number for each: {MEND}"
            )
    with naming(names_path):
        names = np.array(read_lines(names_path), dtype=object)
        if len(names) != len(matrix):
            raise VotesError(
                f"it has {len(names)} lines, and {answers_path.name} has {len(matrix)} photographs: {MEND}"
            )
        raise_rows([not name for name in names], None, "a name is missing", MEND, _lines(names))
        twice = pd.Series(names).duplicated(keep=False)
        raise_rows(twice, names, "a name occurs twice", MEND, _lines(names))
    task, column = np.nonzero(matrix != -1)
    columns, worker = np.unique(column, return_inverse=True)
    encoding = Encoding(names, columns, np.array(CLASSES, dtype=object))
    votes = Votes(task, worker, matrix[task, column], len(matrix), len(columns), len(CLASSES), encoding=encoding)
    return votes, truth[:, 0]


def _whole_numbers(path, lowest):
    """The whole numbers of a file, (n_line, n_column)."""
    lines = read_lines(path)
    rows = [line.split() for line in lines]
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise VotesError(f"line {number} has {len(row)} entries and line 1 has {len(rows[0])}: {MEND}")
        odd = next((entry for entry in row if not re.fullmatch("-?[0-9]{1,9}", entry)), None)
        if odd is not None or not row:
            raise VotesError(f"line {number} has {short(odd or '')} where a whole number belongs: {MEND}")
    if not rows:
        raise VotesError(f"the file is empty: {MEND}")
    values = np.array([list(map(int, row)) for row in rows], dtype=np.int64)
    wrong = ((values < lowest) | (values >= len(CLASSES))).any(axis=1)
    what = f"a number is not in {lowest} to {len(CLASSES) - 1}"
    raise_rows(wrong, None, what, MEND, _lines(lines))
    return values


def _lines(lines):
    return pd.RangeIndex(1, len(lines) + 1, name="line")
