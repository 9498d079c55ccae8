"""Readers for the fuzz, independent of ours: small, slow, strict, and made of the standard library.

Each takes {file name: bytes} and returns what a person would read: a `Content`. Where a file is beyond dispute wrong it
raises `Wrong`; where a person could doubt, `Doubtful`, and nothing is compared.
"""

import csv
import io
import json
import re
import struct
from dataclasses import dataclass
from decimal import Decimal

WHOLE = re.compile("0|-?[1-9][0-9]*")
NO_ANSWER = {"NA", "N/A", "#N/A", "<NA>", "None", "NaN", "nan", "null", "NULL", "n/a"}


class Wrong(Exception):  # noqa: N818
    pass


class Doubtful(Exception):  # noqa: N818
    pass


@dataclass
class Content:
    """Votes (task, worker, label) as text, one entry per row, and the truth by task, of the tasks that have one."""

    votes: list
    truth: dict


def doubt(condition):
    if condition:
        raise Doubtful


def demand(condition):
    if not condition:
        raise Wrong


def whole(text, lowest, highest):
    """A whole number in its range; a fraction or a number out of range is wrong, another way to write it doubtful."""
    if not WHOLE.fullmatch(text):
        demand(re.fullmatch(r"-?[0-9]*\.[0-9]*[1-9][0-9]*", text) is None)
        raise Doubtful
    demand(lowest <= int(text) <= highest)
    return int(text)


def decode(raw):
    try:
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise Wrong from None
    demand("\0" not in text)
    return re.sub("\r\n|\r", "\n", text)


def rows_of(raw, wanted, separator=",", strip=True):
    """The wanted fields of the rows below a header, `wanted` a list of sets of names."""
    text = decode(raw)
    doubt("\x0b" in text or "\x0c" in text or re.search("[\x1c-\x1f\x85\u2028\u2029]", text))
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=separator, strict=True, skipinitialspace=strip))
    except csv.Error:
        raise Doubtful from None
    rows = [[field.strip() for field in row] for row in rows if any(field.strip() for field in row)]
    demand(rows)
    doubt(any("\n" in field for row in rows for field in row))
    header = [name.lower() for name in rows[0]]
    places = [[i for i, name in enumerate(header) if name in names] for names in wanted]
    demand(all(len(found) == 1 for found in places))
    for row in rows[1:]:
        demand(len(row) <= len(header) or not any(row[len(header) :]))
        doubt(len(row) != len(header))
    demand(len(rows) > 1)
    return [[row[place] for (place,) in places] for row in rows[1:]]


def pairs_without_repeats(pairs):
    demand(len({name for name, _ in pairs}) == len(pairs))
    return dict(pairs)


class Number(str):
    """A number of JSON, as it is written."""


def parse_json(raw):
    try:
        return json.loads(
            decode(raw), object_pairs_hook=pairs_without_repeats, parse_int=Number, parse_float=Number,
            parse_constant=lambda _: None,
        )  # fmt: skip
    except (ValueError, RecursionError):
        raise Wrong from None


