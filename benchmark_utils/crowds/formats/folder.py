"""Read somebody's own votes from a folder, in one of three layouts.

- `label.csv` with the columns item, worker, label (or task, worker, label);
- `answers.json`, peerannot's `{task: {worker: label}}`;
- either of them with an optional truth: `truth.csv` with the columns item, truth (or task, label), or one class number
  per task, in the order of the task numbers and -1 where it is unknown, in `truth.txt` or `ground_truth.npy`;
- and with an optional `metadata.json`, which declares classes that nobody may have voted for: `{"n_classes": 5}` or
  `{"classes": ["cat", "dog"]}`, and `{"repeats": "keep"}` where a row that occurs again is another vote.

Labels are class numbers or words. What cannot be read is refused with the file, the line and how to mend it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmark_utils.crowds.formats.answers_json import read_answers_json
from benchmark_utils.crowds.formats.declared import (
    METADATA_FILE,
    read_metadata,
    truth_from_csv,
    truth_from_npy,
    truth_from_txt,
)
from benchmark_utils.crowds.formats.label_csv import read_label_csv
from benchmark_utils.crowds.formats.text_files import naming
from benchmark_utils.votes import Votes, VotesError


def find_files(folder: Path) -> list[Path]:
    """The files of `folder` that hold votes, truth and metadata: at most one of each.

    Raises
    ------
    VotesError
        The folder does not exist or has no votes; two files hold the votes, or the truth.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise VotesError(f"{folder} is not a folder: give one that holds label.csv (item, worker, label)")
    found = []
    for what, names in (("votes", _READ_VOTES), ("truth", _READ_TRUTH), ("metadata", (METADATA_FILE,))):
        present = [folder / name for name in names if (folder / name).is_file()]
        if len(present) > 1:
            both = " and ".join(path.name for path in present)
            raise VotesError(f"{folder} holds the {what} twice, in {both}: keep one of them")
        if what == "votes" and not present:
            raise VotesError(
                f"{folder} holds no votes: put a file label.csv (item, worker, label) or answers.json into it"
            )
        found += present
    return found


def read_folder(folder: Path) -> tuple[Votes, np.ndarray]:
    """The votes and the truth, (n_task,) int64, -1 where it is unknown.

    Raises
    ------
    VotesError
        With the file, the line (of a JSON file: the task and the worker), and how to mend it.
    """
    paths = {path.name: path for path in find_files(folder)}
    declared = {}
    if METADATA_FILE in paths:
        with naming(paths[METADATA_FILE]):
            declared = read_metadata(paths[METADATA_FILE])
    votes_file, truth_file = (next((n for n in names if n in paths), None) for names in (_READ_VOTES, _READ_TRUTH))
    with naming(paths[votes_file]):
        votes = _READ_VOTES[votes_file](paths[votes_file], declared)
    if truth_file is None:
        return votes, np.full(votes.n_task, -1, dtype=np.int64)
    with naming(paths[truth_file]):
        return votes, _READ_TRUTH[truth_file](paths[truth_file], votes)


def read_votes(path: Path) -> Votes:
    """The votes of a folder, or of a file like label.csv or answers.json under any name; ids stay as they are written.

    pandas' own `read_csv` reads the workers 007 and 7 as one.

    Raises
    ------
    VotesError
        As `read_folder`.
    """
    path = Path(path)
    if path.is_dir():
        return read_folder(path)[0]
    with naming(path):
        return (read_answers_json if path.suffix == ".json" else read_label_csv)(path, {})


_READ_VOTES = {"label.csv": read_label_csv, "answers.json": read_answers_json}
_READ_TRUTH = {"truth.csv": truth_from_csv, "truth.txt": truth_from_txt, "ground_truth.npy": truth_from_npy}
