"""CIFAR-10H: its votes, and the images of CIFAR-10, of which some are held out to test classifiers on."""

import csv
import io
import lzma
import pickle
import pickletools
import tarfile
import zlib
from dataclasses import replace
from zipfile import BadZipFile, ZipFile

import numpy as np
import pandas as pd

from benchmark_utils.crowds.errors import SourceError, reason_of
from benchmark_utils.crowds.formats.text_files import MAX_COLUMNS, naming
from benchmark_utils.crowds.published.features import held_out
from benchmark_utils.votes import Encoding, Votes, VotesError
from benchmark_utils.votes.refusals import raise_rows, short

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
N_TEST = 10_000  # test images of CIFAR-10
N_TRAIN = 9_500  # the images after these are held out, to test what learns from the votes
IMAGES = "cifar-10-python.tar.gz"

TABLE = "cifar10h-raw.csv"
COLUMNS = ["annotator_id", "is_attn_check", "true_label", "chosen_label", "cifar10_test_test_idx"]
MAX_BYTES = 1 << 30  # of what is unpacked: the table has some 50 MB, the six batches 186 MB
AGAIN = "correct it, or move the file away and fetch it again"


def read_votes(path) -> tuple[Votes, np.ndarray]:
    """The votes of cifar10h-raw.zip without attention checks, and the truth, (n_task,), -1 unknown.

    Raises
    ------
    SourceError
        It is no archive, is damaged, or lacks the table.
    VotesError
        With the line: an entry that is no whole number or is out of its range, two truths for an image.
    """
    with naming(path):
        rows = _read_rows(path)
        rows = rows[_whole_numbers(rows["is_attn_check"], 1) == 0]
        if rows.empty:
            raise VotesError(f"it holds no vote: {AGAIN}")
        last = len(CLASSES) - 1
        largest = {"true_label": last, "chosen_label": last, "cifar10_test_test_idx": N_TEST - 1}
        task, truth_of_row, label, annotator = (
            _whole_numbers(rows[name], largest.get(name, 2**53 - 1))
            for name in ("cifar10_test_test_idx", "true_label", "chosen_label", "annotator_id")
        )
        worker, workers = pd.factorize(annotator, sort=True)
        n_task = int(task.max()) + 1
        truth = np.full(n_task, -1)
        truth[task] = truth_of_row
        raise_rows(truth[task] != truth_of_row, truth_of_row, "an image has two true labels", AGAIN, rows.index)
        encoding = Encoding(np.arange(n_task), workers, np.array(CLASSES, dtype=object))
        votes = Votes(task, worker, label, n_task, len(workers), len(CLASSES), encoding=encoding)
    return votes, truth


def _read_rows(path):
    """The table, as pandas reads it, with the number of the line as index."""
    try:
        with ZipFile(path) as archive:
            if archive.getinfo(TABLE).file_size > MAX_BYTES:
                raise SourceError(f"{path}: {TABLE} takes more than {MAX_BYTES:,} bytes, it is another file: {AGAIN}")
            raw = archive.read(TABLE)
    except KeyError:
        raise SourceError(f"{path} holds no {TABLE}: {AGAIN}") from None
    except (BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, EOFError, RuntimeError, ValueError) as error:
        raise SourceError(f"{path} cannot be unpacked ({reason_of(error)}): {AGAIN}") from None
    if b"\0" in raw:
        raise VotesError(f"{TABLE} holds a zero byte, this is not a text file: {AGAIN}")
    try:
        header = raw.partition(b"\n")[0].decode("utf-8").strip().split(",")
    except UnicodeDecodeError:
        raise VotesError(f"line 1 of {TABLE} is not UTF-8 text: {AGAIN}") from None
    for name in COLUMNS:
        if header.count(name) != 1:
            raise VotesError(f"line 1 of {TABLE} needs the column {name} once: {AGAIN}")
    if len(header) > MAX_COLUMNS:
        raise VotesError(f"line 1 of {TABLE} has {len(header)} columns and {MAX_COLUMNS} is the most: {AGAIN}")
    try:
        # one column more, to see the rows that are too long; a quote is a character, so that a row is a line
        rows = pd.read_csv(
            io.BytesIO(raw),
            names=[*range(len(header)), "beyond"],
            skiprows=1,
            quoting=csv.QUOTE_NONE,
            skip_blank_lines=False,
            dtype={position: str for position, name in enumerate(header) if name not in COLUMNS},
        )
    except (ValueError, pd.errors.ParserError, OverflowError) as error:
        raise VotesError(f"{TABLE} is no table of {len(header)} columns ({reason_of(error)}): {AGAIN}") from None
    rows.index = pd.RangeIndex(2, len(rows) + 2, name=f"line of {TABLE}")
    raise_rows(rows["beyond"].notna(), None, f"there are more than {len(header)} fields", AGAIN, rows.index)
    rows = rows.rename(columns=dict(enumerate(header)))[COLUMNS]
    return rows[rows.notna().any(axis=1)]  # a blank line holds nothing


def _whole_numbers(values, largest):
    """int64 (n,) of a column as pandas reads it, in [0, largest]."""
    texts = values if values.dtype.kind in "iuf" else values.astype(str)  # True is no number, nor are 400 digits
    numbers = pd.to_numeric(texts, errors="coerce").astype(float)
    wrong = ~((numbers >= 0) & (numbers <= largest) & (numbers == np.floor(numbers)))
    what = f"{values.name} is no whole number from 0 to {largest}"
    raise_rows(wrong, values, what, AGAIN, values.index)
    return numbers.to_numpy().astype(np.int64)


