"""1,500 damaged exports of the formats in which people have their votes: refused in words or read right.

"Right" is what small strict readers find, made of the standard library, wherever a file is beyond doubt. Where it is
not, nothing is compared, and only the words of a refusal, the time and the memory count.
"""

import csv
import io
import json
import os
import re
import time
import tracemalloc
import warnings
import zlib

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

from benchmark_utils.crowds.formats.folder import read_noting
from benchmark_utils.votes import VotesError
from tests.crowds import naive_readers as naive
from tests.crowds.naive_readers import Number, demand, doubt
from tests.crowds.test_fuzz import BYTES, SECONDS, canonical, content_of, cut, damage, flip_byte

N_INPUTS = 100  # of each format
VOTES = [("a", "w1", "cat"), ("a", "w2", "dog"), ("b", "w1", "dog"), ("b", "w2", "dog"), ("c 1", "w2", "cat")]
TASKS = list(dict.fromkeys(task for task, _, _ in VOTES))
GOLD = {"a": "cat"}


def lines_of(separator, header, rows):
    return "".join(separator.join(map(str, row)) + "\n" for row in (header, *rows))


def by_task():
    return {task: [(w, k) for t, w, k in VOTES if t == task] for task in TASKS}


LONG = ("task", "worker", "label")
SEMICOLON = ("Item", "Rater", "Rating", "text")
WIDE = ("item", "w1", "w2")
MTURK = ("HITId", "WorkerId", "AssignmentStatus", "Input.url", "Answer.kind")
TOLOKA = ("INPUT:image", "OUTPUT:result", "GOLDEN:result", "ASSIGNMENT:worker_id", "ASSIGNMENT:status")
APPEN = ("_unit_id", "_worker_id", "_tainted", "kind", "kind_gold")
ZOONIVERSE = ("user_name", "annotations", "subject_ids")
DECLARED = ("photo", "nick", "species", "expert")


def parquet():
    stream = io.BytesIO()
    pd.DataFrame(VOTES, columns=list(LONG)).to_parquet(stream)
    return stream.getvalue()


def annotation(label):
    return '"' + json.dumps([{"task": "T0", "value": label}]).replace('"', '""') + '"'


def mturk_rows():
    rows = [(f"H{t}", w, "Approved", t, k) for t, w, k in VOTES]
    return [*rows, ("Ha", "w3", "Rejected", "a", "fox")]


def label_studio():
    return [
        {
            "id": number,
            "data": {"text": task},
            "annotations": [
                {"completed_by": w, "result": [{"from_name": "c", "type": "choices", "value": {"choices": [k]}}]}
                for w, k in given
            ],
        }
        for number, (task, given) in enumerate(by_task().items())
    ]


def sagemaker():
    return [
        {
            "datasetObjectId": str(number),
            "dataObject": {"s3Uri": task},
            "annotations": [
                {"workerId": w, "annotationData": {"content": json.dumps({"form": {"label": k}})}} for w, k in given
            ],
        }
        for number, (task, given) in enumerate(by_task().items())
    ]


def json_lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


