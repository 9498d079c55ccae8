"""One file for each format, written for its test: what is read, what is left out and counted, what is asked."""

import json
import warnings

import pandas as pd
import pytest

from benchmark_utils.crowds.cache import read_cached
from benchmark_utils.crowds.formats.folder import read_folder, read_path
from benchmark_utils.votes import VotesError

WANTED = {"a": {"w1": "cat", "w2": "dog"}, "b": {"w1": "dog", "w2": "dog"}}
ROWS = [(task, worker, label) for task, given in WANTED.items() for worker, label in given.items()]


def read(path, name, content):
    """The votes, the known truths and what was said, of a file of the folder `path`."""
    file = path / name
    if isinstance(content, pd.DataFrame):
        content.to_parquet(file)
    else:
        file.write_text(content if isinstance(content, str) else json.dumps(content))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        votes, truth = read_path(file)
    known = {task: label for task, label in votes.named(truth).items() if label is not None}
    return votes.to_answers(), known, " ".join(str(one.message) for one in caught)


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def table(header, rows, separator=","):
    return "".join(separator.join(map(str, row)) + "\n" for row in (header, *rows))


def test_json_lines_lists_and_parquet(tmp_path):
    rows = [{"text_length": 3, "item": task, "annotator": worker, "rating": label} for task, worker, label in ROWS]
    assert read(tmp_path, "votes.jsonl", lines(rows)) == (WANTED, {}, "")
    assert read(tmp_path, "votes.json", rows) == (WANTED, {}, "")
    assert read(tmp_path, "votes.parquet", pd.DataFrame(rows)) == (WANTED, {}, "")
    numbers = pd.DataFrame({"task": [1, 1, 2], "worker": [7, 8, 7], "label": [True, False, True], "x": [None, 1.5, 2]})
    answers, _, _ = read(tmp_path, "numbers.parquet", numbers)
    assert answers == {1: {7: "True", 8: "False"}, 2: {7: "True"}}
    with pytest.raises(VotesError, match=r"line 2 of these JSON lines: .* is not JSON"):
        read(tmp_path, "broken.jsonl", '{"task": 1}\n{"task" 2}\n')
    with pytest.raises(VotesError, match="no Parquet file"):
        read(tmp_path, "broken.parquet", "PAR1")


def test_declared_columns(tmp_path):
    content = table(("item", "task", "who", "verdict", "right"), [("x", t, w, k, "dog") for t, w, k in ROWS])
    with pytest.raises(VotesError, match="'item' and 'task' could both hold the tasks"):
        read(tmp_path, "label.csv", content)
    columns = {"task": "task", "worker": "who", "label": "verdict", "truth": "right"}
    (tmp_path / "metadata.json").write_text(json.dumps({"columns": columns}))
    assert read(tmp_path, "label.csv", content) == (WANTED, {"a": "dog", "b": "dog"}, "")
    with pytest.raises(VotesError, match="more than one truth"):
        read(tmp_path, "label.csv", content.replace("cat,dog", "cat,cat"))
    (tmp_path / "metadata.json").write_text(json.dumps({"columns": {"task": "nothing"}}))
    with pytest.raises(VotesError, match=r"'nothing', which --task or .* says to hold the tasks, is missing"):
        read(tmp_path, "label.csv", content)


def test_decimal_commas(tmp_path):
    (tmp_path / "metadata.json").write_text('{"classes": [3.5, 4]}')
    answers, _, _ = read(tmp_path, "label.csv", "task;worker;label\na;w1;3,5\na;w2;4\n")
    assert answers == {"a": {"w1": 3.5, "w2": 4}}


def test_wide(tmp_path):
    answers, _, said = read(tmp_path, "label.csv", "item,w1,w2,gold\na,cat,dog,cat\nb,dog,dog,\nc,,,cat\n")
    assert answers == WANTED | {"c": {}}
    assert "2 columns of workers: 'w1', 'w2'" in said
    for content in ("item,who,what\na,w1,cat\na,w2,dog\n", "item,age,country\na,1,x\nb,2,y\n"):
        with pytest.raises(VotesError, match="'worker' is missing"):
            read(tmp_path, "label.csv", content)


def test_mturk(tmp_path):
    header = ("HITId", "WorkerId", "AssignmentStatus", "Input.a", "Input.b", "Answer.x", "Reject")
    rows = [(t, w, "Submitted", 1, 2, k, "") for t, w, k in ROWS]
    rows += [("a", "w3", "Rejected", 1, 2, "fox", ""), ("a", "w4", "Submitted", 1, 2, "fox", "x")]
    assert read(tmp_path, "batch.csv", table(header, rows)) == (
        WANTED,
        {},
        f"{tmp_path / 'batch.csv'}: 2 rejected assignments: left out",
    )
    content = table((*header, "Answer.y"), [(*row, 0) for row in rows])
    with pytest.raises(VotesError, match=r"'Answer.x', 'Answer.y' could hold the labels .*\"label\": \"Answer.x\""):
        read(tmp_path, "batch.csv", content)
    (tmp_path / "metadata.json").write_text('{"columns": {"label": "Answer.x"}}')
    assert read(tmp_path, "batch.csv", content)[0] == WANTED


