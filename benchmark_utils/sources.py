"""Fetch published files: download, checksum, unpack; and the parsed cache that spares reading them again.

Nothing here is left half done: files and folders are written under another name and renamed once they are whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import tarfile
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np

from benchmark_utils.votes import Votes
from benchmark_utils.votes.votes import from_arrays, to_arrays

_CHUNK = 1 << 20
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


class SourceError(RuntimeError):
    """A file that cannot be fetched, trusted, unpacked or read: the message says which, why, and what to do."""


@dataclass(frozen=True)
class Source:
    """A published file.

    Attributes
    ----------
    url : str
    path : str
        Where it lies in the dataset's folder. For an archive: the folder of the archive to unpack there.
    checksum : str
        "sha256:...", "md5:..." or "git:..." (a git blob id). Without one the first download is trusted: its SHA-256
        is written to `<file>.sha256`, and a later download that differs is refused.
    browser : bool
        Whether the site answers browsers only.
    """

    url: str
    path: str
    checksum: str = ""
    browser: bool = False

    @property
    def filename(self) -> str:
        return self.url.rsplit("/", 1)[-1]

    @property
    def is_archive(self) -> bool:
        """Whether the file is an archive to unpack, rather than one to keep under its own name."""
        return self.filename != PurePosixPath(self.path).name

    def fetch(self, folder: Path) -> Path:
        """The file, or the unpacked folder, in `folder`: downloaded unless it is there.

        Raises
        ------
        SourceError
            It cannot be downloaded, is not what was published, or is not a sound archive.
        """
        target = Path(folder) / self.path
        if target.exists():
            if target.is_file():
                self._check_present(target)
            return target
        if not self.is_archive:
            return download(self.url, target, checksum=self.checksum, browser=self.browser)
        archive = download(
            self.url, target.parent / self.filename, checksum=self.checksum, browser=self.browser, trust=False
        )
        try:
            unpack(archive, target, inside=PurePosixPath(self.path).name)
            if not self.checksum:
                _trust(archive)
        finally:
            archive.unlink()
        return target

    def _check_present(self, target):
        if not self.checksum:
            _check_first_use(target, target, self.url)
        elif _differs(target, self.checksum):
            # the user's own copy: it is theirs to use, but no figure from it is a published one
            warnings.warn(f"{target} is not the published file of {self.url}; it is used as it is", stacklevel=3)


def download(url: str, path: Path, *, checksum: str = "", browser: bool = False, trust: bool = True) -> Path:
    """Download `url` to `path`, which appears only when it is whole and is what it should be.

    Parameters
    ----------
    url : str
    path : Path
    checksum, browser
        As in `Source`.
    trust : bool
        Whether to write down the hash of a first download at once.

    Raises
    ------
    SourceError
        No answer, an interrupted download, or another content than was published or downloaded before.
    """
    # http.client and ssl are slow to import, and no run downloads anything
    from http.client import HTTPException
    from urllib.request import Request, urlopen

    part = path.with_name(path.name + ".part")
    try:
        request = Request(url, headers={"User-Agent": _BROWSER} if browser else {})
        with urlopen(request, timeout=60) as response:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(part, "wb") as file:
                shutil.copyfileobj(response, file, _CHUNK)
            announced = response.headers.get("Content-Length")
        received = part.stat().st_size
        if announced is not None and received != int(announced):
            raise SourceError(f"{url}: interrupted after {received} of {announced} bytes; try again")
        if checksum:
            if found := _differs(part, checksum):
                raise SourceError(f"{url}: it has {found}, not the published {checksum}: altered or damaged, refused")
        else:
            _check_first_use(part, path, url)
            if trust:
                _trust(part, path)
        os.replace(part, path)
    except HTTPException as error:
        raise SourceError(f"{url}: interrupted ({_reason(error)}); try again") from None
    except (OSError, ValueError) as error:
        raise SourceError(f"{url}: cannot be downloaded to {path} ({_reason(error)})") from None
    finally:
        part.unlink(missing_ok=True)
    return path


def file_hash(path: Path, kind: str) -> str:
    """The hexadecimal "sha256", "md5" or "git" (blob id) hash of a file."""
    if kind == "git":
        digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    else:
        digest = hashlib.new(kind, usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _differs(path, checksum):
    """The hash of a file where it is not `checksum`, else None."""
    kind, _, expected = checksum.partition(":")
    found = file_hash(path, kind)
    return None if found == expected else f"{kind}:{found}"


def _check_first_use(path, name, url):
    """Refuse a file that differs from the first one that was downloaded under this name."""
    note = _note(name)
    trusted = note.read_text().split()[:1] if note.exists() else []
    found = file_hash(path, "sha256")
    if trusted and trusted != [found]:
        raise SourceError(
            f"{name}: sha256 {found} is not that of the first download, {trusted[0]}; if {url} published "
            f"a new version that you trust, delete {note} and {name.name}, then try again"
        )


def _trust(path, name=None):
    name = name or path
    _note(name).write_text(f"{file_hash(path, 'sha256')}  {name.name}\n")


def _note(path):
    return path.with_name(path.name + ".sha256")


def unpack(archive: Path, target: Path, inside: str = "") -> Path:
    """Unpack the folder `inside` of a .zip or .tar.gz as `target`, which appears only when it is whole.

    Raises
    ------
    SourceError
        `target` exists; the archive is damaged or lacks the folder; a member has an absolute path or one that leaves
        the folder, or is a link or a device.
    """
    archive, target = Path(archive), Path(target)
    if target.exists():
        raise SourceError(f"{target} exists: move it away to unpack {archive.name} again")
    temporary = None
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        whole = temporary / target.name
        n_file = 0
        list_members = _zip_members if archive.name.endswith(".zip") else _tar_members
        with contextlib.closing(list_members(archive)) as members:
            for name, is_folder, is_file, open_member in members:
                path = _relative_path(name, inside, archive)
                if path is None:
                    continue
                if is_folder:
                    (whole / path).mkdir(parents=True, exist_ok=True)
                    continue
                if not is_file:
                    raise SourceError(f"{archive}: {name!r} is a link or a device; refused")
                (whole / path).parent.mkdir(parents=True, exist_ok=True)
                with open_member() as source, open(whole / path, "wb") as file:
                    shutil.copyfileobj(source, file, _CHUNK)
                n_file += 1
        if n_file == 0:
            raise SourceError(f"{archive}: there is no file in a folder {inside!r}")
        os.replace(whole, target)
    except (OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile, RuntimeError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{archive}: cannot be unpacked, damaged or not an archive ({_reason(error)})") from None
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return target


def _zip_members(path):
    """The name of each member, whether it is a folder, whether it is a plain file, and how to open it."""
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            yield info.filename, info.is_dir(), kind in (0, stat.S_IFREG), partial(archive.open, info)


def _tar_members(path):
    with tarfile.open(path, "r:gz") as archive:
        for info in archive:
            yield info.name, info.isdir(), info.isreg(), partial(archive.extractfile, info)
        while archive.fileobj.read(_CHUNK):  # gzip's checksum is at the very end
            pass


def _relative_path(name, inside, archive):
    """The path of a member below the folder `inside`, None where it lies elsewhere."""
    path = PurePosixPath(name)
    strict = PureWindowsPath(name)  # knows both kinds of slash and drive letters
    if strict.anchor or ".." in strict.parts or "\0" in name:
        raise SourceError(f"{archive}: {name!r} is an absolute path or leaves the folder; refused")
    return path.relative_to(inside) if path.is_relative_to(inside) else None


def _reason(error):
    return str(error) or type(error).__name__


# The parsed cache


def cache_folder() -> Path:
    """The user's cache: data folders may be read-only, and somebody else's."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "benchmark_crowd_labels"


