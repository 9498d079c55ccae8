"""Fetch published files: download, checksum, unpack.

Nothing here is left half done: files and folders are written under another name and renamed once they are whole.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from benchmark_utils.crowds.archives import unpack
from benchmark_utils.crowds.errors import SourceError, reason_of

_CHUNK = 1 << 20
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


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
        raise SourceError(f"{url}: interrupted ({reason_of(error)}); try again") from None
    except (OSError, ValueError) as error:
        raise SourceError(f"{url}: cannot be downloaded to {path} ({reason_of(error)})") from None
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


# The parsed cache