def test_toloka(tmp_path):
    header = ("INPUT:image", "OUTPUT:result", "GOLDEN:result", "ASSIGNMENT:worker_id", "ASSIGNMENT:status")
    rows = [(t, k, "cat" if t == "a" else "", w, "APPROVED") for t, w, k in ROWS] + [("a", "fox", "", "w3", "REJECTED")]
    answers, truth, said = read(tmp_path, "assignments.tsv", table(header, rows, "\t"))
    assert (answers, truth) == (WANTED, {"a": "cat"})
    assert "1 rejected, expired or skipped answer: left out" in said


def test_appen(tmp_path):
    header = ("_unit_id", "_worker_id", "_tainted", "kind", "kind_gold", "text")
    rows = [(t, w, "false", k, {"a": "cat", "b": '"cat\ndog"'}[t], "x") for t, w, k in ROWS]
    answers, truth, said = read(tmp_path, "full.csv", table(header, [*rows, ("a", "w3", "true", "fox", "cat", "")]))
    assert (answers, truth) == (WANTED, {"a": "cat"})
    assert "1 tainted judgment: left out" in said
    assert "1 tasks whose gold has several right answers" in said


def test_zooniverse(tmp_path):
    def annotations(label, more=()):
        return '"' + json.dumps([{"task": "T0", "value": label}, *more]).replace('"', '""') + '"'

    header = ("user_name", "workflow_id", "annotations", "subject_ids")
    rows = [(w, 1, annotations(k), t) for t, w, k in ROWS] + [("w3", 1, annotations(None), "a")]
    answers, _, said = read(tmp_path, "classifications.csv", table(header, rows))
    assert answers == WANTED
    assert "1 classification without an answer: left out" in said
    two = table(header, [(w, 1, annotations(k, [{"task": "T1", "value": "x"}]), t) for t, w, k in ROWS])
    with pytest.raises(VotesError, match="the questions T0, T1"):
        read(tmp_path, "classifications.csv", two)
    (tmp_path / "metadata.json").write_text('{"columns": {"label": "T0"}}')
    assert read(tmp_path, "classifications.csv", two)[0] == WANTED
    with pytest.raises(VotesError, match="several workflows"):
        read(tmp_path, "classifications.csv", table(header, [*rows, ("w3", 2, annotations("x"), "a")]))
    with pytest.raises(VotesError, match="the annotations in line 2"):
        read(tmp_path, "classifications.csv", table(header, [("w3", 2, "cat", "a")]))


def test_label_studio(tmp_path):
    def annotation(worker, label, **more):
        return {
            "completed_by": worker,
            "result": [{"from_name": "c", "type": "choices", "value": {"choices": [label]}}],
        } | more

    tasks = [
        {"id": i, "data": {"text": t}, "annotations": [annotation({"id": w}, k) for w, k in given.items()]}
        for i, (t, given) in enumerate(WANTED.items())
    ]
    tasks[0]["annotations"] += [annotation("w3", "fox", was_cancelled=True), annotation("w3", "dog", ground_truth=True)]
    answers, truth, said = read(tmp_path, "export.json", tasks)
    assert (answers, truth) == (WANTED, {"a": "dog"})
    assert "1 cancelled annotation: left out" in said
    tasks[0]["annotations"][0]["result"].append({"from_name": "d", "type": "rating", "value": {"rating": 3}})
    with pytest.raises(VotesError, match="'c', 'd': say which"):
        read(tmp_path, "export.json", tasks)
    tasks[0]["annotations"][0] = 5
    with pytest.raises(VotesError, match="not as label_studio writes it"):
        read(tmp_path, "export.json", tasks)


def test_prodigy(tmp_path):
    rows = [{"text": t, "accept": [k], "answer": "accept", "_session_id": w} for t, w, k in ROWS]
    ignored = {"text": "a", "accept": [], "answer": "ignore", "_session_id": "w3"}
    answers, _, said = read(tmp_path, "p.jsonl", lines([*rows, ignored]))
    assert answers == WANTED
    assert "1 ignored or rejected question: left out" in said
    pairs = [{"text": "a", "label": k, "answer": "reject", "_annotator_id": "w"} for k in ("X", "Y")]
    assert read(tmp_path, "p.jsonl", lines(pairs))[0] == {"a [X]": {"w": "reject"}, "a [Y]": {"w": "reject"}}
    with pytest.raises(VotesError, match="row 1 has no _annotator_id"):
        read(tmp_path, "p.jsonl", lines([{"text": "a", "label": "X", "answer": "accept"}]))


