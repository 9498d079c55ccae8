"""Label Studio's JSON export: a list of tasks with their annotations."""

from __future__ import annotations

from benchmark_utils.crowds.formats.columns import say
from benchmark_utils.crowds.formats.declared import count
from benchmark_utils.crowds.formats.found import Found, rows_of, task_names
from benchmark_utils.crowds.formats.records import text
from benchmark_utils.votes import VotesError


def recognises(content) -> bool:
    return isinstance(content, list) and all(
        isinstance(task, dict) and isinstance(task.get("annotations"), list) and isinstance(task.get("data"), dict)
        for task in content
    )


def read(content, declared) -> Found:
    """A task is what its only datum says, else its number; an annotation marked as ground truth is the truth."""
    names = task_names([task["data"] for task in content], [task.get("id") for task in content])
    rows, truth, n_left_out = [], [], {"cancelled annotation": 0, "annotation without a result": 0}
    for name, task in zip(names, content, strict=True):
        for annotation in task["annotations"]:
            if annotation.get("was_cancelled"):
                n_left_out["cancelled annotation"] += 1
                continue
            answers = _answers(annotation, declared)
            if len(answers) > 1:
                shown = ", ".join(map(repr, answers))
                raise VotesError(f"task {name!r} answers {shown}: {say({'label': next(iter(answers))})}")
            for label in answers.values():
                if annotation.get("ground_truth"):
                    truth.append((name, label))
                else:
                    worker = annotation.get("completed_by")
                    rows.append((name, text(worker.get("id")) if isinstance(worker, dict) else text(worker), label))
            n_left_out["annotation without a result"] += not answers
    found = Found(rows_of(rows), tasks=names)
    found.notes += [f"{count(n, what)}: left out" for what, n in n_left_out.items() if n]
    if truth:
        found.truth = rows_of(truth, ("task", "truth"))
        found.notes.append(f"{count(len(truth), 'annotation')} marked as ground truth: truth, and no votes")
    return found


def _answers(annotation, declared):
    """{name of the control: label} of the choices and ratings of an annotation."""
    answers = {}
    for result in annotation.get("result", []):
        name, kind = result.get("from_name"), result.get("type")
        value = result.get("value", {}).get(kind)
        if kind in ("choices", "rating") and name == declared.columns.get("label", name):
            answers[name] = text(value[0] if isinstance(value, list) and len(value) == 1 else value)
    return answers
