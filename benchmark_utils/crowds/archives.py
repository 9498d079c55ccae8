"""Unpack published archives: whole or not at all, and never outside their folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath

from benchmark_utils.crowds.errors import SourceError, reason_of

_CHUNK = 1 << 20


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
        raise SourceError(f"{archive}: cannot be unpacked, damaged or not an archive ({reason_of(error)})") from None
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
