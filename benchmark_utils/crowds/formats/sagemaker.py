"""SageMaker Ground Truth's answers before their consolidation: `consolidation-request/*.json`, a list of objects."""

from __future__ import annotations

from benchmark_utils.crowds.formats.found import Found, rows_of, task_names
from benchmark_utils.crowds.formats.records import text
from benchmark_utils.crowds.formats.text_files import parse_json
from benchmark_utils.votes import VotesError
from benchmark_utils.votes.refusals import short


def recognises(content) -> bool:
    return isinstance(content, list) and all(
        isinstance(row, dict) and "dataObject" in row and isinstance(row.get("annotations"), list) for row in content
    )


def read(content, declared) -> Found:
    """A task is the address or the text of its object, a label the `label` of the only form in an answer."""
    data = [{k: v for k, v in row["dataObject"].items() if k in ("s3Uri", "content") and v} for row in content]
    names = task_names(data, [row.get("datasetObjectId") for row in content])
    rows = [
        (name, text(one.get("workerId")), _label(name, one))
        for name, row in zip(names, content, strict=True)
        for one in row["annotations"]
    ]
    return Found(rows_of(rows), tasks=names)


def _label(name, annotation):
    try:
        (form,) = parse_json(annotation["annotationData"]["content"]).values()
        label = form["label"] if "label" in form else form["labels"]
    except (TypeError, KeyError, AttributeError, ValueError):
        shown = short(annotation.get("annotationData"))
        raise VotesError(f"task {name!r} has the answer {shown}: it needs one form with a label") from None
    return text(label[0] if isinstance(label, list) and len(label) == 1 else label)
