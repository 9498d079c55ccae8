"""Write a crowd in the layout of Pl@ntNet-CrowdSWE, version 1."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from benchmark_utils.votes import Votes


def write_v1(folder, votes: Votes, truth) -> None:
    """Write votes in the layout of Pl@ntNet-CrowdSWE, version 1, a piece at a time.

    Parameters
    ----------
    folder : path
        Made if it is not there; files of an earlier crowd are replaced.
    votes : Votes
        With author, machine_label and machine_score.
    truth : int array, (n_task,)
        -1 where it is not known.
    """
    folder = Path(folder)
    for name in ("answers", "aggregation", "converters"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    names = {f"Species number{k}": k for k in range(votes.n_class)}
    everything = np.arange(votes.n_task)
    start = votes.task_start

    def answers(first, last):
        here = slice(start[first], start[last])
        given = {str(i): {} for i in range(first, last)}
        rows = zip(votes.task[here].tolist(), votes.worker[here].tolist(), votes.label[here].tolist(), strict=True)
        for i, j, k in rows:
            given[str(i)][str(j)] = k
        return given

    def column(keys, values):
        return lambda first, last: dict(
            zip(map(str, keys[first:last].tolist()), values[first:last].tolist(), strict=True)
        )

    write_object(folder / "answers" / "answers.json", votes.n_task, answers)
    _write_lines(folder / "answers" / "ground_truth.txt", truth)
    _write_lines(folder / "aggregation" / "authors.txt", votes.author)
    write_object(folder / "aggregation" / "ai_answers.json", votes.n_task, column(everything, votes.machine_label))
    write_object(folder / "aggregation" / "ai_scores.json", votes.n_task, column(everything, votes.machine_score))
    write_object(folder / "converters" / "tasks.json", votes.n_task, column(everything + 1_000_000, everything))
    (folder / "converters" / "classes.json").write_text(json.dumps(names))
    (folder / "aggregation" / "ai_classes.json").write_text(json.dumps(names))
    (folder / "aggregation" / "k-southwestern-europe.json").write_text(json.dumps(list(names)))


def write_object(path, n_task, piece, n_piece=200_000):
    """Write a JSON object that has one key per task, from the dicts `piece(first, last)`."""
    with open(path, "w") as file:
        for first in range(0, n_task, n_piece):
            text = json.dumps(piece(first, min(first + n_piece, n_task)))
            file.write(("{" if first == 0 else ", ") + text[1:-1])
        file.write("}")


def _write_lines(path, values):
    path.write_text("\n".join(map(str, values.tolist())) + "\n")
