"""Archives that are hostile, damaged or too large."""

import gzip
import os
import subprocess
import tarfile

import numpy as np
import pytest

from benchmark_utils.crowds import archives
from benchmark_utils.crowds.archives import unpack
from benchmark_utils.crowds.errors import DiskFullError, SourceError
from tests.crowds.packing import HARD_LINK, KINDS, LINK, make_tar, make_zip

CONTENT = b"votes of a crowd\n" * 1000


@KINDS
def test_only_the_folder_asked_for_is_unpacked(tmp_path, make, suffix):
    archive = tmp_path / f"all{suffix}"
    members = {"music/votes.csv": CONTENT, "music/sub/truth.csv": b"t", "polarity/x.csv": b"x", "__MACOSX/y": b""}
    archive.write_bytes(make(members))
    unpack(archive, tmp_path / "music", inside="music")
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert found == sorted([f"all{suffix}", "music/votes.csv", "music/sub/truth.csv"])
    assert (tmp_path / "music/votes.csv").read_bytes() == CONTENT
    with pytest.raises(SourceError, match="exists: move it away"):
        unpack(archive, tmp_path / "music", inside="music")


@KINDS
@pytest.mark.parametrize("name", ["../evil", "music/../../evil", "/evil", "music\\..\\..\\evil", "C:\\evil", "C:evil"])
def test_no_member_leaves_the_folder(tmp_path, make, suffix, name):
    box = tmp_path / "box"
    box.mkdir()
    archive = box / f"a{suffix}"
    archive.write_bytes(make({"music/votes.csv": b"v", name: b"evil"}))
    with pytest.raises(SourceError, match="absolute path or leaves the folder; refused"):
        unpack(archive, box / "music", inside="music")
    assert [os.listdir(tmp_path), os.listdir(box)] == [["box"], [archive.name]]


@pytest.mark.parametrize(
    ("make", "suffix", "link"),
    [(make_zip, ".zip", LINK), (make_tar, ".tar.gz", LINK), (make_tar, ".tar.gz", HARD_LINK)],
)
def test_no_link_is_created_or_followed(tmp_path, make, suffix, link):
    archive = tmp_path / f"a{suffix}"
    archive.write_bytes(make({"music/link": link, "music/link/votes.csv": b"v"}))
    with pytest.raises(SourceError, match="is a link or a device; refused"):
        unpack(archive, tmp_path / "music", inside="music")
    assert os.listdir(tmp_path) == [archive.name]


@KINDS
@pytest.mark.parametrize("damage", ["cut", "flipped", "page", "empty"])
def test_a_damaged_archive_leaves_nothing(tmp_path, make, suffix, damage):
    whole = make({"music/votes.csv": np.random.default_rng(0).bytes(200_000)})
    middle = len(whole) // 2
    content = {
        "cut": whole[:middle],
        "flipped": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
        "page": b"<html>come back later</html>",
        "empty": b"",
    }[damage]
    archive = tmp_path / f"a{suffix}"
    archive.write_bytes(content)
    with pytest.raises(SourceError, match=r"damaged or not an archive|no file in a folder"):
        unpack(archive, tmp_path / "music", inside="music")
    assert os.listdir(tmp_path) == [archive.name]


def test_the_checksum_of_gzip_is_verified(tmp_path):
    content = bytearray(make_tar({"music/votes.csv": CONTENT}))
    content[-8] ^= 1  # the CRC-32 of what is compressed
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(content)
    with pytest.raises(SourceError, match="CRC check failed"):
        unpack(archive, tmp_path / "music", inside="music")
    assert os.listdir(tmp_path) == [archive.name]


# What would not end


@pytest.fixture
def four_megabytes(monkeypatch):
    """As much as a small archive may unpack to."""
    monkeypatch.setattr(archives, "_SMALL", 4 << 20)


@KINDS
def test_no_archive_unpacks_to_more_than_its_size_allows(tmp_path, make, suffix, four_megabytes):
    archive = tmp_path / f"a{suffix}"
    archive.write_bytes(make({"music/votes.csv": bytes(4 << 20), "music/truth.csv": bytes(2 << 20)}))
    with pytest.raises(SourceError, match=r"unpacks to more than 4 MiB, more than an archive of its size should"):
        unpack(archive, tmp_path / "music", inside="music")
    assert os.listdir(tmp_path) == [archive.name]


@KINDS
def test_what_shrinks_like_votes_is_unpacked(tmp_path, make, suffix, monkeypatch):
    monkeypatch.setattr(archives, "_SMALL", 1000)
    votes = np.random.default_rng(0).integers(0, 9, size=100_000).astype("S1").tobytes()
    archive = tmp_path / f"a{suffix}"
    archive.write_bytes(make({"music/votes.csv": votes + b"\n" * 100_000}))
    unpack(archive, tmp_path / "music", inside="music")
    assert (tmp_path / "music" / "votes.csv").read_bytes().startswith(votes)


def test_what_is_not_wanted_is_not_unpacked_but_in_a_tar_read_past(tmp_path, four_megabytes):
    large = {"music/sound.wav": bytes(8 << 20), "music/votes.csv": CONTENT}
    packed, tar = tmp_path / "a.zip", tmp_path / "a.tar.gz"
    packed.write_bytes(make_zip(large))
    tar.write_bytes(make_tar(large))
    unpack(packed, tmp_path / "one", inside="music", wanted=lambda path: path.name == "votes.csv")
    assert os.listdir(tmp_path / "one") == ["votes.csv"]
    with pytest.raises(SourceError, match="unpacks to more than 4 MiB"):
        unpack(tar, tmp_path / "two", inside="music", wanted=lambda path: path.name == "votes.csv")


@pytest.mark.parametrize("where", ["after the end", "in a name"])
def test_a_tar_hides_nothing_that_has_no_end(tmp_path, where, four_megabytes):
    """What follows the last member is read for gzip's checksum, and a long name is read whole."""
    long_name = tarfile.TarInfo("././@LongLink")
    long_name.type, long_name.size = tarfile.GNUTYPE_LONGNAME, 32 << 20
    whole = gzip.decompress(make_tar({"music/votes.csv": CONTENT}))
    content = whole + bytes(32 << 20) if where == "after the end" else long_name.tobuf() + b"a" * (32 << 20) + whole
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(gzip.compress(content))
    assert archives._RATIO * archive.stat().st_size < 8 << 20
    with pytest.raises(SourceError, match="unpacks to more than 4 MiB"):
        unpack(archive, tmp_path / "music", inside="music")
    assert os.listdir(tmp_path) == [archive.name]


@KINDS
def test_members_are_counted(tmp_path, make, suffix, monkeypatch):
    monkeypatch.setattr(archives, "_MEMBERS", 10)
    archive = tmp_path / f"a{suffix}"
    archive.write_bytes(make({f"music/{i}": b"" for i in range(11)}))
    with pytest.raises(SourceError, match="more than 10 members; refused"):
        unpack(archive, tmp_path / "music", inside="music")
    assert os.listdir(tmp_path) == [archive.name]


# No room


@KINDS
def test_a_full_disk_is_called_so(tmp_path, make, suffix):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk of 256 kB: mounting one takes root")
    try:
        archive = disk / f"a{suffix}"
        content = make({"music/votes.csv": CONTENT * 60})
        archive.write_bytes(content)
        with pytest.raises(DiskFullError, match=r"the disk of .*disk is full; free some space and try again") as caught:
            unpack(archive, disk / "music", inside="music")
        assert "damaged" not in str(caught.value)
        assert os.listdir(disk) == [archive.name]
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
