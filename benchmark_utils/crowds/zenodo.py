"""Fetch the files of a Zenodo record."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from benchmark_utils.crowds.archives import unpack
from benchmark_utils.crowds.download import download
from benchmark_utils.crowds.errors import SourceError


def fetch(record: str, folder: Path, files) -> None:
    """Download what of `files` is absent in `folder` from a Zenodo record, each file with its published MD5 sum.

    The record may hold the files themselves or archives of them.

    Raises
    ------
    SourceError
        The record or a file cannot be downloaded or is not what was published, or a file is not in the record.
    """
    folder = Path(folder)
    absent = [file for file in files if not (folder / file).is_file()]
    if not absent:
        return
    listing = download(record, folder / "record.json", trust=False)
    try:
        entries = json.loads(listing.read_text())["files"]
        published = {entry["key"]: (entry["links"]["self"], entry["checksum"]) for entry in entries}
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{record}: not the list of files that a Zenodo record has ({error!r})") from None
    finally:
        listing.unlink()
    by_name = {Path(file).name: file for file in absent}
    for key, (url, checksum) in published.items():
        if Path(key).name in by_name:
            download(url, folder / by_name[Path(key).name], checksum=checksum)
        elif key.endswith((".zip", ".tar.gz")) and any(not (folder / file).is_file() for file in absent):
            _fetch_archive(url, folder, Path(key).name, checksum, by_name)
    absent = [file for file in absent if not (folder / file).is_file()]
    if absent:
        raise SourceError(f"{record}: {', '.join(absent)} is not in the record, which has {', '.join(published)}")


def _fetch_archive(url, folder, name, checksum, by_name):
    archive = download(url, folder / name, checksum=checksum)
    unpacked = folder / ".unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    try:
        unpack(archive, unpacked)
        for path in sorted(unpacked.rglob("*")):
            if path.is_file() and path.name in by_name and "__MACOSX" not in path.parts:
                target = folder / by_name[path.name]
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
        archive.unlink()