def first_tasks(votes: Votes, truth, n_task=N_TRAIN) -> tuple[Votes, np.ndarray]:
    """The votes on the first `n_task` images, and their truth, (n_task,)."""
    encoding = replace(votes.encoding, tasks=votes.encoding.tasks[:n_task])
    return replace(votes.keep(votes.task < n_task), n_task=n_task, encoding=encoding), truth[:n_task]


def cifar10h_tasks(folder, n_task) -> dict:
    """The first `n_task` test images of CIFAR-10 and, held out, the training images that the archive holds.

    Bytes of shape (3, 32, 32). The official archive has 50,000 training images in five batches.
    """
    path = folder / IMAGES
    if not path.is_file():
        return {}
    test, training = [], []
    with naming(path):
        for name, content in _read_batches(path):
            (test if name.endswith("/test_batch") else training).append(_parse_batch(content, name))
        if len(test) != 1 or not training:
            raise VotesError(f"it holds {len(test)} test_batch and {len(training)} data_batch_*: {AGAIN}")
        tasks, _ = test[0]
        if len(tasks) < n_task:
            raise VotesError(f"it holds {len(tasks)} test images and there are votes on {n_task}: {AGAIN}")
    return held_out(tasks[:n_task], *(np.concatenate(parts) for parts in zip(*training, strict=True)))


def _read_batches(path):
    """Names and bytes of the batches of the archive, the test batch and the training batches in their order."""
    try:
        with tarfile.open(path) as archive:
            found = {}
            for member in archive:  # not getmembers: a size is looked at before anything is unpacked
                if member.size > MAX_BYTES or member.offset > MAX_BYTES:
                    raise SourceError(f"{path} unpacks to more than {MAX_BYTES:,} bytes, this is not CIFAR-10: {AGAIN}")
                if member.isfile() and ("/data_batch_" in member.name or member.name.endswith("/test_batch")):
                    found[member.name] = archive.extractfile(member).read()
    except SourceError:
        raise
    except (OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, ValueError) as error:
        raise SourceError(f"{path} cannot be unpacked ({reason_of(error)}): {AGAIN}") from None
    return sorted(found.items())


def _parse_batch(content, name):
    """Images and classes of the bytes of one batch: a pickled map with b"data", (n, 3072) bytes, and b"labels"."""
    try:
        batch = load_arrays(content)
        data, labels = np.asarray(batch[b"data"]), np.asarray(batch[b"labels"])
    except VotesError:
        raise
    except Exception as error:  # a damaged pickle raises anything
        raise VotesError(f"{name} is no batch of images ({type(error).__name__}): {AGAIN}") from None
    if data.dtype != np.uint8 or labels.dtype.kind != "i" or labels.ndim != 1 or data.shape != (len(labels), 3072):
        raise VotesError(f"{name} has no bytes of shape (n, 3072), or not n whole numbers as labels: {AGAIN}")
    if len(labels) and not (labels.min() >= 0 and labels.max() < len(CLASSES)):
        raise VotesError(f"{name} has a label that is not in 0 to {len(CLASSES) - 1}: {AGAIN}")
    return np.array(data).reshape(-1, 3, 32, 32), labels.astype(np.int64)


def load_arrays(content: bytes):
    """What a pickle of plain containers and of numpy arrays of u1 or i8 holds; any other pickle is refused.

    numpy's own functions do not take part. They would set whatever state the pickle gives, and an array of another
    dtype could point anywhere in memory. Nor does a pickle get more memory than its own size calls for.
    """
    for opcode, argument, _ in pickletools.genops(content):  # an announced length that is not there is an error here
        if "PUT" in opcode.name and argument is not None and int(argument) > len(content):
            raise VotesError(f"the archive's pickle asks for {argument} places in memory: {AGAIN}")
    return ArraysOnly(content).load()


class ArraysOnly(pickle.Unpickler):
    """Reads pickles of arrays of u1 or i8 and plain containers, with functions of our own in the place of numpy's."""

    def __init__(self, content):
        super().__init__(io.BytesIO(content), encoding="bytes")
        self.left = len(content)

    def find_class(self, module, name):
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return lambda kind, shape, letter: _PickledArray()
        if (module, name) == ("numpy", "ndarray"):
            return lambda *arguments: None  # what kind of array _reconstruct is to make; it is never asked to
        if (module, name) == ("numpy", "dtype"):
            return lambda code, *arguments: _PickledType(code)
        if (module, name) == ("_codecs", "encode"):  # how Python 3 writes bytes for Python 2
            return lambda text, encoding: self.encode(text)
        raise VotesError(f"the archive's pickle asks for {module}.{name}, which is no array: do not trust the file")

    def encode(self, text):
        self.left -= len(text)
        if self.left < 0:
            raise VotesError(f"the archive's pickle asks for more bytes than it holds: {AGAIN}")
        return text.encode("latin1")


class _PickledType:
    """The dtype of a pickle, by its code; the state that numpy would set is ignored but for the order of bytes."""

    def __init__(self, code):
        code = code.decode() if isinstance(code, bytes) else code
        if code not in ("u1", "i8"):
            raise VotesError(f"the archive's pickle has an array of {short(code)}, not u1 or i8: do not trust the file")
        self.dtype = np.dtype(code)

    def __setstate__(self, state):
        if state[1] in (">", b">"):
            self.dtype = self.dtype.newbyteorder(">")


class _PickledArray:
    """An array of a pickle, made from a copy of its bytes."""

    def __setstate__(self, state):
        _, shape, kind, is_fortran, content = state
        if type(content) is not bytes or type(kind) is not _PickledType:
            raise VotesError(f"the archive's pickle holds an array that is not made of bytes: {AGAIN}")
        flat = np.frombuffer(content, dtype=kind.dtype)
        self.array = flat.reshape(shape, order="F" if is_fortran else "C")

    def __array__(self, dtype=None, copy=None):
        return self.array