MAPS = [dict(zip(LONG, row, strict=True)) for row in VOTES]
SOUND = {  # {format: {file: content}}; the first file is the one that is read
    "semicolons": {"v.csv": "\ufeffsep=;\n" + lines_of(";", SEMICOLON, [(*row, '"x; ""y"""') for row in VOTES])},
    "tabs, UTF-16": {"v.tsv": ("\ufeff" + lines_of("\t", LONG, VOTES)).encode("utf-16-le")},
    "JSON lines": {"v.jsonl": json_lines(MAPS)},
    "JSON list": {"v.json": json.dumps(MAPS, indent=1)},
    "Parquet": {"v.parquet": parquet()},
    "wide": {
        "v.csv": lines_of(",", WIDE, [(t, *(dict(g).get(w, "") for w in WIDE[1:])) for t, g in by_task().items()])
    },
    "MTurk": {"v.csv": lines_of(",", MTURK, mturk_rows())},
    "Toloka": {"v.tsv": lines_of("\t", TOLOKA, [(t, k, GOLD.get(t, ""), w, "APPROVED") for t, w, k in VOTES])},
    "Appen": {"v.csv": lines_of(",", APPEN, [(t, w, "false", k, GOLD.get(t, "")) for t, w, k in VOTES])},
    "Zooniverse": {"v.csv": lines_of(",", ZOONIVERSE, [(w, annotation(k), t) for t, w, k in VOTES])},
    "Label Studio": {"v.json": json.dumps(label_studio())},
    "Prodigy": {
        "v.jsonl": json_lines({"text": t, "accept": [k], "answer": "accept", "_session_id": w} for t, w, k in VOTES)
    },
    "doccano": {
        "v.jsonl": json_lines(
            {"id": t, "text": "x", "annotations": [{"user": w, "label": k} for w, k in given]}
            for t, given in by_task().items()
        )
    },
    "SageMaker": {"v.json": json.dumps(sagemaker())},
    "declared": {
        "v.csv": lines_of(",", DECLARED, [(*row, GOLD.get(row[0], "")) for row in [*VOTES, ("b", "w3", "unsure")]]),
        "metadata.json": json.dumps(
            {"columns": dict(zip((*LONG, "truth"), DECLARED, strict=True)), "no_answer": ["unsure"]}
        ),
    },
}
SOUND = {
    format_: {name: content.encode() if isinstance(content, str) else content for name, content in files.items()}
    for format_, files in SOUND.items()
}

# ---- strict readers


def table(raw, separator, header):
    """The rows below exactly this header, of exactly its length, each field without outer spaces."""
    text = naive.decode(raw)
    if text.startswith("sep=;\n"):
        text = text.removeprefix("sep=;\n")
    doubt("\x0b" in text or "\x0c" in text or re.search("[\x1c-\x1f\x85\u2028\u2029]", text))
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=separator, strict=True, skipinitialspace=True))
    except csv.Error:
        raise naive.Doubtful from None
    rows = [[field.strip() for field in row] for row in rows if any(field.strip() for field in row)]
    demand(rows)
    doubt(rows[0] != list(header))
    doubt(any(len(row) != len(header) or "\n" in "".join(row) for row in rows))
    demand(len(rows) > 1)
    return rows[1:]


def content(votes, truth=None):
    votes = [tuple(field.strip() for field in vote) for vote in votes]
    naive.check_labels(votes)
    given = {}
    for task, label in truth or []:
        doubt(label in naive.NO_ANSWER)
        if label:
            demand(given.setdefault(task, label) == label)
    naive.check_truth(given, votes)
    return naive.Content(votes, given)


def fits(value, template):
    """Whether JSON has exactly this form: types, keys, and lists of such."""
    if isinstance(template, dict):
        doubt(type(value) is not dict or set(value) != set(template))
        for name, part in template.items():
            fits(value[name], part)
    elif isinstance(template, list):
        doubt(type(value) is not list or not value)
        for one in value:
            fits(one, template[0])
    else:
        doubt(type(value) is not template or (template is Number and not naive.WHOLE.fullmatch(value)))
        doubt(not value.strip() or not value.isprintable())


def parsed(raw, template, is_lines):
    text = naive.decode(raw)
    doubt("\\u" in text or (not is_lines and re.match(r"\s*\{", text)))
    found = [naive.parse_json(line.encode()) for line in text.split("\n") if line.strip()] if is_lines else None
    found = naive.parse_json(text.encode()) if found is None else found
    fits(found, [template])
    return found


def semicolons(files):
    rows = table(files["v.csv"], ";", SEMICOLON)
    doubt(any("," in row[2] for row in rows))
    return content(row[:3] for row in rows)


def tabs(files):
    rows = table(files["v.tsv"], "\t", LONG)
    doubt(any("," in row[2] for row in rows))
    return content(rows)


def maps(is_lines):
    def read(files):
        (raw,) = files.values()
        return content(tuple(row.values()) for row in in_order(parsed(raw, dict.fromkeys(LONG, str), is_lines)))

    return read


def in_order(rows):
    return [{name: row[name] for name in LONG} for row in rows]


