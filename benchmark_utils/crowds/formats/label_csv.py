"""`label.csv`: one row per vote, with the columns item (or task), worker, label."""

from __future__ import annotations

from benchmark_utils.crowds.formats.declared import check_declared, refuse_no_answer
from benchmark_utils.crowds.formats.text_files import read_table
from benchmark_utils.votes import Votes


def read_label_csv(path, declared):
    table = read_table(path, {"item": "item", "task": "item", "worker": "worker", "label": "label"})
    refuse_no_answer(table["item"])
    refuse_no_answer(table["worker"])
    refuse_no_answer(table["label"], declared.get("classes", []))
    return check_declared(Votes.from_frame(table, "item", "worker", "label", **declared), declared)