def check_labels(votes):
    for task, worker, label in votes:
        demand(task and worker and label)
        demand(not {worker, label, task} & NO_ANSWER)
    labels = [label for _, _, label in votes]
    if all(re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", label) for label in labels):
        are_numbers = all(repr(float(label)) in (label, f"{label}.0") for label in labels)  # else they are names
        demand(not are_numbers or all(Decimal(label) == int(Decimal(label)) >= 0 for label in labels))


def check_truth(truth, votes):
    """A truth is of a task that is there and a class that is there."""
    tasks, classes = {task for task, _, _ in votes}, {label for _, _, label in votes}
    for task, label in truth.items():
        demand(task)
        doubt(task not in tasks or label not in classes)  # another way to write it, or wrong


def label_csv(files):
    votes = [tuple(row) for row in rows_of(files["label.csv"], [{"item", "task"}, {"worker"}, {"label"}])]
    check_labels(votes)
    rows = rows_of(files["truth.csv"], [{"item", "task"}, {"truth", "label"}])
    truth = pairs_without_repeats([tuple(row) for row in rows])
    check_truth(truth, votes)
    return Content(votes, truth)


def answers_json(files):
    answers = parse_json(files["answers.json"])
    demand(type(answers) is dict and answers)
    votes = []
    for task, given in answers.items():
        demand(type(given) is dict)
        for worker, label in given.items():
            demand(type(label) in (str, Number))
            doubt(type(label) is Number and not WHOLE.fullmatch(label) and repr(float(label)) != label)
            votes.append((task.strip(), worker.strip(), str(label).strip()))
    demand(votes)
    check_labels(votes)
    metadata = parse_json(files["metadata.json"])
    demand(type(metadata) is dict)
    doubt(set(metadata) != {"n_classes"})
    demand(type(metadata["n_classes"]) is Number)
    n_class = whole(metadata["n_classes"], 1, 10**6)
    doubt(not all(WHOLE.fullmatch(label) for _, _, label in votes))
    demand(all(int(label) < n_class for _, _, label in votes))
    doubt(sorted(answers) != sorted(map(str, range(len(answers)))))
    if "truth.txt" in files:
        lines = [line.strip() for line in decode(files["truth.txt"]).removesuffix("\n").split("\n")]
    else:
        raw = files["ground_truth.npy"]
        doubt(len(raw) != 128 + 24 or raw[:128] != files["header"])
        lines = list(map(str, struct.unpack("<3q", raw[128:])))
    demand(len(lines) == len(answers))
    values = [whole(line, -1, n_class - 1) for line in lines]
    return Content(votes, {str(task): str(value) for task, value in enumerate(values) if value >= 0})


def bluebirds(files):
    entry = r"\s*([0-9a-z._-]+):\s*([0-9a-z._-]+)\s*"
    form = rf"\s*(?:{entry}(?:,{entry})*)?"

    def a_map(text):
        doubt(not re.fullmatch(form, text))
        found = re.findall(entry, text)
        for key, value in found:
            whole(key, 0, 10**17)
            demand(value in ("true", "false"))
        return pairs_without_repeats(found)

    doubt(any(raw.startswith((b"\xff\xfe", b"\xfe\xff")) for raw in files.values()))  # UTF-16 is YAML, too
    truth = decode(files["gt.yaml"]).strip()
    doubt(not re.fullmatch(r"\{[^{}]*\}", truth))
    truth = a_map(truth[1:-1])
    text = decode(files["labels.yaml"])
    doubt(not re.fullmatch(r"(?:[0-9]+: \{[^{}]*\}\n)+", text))
    blocks = pairs_without_repeats(re.findall(r"^([0-9]+): \{([^{}]*)\}$", text, re.MULTILINE))
    code = {"true": "1", "false": "0"}
    votes = []
    for worker, given in blocks.items():
        whole(worker, 0, 10**17)
        votes += [(photograph, worker, code[answer]) for photograph, answer in a_map(given).items()]
    demand(all(photograph in truth for photograph, _, _ in votes))
    return Content(votes, {photograph: code[answer] for photograph, answer in truth.items()})


SCENES = ["highway", "insidecity", "tallbuilding", "street", "forest", "coast", "mountain", "opencountry"]


def lines_of(raw):
    text = decode(raw)
    doubt(re.search("[\x0b\x0c\x1c-\x1f\x85\u2028\u2029\xa0]", text))
    return text.rstrip("\n").split("\n")


def labelme(files):
    rows = [line.split() for line in lines_of(files["answers.txt"])]
    truth = [line.strip() for line in lines_of(files["labels_train.txt"])]
    names = [line.strip() for line in lines_of(files["filenames_train.txt"])]
    demand(len(rows) == len(truth) == len(names) == len(set(names)))
    demand(len(set(map(len, rows))) == 1)
    votes = [
        (name, str(column), SCENES[code])
        for name, row in zip(names, rows, strict=True)
        for column, field in enumerate(row)
        if (code := whole(field, -1, 7)) >= 0
    ]
    return Content(votes, {name: SCENES[whole(field, 0, 7)] for name, field in zip(names, truth, strict=True)})


def music(files):
    votes = [
        tuple(r) for r in rows_of(files["mturk_answers.csv"], [{"input.song"}, {"workerid"}, {"answer.pred_label"}])
    ]
    truth = pairs_without_repeats([tuple(r) for r in rows_of(files["music_genre_gold.csv"], [{"id"}, {"class"}])])
    genres = {"blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"}
    demand(all(task and worker and label in genres and task in truth for task, worker, label in votes))
    demand(all(task and label in genres for task, label in truth.items()))
    return Content(votes, truth)


THINGS = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
CIFAR_COLUMNS = ["annotator_id", "is_attn_check", "true_label", "chosen_label", "cifar10_test_test_idx"]


def cifar10h(files):
    raw = files["cifar10h-raw.csv"]
    doubt(b'"' in raw or b"\r" in raw or raw.startswith(b"\xef\xbb\xbf"))
    votes, truth = [], {}
    for row in rows_of(raw, [{name} for name in CIFAR_COLUMNS], strip=False):
        worker, check, right, label, task = row
        doubt(not all(map(WHOLE.fullmatch, row)) and not all(re.fullmatch(r"-?[0-9.]+", field) for field in row))
        if whole(check, 0, 1):
            continue
        whole(worker, 0, 2**53 - 1)
        votes.append((task, worker, THINGS[whole(label, 0, 9)]))
        whole(task, 0, 9_999)
        demand(truth.setdefault(task, THINGS[whole(right, 0, 9)]) == THINGS[int(right)])
    demand(votes)
    return Content(votes, truth)


def audiobirds(files):
    votes = rows_of(files["annotations.tsv"], [{"candidate_id"}, {"user_id"}, {"annotation"}], "\t")
    users = rows_of(files["users.tsv"], [{"user_id"}, {"birdwatching_activity_level"}], "\t")
    levels = pairs_without_repeats([tuple(row) for row in users])
    demand(all(user and level in ("1", "2", "3", "4") for user, level in levels.items()))
    truth = {}
    for task, worker, label in votes:
        demand(task and worker in levels)
        whole(label, 0, 1)
        if levels[worker] == "4":
            truth[task] = label
    return Content([tuple(row) for row in votes], truth)


def plantnet(files, names):
    """Version 1 or 2, by the names of its files: answers, truth, classes, authors, answers and scores of the AI."""
    answers, truth, classes, authors, machine_answers, machine_scores = (files[name] for name in names)
    numbered = names[1].endswith("txt")
    species = parse_json(classes)
    demand(type(species) is dict and all(type(code) is Number for code in species.values()))
    demand(sorted(species.values()) == sorted(map(str, range(len(species)))))
    n_class, species = len(species), sorted(species, key=lambda name: int(species[name]))
    if numbered:
        values = dict(enumerate(lines_of(truth)))
        values = {str(task): parse_json(line.encode()) for task, line in values.items()}
        writers = {str(task): line for task, line in enumerate(lines_of(authors))}
        demand(len(values) == len(writers))
    else:
        values, writers = parse_json(truth), parse_json(authors)
    votes = []
    answers = parse_json(answers)
    demand(type(answers) is dict and all(type(given) is dict for given in answers.values()))
    for task, given in answers.items():
        whole(task, 0 if numbered else -(10**18), len(values) - 1 if numbered else 10**18)
        for user, label in given.items():
            whole(user, 0, 10**18)
            demand(type(label) in (str, Number))
            votes.append((task, user, species[whole(label, 0, n_class - 1)]))
    known = {}
    demand(type(values) is dict and type(writers) is dict)
    for task, value in values.items():
        found = value if type(value) is list else [value]
        demand(all(type(k) in (str, Number) for k in found))
        codes = {whole(k, 0 if type(value) is list else -1, n_class - 1) for k in found}
        if len(codes) == 1 and codes != {-1}:
            known[task] = species[codes.pop()]
    for other in (machine_answers, machine_scores):
        other = parse_json(other)
        demand(type(other) is dict and not any(type(value) in (dict, bool) for value in other.values()))
    demand(all(type(writer) in (str, Number) and whole(writer, -1, 10**18) >= -1 for writer in writers.values()))
    return Content(votes, known)


def literature_tables(files, header=True):
    names = [["item", "worker", "label"], ["item", "truth"]]
    found = []
    for raw, columns in zip(files.values(), names, strict=True):
        lines = decode(raw).rstrip("\n").split("\n")
        doubt(header and lines[0] != ",".join(columns))
        rows = [line.split(",") for line in lines[header:]]
        demand(rows and all(len(row) == len(columns) for row in rows))
        for row in rows:
            for field in row:
                whole(field, 0, 10**18)
        found.append([tuple(row) for row in rows])
    return Content(found[0], pairs_without_repeats(found[1]))