def of_parquet(files):
    try:
        buffer = pyarrow.BufferReader(files["v.parquet"])
        found = pyarrow.parquet.ParquetFile(buffer, pre_buffer=False).read(use_threads=False).to_pylist()
    except Exception:
        raise naive.Wrong from None
    doubt(any(set(row) != set(LONG) or any(type(v) is not str for v in row.values()) for row in found))
    return content(tuple(row.values()) for row in in_order(found))


def wide(files):
    rows = table(files["v.csv"], ",", WIDE)
    tasks = [row[0] for row in rows]
    columns = [set(column) - {""} for column in list(zip(*rows, strict=True))[1:]]
    doubt(len(set(tasks)) < len(tasks) or len(tasks) < 2 or not columns[0] & columns[1])
    demand(all(tasks))
    return content((row[0], worker, k) for row in rows for worker, k in zip(WIDE[1:], row[1:], strict=True) if k)


def mturk(files):
    rows = table(files["v.csv"], ",", MTURK)
    kept = [row for row in rows if row[2].lower() != "rejected"]
    demand(kept)
    return content((task, worker, label) for _, worker, _, task, label in kept)


def toloka(files):
    rows = table(files["v.tsv"], "\t", TOLOKA)
    kept = [row for row in rows if row[4] not in ("REJECTED", "EXPIRED", "SKIPPED")]
    demand(kept)
    return content(((t, w, k) for t, k, _, w, _ in kept), [(row[0], row[2]) for row in rows])


def appen(files):
    rows = table(files["v.csv"], ",", APPEN)
    kept = [row for row in rows if row[2].lower() != "true"]
    demand(kept)
    return content(((t, w, k) for t, w, _, k, _ in kept), [(row[0], row[4]) for row in rows])


def zooniverse(files):
    rows = table(files["v.csv"], ",", ZOONIVERSE)
    votes = []
    for worker, text, task in rows:
        (given,) = parsed(text.encode(), {"task": str, "value": str}, False)
        doubt(given["task"] != "T0")
        votes.append((task, worker, given["value"]))
    return content(votes)


def of_label_studio(files):
    result = {"from_name": str, "type": str, "value": {"choices": [str]}}
    template = {"id": Number, "data": {"text": str}, "annotations": [{"completed_by": str, "result": [result]}]}
    found = parsed(files["v.json"], template, False)
    given = [(task["data"]["text"], one, one["result"]) for task in found for one in task["annotations"]]
    results = [(one, result) for _, one, results in given for result in results]
    doubt(any(r["type"] != "choices" or len(r["value"]["choices"]) != 1 for _, r in results))
    doubt(any(len(rs) != 1 for _, _, rs in given))
    doubt(len({task["data"]["text"].strip() for task in found}) < len(found))
    return content((task, one["completed_by"], rs[0]["value"]["choices"][0]) for task, one, rs in given)


def prodigy(files):
    found = parsed(files["v.jsonl"], {"text": str, "accept": [str], "answer": str, "_session_id": str}, True)
    doubt(any(row["answer"] != "accept" or len(row["accept"]) != 1 or row["text"][:5] == "data:" for row in found))
    return content((row["text"], row["_session_id"], row["accept"][0]) for row in found)


def doccano(files):
    template = {"id": str, "text": str, "annotations": [{"user": str, "label": str}]}
    found = parsed(files["v.jsonl"], template, True)
    demand(len({row["id"].strip() for row in found}) == len(found))
    return content((row["id"], one["user"], one["label"]) for row in found for one in row["annotations"])


def of_sagemaker(files):
    one = {"workerId": str, "annotationData": {"content": str}}
    found = parsed(
        files["v.json"].replace(b'\\"', b"'"),  # the JSON inside
        {"datasetObjectId": str, "dataObject": {"s3Uri": str}, "annotations": [one]},
        False,
    )
    doubt(b"'" in files["v.json"])
    doubt(len({row["dataObject"]["s3Uri"].strip() for row in found}) < len(found))
    votes = []
    for row in found:
        for given in row["annotations"]:
            label = re.fullmatch(r"\{'form': \{'label': '([^'\\]*)'\}\}", given["annotationData"]["content"])
            doubt(label is None)
            votes.append((row["dataObject"]["s3Uri"], given["workerId"], label.group(1)))
    return content(votes)