def read_cached(
    name: str, files: Iterable[Path], code: Iterable[Path], read: Callable[[], tuple[Votes, np.ndarray]]
) -> tuple[Votes, np.ndarray]:
    """`read()`, or what it returned last time if `files` and `code` are as they were.

    Parameters
    ----------
    name : str
        What is read; one cache is kept for each name and place of the files.
    files : paths
        What is parsed: a new size or modification time calls for reading it again.
    code : paths
        The programs that parse: a change of their text does too.
    read : callable
        Returns the votes and the truth, (n_task,), -1 unknown.
    """
    files = sorted(Path(file).resolve() for file in files)
    place = hashlib.sha256("\n".join([name, *map(str, files)]).encode()).hexdigest()[:16]
    path = cache_folder() / f"{name}-{place}.npz"
    stamp = _stamp(files, code)
    with contextlib.suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return _load(path, stamp)  # unless it is absent, out of date or damaged
    arrays = to_arrays(*read())
    with contextlib.suppress(OSError):  # nowhere to write: the next run parses again
        _save(path, dict(arrays, stamp=stamp))
    return from_arrays(arrays)


def _stamp(files, code):
    digest = hashlib.sha256()
    for file in files:
        status = file.stat()
        digest.update(f"{status.st_size} {status.st_mtime_ns}\n".encode())
    for file in code:
        digest.update(Path(file).read_bytes())
    return np.array(digest.hexdigest())


def _load(path, stamp):
    with np.load(path, allow_pickle=False) as stored:
        if str(stored["stamp"]) != str(stamp):
            raise ValueError("out of date")
        return from_arrays({name: stored[name] for name in stored.files})


def _save(path, arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        try:
            np.savez(file, **arrays)
            file.close()
            os.replace(file.name, path)
        finally:
            Path(file.name).unlink(missing_ok=True)
