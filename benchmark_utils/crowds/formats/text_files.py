"""Tables, JSON and plain text as people write them; errors name the line."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import json
import re
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

from benchmark_utils.votes import VotesError
from benchmark_utils.votes.refusals import raise_rows, short

MAX_COLUMNS = 1_000  # a table of votes needs three; each further column costs time and memory, read or not
_QUOTE = "quote a name that holds a {separator}, or remove what is too much"
_SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon"}
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


@dataclass
class Table:
    """A table as text: every field without outer spaces, "" where it holds nothing.

    Attributes
    ----------
    header : list of str
        The names of the columns, as they are written.
    rows : DataFrame
        One column for each of the header, by its position; the index is the number of the line.
    place : str
        What an error calls the header.
    separator : str
        What parts the fields; "" where the table is not of text.
    """

    header: list
    rows: pd.DataFrame
    place: str
    separator: str = ","

    def take(self, positions):
        """The columns at `positions`, {position: name}. A field of one line holds no end of a line.

        A program that splits a file at its lines would read such a field in another way, and a name or an answer in
        two lines is mostly a quote that was forgotten.
        """
        if len(self.rows) == 0:
            header = self.place.partition(",")[0]
            raise VotesError(f"there is no row after the header in {header}: add rows, or remove the file")
        table = self.rows[list(positions)].rename(columns=positions)
        for _, column in table.items() if self.separator else ():
            broken = column.str.contains("[\r\n]")
            if broken.any():
                line = broken.idxmax()
                raise VotesError(f"a quote opens in line {line} and closes in a later one: close or remove it")
        return table


def read_table(path, columns, separator=","):
    """The rows of a CSV file as text without outer spaces; the index is the number of the line.

    `columns` maps the accepted names of columns to those of the result.
    """
    wanted = separator.join(dict.fromkeys(columns.values()))
    table = parse_table(read_text(path), wanted, separator)
    found = [columns.get(name.lower()) for name in table.header]
    for column in dict.fromkeys(columns.values()):
        if found.count(column) != 1:
            how_often = "occurs twice" if column in found else "is missing"
            raise VotesError(
                f"column {column!r} {how_often} in {table.place}: "
                f"name the columns {wanted} there, with a {_SEPARATORS[separator]} between them"
            )
    return table.take({position: column for position, column in enumerate(found) if column is not None})


def parse_table(text, wanted, separator=None):
    """The table that `text` is; without a `separator` the one that parts the header into most names.

    `wanted` is what an error says that the header should be.
    """
    start, said = 0, None
    while True:
        first = re.compile(rf"[^\r\n]*[^\s{separator or ',;'}][^\r\n]*").search(text, start)
        if first is None:
            raise VotesError(f"the file is empty: it needs a first line {wanted}, and one row each after it")
        said = re.fullmatch(r'\s*"?sep=(.?)"?\s*', first.group())  # a line for Excel
        if said is None or separator is not None:
            break
        separator, start = said.group(1), first.end()
        if separator not in _SEPARATORS:
            raise VotesError(f"{first.group().strip()[:40]!r} names no separator: use a comma, a semicolon or a tab")
    header_line = len(re.findall(_LINE_END, text[: first.start()])) + 1
    headers = {mark: _split_header(first.group(), mark) for mark in ([separator] if separator else _SEPARATORS)}
    separator = max(headers, key=lambda mark: len(headers[mark]))  # of equals the first, a comma
    header = [name.strip() for name in headers[separator]]
    if len(header) > MAX_COLUMNS:
        raise VotesError(f"line {header_line} has {len(header)} columns and {MAX_COLUMNS} is the most: keep {wanted}")
    rows = _split_rows(text[first.start() :], len(header), header_line, separator).iloc[1:]
    too_long = rows[len(header)] != ""
    mend = _QUOTE.format(separator=_SEPARATORS[separator])
    raise_rows(too_long, None, f"there are more than the header's {len(header)} fields", mend, rows.index)
    rows = rows.iloc[:, :-1].apply(lambda column: column.str.strip())
    rows = rows[(rows != "").any(axis=1)]  # blank lines hold nothing
    shown = [name[:40] for name in header[:8]] + ["..."] * (len(header) > 8)
    return Table(header, rows, f"line {header_line}, which has {shown}", separator)


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
    lines = np.arange(first_line, first_line + len(table))
    if '"' in text:
        _check_quotes(text, first_line, separator)
        inside = table.apply(lambda column: column.str.count(_LINE_END)).sum(axis=1).to_numpy()
        lines[1:] += np.cumsum(inside)[:-1]
    table.index = pd.Index(lines, name="line")
    return table


def _check_quotes(text, first_line, separator):
    """Refuse what programs read differently: a field that goes on after its closing quote."""
    field = rf'[ ]*(?:"[^"]*(?:""[^"]*)*"[ ]*|[^" {separator}\r\n][^{separator}\r\n]*)?'
    row = re.compile(rf"{field}(?:{separator}{field})*(?:{_LINE_END}|\Z)")
    rest = re.compile(rf'[^"\r\n]*(?:{_LINE_END}|\Z)')  # a line without a quote
    place = 0
    while place < len(text):
        found = rest.match(text, place) or row.match(text, place)
        if found is None:
            number = first_line + len(re.findall(_LINE_END, text[:place]))
            raise VotesError(f"a field goes on after its closing quote in line {number}: double a quote inside quotes")
        place = found.end()


def read_json(path):
    return parse_json(read_text(path))


def parse_json(text):
    """The content of JSON; numbers that a float or an int64 cannot hold as they are written stay text."""

    def unique(pairs):
        distinct = dict(pairs)
        if len(distinct) < len(pairs):
            seen = set()
            repeated = next(key for key, _ in pairs if key in seen or seen.add(key))
            raise VotesError(f"the key {short(repeated)} occurs twice in one map: keep one of them")
        return distinct

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


def parse_json_lines(text):
    """The content of each line that is not blank."""
    content = []
    for number, line in enumerate(re.split(_LINE_END, text), 1):
        if line.strip():
            try:
                content.append(parse_json(line))
            except VotesError as error:
                raise VotesError(f"line {number} of these JSON lines: {error}") from None
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
    """The text of a file in UTF-8 or UTF-16, without the mark that some programs begin it with."""
    raw = path.read_bytes()
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        if wide:
            raise VotesError("it begins as UTF-16 text and does not go on so: save the file as UTF-8") from None
        raise VotesError(f"line {_line(raw, error.start)} is not UTF-8 text: save the file as UTF-8") from None
    if "\0" in text:
        number = len(re.findall(_LINE_END, text[: text.index("\0")])) + 1
        raise VotesError(f"line {number} holds a zero byte, this is not a text file: replace it")
    return text


def _line(raw, position):
    """The number, from 1, of the line that holds a byte."""
    return len(re.findall(_LINE_END.encode(), raw[:position])) + 1
