"""Archives to unpack, made from what is in them."""

import io
import tarfile
import zipfile

import pytest


def make_zip(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            if content is LINK:
                info.external_attr = 0o120777 << 16
                content = b"/etc/passwd"
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def make_tar(members):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if content in (LINK, HARD_LINK):
                info.type, info.linkname = (tarfile.SYMTYPE if content is LINK else tarfile.LNKTYPE), "/etc/passwd"
                content = b""
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


LINK, HARD_LINK = "a symbolic link", "a hard link"
KINDS = pytest.mark.parametrize(("make", "suffix"), [(make_zip, ".zip"), (make_tar, ".tar.gz")])
