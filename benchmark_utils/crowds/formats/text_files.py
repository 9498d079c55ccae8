"""Tables, JSON and plain text as people write them; errors name the line."""

from __future__ import annotations

import csv
import io
import json
import re

import pandas as pd

from benchmark_utils.votes import VotesError
from benchmark_utils.votes.refusals import raise_rows

_QUOTE = "quote a name that holds a comma, or remove what is too much"


def read_table(path, columns):
    """The rows of a CSV file as text without outer spaces; the index is the number of the line.

    `columns` maps the accepted names of columns to those of the result.
    """
    raw = read_text(path).encode()
    wanted = ",".join(dict.fromkeys(columns.values()))
    first = re.search(rb"[^\r\n]*[^\s,][^\r\n]*", raw)
    if first is None:
        raise VotesError(f"the file is empty: it needs a first line {wanted}, and one row each after it")
    header_line, header = _line(raw, first.start()), _split_header(first.group().decode())
    found = [columns.get(name.strip().lower()) for name in header]
    for column in dict.fromkeys(columns.values()):
        if found.count(column) != 1:
            how_often = "occurs twice" if column in found else "is missing"
            raise VotesError(
                f"column {column!r} {how_often} in line {header_line}, which has {header}: "
                f"name the columns {wanted} there, with a comma between them"
            )
    table = _split_rows(raw, len(header)).iloc[header_line:]
    too_long = table[len(header)] != ""
    raise_rows(too_long, None, f"there are more than the header's {len(header)} fields", _QUOTE, table.index)
    table = table.apply(lambda column: column.str.strip())
    table = table[(table != "").any(axis=1)]  # blank lines hold nothing
    if len(table) == 0:
        raise VotesError(f"there is no row after the header in line {header_line}: add rows, or remove the file")
    names = {position: column for position, column in enumerate(found) if column is not None}
    return table[list(names)].rename(columns=names)


def _split_header(text):
    try:
        return next(csv.reader([text], skipinitialspace=True))
    except csv.Error:  # a field of more than 128 KiB
        return [text[:40]]


def _split_rows(raw, n_column):
    try:
        table = pd.read_csv(
            io.BytesIO(raw),
            header=None,
            names=range(n_column + 1),  # one more, to see the rows that are too long
            dtype=str,
            na_filter=False,
            skip_blank_lines=False,
            skipinitialspace=True,
        )
    except pd.errors.ParserError as error:
        number = int(re.search(r"(?:line|row) (\d+)", str(error)).group(1))
        if "EOF inside string" in str(error):
            raise VotesError(f"a quote opens in line {number + 1} and never closes: close or remove it") from None
        raise VotesError(f"line {number} has more than the header's {n_column} fields: {_QUOTE}") from None
    table.index = pd.RangeIndex(1, len(table) + 1, name="line")
    if b'"' in raw:
        broken = table.apply(lambda column: column.str.contains("[\r\n]")).any(axis=1)
        if broken.any():
            raise VotesError(f"a quote opens in line {broken.idxmax()} and closes in a later one: close or remove it")
    return table


def read_json(path):
    def unique(pairs):
        distinct = dict(pairs)
        if len(distinct) < len(pairs):
            keys = [key for key, _ in pairs]
            repeated = next(key for position, key in enumerate(keys) if key in keys[:position])
            raise VotesError(f"the key {repeated!r} occurs twice in one map: keep one of them")
        return distinct

    text = read_text(path)
    if not text.strip():
        raise VotesError("the file is empty")
    try:
        return json.loads(text, object_pairs_hook=unique, parse_int=lambda text: int(text) if len(text) < 19 else text)
    except json.JSONDecodeError as error:
        raise VotesError(f"line {error.lineno}, column {error.colno} is not JSON ({error.msg}): correct it") from None
    except RecursionError:
        raise VotesError("the JSON is nested too deeply") from None


def read_text(path):
    """The text of a file, without the mark that some programs begin it with."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise VotesError(f"line {_line(raw, error.start)} is not UTF-8 text: save the file as UTF-8") from None
    if "\0" in text:
        raise VotesError(f"line {_line(raw, raw.index(0))} holds a zero byte, this is not a text file: replace it")
    return text


def _line(raw, position):
    """The number, from 1, of the line that holds a byte."""
    return len(re.findall(rb"\r\n|\r|\n", raw[:position])) + 1
