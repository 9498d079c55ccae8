"""SageMaker Ground Truth: the answers of the workers, wherever in a job's output they are.

- `annotations/consolidated-annotation/consolidation-request/*/*.json`: lists of objects with their annotations;
- `annotations/worker-response/*/NUMBER/*.json`: the answers to the object of this number in the input manifest;
- `manifests/output/output.manifest`, where the job's own consolidation keeps `annotationsFromAllWorkers`. Otherwise the
  manifest, like the consolidation's response, has one consolidated label per object and no workers.
"""

from __future__ import annotations

from pathlib import Path

from benchmark_utils.crowds.formats.found import Found, rows_of, task_names
from benchmark_utils.crowds.formats.records import text
from benchmark_utils.crowds.formats.text_files import parse_json
from benchmark_utils.votes import VotesError
from benchmark_utils.votes.refusals import short

_REQUESTS = "annotations/consolidated-annotation/consolidation-request"
_RESPONSES = "annotations/worker-response"
_ALL = "annotationsFromAllWorkers"
_SOURCES = ("source-ref", "source")


def job_files(folder: Path) -> list[Path]:
    """The files with the workers' answers where `folder` is a job's output, or one of its folders of answers."""
    for place in (_REQUESTS, _RESPONSES):
        if (folder / place).is_dir():
            return sorted((folder / place).rglob("*.json"))
        if place.rpartition("/")[2] in folder.resolve().parts:
            return sorted(folder.rglob("*.json"))
    return []


def recognises(content) -> bool:
    return _is_response(content) or (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(row, dict) and (_is_request(row) or _is_consolidated(row)) for row in content)
    )


def read(content, declared) -> Found:
    """A task is the address or the text of its object, a label the `label` of the only form in an answer."""
    return read_job({Path("0/answers.json"): content})


def read_job(contents: dict) -> Found:
    """The votes of several files of one job, {path: content}."""
    rows, objects = [], []
    for path, content in contents.items():
        if _is_response(content):
            rows += [(path.parent.name, one) for one in content["answers"]]
        elif recognises(content):
            objects += content
        else:
            raise VotesError(f"{path.name} is no file of answers of SageMaker Ground Truth: move it away")
    if rows:
        votes = [(task, text(one.get("workerId")), _label(task, one.get("answerContent"))) for task, one in rows]
        return Found(rows_of(votes))
    names = task_names([_source(row) for row in objects], [_number(row, i) for i, row in enumerate(objects)])
    votes = [
        (name, text(one.get("workerId")), _label(name, _parsed(name, one)))
        for name, row in zip(names, objects, strict=True)
        for one in _annotations(row)
    ]
    return Found(rows_of(votes), tasks=names)


def _is_response(content):
    """The file of a worker-response: {"answers": [{"answerContent": ..., "workerId": ...}]}."""
    answers = content.get("answers") if isinstance(content, dict) else None
    return isinstance(answers, list) and all(isinstance(one, dict) and "answerContent" in one for one in answers)


def _is_request(row):
    return "dataObject" in row and isinstance(row.get("annotations"), list)


def _is_consolidated(row):
    """A line of an output manifest, or an object of the consolidation's response."""
    return "consolidatedAnnotation" in row or (
        any(name in row for name in _SOURCES) and any(f"{name}-metadata" in row for name in row)
    )


def _source(row):
    data = row.get("dataObject", row)
    known = {name: data[name] for name in ("s3Uri", "content", *_SOURCES) if data.get(name)}
    return known if len(known) == 1 else {}


def _number(row, place):
    return row.get("datasetObjectId", place)


def _annotations(row):
    if _is_request(row):
        return row["annotations"]
    kept = [value[_ALL] for value in row.values() if isinstance(value, dict) and _ALL in value]
    if len(kept) != 1:
        raise VotesError(
            "it has one consolidated label for each object and does not say which worker answered what: give the "
            f"job's folder, or {_REQUESTS} or {_RESPONSES} in it"
        )
    return kept[0]


def _parsed(name, annotation):
    try:
        return parse_json(annotation["annotationData"]["content"])
    except (VotesError, TypeError, KeyError, AttributeError):
        raise VotesError(_refusal(name, annotation.get("annotationData"))) from None


def _label(name, answer):
    try:
        (form,) = answer.values()
        label = form["label"] if "label" in form else form["labels"]
    except (TypeError, KeyError, AttributeError, ValueError):
        raise VotesError(_refusal(name, answer)) from None
    return text(label[0] if isinstance(label, list) and len(label) == 1 else label)


def _refusal(name, answer):
    return f"task {short(name)} has the answer {short(answer)}: it needs one form with a label"
