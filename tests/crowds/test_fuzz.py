"""1,500 damaged files of every format: refused in words or read right, in little time and memory.

"Right" is what independent readers find (`naive_readers.py`), wherever they can tell.
"""

import contextlib
import io
import json
import re
import time
import tracemalloc
import warnings
import zipfile
import zlib
from decimal import Decimal

import numpy as np
import pytest

from benchmark_utils.crowds.errors import SourceError
from benchmark_utils.crowds.formats.folder import read_folder
from benchmark_utils.crowds.published import (
    audiobirds,
    bluebirds,
    cifar10h,
    labelme,
    literature_layouts,
    music,
    plantnet,
)
from benchmark_utils.votes import Votes, VotesError, encode_truth
from tests.crowds import naive_readers as naive

SECONDS, BYTES = 2, 200e6  # of one input; the time is that of the processor

# ---- sound files, and how each format is read


def rows(separator, *lines):
    return "".join(separator.join(map(str, line)) + "\n" for line in lines)


def array_file(values):
    stream = io.BytesIO()
    np.save(stream, np.array(values, dtype="<i8"))
    return stream.getvalue()


CSV_VOTES = [("a", "w1", "cat"), ("a", "w2", "dog"), ("b", "007", "dog"), ("b", "7", "dog"), ("c", "w2", "cat")]
NUMBERS = [(1, 11, 0), (1, 12, 1), (2, 11, 2), (2, 13, 2), (10, 12, 0), (10, 12, 0)]
STAMPS = [("1403636579.763555584", "u", 1), ("1403636579.763555585", "u", 0), ("1403636579.5", "v", 1)]
ANSWERS = {"0": {"w1": 1, "w2": 0}, "1": {"w1": 2, "007": 2, "7": 1}, "2": {"w2": 0}}
SPECIES = {"Poa annua": 0, "Bellis perennis": 1, "Urtica dioica": 2}


def csv_files(votes, truth):
    header = [("item", "worker", "label")]
    return {"label.csv": rows(",", *header, *votes), "truth.csv": rows(",", ("item", "truth"), *truth)}


def literature_files(header):
    files = {"label.csv": rows(",", *NUMBERS), "truth.csv": rows(",", (1, 0), (10, 0))}
    return csv_files(NUMBERS, [(1, 0), (10, 0)]) if header else files


