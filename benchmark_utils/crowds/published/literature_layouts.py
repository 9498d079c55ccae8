"""The five layouts in which the crowds of the literature are published.

Each is a function of two files, of the votes and of the truth. It takes a file as it is published and nothing else.
The tables that it returns have the number of the line as index, so that whatever is wrong later is said with the line.
"""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmark_utils.votes import VotesError

MEND = "correct it, or delete the file and fetch it again"
DUCKS = ("Mallard", "American Black Duck")
_INTEGER = "[0-9]{1,18}"


class Tables(NamedTuple):
    """What a layout reads: votes (task, worker, label), truth (task, truth), and all the tasks where the files say."""

    votes: pd.DataFrame
    truth: pd.DataFrame
    tasks: np.ndarray | None = None


def tables(votes_path: Path, truth_path: Path) -> Tables:
    """Rows item, worker, label and rows item, truth, each below a header."""
    votes = _read_rows(votes_path, ["item", "worker", "label"], header=True)
    truth = _read_rows(truth_path, ["item", "truth"], header=True)
    return Tables(votes.rename(columns={"item": "task"}), truth.rename(columns={"item": "task"}))


def headerless_tables(votes_path: Path, truth_path: Path) -> Tables:
    """Rows task, worker, label and rows task, truth, without a header."""
    return Tables(_read_rows(votes_path, ["task", "worker", "label"]), _read_rows(truth_path, ["task", "truth"]))


def matrix_and_key(votes_path: Path, truth_path: Path) -> Tables:
    """A line per task and a column per worker, empty where the worker did not answer; then a truth per line.

    Tasks and workers are numbered from 0, in the order of lines and columns.
    """
    text = _read_text(votes_path)
    n_worker = text.partition("\n")[0].count(",") + 1
    field = f"(?:{_INTEGER})?"
    form = rf"{field}(?:,{field}){{{n_worker - 1}}}"
    _check_lines(votes_path, text, form, f"{n_worker} whole numbers or empty fields, as line 1 has")
    answer = np.array(text.replace("\n", ",").split(",")).reshape(-1, n_worker)
    task, worker = np.nonzero(answer != "")
    votes = pd.DataFrame({"task": task, "worker": worker, "label": answer[task, worker].astype(np.int64)})
    votes.index = pd.Index(task + 1, name="line")
    key = _read_rows(truth_path, ["truth"])
    if len(key) != len(answer):
        raise VotesError(
            f"{truth_path}: it has {len(key)} lines for the {len(answer)} tasks of {votes_path.name}: {MEND}"
        )
    return Tables(votes, key.assign(task=np.arange(len(key))), np.arange(len(answer)))


def counted_table_and_species(votes_path: Path, truth_path: Path) -> Tables:
    """A line "tasks workers votes" and rows task worker label; then, in YAML, the species that each task shows.

    The truth is 1 where the species is a duck, a Mallard or an American Black Duck, and else 0.
    """
    rows = _read_rows(votes_path, ["task", "worker", "label"], separator=" ")
    announced, votes = rows.iloc[0].tolist(), rows.iloc[1:]
    found = [votes["task"].nunique(), votes["worker"].nunique(), len(votes)]
    if found != announced:
        raise VotesError(
            f"{votes_path}: line 1 announces {announced} tasks, workers and votes, and {found} follow: {MEND}"
        )
    labels, species = (_read_map(truth_path, key) for key in ("labels", "species"))
    for name in DUCKS:
        if name not in species:
            raise VotesError(f"{truth_path}: the map 'species' has no {name!r}: {MEND}")
    kinds = [species[name].value for name in DUCKS]
    known = {node.value for node in species.values()}
    for node in labels.values():
        if node.value not in known:
            line = node.start_mark.line + 1
            raise VotesError(f"{truth_path}: line {line} has {node.value!r}, which is no species of the file: {MEND}")
    truth = pd.DataFrame({"task": list(labels), "truth": [int(node.value in kinds) for node in labels.values()]})
    truth.index = pd.Index([node.start_mark.line + 1 for node in labels.values()], name="line")
    return Tables(votes, truth)


def raters_and_experts(votes_path: Path, truth_path: Path) -> Tables:
    """Two arrays (persons, images, answers) of 0 and 1, the crowd's and five experts', over no, maybe, yes.

    A task is an image with a label, a worker the person's id. The truth is the experts' plurality; where it is tied
    there is none.
    """
    answers = np.array(["no", "maybe", "yes"])
    given, workers, tasks = _read_answers(votes_path)
    expert, _, expert_tasks = _read_answers(truth_path)
    if not np.array_equal(tasks, expert_tasks):
        raise VotesError(f"{truth_path}: its images are not those of {votes_path.name}: {MEND}")
    worker, task, label = np.nonzero(given)
    votes = pd.DataFrame({"task": tasks[task], "worker": workers[worker], "label": answers[label]})
    count = expert.sum(axis=0)
    untied = np.count_nonzero(count == count.max(axis=1, keepdims=True), axis=1) == 1
    truth = pd.DataFrame({"task": tasks[untied], "truth": answers[count.argmax(axis=1)[untied]]})
    return Tables(votes, truth, tasks)


