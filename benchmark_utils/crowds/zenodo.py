"""Fetch the files of a Zenodo record."""

from __future__ import annotations

import json
import os
from pathlib import Path

from benchmark_utils.crowds.archives import unpack
from benchmark_utils.crowds.download import download, fetched_archive, require_trust, say_trusted, working_folder
from benchmark_utils.crowds.errors import SourceError


def fetch(record: str, folder: Path, files) -> None:
    """Download what of `files` is absent in `folder` from a Zenodo record.

    The record may hold the files themselves or archives of them. It comes with their MD5 sums, which find what was
    damaged on the way. They are not known here, so that somebody has to trust the record: see `require_trust`.

    Raises
    ------
    SourceError
        The record is not trusted, it or a file cannot be downloaded or is not what was published, or a file is not in
        the record.
    """
    folder = Path(folder)
    absent = [file for file in files if not (folder / file).is_file()]
    if not absent:
        return
    require_trust(record)
    with working_folder(folder) as work:
        published = _list_files(record, work)
        by_name = {Path(file).name: file for file in absent}
        for key, (url, checksum) in published.items():
            name = Path(key).name
            if name in by_name:
                _move(download(url, work / name, checksum=checksum), folder / by_name[name])
            elif key.endswith((".zip", ".tar.gz")) and any(not (folder / file).is_file() for file in absent):
                with fetched_archive(url, work, checksum=checksum) as archive:
                    _take(archive, work / f"unpacked-{name}", folder, by_name)
    absent = [file for file in absent if not (folder / file).is_file()]
    if absent:
        raise SourceError(f"{record}: {', '.join(absent)} is not in the record, which has {', '.join(published)}")


def _list_files(record, work) -> dict:
    """The address and the checksum of each file of a record, by its name."""
    try:
        entries = json.loads(download(record, work / "record.json", checksum="").read_text())["files"]
        return {entry["key"]: (entry["links"]["self"], entry["checksum"]) for entry in entries}
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{record}: not the list of files that a Zenodo record has ({error!r})") from None


def _take(archive, unpacked, folder, by_name):
    """Move the files of an archive, in whichever folder they are, to where they belong."""
    unpack(archive, unpacked, wanted=lambda path: path.name in by_name and "__MACOSX" not in path.parts)
    for path in sorted(unpacked.rglob("*")):
        if path.is_file():
            _move(path, folder / by_name[path.name])


def _move(path, target):
    say_trusted(target.name, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(path, target)
