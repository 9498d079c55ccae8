"""Fetch published files: download, checksum, unpack.

Nothing here is left half done. Files are written in a folder of their own and moved once they are whole, so that
several processes can fetch the same file at the same time: the last one wins, with the same content.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from benchmark_utils.crowds.archives import unpack
from benchmark_utils.crowds.errors import DiskFullError, SourceError, is_disk_full, reason_of

TRUST = "BENCHMARK_CROWD_TRUST"  # the environment variable that takes what has no checksum

_CHUNK = 1 << 20
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
_STALL = 60  # seconds without a byte
_WHOLE = 3 * 3600  # seconds for one file: a gigabyte at 100 kB a second
_LARGEST = 8 << 30  # bytes of one file: several times the largest that is published
_DEAD = 2 * _WHOLE  # seconds after which what a killed process left behind is cleared away


@dataclass(frozen=True)
class Source:
    """A published file.

    Attributes
    ----------
    url : str
    path : str
        Where it lies in the dataset's folder. For an archive: the folder of the archive to unpack there.
    checksum : str
        "sha256:...", "md5:..." or "git:..." (a git blob id); "" where it is not known.
    files : dict
        For an archive: what to take of its folder, each path with its checksum, of which there is one more kind,
        "words:..." (the SHA-256 of a text, whatever its line ends and blanks). "" where it is not known: left out of
        the archive where the others are known.
    browser : bool
        Whether the site answers browsers only.

    What has no known checksum is taken only if the environment variable BENCHMARK_CROWD_TRUST is 1.
    """

    url: str
    path: str
    checksum: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    browser: bool = False

    @property
    def filename(self) -> str:
        return self.url.rsplit("/", 1)[-1]

    def fetch(self, folder: Path) -> Path:
        """The file, or the unpacked folder, in `folder`: what of it is absent is downloaded.

        Raises
        ------
        SourceError
            It cannot be downloaded, has no known checksum, is not what was published, or is not a sound archive.
        """
        target = Path(folder) / self.path
        if self.files:
            for name, checksum in self.files.items():
                self._check_present(target / name, checksum)
            self._fetch_archive(target)
        elif target.is_file():
            self._check_present(target, self.checksum)
        else:
            if not self.checksum:
                require_trust(self.url)
            download(self.url, target, checksum=self.checksum, browser=self.browser)
            if not self.checksum:
                say_trusted(self.url, target)
        return target

    def _check_present(self, path, checksum):
        if path.is_file() and checksum and _differs(path, checksum):
            # the user's own copy: it is theirs to use, but no figure from it is a published one
            warnings.warn(f"{path} is not the published file of {self.url}; it is used as it is", stacklevel=3)

    def _fetch_archive(self, target):
        absent = self._absent(target)
        if not absent:
            return
        with working_folder(target.parent) as work:
            with fetched_archive(self.url, work, checksum=self.checksum, browser=self.browser) as archive:
                inside = PurePosixPath(self.path).name
                unpacked = unpack(archive, work / "unpacked", inside, wanted=lambda path: str(path) in absent)
            for name in absent:
                self._check_unpacked(unpacked / name, name)
            for name in absent:
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(unpacked / name, target / name)

    def _absent(self, target):
        """What is to be taken of the archive: what has a known checksum, and on trust the rest."""
        absent = [name for name in self.files if not (target / name).is_file()]
        unknown = [name for name in absent if not (self.checksum or self.files[name])]
        if not unknown or is_trusted():
            return absent
        if not any(self.files.values()):
            require_trust(self.url)
        known = [name for name in absent if name not in unknown]
        if known:
            warnings.warn(f"{self.url}: left out {', '.join(unknown)}, without a known checksum; {_HOW}", stacklevel=4)
        return known

    def _check_unpacked(self, path, name):
        if not path.is_file():
            raise SourceError(f"{self.url}: {name} is not in the archive's folder {PurePosixPath(self.path).name!r}")
        checksum = self.files[name]
        if not checksum and not self.checksum:
            say_trusted(f"{self.url}: {name}", path)
        if checksum and (found := _differs(path, checksum)):
            different = f"{self.url}: {name} has {found}, not the published {checksum}: altered or damaged"
            if not is_trusted():
                raise SourceError(f"{different}, refused; {_HOW}")
            warnings.warn(f"{different}, and taken on trust", stacklevel=5)


_HOW = f"to take it on trust, put {TRUST}=1 before the command: {TRUST}=1 benchopt prepare ..."


def is_trusted() -> bool:
    return os.environ.get(TRUST, "") not in ("", "0")


def require_trust(url):
    """Refuse what has no checksum, unless the user has said to trust it."""
    if not is_trusted():
        raise SourceError(f"{url}: its checksum is not known here, so an altered file would pass: refused; {_HOW}")


def say_trusted(what, path):
    found = f"sha256:{file_hash(path, 'sha256')}"
    warnings.warn(f"{what} is taken on trust; it has {found}, which its Source can have from now on", stacklevel=4)


@contextlib.contextmanager
def fetched_archive(url: str, work: Path, *, checksum: str, browser: bool = False):
    """A downloaded archive in `work`. Where unpacking it fills the disk it is kept beside `work`, for the next time."""
    archive = work / url.rsplit("/", 1)[-1]
    kept = work.parent / archive.name
    with contextlib.suppress(FileNotFoundError):
        os.replace(kept, archive)  # which one process alone can do
    if not archive.is_file() or (checksum and _differs(archive, checksum)):
        download(url, archive, checksum=checksum, browser=browser)
    try:
        yield archive
    except DiskFullError as error:
        os.replace(archive, kept)
        raise DiskFullError(f"{error}; {kept.name} is kept there, and not downloaded again") from None
    archive.unlink()


def download(url: str, path: Path, *, checksum: str, browser: bool = False) -> Path:
    """Download `url` to `path`, which appears only when it is whole and is what it should be.

    Parameters
    ----------
    url : str
    path : Path
    checksum, browser
        As in `Source`.

    Raises
    ------
    SourceError
        No answer, an interrupted, endless or too slow download, a full disk, or another content than was published.
    """
    # http.client and ssl are slow to import, and no run downloads anything
    from http.client import HTTPException
    from urllib.request import Request, urlopen

    path = Path(path)
    try:
        request = Request(url, headers={"User-Agent": _BROWSER} if browser else {})
        end = time.monotonic() + _WHOLE
        with urlopen(request, timeout=_STALL) as response, working_folder(path.parent) as work:
            part = work / path.name
            with open(part, "wb") as file:
                received = _receive(response, file, url, end)
            announced = response.headers.get("Content-Length")
            if announced is not None and received != int(announced):
                raise SourceError(f"{url}: interrupted after {received} of {announced} bytes; try again")
            if checksum and (found := _differs(part, checksum)):
                raise SourceError(f"{url}: it has {found}, not the published {checksum}: altered or damaged, refused")
            os.replace(part, path)
    except HTTPException as error:
        raise SourceError(f"{url}: interrupted ({reason_of(error)}); try again") from None
    except TimeoutError:
        raise SourceError(f"{url}: not a byte for {_STALL} seconds; try again") from None
    except (OSError, ValueError) as error:
        if is_disk_full(error):
            raise DiskFullError(f"{url}: the disk of {path.parent} is full; free some space and try again") from None
        raise SourceError(f"{url}: cannot be downloaded to {path} ({reason_of(error)})") from None
    return path


def _receive(response, file, url, end) -> int:
    """Copy a response to a file, within bounds of time and size; the number of bytes."""
    received = 0
    while chunk := response.read1(_CHUNK):  # what has come, so that a trickle is noticed
        file.write(chunk)
        received += len(chunk)
        if time.monotonic() > end:
            raise SourceError(f"{url}: too slow, {received} bytes in {_WHOLE / 3600:g} hours; try again")
        if received > _LARGEST:
            raise SourceError(f"{url}: more than {_LARGEST >> 30} GiB, so not what was published; refused")
    return received


@contextlib.contextmanager
def working_folder(parent: Path):
    """A folder of this process alone, beside what it will be moved to; it goes with what is left in it."""
    parent = Path(parent)
    is_new = not parent.exists()
    parent.mkdir(parents=True, exist_ok=True)
    for old in parent.glob(".fetching-*"):
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > _DEAD:
                shutil.rmtree(old)
    work = Path(tempfile.mkdtemp(prefix=".fetching-", dir=parent))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if is_new:
            with contextlib.suppress(OSError):  # something was fetched, here or by another process
                parent.rmdir()


def file_hash(path: Path, kind: str) -> str:
    """The hexadecimal "sha256", "md5", "git" (blob id) or "words" hash of a file; see `Source`."""
    if kind == "git":
        digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    else:
        digest = hashlib.new("sha256" if kind == "words" else kind, usedforsecurity=False)
    with open(path, "rb") as file:
        chunks = iter(lambda: file.read(_CHUNK), b"")
        for chunk in _words(chunks) if kind == "words" else chunks:
            digest.update(chunk)
    return digest.hexdigest()


def _words(chunks):
    """The same text with one blank between words and none around them."""
    started, blank = False, b""
    for chunk in chunks:
        text = re.sub(rb"\s+", b" ", blank + chunk)
        blank = b" " if text.endswith(b" ") else b""
        text = text.rstrip() if started else text.strip()
        started = started or bool(text)
        blank = blank if started else b""
        yield text


def _differs(path, checksum):
    """The hash of a file where it is not `checksum`, else None."""
    kind, _, expected = checksum.partition(":")
    found = file_hash(path, kind)
    return None if found == expected else f"{kind}:{found}"