SOUND = {
    "words": csv_files(CSV_VOTES, [("a", "cat"), ("c", "dog")]),
    "numbers": csv_files(NUMBERS, [(1, 0), (10, 2)]),
    "stamps": csv_files(STAMPS, [(STAMPS[1][0], 0)]),
    "quotes": csv_files([('"a, b"', "w1", '"say ""x"""'), ("c", '"w1"', "y")], [('"a, b"', "y")]),
    "answers and lines": {
        "answers.json": json.dumps(ANSWERS),
        "metadata.json": '{"n_classes": 4}',
        "truth.txt": "1\n-1\n3\n",
    },
    "answers and array": {
        "answers.json": json.dumps(ANSWERS, indent=1),
        "metadata.json": '{"n_classes": 4}',
        "ground_truth.npy": array_file([1, -1, 3]),
    },
    "bluebirds": {
        "gt.yaml": "{12: true, 7: false, 9: true}\n",
        "labels.yaml": "2: {7: true, 9: true}\n1: {12: true,\n  7: false}\n3: {9: false}\n",
    },
    "labelme": {
        "answers.txt": "-1 3 -1\n0 3 -1\n-1 2 7\n",
        "labels_train.txt": "3\n0\n7\n",
        "filenames_train.txt": "street_a.jpg\nhighway_b.jpg\nopencountry_c.jpg\n",
    },
    "music": {
        "mturk_answers.csv": rows(
            ",",
            ("WorkerID", "Input.song", "Input.true_label", "Answer.pred_label"),
            *[("007", "a", "pop", "pop"), ("7", "a", "pop", "rock"), ("7", "b", "jazz", "jazz")],
        ).replace("\n", "\r"),
        "music_genre_gold.csv": rows(",", ("id", "feature0", "class"), ("a", 1.5, "pop"), ("b", 2, "jazz")),
    },
    "cifar10h": {
        "cifar10h-raw.csv": rows(
            ",",
            ("annotator_id", "is_attn_check", "true_label", "chosen_label", "cifar10_test_test_idx", "image_filename"),
            *[
                (5, 0, 3, 3, 2, "a.png"),
                (5, 0, 1, 9, 0, "b.png"),
                (4, 1, 9, 9, -99999, "c.png"),
                (4, 0, 3, 5, 2, "a.png"),
            ],
        )
    },
    "audiobirds": {
        "annotations.tsv": rows(
            "\t",
            ("annotation_id", "candidate_id", "user_id", "annotation"),
            *[(1, 12, 1, 1), (2, 11, 2, 0), (3, 11, 1, 1), (4, 13, 2, 1)],
        ),
        "users.tsv": rows("\t", ("user_id", "birdwatching_activity_level"), (1, 4), (2, 2), (3, 4)),
    },
    "plantnet v1": dict(
        zip(
            plantnet.FILES["v1"],
            [
                json.dumps({"0": {"7": 1, "3": 0}, "1": {"3": 2}, "2": {"7": 2, "9": 2}}),
                "0\n-1\n[2, 2]\n",
                json.dumps(SPECIES),
                "3\n3\n9\n",
                json.dumps(SPECIES),
                json.dumps({"0": 0, "1": 1, "2": 2}),
                json.dumps({"0": 0.5, "1": 0.25, "2": 1.0}),
            ],
            strict=True,
        )
    ),
    "plantnet v2": dict(
        zip(
            plantnet.FILES["v2"],
            [
                json.dumps({"1008": {"507": "1", "503": "0"}, "1001": {"503": "2"}, "1002": {"507": "2", "509": "2"}}),
                json.dumps({"1001": -1, "1002": [2], "1008": 0}),
                json.dumps(SPECIES),
                json.dumps({"1008": "503", "1001": "503", "1002": "509"}),
                json.dumps({"1008": 0, "1001": 1, "1002": 2}),
                json.dumps({"1008": 0.5, "1001": 0.25, "1002": 1.0}),
            ],
            strict=True,
        )
    ),
    "literature with a header": literature_files(True),
    "literature without a header": literature_files(False),
}
SOUND = {
    format_: {name: content.encode() if isinstance(content, str) else content for name, content in files.items()}
    for format_, files in SOUND.items()
}
V1, V2 = plantnet.FILES["v1"], plantnet.FILES["v2"]
PLANTNET = {
    "plantnet v1": (V1[0], V1[1], V1[2], V1[3], V1[5], V1[6]),
    "plantnet v2": (V2[0], V2[1], V2[2], V2[3], V2[4], V2[5]),
}


def read_layout(layout):
    def read(votes_path, truth_path):
        found = layout(votes_path, truth_path)
        votes = Votes.from_frame(found.votes, tasks=found.tasks)
        return votes, encode_truth(found.truth["task"], found.truth["truth"], votes, found.truth.index)

    return read


READERS = {module.__name__.rpartition(".")[2]: module.read_votes for module in (audiobirds, bluebirds, labelme, music)}
READERS["literature with a header"] = read_layout(literature_layouts.tables)
READERS["literature without a header"] = read_layout(literature_layouts.headerless_tables)


