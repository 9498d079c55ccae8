"""Unpack published archives: whole or not at all, never outside their folder, and never without end."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath

from benchmark_utils.crowds.errors import DiskFullError, SourceError, is_disk_full, reason_of

_CHUNK = 1 << 20
# Votes are text, which shrinks to a tenth or a thirtieth. What grows a hundredfold was made to fill a disk.
_RATIO = 100
_SMALL = 100 << 20  # bytes that any archive may unpack to
_LARGEST = 16 << 30  # bytes that none may exceed
_MEMBERS = 250_000


def unpack(
    archive: Path, target: Path, inside: str = "", wanted: Callable[[PurePosixPath], bool] = lambda path: True
) -> Path:
    """Unpack the folder `inside` of a .zip or .tar.gz as `target`, which appears only when it is whole.

    Parameters
    ----------
    archive, target : Path
    inside : str
    wanted : callable
        Of a path below `inside`: whether to unpack this file.

    Raises
    ------
    SourceError
        `target` exists; the archive is damaged or lacks the folder; a member has an absolute path or one that leaves
        the folder, or is a link or a device; there are more members or bytes in it than in any archive of votes.
    DiskFullError
    """
    archive, target = Path(archive), Path(target)
    if target.exists():
        raise SourceError(f"{target} exists: move it away to unpack {archive.name} again")
    temporary = None
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        whole = temporary / target.name
        whole.mkdir()
        n_file = n_byte = 0
        limit = min(_LARGEST, max(_SMALL, _RATIO * archive.stat().st_size))
        list_members = _zip_members if archive.name.endswith(".zip") else _tar_members
        with contextlib.closing(list_members(archive, limit)) as members:
            for n_member, (name, size, is_folder, is_file, open_member) in enumerate(members, 1):
                if n_member > _MEMBERS:
                    raise SourceError(f"{archive}: more than {_MEMBERS} members; refused")
                path = _relative_path(name, inside, archive)
                if path is None or is_folder:
                    continue
                n_file += 1
                if not wanted(path):
                    continue
                if not is_file:
                    raise SourceError(f"{archive}: {name!r} is a link or a device; refused")
                n_byte += size  # no member yields more than it announces
                if n_byte > limit:
                    raise SourceError(_too_large(archive, limit))
                (whole / path).parent.mkdir(parents=True, exist_ok=True)
                with open_member() as source, open(whole / path, "wb") as file:
                    shutil.copyfileobj(source, file, _CHUNK)
        if n_file == 0:
            raise SourceError(f"{archive}: there is no file in a folder {inside!r}")
        os.replace(whole, target)
    except (OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile, RuntimeError) as error:
        if isinstance(error, SourceError):
            raise
        if is_disk_full(error):
            full = f"{archive}: cannot be unpacked, the disk of {target.parent} is full"
            raise DiskFullError(f"{full}; free some space and try again") from None
        raise SourceError(f"{archive}: cannot be unpacked, damaged or not an archive ({reason_of(error)})") from None
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return target


def _relative_path(name, inside, archive):
    """The path of a member below the folder `inside`, None where it lies elsewhere."""
    path = PurePosixPath(name)
    strict = PureWindowsPath(name)  # knows both kinds of slash and drive letters
    if strict.anchor or ".." in strict.parts or "\0" in name:
        raise SourceError(f"{archive}: {name!r} is an absolute path or leaves the folder; refused")
    return path.relative_to(inside) if path.is_relative_to(inside) else None


def _zip_members(path, limit):
    """Of each member the name, the size, whether it is a folder, whether it is a plain file, and how to open it."""
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            is_file = kind in (0, stat.S_IFREG)
            yield info.filename, info.file_size, info.is_dir(), is_file, partial(archive.open, info)


def _tar_members(path, limit):
    with gzip.open(path) as stream, tarfile.open(fileobj=_Bounded(stream, limit), mode="r:") as archive:
        for info in archive:
            yield info.name, info.size, info.isdir(), info.isreg(), partial(archive.extractfile, info)
        while archive.fileobj.read(_CHUNK):  # gzip's checksum is at the very end
            pass


class _Bounded:
    """The stream below a .tar.gz, all of which is decompressed to find a member, read up to `limit` bytes."""

    def __init__(self, stream, limit):
        self.stream, self.limit, self.tell = stream, limit, stream.tell

    def read(self, n):
        self._check(self.tell() + n - _CHUNK)  # the last read may ask for more than there is
        return self.stream.read(n)

    def seek(self, position):
        self._check(position)
        return self.stream.seek(position)

    def _check(self, position):
        if position > self.limit:
            raise SourceError(_too_large(self.stream.name, self.limit))


def _too_large(archive, limit):
    return f"{archive}: unpacks to more than {limit >> 20} MiB, more than an archive of its size should; refused"


def _relative_path(name, inside, archive):
    """The path of a member below the folder `inside`, None where it lies elsewhere."""
    path = PurePosixPath(name)
    strict = PureWindowsPath(name)  # knows both kinds of slash and drive letters
    if strict.anchor or ".." in strict.parts or "\0" in name:
        raise SourceError(f"{archive}: {name!r} is an absolute path or leaves the folder; refused")
    return path.relative_to(inside) if path.is_relative_to(inside) else None