def test_doccano(tmp_path):
    rows = [
        {"id": t, "text": "x", "annotations": [{"user": w, "label": k} for w, k in given.items()]}
        for t, given in WANTED.items()
    ]
    assert read(tmp_path, "all.jsonl", lines(rows)) == (WANTED, {}, "")
    (tmp_path / "all.jsonl").unlink()
    for worker in ("w1", "w2"):
        rows = [{"id": t, "text": "x", "label": [given[worker]]} for t, given in WANTED.items()]
        (tmp_path / f"{worker}.jsonl").write_text(lines(rows))
    assert read_folder(tmp_path)[0].to_answers() == WANTED
    with pytest.raises(VotesError, match="give the folder"):
        read_path(tmp_path / "w1.jsonl")
    (tmp_path / "w3.jsonl").write_text(lines([{"task": 1}]))
    with pytest.raises(VotesError, match="the votes twice"):
        read_folder(tmp_path)


def request(rows, first=0):
    """A file of a consolidation-request."""
    return [
        {
            "datasetObjectId": str(first + i),
            "dataObject": {"s3Uri": t},
            "annotations": [
                {"workerId": w, "annotationData": {"content": json.dumps({"crowd-classifier": {"label": k}})}}
                for w, k in given.items()
            ],
        }
        for i, (t, given) in enumerate(rows)
    ]


def test_sagemaker_requests(tmp_path):
    rows = request(WANTED.items())
    assert read(tmp_path, "request.json", rows) == (WANTED, {}, "")
    rows[0]["annotations"][0]["annotationData"]["content"] = "{}"
    with pytest.raises(VotesError, match="task 'a' has the answer"):
        read(tmp_path, "request.json", rows)


def test_sagemaker_requests_of_a_job(tmp_path):
    """A job writes a file for each batch of objects; the job's folder, or the one of these files, is enough."""
    place = tmp_path / "job" / "annotations" / "consolidated-annotation" / "consolidation-request" / "iteration-1"
    place.mkdir(parents=True)
    for number, row in enumerate(WANTED.items()):
        (place / f"2020-01-0{number + 1}_10_00_00.json").write_text(json.dumps(request([row], number)))
    (place.parents[1] / "consolidation-response").mkdir()
    for folder in (tmp_path / "job", place, place.parent):
        assert read_folder(folder)[0].to_answers() == WANTED
    (place / "notes.json").write_text("{}")
    with pytest.raises(VotesError, match=r"notes.json is no file of answers .* move it away"):
        read_folder(tmp_path / "job")


def test_sagemaker_worker_responses(tmp_path):
    place = tmp_path / "job" / "annotations" / "worker-response" / "iteration-1"
    for number, given in enumerate(WANTED.values()):
        (place / str(number)).mkdir(parents=True)
        answers = [
            {
                "acceptanceTime": "2020-01-01T10:00:00.000Z",
                "answerContent": {"crowd-image-classifier": {"label": label}},
                "submissionTime": "2020-01-01T10:00:09.000Z",
                "timeSpentInSeconds": 9.1,
                "workerId": worker,
                "workerMetadata": {"identityData": {"sub": "x"}},
            }
            for worker, label in given.items()
        ]
        for part in range(2):  # two workers, two files
            content = json.dumps({"answers": answers[part : part + 1]})
            (place / str(number) / f"2020-01-0{part + 1}_10:00:00.json").write_text(content)
    expected = dict(enumerate(WANTED.values()))
    for folder in (tmp_path / "job", place):
        assert read_folder(folder)[0].to_answers() == expected
    one = place / "1" / "2020-01-01_10:00:00.json"
    assert list(read_path(one)[0].to_answers().values()) == [{"w1": "dog"}]


def test_sagemaker_manifests(tmp_path):
    """One that keeps all answers is read; one with a consolidated label is refused with where the answers are."""
    lines_ = [
        {
            "source-ref": row["dataObject"]["s3Uri"],
            "job": {"annotationsFromAllWorkers": row["annotations"]},
            "job-metadata": {"type": "groundtruth/custom", "human-annotated": "yes"},
        }
        for row in request(WANTED.items())
    ]
    assert read(tmp_path, "output.manifest", lines(lines_)) == (WANTED, {}, "")
    consolidated = [
        {"source-ref": t, "sport": 0, "sport-metadata": {"class-name": "football", "confidence": 0.8}} for t in WANTED
    ]
    response = [
        {"datasetObjectId": "0", "consolidatedAnnotation": {"content": {"job": {"label": "x"}, "job-metadata": {}}}}
    ]
    for name, content in (("output.manifest", lines(consolidated)), ("response.json", response)):
        with pytest.raises(VotesError, match=r"one consolidated label for each object .* give the job's folder"):
            read(tmp_path, name, content)


def test_what_is_said_is_said_again_from_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "label.csv"
    file.write_text("task,worker,label\na,w1,Cat\na,w2,cat\n")
    for _ in range(2):
        with pytest.warns(UserWarning, match="differ only by case"):
            votes, _ = read_cached("said", [file], [], lambda: read_folder(tmp_path))
        assert votes.n_class == 2
    monkeypatch.setattr("tests.crowds.test_formats.read_folder", None)
    with pytest.warns(UserWarning, match="differ only by case"):
        read_cached("said", [file], [], lambda: read_folder(tmp_path))
