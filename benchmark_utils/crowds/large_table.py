"""A table of votes larger than memory, as partitions on disk: DuckDB reads it and sorts it, on disk where it must.

The table is CSV or tab-separated text, JSON lines, or Parquet, with one row per vote and the columns that
`formats/label_csv.py` knows; truth.csv and metadata.json may stand beside it. What the votes become is what
`formats/folder.py` makes of a small file: the same codes, ids and truth. Two things differ. Ids of tasks and workers
that are decimal numbers are taken as text, and a message names a row by what it holds, not by its line.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark_utils.crowds.formats.columns import USUAL, find_columns
from benchmark_utils.crowds.formats.declared import (
    METADATA_FILE,
    Declared,
    check_declared,
    count,
    is_no_answer,
    read_metadata,
)
from benchmark_utils.crowds.formats.text_files import Table, naming, parse_table
from benchmark_utils.votes import Encoding, Votes, VotesError
from benchmark_utils.votes.ids import encode_ids, encode_labels
from benchmark_utils.votes.partition_writing import VOTES_PER_PARTITION, check_new, write_partitions
from benchmark_utils.votes.partitions import PartitionedVotes
from benchmark_utils.votes.refusals import short

KINDS = ("task", "worker", "label")
LONGEST_HEADER = 2**20  # bytes of a first line
_SPACE = r"e' \t\r\n\v\f'"
_TEXT, _LINES = (".csv", ".tsv"), (".jsonl", ".ndjson")


def import_table(source: Path, folder: Path, memory="2GB", votes_per_partition=VOTES_PER_PARTITION) -> PartitionedVotes:
    """Write the votes of the file `source` to the new folder `folder`, whole or not at all.

    Parameters
    ----------
    source, folder : Path
        Beside `folder` there must be room for about twice the file, for a while.
    memory : str
        What DuckDB may take; this process takes about 1 GiB more.
    votes_per_partition : int

    Raises
    ------
    VotesError
        As `formats.folder.read_path`; and where DuckDB is not installed, or cannot read the file.
    """
    duckdb = _duckdb()
    source, folder = Path(source), Path(folder).absolute()
    check_new(folder)
    with naming(source), tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
        declared, truth = Declared(), source.parent / "truth.csv"
        if (source.parent / METADATA_FILE).is_file():
            declared = read_metadata(source.parent / METADATA_FILE)
        if declared.no_answer or declared.contradictions != "all":
            raise VotesError(f'"no_answer" and "contradictions" in {METADATA_FILE} are for files that fit into memory')
        database = duckdb.connect()  # which writes to the temporary folder what does not fit into its memory
        try:
            database.execute(f"SET memory_limit = '{memory}'; SET temp_directory = '{temporary}'")
            database.execute("SET enable_progress_bar = false; SET preserve_insertion_order = false")
            _read(database, source, declared)
            classes = _number_labels(database, declared)
            for kind in ("task", "worker"):
                _define_key(database, kind)
            workers = _number_workers(database)
            _read_truth(database, truth if truth.is_file() else None, classes)
            chunks = _chunks(database, workers, classes, declared, votes_per_partition)
            try:
                return write_partitions(chunks, folder, votes_per_partition=votes_per_partition)
            except OSError as error:
                raise VotesError(f"{folder} cannot be written ({error})") from None
        except duckdb.Error as error:
            raise VotesError(f"DuckDB cannot read or sort it: {' '.join(str(error).split())[:300]}") from None
        finally:
            database.close()


def _duckdb():
    try:
        import duckdb
    except ImportError:
        raise VotesError(
            "a table larger than memory is read by DuckDB, which is not installed: pip install duckdb"
        ) from None
    return duckdb


def _read(database, path, declared, kinds=KINDS, usual=USUAL, name="given"):
    """A table `name` of the columns as text without outer spaces, "" where they hold nothing."""
    header, relation = _relation(path)
    columns = find_columns(
        Table(header, pd.DataFrame(), f"{path.name}, which has {header[:8]}"), declared, kinds, usual
    )
    said = ", ".join(f"{_stripped(relation[1](place))} AS {kind}" for place, kind in columns.items())
    database.execute(f"CREATE TABLE {name} AS SELECT {said} FROM {relation[0]}", [str(path)])
    if database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] == 0:
        raise VotesError("there is no row after the header: add rows, or remove the file")


def _stripped(column):
    """A column without outer spaces, "" where it holds nothing; most values need no more than a look at both ends."""
    has_space = f"least(ascii({column}), ascii(right({column}, 1))) <= 32"
    return f"CASE WHEN {column} IS NULL THEN '' WHEN {has_space} THEN trim({column}, {_SPACE}) ELSE {column} END"


def _relation(path):
    """The names of the columns of a file, and how DuckDB calls it and its column at a place."""
    suffix = path.suffix.lower()
    if suffix in _TEXT:
        with path.open("rb") as file:
            first = file.readline(LONGEST_HEADER).decode("utf-8-sig", "replace")
        table = parse_table(first, "item,worker,label")
        types = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(table.header)))
        options = f"delim = '{table.separator}', quote = '\"', escape = '\"', header = true, auto_detect = false"
        return table.header, (f"read_csv(?, columns = {{{types}}}, {options})", lambda place: f"c{place}")
    if suffix in _LINES:
        with path.open("rb") as file:
            first = next((line for line in file if line.strip()), b"")
        try:
            header = list(json.loads(first.decode("utf-8-sig")))
        except (ValueError, TypeError):
            raise VotesError("its first line is not JSON: it needs a map per line, {task, worker, label}") from None
        types = ", ".join(f"{_quoted(name, chr(39))}: 'VARCHAR'" for name in header)
        relation = f"read_json(?, format = 'newline_delimited', columns = {{{types}}})"
        return header, (relation, lambda place: _quoted(header[place]))
    if suffix == ".parquet":
        import pyarrow.parquet

        try:
            header = pyarrow.parquet.read_schema(path).names
        except (ValueError, OSError) as error:
            raise VotesError(f"it is no Parquet file that can be read ({short(str(error))}): write it again") from None
        return header, ("read_parquet(?)", lambda place: f"CAST({_quoted(header[place])} AS VARCHAR)")
    raise VotesError(f"a file that ends in {suffix!r} is not read in parts: give .csv, .tsv, .jsonl or .parquet")


def _quoted(name, mark='"'):
    return mark + name.replace(mark, 2 * mark) + mark


def _number_labels(database, declared):
    """A table `labels` of the labels and their codes; returns the classes by code."""
    found = pd.Series([row[0] for row in database.execute("SELECT DISTINCT label FROM given").fetchall()], dtype=object)
    for kind in KINDS:
        names = found if kind == "label" else _suspicious(database, kind)
        wrong = (names == "") | is_no_answer(names, (declared.classes or []) if kind == "label" else [])
        _refuse(database, kind, names[wrong].tolist())
    codes, classes = encode_labels(found, declared.classes, declared.n_class, None)
    labels = pd.DataFrame({"label": found.astype(str), "code": codes})
    database.register("known_labels", labels)
    database.execute("CREATE TABLE labels AS SELECT label, code FROM known_labels")
    return classes


def _suspicious(database, kind):
    """The ids that are short enough to say that there is no value."""
    found = database.execute(f"SELECT DISTINCT {kind} FROM given WHERE length({kind}) < 10 AND NOT {_plain(kind)}")
    return pd.Series([row[0] for row in found.fetchall()], dtype=object)


def _plain(kind):
    return f"coalesce(try_cast({kind} AS BIGINT) IS NOT NULL, false)"


def _refuse(database, kind, names):
    """Refuse the rows whose `kind` says that there is no value."""
    if not names:
        return
    wrong = f"FROM given WHERE {kind} IN (SELECT unnest(?))"
    n_rows = database.execute(f"SELECT count(*) {wrong}", [names]).fetchone()[0]
    example = database.execute(f"SELECT task, worker, label {wrong} LIMIT 1", [names]).fetchone()
    raise VotesError(
        f"column {kind!r} has no value in {count(n_rows, 'row')}, as (task, worker, label) = {short(example)}: leave "
        "such rows out, or write the name in another way"
    )


def _define_key(database, kind):
    """A macro `KIND_key`: what ids are, numbers where all are whole numbers as people write them, else text."""
    whole = "if(ends_with(x, '.0'), left(x, -2), x)"
    number = f"try_cast({whole} AS BIGINT)"
    reads_back = f"coalesce(CAST({number} AS VARCHAR) = {whole} AND abs({number}) < 1e18, false)"
    are_whole, some, all_of_them = database.execute(
        f"SELECT bool_and({reads_back}), bool_or(ends_with(x, '.0')), bool_and(ends_with(x, '.0')) "
        f"FROM (SELECT {kind} AS x FROM given)"
    ).fetchone()
    database.execute(f"CREATE MACRO {kind}_key(x) AS {number if are_whole else 'x'}")
    if are_whole and some and not all_of_them:
        twice = f"GROUP BY {kind}_key({kind}) HAVING count(DISTINCT {kind}) > 1 LIMIT 1"
        found = database.execute(f"SELECT min({kind}), max({kind}) FROM given {twice}").fetchone()
        if found:
            raise VotesError(f"a {kind} is written in two ways, {found[0]!r} and {found[1]!r}: write it in one way")


def _number_workers(database):
    """A table `workers` of the ids, whose row numbers are their codes; returns the ids by code."""
    database.execute("SET preserve_insertion_order = true")  # row numbers in the order of the ids
    database.execute("CREATE TABLE workers AS SELECT DISTINCT worker_key(worker) AS id FROM given ORDER BY id")
    ids = database.execute("SELECT id FROM workers ORDER BY rowid").fetchnumpy()["id"]
    database.execute("SET preserve_insertion_order = false")
    return np.asarray(ids)


def _read_truth(database, path, classes):
    """A table `truths` of tasks and the codes of their true classes; empty where there is no file."""
    if path is None:
        database.execute("CREATE TABLE truths AS SELECT task_key(task) AS task, 0 AS truth FROM given LIMIT 0")
        return
    with naming(path):
        usual = USUAL | {"truth": USUAL["truth"] + USUAL["label"]}
        _read(database, path, Declared(), ("task", "truth"), usual, "given_truth")
        if database.execute("SELECT count(*) FROM given_truth WHERE task = ''").fetchone()[0]:
            raise VotesError("the truth has an empty task: fill it in or remove the row")
        named = [row[0] for row in database.execute("SELECT DISTINCT truth FROM given_truth").fetchall()]
        named = pd.Series(named, dtype=object)
        named = named[(named != "") & ~is_no_answer(named, [str(name) for name in classes.tolist()])]
        codes, _ = encode_ids(named, classes, "truth", None)
        database.register("known_truths", pd.DataFrame({"truth": named.astype(str), "code": codes}))
        database.execute(
            "CREATE TABLE truths AS SELECT DISTINCT task_key(t.task) AS task, k.code AS truth "
            "FROM given_truth t JOIN known_truths k ON t.truth = k.truth"
        )
        twice = database.execute("SELECT task FROM truths GROUP BY task HAVING count(*) > 1 LIMIT 1").fetchone()
        if twice:
            raise VotesError(f"a task has more than one truth, {short(twice[0])}: keep one row per task")
        left_out = database.execute(
            "SELECT count(*) FROM truths WHERE task IS NULL OR task NOT IN (SELECT task_key(task) FROM given)"
        ).fetchone()[0]
        if left_out:
            warnings.warn(f"{path}: {count(left_out, 'truth')} of a task without votes: left out", stacklevel=4)


def _chunks(database, workers, classes, declared, size) -> Iterator[tuple[Votes, np.ndarray]]:
    """The votes and truths of ranges of tasks, in order, about `size` votes each."""
    sorted_votes = database.execute(
        "SELECT task_key(g.task) AS task, w.rowid AS worker, l.code AS label, coalesce(t.truth, -1) AS truth "
        "FROM given g JOIN workers w ON worker_key(g.worker) = w.id JOIN labels l ON g.label = l.label "
        "LEFT JOIN truths t ON task_key(g.task) = t.task ORDER BY 1, 3, 2"
    )
    waiting = None
    for batch in sorted_votes.to_arrow_reader(size):
        columns = {name: batch.column(name).to_numpy(zero_copy_only=False) for name in batch.schema.names}
        if waiting is not None:
            n_same = np.count_nonzero(columns["task"] == waiting["task"][-1])  # its votes may go on in the next batch
            waiting = {name: np.append(waiting[name], column[:n_same]) for name, column in columns.items()}
            columns = {name: column[n_same:] for name, column in columns.items()}
            if not len(columns["task"]):
                continue
            yield _votes(waiting, workers, classes, declared)
        waiting = columns
    yield _votes(waiting, workers, classes, declared)


def _votes(columns, workers, classes, declared):
    new = np.append(True, columns["task"][1:] != columns["task"][:-1])
    tasks = columns["task"][new]
    ids = Encoding(tasks, workers, classes)
    sizes = len(tasks), len(workers), len(classes)
    votes = Votes(
        np.cumsum(new) - 1, columns["worker"], columns["label"], *sizes, encoding=ids, repeats=declared.repeats
    )
    check_declared(votes, declared)
    return votes, columns["truth"][new].astype(np.int64)
