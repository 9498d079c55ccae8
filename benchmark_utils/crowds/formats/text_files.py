"""Tables, JSON and plain text as people write them; errors name the line."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
from decimal import Decimal

import pandas as pd

from benchmark_utils.votes import VotesError
from benchmark_utils.votes.refusals import raise_rows, short

MAX_COLUMNS = 1_000  # a table of votes needs three; each further column costs time and memory, read or not
_QUOTE = "quote a name that holds a {separator}, or remove what is too much"
_SEPARATORS = {",": "comma", "\t": "tab"}
_LINE_END = r"\r\n|\r|\n"


@contextlib.contextmanager
def naming(path):
    """Errors inside name the file."""
    try:
        yield
    except VotesError as error:
        raise VotesError(f"{path}: {error}") from None
    except OSError as error:
        raise VotesError(f"{path}: cannot be read ({error})") from None


def read_table(path, columns, separator=","):
    """The rows of a CSV file as text without outer spaces; the index is the number of the line.

    `columns` maps the accepted names of columns to those of the result.
    """
    text = read_text(path)
    wanted = separator.join(dict.fromkeys(columns.values()))
    first = re.search(rf"[^\r\n]*[^\s{separator}][^\r\n]*", text)
    if first is None:
        raise VotesError(f"the file is empty: it needs a first line {wanted}, and one row each after it")
    header_line = len(re.findall(_LINE_END, text[: first.start()])) + 1
    header = _split_header(first.group(), separator)
    if len(header) > MAX_COLUMNS:
        raise VotesError(f"line {header_line} has {len(header)} columns and {MAX_COLUMNS} is the most: keep {wanted}")
    found = [columns.get(name.strip().lower()) for name in header]
    for column in dict.fromkeys(columns.values()):
        if found.count(column) != 1:
            how_often = "occurs twice" if column in found else "is missing"
            shown = [name[:40] for name in header[:8]] + ["..."] * (len(header) > 8)
            raise VotesError(
                f"column {column!r} {how_often} in line {header_line}, which has {shown}: "
                f"name the columns {wanted} there, with a {_SEPARATORS[separator]} between them"
            )
    table = _split_rows(text[first.start() :], len(header), header_line, separator).iloc[1:]
    too_long = table[len(header)] != ""
    mend = _QUOTE.format(separator=_SEPARATORS[separator])
    raise_rows(too_long, None, f"there are more than the header's {len(header)} fields", mend, table.index)
    table = table.apply(lambda column: column.str.strip())
    table = table[(table != "").any(axis=1)]  # blank lines hold nothing
    if len(table) == 0:
        raise VotesError(f"there is no row after the header in line {header_line}: add rows, or remove the file")
    names = {position: column for position, column in enumerate(found) if column is not None}
    return table[list(names)].rename(columns=names)


def _split_header(text, separator):
    try:
        return next(csv.reader([text], delimiter=separator, skipinitialspace=True))
    except csv.Error:  # a field of more than 128 KiB
        return [text[:40]]


def _split_rows(text, n_column, first_line, separator):
    """The fields of the header and of the rows below it, and one field more, to see the rows that are too long."""
    try:
        table = pd.read_csv(
            io.BytesIO(text.encode()),
            sep=separator,
            header=None,
            names=range(n_column + 1),
            dtype=str,
            na_filter=False,
            skip_blank_lines=False,
            skipinitialspace=True,
        )
    except pd.errors.ParserError as error:
        line = int(re.search(r"(?:line|row) (\d+)", str(error)).group(1)) + first_line - 1
        if "EOF inside string" in str(error):
            raise VotesError(f"a quote opens in line {line + 1} and never closes: close or remove it") from None
        mend = _QUOTE.format(separator=_SEPARATORS[separator])
        raise VotesError(f"line {line} has more than the header's {n_column} fields: {mend}") from None
    table.index = pd.RangeIndex(first_line, first_line + len(table), name="line")
    if '"' in text:
        broken = table.apply(lambda column: column.str.contains("[\r\n]")).any(axis=1)
        if broken.any():
            raise VotesError(f"a quote opens in line {broken.idxmax()} and closes in a later one: close or remove it")
        _check_quotes(text, first_line, separator)
    return table


def _check_quotes(text, first_line, separator):
    """Refuse what programs read differently: a field that goes on after its closing quote."""
    field = rf'[ ]*(?:"(?:[^"]|"")*"[ ]*|[^" {separator}][^{separator}]*)?'
    row = re.compile(f"{field}(?:{separator}{field})*")
    for number, line in enumerate(re.split(_LINE_END, text), first_line):
        if '"' in line and not row.fullmatch(line):
            raise VotesError(f"a field goes on after its closing quote in line {number}: double a quote inside quotes")


def read_json(path):
    """The content of a JSON file; numbers that a float or an int64 cannot hold as they are written stay text."""

    def unique(pairs):
        distinct = dict(pairs)
        if len(distinct) < len(pairs):
            seen = set()
            repeated = next(key for key, _ in pairs if key in seen or seen.add(key))
            raise VotesError(f"the key {short(repeated)} occurs twice in one map: keep one of them")
        return distinct

    text = read_text(path)
    if not text.strip():
        raise VotesError("the file is empty")
    try:
        content = json.loads(
            text,
            object_pairs_hook=unique,
            parse_int=lambda text: int(text) if len(text) < 19 else text,
            parse_float=_float_or_text,
        )
        if r"\ud" in text.lower():
            json.dumps(content, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise VotesError(f"line {error.lineno}, column {error.colno} is not JSON ({error.msg}): correct it") from None
    except RecursionError:
        raise VotesError("the JSON is nested too deeply: it needs a map, or a map of maps") from None
    except UnicodeEncodeError:
        raise VotesError(r"it holds half a character, an escape from \ud800 to \udfff alone: correct it") from None
    return content


def _float_or_text(text):
    number = float(text)
    try:
        exact = abs(number) == float("inf") or Decimal(text) == Decimal(repr(number))
    except ArithmeticError:  # an exponent beyond all bounds
        exact = False
    return number if exact else text


def plain_number(text):
    """A whole number as people write it, "1" for the "1.0e+00" of numpy; any other text as it is."""
    if re.fullmatch(r"[+-]?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?", text):
        number = float(text)
        if abs(number) < 2**53 and number == int(number) and Decimal(text) == int(number):
            return str(int(number))
    return text


def read_lines(path):
    """The lines of a text file without outer spaces."""
    lines = [line.strip() for line in re.split(_LINE_END, read_text(path))]
    return lines[:-1] if lines[-1] == "" else lines


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
    return len(re.findall(_LINE_END.encode(), raw[:position])) + 1