@contextlib.contextmanager
def naming(path: Path):
    """Errors inside name the file."""
    try:
        yield
    except VotesError as error:
        raise VotesError(f"{path}: {error}") from None


def _read_rows(path, columns, header=False, separator=","):
    """A table of whole numbers, one row a line."""
    text = _read_text(path)
    wanted = separator.join(columns)
    if header:
        first, _, text = text.partition("\n")
        if first != wanted:
            raise VotesError(f"{path}: line 1 is {first[:60]!r}, not the header {wanted!r}: {MEND}")
        if not text:
            raise VotesError(f"{path}: there is no row below the header: {MEND}")
    _check_lines(path, text, separator.join([_INTEGER] * len(columns)), f"whole numbers {wanted!r}", 1 + header)
    values = np.loadtxt(io.StringIO(text), dtype=np.int64, delimiter=separator, ndmin=2)
    index = pd.RangeIndex(1 + header, 1 + header + len(values), name="line")
    return pd.DataFrame(values, columns=columns, index=index)


def _read_text(path):
    """The text of a file, its lines ended by a line feed alone, whichever way they end, and the last by nothing."""
    raw = _read_bytes(path)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise VotesError(f"{path}: line {line} is not text: {MEND}") from None
    text = text.replace("\r\n", "\n").rstrip("\n")
    if not text:
        raise VotesError(f"{path}: the file is empty: {MEND}")
    return text


def _read_bytes(path):
    try:
        return path.read_bytes()
    except OSError as error:
        raise VotesError(f"{path}: it cannot be read ({error}): {MEND}") from None


def _check_lines(path, text, form, wanted, first_line=1):
    """Refuse the first line of the text that does not have this form, a regular expression."""
    wrong = re.compile(rf"^(?!{form}$).*$", re.MULTILINE).search(text)
    if wrong:
        line = first_line + text.count("\n", 0, wrong.start())
        raise VotesError(f"{path}: line {line} is {wrong.group()[:60]!r}, it needs {wanted}: {MEND}")


def _read_map(path, key):
    """The map under `key` of a YAML file, from text or whole numbers to nodes, which know their line."""
    import yaml  # it comes with Benchopt

    try:
        file = yaml.compose(_read_bytes(path), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1} is" if mark else "it is"
        raise VotesError(f"{path}: {where} not YAML: {MEND}") from None
    top = {name.value: node for name, node in file.value} if isinstance(file, yaml.MappingNode) else {}
    if not isinstance(top.get(key), yaml.MappingNode) or not top[key].value:
        raise VotesError(f"{path}: it has no map {key!r}: {MEND}")
    found = {}
    for name, node in top[key].value:
        line = name.start_mark.line + 1
        if not isinstance(name, yaml.ScalarNode) or not isinstance(node, yaml.ScalarNode):
            raise VotesError(f"{path}: line {line} of the map {key!r} is not a name and a value: {MEND}")
        identity = int(name.value) if re.fullmatch(_INTEGER, name.value) else name.value
        if identity in found:
            raise VotesError(f"{path}: line {line} has {name.value!r} a second time in the map {key!r}: {MEND}")
        found[identity] = node
    return found


def _read_answers(path):
    """Answers (persons, images, 3) as truth values, ids (persons,), and names (images,): the image and its label."""
    try:
        with np.load(io.BytesIO(_read_bytes(path)), allow_pickle=False) as arrays:
            answers, persons, images = arrays["tensor"], arrays["ids"], arrays["info"]
    except KeyError as error:
        raise VotesError(f"{path}: it lacks an array, {error.args[0]}: {MEND}") from None
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise VotesError(f"{path}: it is no archive of arrays ({error}): {MEND}") from None
    shapes = (answers.shape, persons.shape, images.shape)
    if answers.ndim != 3 or shapes != ((len(persons), len(images), 3), (len(persons),), (len(images), 2)):
        raise VotesError(
            f"{path}: its arrays tensor, ids and info have shapes {shapes}, "
            f"not (persons, images, 3), (persons,) and (images, 2): {MEND}"
        )
    wrong = np.argwhere((answers != 0) & (answers != 1))
    if len(wrong):
        person, image, _ = wrong[0]
        raise VotesError(f"{path}: the answer of person {person} on image {image} is neither 0 nor 1: {MEND}")
    tasks = np.array([f"{image} {label}" for image, label in images])
    for what, ids in (("person", persons), ("image", tasks)):
        if len(np.unique(ids)) < len(ids):
            raise VotesError(f"{path}: a {what} occurs twice: {MEND}")
    return answers == 1, persons, tasks