def read(format_, folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if format_ == "cifar10h":
        with zipfile.ZipFile(folder / "raw.zip", "w") as archive:
            archive.write(folder / "cifar10h-raw.csv", "cifar10h-raw.csv")
        return cifar10h.read_votes(folder / "raw.zip")
    if format_ in PLANTNET:
        return plantnet.read(folder, format_[-2:])
    if format_ in READERS:
        return READERS[format_](*(folder / name for name in files))
    return read_folder(folder)


def read_naively(format_, files):
    if format_ in PLANTNET:
        return naive.plantnet(files, PLANTNET[format_])
    if format_.startswith("literature"):
        return naive.literature_tables(files, "without" not in format_)
    if format_.startswith("answers"):
        return naive.answers_json(files | {"header": array_file([1, -1, 3])[:128]})
    return getattr(naive, format_, naive.label_csv)(files)


# ---- damage

TOKENS = [
    *[
        "",
        " ",
        "NaN",
        "None",
        "NA",
        "#N/A",
        "null",
        "true",
        "TRUE",
        "inf",
        "0",
        "1",
        "2",
        "-1",
        "-2",
        "0.5",
        "1.0",
        "1.7",
    ],
    *["1e3", "1e999", "00", "007", "7.0", "1_0", "0x1", "1000000000", "9" * 19, "9" * 400, "9007199254740993", "1.50"],
    *["1403636579.763555584", "1403636579.763555585", "0.1", "0.10000000000000001", "[0, 1]", "[1, 1]", "[[0]]", "{}"],
    *["[" * 200, '"', '"x" y', "'", "\\", "\u00e9", "\u00a0", "\u2028", "\ufeff", "\\ud800", "a,b", "a;b", "w" * 3_000],
]
TOKEN = r"[^\s,:{}\[\]\"]+"


def replace_token(rng, raw):
    """One token by another of the list or of the file."""
    found = list(re.finditer(TOKEN.encode(), raw))
    if not found:
        return raw
    place = found[rng.integers(len(found))]
    other = found[rng.integers(len(found))].group()
    new = other if rng.random() < 0.3 else TOKENS[rng.integers(len(TOKENS))].encode()
    return raw[: place.start()] + new + raw[place.end() :]


def flip_byte(rng, raw):
    damaged = bytearray(raw)
    if damaged:
        damaged[rng.integers(len(damaged))] = (
            rng.integers(256) if rng.random() < 0.5 else rng.choice(list(b'\0"\r\n,; .-0:{}'))
        )
    return bytes(damaged)


def cut(rng, raw):
    first, last = sorted(rng.integers(len(raw) + 1, size=2))
    return raw[:first] if rng.random() < 0.4 else raw[:first] + raw[min(last, first + rng.integers(1, 9)) :]


def double(rng, raw):
    """A line, or a part of one, once more."""
    lines = raw.splitlines(keepends=True)
    place = rng.integers(len(lines)) if lines else 0
    if len(lines) > 1 and rng.random() < 0.7:
        return b"".join([*lines[:place], lines[place], *lines[place:]])
    parts = raw.split(b", ")
    place = rng.integers(len(parts))
    return b", ".join([*parts[:place], parts[place], *parts[place:]])


def encode(rng, raw):
    text = raw.decode("latin-1")
    how = rng.integers(6)
    if how < 3:
        return text.encode(["utf-16", "utf-8-sig", "utf-32"][how])
    return text.replace("\n", ["\r", "\r\n", "\n\n"][how - 3]).encode("latin-1")


def damage(rng, files):
    """A copy of the files with one or two kinds of damage."""
    files = dict(files)
    for _ in range(1 + (rng.random() < 0.25)):
        name = list(files)[rng.integers(len(files))]
        how = rng.choice(5, p=[0.55, 0.1, 0.1, 0.15, 0.1])
        files[name] = [replace_token, flip_byte, cut, double, encode][how](rng, files[name])
    return files


# ---- what is compared


def canonical(name, is_number):
    try:
        return Decimal(str(name)) if is_number else str(name)
    except ArithmeticError:
        return str(name)


def content_of(votes, truth):
    """Votes and truth in the user's own names."""
    encoding = votes.encoding
    frame = votes.to_frame()
    columns = [
        [canonical(name, ids.dtype.kind in "iuf") for name in frame[column].tolist()]
        for column, ids in zip(frame.columns, (encoding.tasks, encoding.workers, encoding.classes), strict=True)
    ]
    known = {
        canonical(encoding.tasks[i], encoding.tasks.dtype.kind in "iuf"): canonical(
            encoding.classes[truth[i]], encoding.classes.dtype.kind in "iuf"
        )
        for i in np.flatnonzero(truth >= 0)
    }
    return set(zip(*columns, strict=True)), known


def differences(format_, found, files):
    """What our reading and the naive one differ in; None where the naive reader cannot tell."""
    try:
        expected = read_naively(format_, files)
    except naive.Wrong:
        return "read what is wrong"
    except naive.Doubtful:
        return None
    votes, truth = found
    encoding = votes.encoding
    kinds = [ids.dtype.kind in "iuf" for ids in (encoding.tasks, encoding.workers, encoding.classes)]
    rows = [tuple(map(canonical, row, kinds)) for row in expected.votes]
    known = {canonical(i, kinds[0]): canonical(k, kinds[2]) for i, k in expected.truth.items()}
    ours = content_of(votes, truth)
    if ours != (set(rows), known):
        return f"read {ours}, not {(set(rows), known)}"
    if votes.n_votes + votes.n_repeated != len(rows):
        return f"counted {votes.n_repeated} repeats of {len(rows)} votes"
    return ""


BLOW_UPS = {
    "one long id": (
        "words",
        "label.csv",
        rows(",", *[("item", "worker", "label")], *[(i, i, "x") for i in range(8_000)]) + "w" * 20_000 + ",u,x\n",
    ),
    "a key again and again": (
        "answers and lines",
        "answers.json",
        '{"0": {' + ", ".join(f'"{i % 39_999}": 1' for i in range(40_000)) + "}}",
    ),
    "deep": ("answers and lines", "answers.json", '{"0": ' * 50_000),
    "a billion classes": ("answers and lines", "metadata.json", '{"n_classes": 1000000000}'),
    "many columns": ("words", "label.csv", "item,worker,label" + ",x" * 100_000 + "\na,w,cat\n"),
    "a billion images": (
        "cifar10h",
        "cifar10h-raw.csv",
        SOUND["cifar10h"]["cifar10h-raw.csv"].decode().replace("3,3,2", "3,3,1000000000"),
    ),
}


@pytest.mark.parametrize("case", BLOW_UPS)
def test_little_time_and_memory(case, tmp_path):
    format_, name, content = BLOW_UPS[case]
    files = SOUND[format_] | {name: content.encode()}
    tracemalloc.start()
    start = time.process_time()
    with contextlib.suppress(VotesError):
        read(format_, tmp_path, files)
    assert time.process_time() - start < SECONDS
    assert tracemalloc.get_traced_memory()[1] < BYTES
    tracemalloc.stop()


@pytest.mark.parametrize("format_", SOUND)
def test_refused_in_words_or_read_right(format_, tmp_path):
    rng = np.random.default_rng(zlib.crc32(format_.encode()))
    assert differences(format_, read(format_, tmp_path / "sound", SOUND[format_]), SOUND[format_]) == ""
    problems, n_compared, n_refused = [], 0, 0
    tracemalloc.start()
    for number in range(100):
        files = damage(rng, SOUND[format_])
        tracemalloc.reset_peak()
        before, start = tracemalloc.get_traced_memory()[0], time.process_time()
        problem = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = read(format_, tmp_path / str(number), files)
        except (VotesError, SourceError) as error:
            n_refused += 1
            if len(str(error)) > 900 or "\n" in str(error):
                problem = f"a message of {len(str(error))} characters"
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        else:
            problem = differences(format_, found, files)
            n_compared += problem == ""
        seconds, peak = time.process_time() - start, tracemalloc.get_traced_memory()[1] - before
        if seconds > SECONDS or peak > BYTES + sum(map(len, files.values())):
            problem = f"{seconds:.1f} s, {peak / 1e6:.0f} MB"
        if problem:
            changed = {name: content for name, content in files.items() if content != SOUND[format_][name]}
            problems.append(f"{number}: {problem[:600]}\n{str(changed)[:600]}")
    tracemalloc.stop()
    assert not problems, f"{len(problems)} problems\n" + "\n".join(problems[:6])
    assert min(n_compared, n_refused) >= 5  # else nothing was tried
