"""Downloads against a server on this machine, hostile archives, and the parsed cache."""

import hashlib
import io
import os
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from benchmark_utils.crowds.archives import unpack
from benchmark_utils.crowds.cache import read_cached
from benchmark_utils.crowds.download import Source, download, file_hash
from benchmark_utils.crowds.errors import SourceError
from benchmark_utils.votes import Votes, VotesError, encode_truth

CONTENT = b"votes of a crowd\n" * 1000


@pytest.fixture
def site():
    """A server: `files` are what it has, `cut` stops each answer short, `agents` are those who asked."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            server.agents.append(self.headers["User-Agent"])
            body = server.files.get(self.path)
            if body is None:
                self.send_error(404)
                return
            self.send_response(200)
            if server.chunked:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body))
            else:
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if server.cut else body)
            if server.chunked and not server.cut:
                self.wfile.write(b"0\r\n\r\n")
            self.close_connection = server.cut

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.agents, server.cut, server.chunked = {}, [], False, False
    server.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, kwargs=dict(poll_interval=0.01))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def published(site, name, content):
    site.files[f"/{name}"] = content
    return site.url + name


def sha256(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


# Downloads


def test_known_hashes(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"hello\n")
    assert file_hash(path, "git") == "ce013625030ba8dba906f756967f9e9ca394464a"  # git hash-object
    assert file_hash(path, "md5") == "b1946ac92492d2347c6235b4d2611184"
    assert file_hash(path, "sha256") == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_whole_file_arrives(site, tmp_path, chunked):
    site.chunked = chunked
    url = published(site, "a.csv", CONTENT)
    path = download(url, tmp_path / "new" / "a.csv", checksum=sha256(CONTENT))
    assert path.read_bytes() == CONTENT
    assert os.listdir(path.parent) == ["a.csv"]


@pytest.mark.parametrize("chunked", [False, True])
def test_an_interrupted_download_leaves_nothing(site, tmp_path, chunked):
    site.cut, site.chunked = True, chunked
    url = published(site, "a.csv", CONTENT)
    with pytest.raises(SourceError, match=r"a\.csv: interrupted .*try again"):
        download(url, tmp_path / "a.csv")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", ["sha256", "md5", "git"])
def test_a_tampered_download_leaves_nothing(site, tmp_path, kind):
    good = tmp_path / "good"
    good.write_bytes(CONTENT)
    checksum = f"{kind}:{file_hash(good, kind)}"
    url = published(site, "a.csv", CONTENT.replace(b"crowd", b"cloud", 1))
    with pytest.raises(SourceError, match=f"not the published {checksum}: altered or damaged"):
        download(url, tmp_path / "a.csv", checksum=checksum)
    assert os.listdir(tmp_path) == ["good"]


def test_first_use_is_trusted_and_a_change_refused(site, tmp_path):
    source = Source(published(site, "a.csv", CONTENT), "a.csv")
    path = source.fetch(tmp_path)
    assert (tmp_path / "a.csv.sha256").read_text().startswith(sha256(CONTENT)[7:])
    path.unlink()
    source.fetch(tmp_path)
    path.unlink()
    published(site, "a.csv", b"something else")
    with pytest.raises(SourceError, match=r"not that of the first download.*delete .*a\.csv\.sha256"):
        source.fetch(tmp_path)
    assert os.listdir(tmp_path) == ["a.csv.sha256"]
    path.write_bytes(b"edited later")
    with pytest.raises(SourceError, match="not that of the first download"):
        source.fetch(tmp_path)


def test_what_is_there_is_not_downloaded(site, tmp_path):
    (tmp_path / "a.csv").write_bytes(CONTENT)
    Source(site.url + "a.csv", "a.csv", sha256(CONTENT)).fetch(tmp_path)
    with pytest.warns(UserWarning, match="not the published file"):
        Source(site.url + "a.csv", "a.csv", sha256(b"other")).fetch(tmp_path)
    assert site.agents == []


def test_a_site_that_answers_browsers_only(site, tmp_path):
    url = published(site, "a.csv", CONTENT)
    download(url, tmp_path / "a", browser=True)
    download(url, tmp_path / "b")
    assert site.agents[0].startswith("Mozilla/5.0")
    assert site.agents[1].startswith("Python-urllib")


def test_no_answer_is_one_line(site, tmp_path):
    for url in (site.url + "absent.csv", "http://127.0.0.1:1/a.csv", "no url"):
        with pytest.raises(SourceError, match="cannot be downloaded") as caught:
            download(url, tmp_path / "folder" / "a.csv")
        assert "\n" not in str(caught.value)
        assert url in str(caught.value)
    assert os.listdir(tmp_path) == []


# Archives


def make_zip(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            if content is LINK:
                info.external_attr = 0o120777 << 16
                content = b"/etc/passwd"
            archive.writestr(info, content)
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


@KINDS
def test_fetch_unpacks_and_drops_the_archive(site, tmp_path, make, suffix):
    good = make({"music/votes.csv": CONTENT})
    source = Source(published(site, f"all{suffix}", b"<html>come back later</html>"), "music")
    with pytest.raises(SourceError):  # such a page is not what is trusted from then on
        source.fetch(tmp_path)
    assert os.listdir(tmp_path) == []
    published(site, f"all{suffix}", good)
    assert (source.fetch(tmp_path) / "votes.csv").read_bytes() == CONTENT
    assert sorted(os.listdir(tmp_path)) == [f"all{suffix}.sha256", "music"]
    n_answer = len(site.agents)
    source.fetch(tmp_path)
    assert len(site.agents) == n_answer


# The parsed cache


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "benchmark_crowd_labels"


@pytest.fixture
def reader(tmp_path):
    """Votes of a file of lines "task worker label", how often it was parsed, and how to read it from the cache."""

    class Reader:
        file, code, n_read = tmp_path / "votes.txt", tmp_path / "code.py", 0

        def parse(self):
            self.n_read += 1
            rows = [line.split() for line in self.file.read_text().splitlines()]
            votes = Votes.from_answers({task: {worker: label} for task, worker, label in rows})
            return votes, encode_truth([rows[0][0]], [rows[0][2]], votes)

        def read(self):
            return read_cached("some", [self.file], [self.code], self.parse)

    reader = Reader()
    reader.file.write_text("a w1 cat\nb w2 dog\nc w1 cat\n")
    reader.code.write_text("version 1")
    return reader


def test_the_cache_gives_back_what_was_read(cache, reader):
    first, again = reader.read(), reader.read()
    assert reader.n_read == 1
    for votes, truth in (first, again):
        assert votes.to_answers() == {"a": {"w1": "cat"}, "b": {"w2": "dog"}, "c": {"w1": "cat"}}
        assert votes.label.dtype == first[0].label.dtype
        assert truth.tolist() == [0, -1, -1]
        assert truth.dtype == np.int64


def test_the_cache_keeps_every_attribute(cache, reader):
    votes = Votes(
        [0, 0, 1, 1], [0, 0, 1, 0], [1, 1, 0, 2], 3, 4, 5, author=[0, -1, 3], machine_label=[4, -1, 0],
        machine_score=[0.5, np.nan, 1],
    )  # fmt: skip
    for _ in range(2):
        found, truth = read_cached("some", [reader.file], [], lambda: (votes, [-1, 2, 0]))
        assert (found.n_task, found.n_worker, found.n_class, found.n_repeated) == (3, 4, 5, 1)
        for name in ("task", "worker", "label", "author", "machine_label", "machine_score"):
            np.testing.assert_array_equal(getattr(found, name), getattr(votes, name))
        assert found.encoding is None
        assert truth.tolist() == [-1, 2, 0]


@pytest.mark.parametrize("change", ["size", "content", "code"])
def test_a_change_is_read_again(cache, reader, change):
    reader.read()
    if change == "size":
        reader.file.write_text("a w1 cat\nb w2 dog\n")
    if change == "content":  # as much text at the same time: two edits in one tick of the clock, or a copied time
        status = reader.file.stat()
        reader.file.write_text(reader.file.read_text().replace("cat", "cow"))
        os.utime(reader.file, ns=(status.st_atime_ns, status.st_mtime_ns))
    if change == "code":
        reader.code.write_text("version 2")
    reader.read()
    assert reader.n_read == 2
    reader.read()
    assert reader.n_read == 2
    assert len(os.listdir(cache)) == 1  # the new one took the place of the old one


def test_the_same_content_at_another_time_comes_from_the_cache(cache, reader):
    reader.read()
    os.utime(reader.file, ns=(1, 1))
    reader.read()
    assert reader.n_read == 1


def test_what_was_edited_while_it_was_read_is_not_kept(cache, reader):
    def parse():
        parsed = reader.parse()
        reader.file.write_text("d w1 cow\n")
        return parsed

    read_cached("some", [reader.file], [reader.code], parse)
    assert reader.read()[0].to_answers() == {"d": {"w1": "cow"}}


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 rubbish", None])
def test_a_damaged_cache_is_read_again(cache, reader, content):
    reader.read()
    (path,) = cache.iterdir()
    path.write_bytes(path.read_bytes()[:-200] if content is None else content)
    assert reader.read()[0].n_votes == 3
    assert reader.n_read == 2


def test_it_works_where_no_cache_can_be_written(reader, tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("a file, not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert reader.read()[0].n_votes == 3
    assert reader.read()[0].n_votes == 3
    assert reader.n_read == 2


def test_what_cannot_be_read_is_not_cached(cache, reader):
    reader.file.write_text("a w1 0.5\n")
    with pytest.raises(VotesError, match="fractional"):
        reader.read()
    assert not cache.exists()