def declared(files):
    doubt(files["metadata.json"] != SOUND["declared"]["metadata.json"])
    rows = table(files["v.csv"], ",", DECLARED)
    kept = [row[:3] for row in rows if row[2] != "unsure"]
    demand(kept)
    return content(kept, [(row[0], row[3]) for row in rows])


READERS = dict(
    zip(
        SOUND,
        [
            *(semicolons, tabs, maps(True), maps(False), of_parquet, wide, mturk, toloka, appen, zooniverse),
            *(of_label_studio, prodigy, doccano, of_sagemaker, declared),
        ],
        strict=True,
    )
)


def differences(format_, found, files):
    """What our reading and the strict one differ in; None where the strict reader cannot tell."""
    try:
        expected = READERS[format_](files)
    except naive.Wrong:
        return "read what is wrong"
    except naive.Doubtful:
        return None
    votes, truth, notes = found
    kinds = [ids.dtype.kind in "iuf" for ids in (votes.encoding.tasks, votes.encoding.workers, votes.encoding.classes)]
    rows = [tuple(map(canonical, row, kinds)) for row in expected.votes]
    known = {canonical(i, kinds[0]): canonical(k, kinds[2]) for i, k in expected.truth.items()}
    if content_of(votes, truth) != (set(rows), known):
        return f"read {content_of(votes, truth)}, not {(set(rows), known)}"
    if votes.n_votes + votes.n_repeated != len(rows):
        return f"counted {votes.n_repeated} repeats of {len(rows)} votes"
    if votes.n_repeated and not any(f"{votes.n_repeated} exact repeat" in note for note in notes):
        return "repeats that nobody is told of"
    return ""


def read(files, folder):
    folder.mkdir(exist_ok=True)
    for name, raw in files.items():
        (folder / name).write_bytes(raw)
    return read_noting(folder / next(iter(files)))


def damaged(rng, format_):
    if format_ != "Parquet":
        return damage(rng, SOUND[format_])
    (name,) = SOUND[format_]
    return {name: (flip_byte if rng.random() < 0.8 else cut)(rng, SOUND[format_][name])}


@pytest.mark.parametrize("format_", SOUND)
def test_refused_in_words_or_read_right(format_, tmp_path):
    rng = np.random.default_rng(zlib.crc32(format_.encode()))
    assert differences(format_, read(SOUND[format_], tmp_path / "sound"), SOUND[format_]) == ""
    problems, n_compared, n_refused = [], 0, 0
    tracemalloc.start()
    for number in range(N_INPUTS):
        files, problem = damaged(rng, format_), None
        tracemalloc.reset_peak()
        before, start = tracemalloc.get_traced_memory()[0], time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # none but the notes may be said
                found = read(files, tmp_path / str(number))
        except VotesError as error:
            n_refused += 1
            if len(str(error)) > 900 or "\n" in str(error):
                problem = f"a message of {len(str(error))} characters: {error}"
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        else:
            problem = differences(format_, found, files)
            n_compared += problem == ""
        seconds, peak = time.process_time() - start, tracemalloc.get_traced_memory()[1] - before
        if seconds > SECONDS or peak > BYTES:
            problem = f"{seconds:.1f} s, {peak / 1e6:.0f} MB"
        if problem:
            changed = {name: raw for name, raw in files.items() if raw != SOUND[format_][name]}
            problems.append(f"{number}: {problem[:700]}\n{str(changed)[:900]}")
    tracemalloc.stop()
    assert not problems, f"{len(problems)} problems\n" + "\n".join(problems[:6])
    assert min(n_compared, n_refused) >= 3, (n_compared, n_refused)  # else nothing was tried


# ---- content that is sound as JSON or as a table, and odd


DEEP = '{"a": ' * 3000 + "1" + "}" * 3000
ODD = {
    "a list in a list": ("v.json", "[[[[]]]]"),
    "nested deeply": ("v.json", DEEP),
    "nested deeply in a line": ("v.jsonl", DEEP + "\n"),
    "a number": ("v.json", "5"),
    "NaN alone": ("v.json", "NaN"),
    "lists of numbers": ("v.jsonl", "1\n2\n"),
    "an empty list": ("v.json", "[]"),
    "empty maps": ("v.json", "[{}, {}]"),
    "a key twice": ("v.json", '[{"task": "a", "task": "b", "worker": "w", "label": "x"}]'),
    "a label that is NaN": ("v.json", '[{"task": 1, "worker": 1, "label": NaN}]'),
    "a label that is null": ("v.json", '[{"task": 1, "worker": 1, "label": null}]'),
    "annotations of another kind": ("v.json", '[{"data": {"text": "a"}, "annotations": [5]}]'),
    "a result of another kind": ("v.json", '[{"id": 1, "data": {"text": "a"}, "annotations": [{"result": {"x": 1}}]}]'),
    "no worker": ("v.json", '[{"dataObject": {}, "annotations": [{}]}]'),
    "answers of another kind": ("v.json", '{"answers": [{"answerContent": []}]}'),
    "annotations that are a map": ("v.csv", 'user_name,annotations,subject_ids\nw,"{""a"": 1}",s\n'),
    "an empty table": ("v.csv", ""),
    "a header alone": ("v.csv", "item,worker,label\n"),
    "separators alone": ("v.csv", ";;;\n;;;\n"),
    "a thousand columns more": ("v.csv", "item,worker,label" + ",x" * 1100 + "\na,w,x\n"),
    "sep= and nothing": ("v.csv", "sep=;\n"),
    "another sep=": ("v.csv", "sep=|\nitem|worker|label\n"),
    "a wide table of one worker": ("v.csv", "item,w1\na,cat\nb,dog\n"),
    "no Parquet": ("v.parquet", "PAR1PAR1"),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_content_is_refused_in_words(case, tmp_path):
    name, text = ODD[case]
    (tmp_path / name).write_text(text)
    with pytest.raises(VotesError) as caught:
        print(read_noting(tmp_path / name))
    assert len(str(caught.value)) <= 900
    assert str(tmp_path / name) in str(caught.value)


def test_huge_integers_are_names(tmp_path):
    huge = ["9" * 400, "9" * 20, "1" + "0" * 30]
    (tmp_path / "v.json").write_text(f'[{{"task": {huge[0]}, "worker": {huge[1]}, "label": {huge[2]}}}]')
    assert read_noting(tmp_path / "v.json")[0].to_answers() == {huge[0]: {huge[1]: huge[2]}}


@pytest.mark.parametrize("kind", ["folder", "dangling link", "loop", "pipe", "device", "empty folder", "nothing"])
def test_what_is_no_file_is_refused_and_not_waited_for(kind, tmp_path):
    """Under the name of a file of votes, asked for by itself and in its folder."""
    path = tmp_path / "mine" / "label.csv"
    path.parent.mkdir()
    if kind == "folder":
        path.mkdir()
    elif kind == "dangling link":
        path.symlink_to(tmp_path / "nowhere")
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    for asked in (path, path.parent):
        with pytest.raises(VotesError) as caught:
            read_noting(asked)
        assert str(tmp_path) in str(caught.value)


def test_a_link_to_a_file_or_a_folder_is_followed(tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    (real / "v.csv").write_text(lines_of(",", LONG, VOTES))
    (tmp_path / "folder").symlink_to(real)
    (tmp_path / "file.csv").symlink_to(real / "v.csv")
    for path in (tmp_path / "folder", tmp_path / "file.csv"):
        assert read_noting(path)[0].n_votes == len(VOTES)


def test_a_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    (tmp_path / "v.csv").write_text(lines_of(",", LONG, VOTES))

    def denied(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "read_bytes", denied)
    with pytest.raises(VotesError, match=r"v\.csv: cannot be read \(.*Permission denied"):
        read_noting(tmp_path / "v.csv")
