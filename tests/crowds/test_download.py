"""Downloads against a server on this machine, and the parsed cache."""

import contextlib
import errno
import hashlib
import multiprocessing
import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from benchmark_utils.crowds import archives
from benchmark_utils.crowds import download as downloads
from benchmark_utils.crowds.cache import read_cached
from benchmark_utils.crowds.download import Source, download, file_hash
from benchmark_utils.crowds.errors import DiskFullError, SourceError
from benchmark_utils.votes import Votes, VotesError, encode_truth
from tests.conftest import DATA_HOME
from tests.crowds.packing import KINDS, make_tar, make_zip

CONTENT = b"votes of a crowd\n" * 1000


@pytest.fixture
def site():
    """A server: `files` are what it has, `agents` are those who asked.

    `cut` stops each answer short, `pause` is the time between its bytes, `meeting` a barrier to wait at.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            server.agents.append(self.headers["User-Agent"])
            body = server.files.get(self.path)
            if body is None:
                self.send_error(404)
                return
            if server.meeting is not None:
                server.meeting.wait(timeout=60)
            self.send_response(200)
            if server.chunked:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body))
            else:
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    if server.pause:
                        for byte in body:
                            self.wfile.write(bytes([byte]))
                            server.over.wait(server.pause)
                    else:
                        self.wfile.write(body[: len(body) // 2] if server.cut else body)
            if server.chunked and not server.cut:
                self.wfile.write(b"0\r\n\r\n")
            self.close_connection = server.cut

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.agents, server.cut, server.chunked = {}, [], False, False
    server.pause, server.meeting, server.over = 0, None, threading.Event()
    server.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, kwargs=dict(poll_interval=0.01))
    thread.start()
    yield server
    server.over.set()
    server.pause = 0
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
        download(url, tmp_path / "a.csv", checksum=sha256(CONTENT))
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


@pytest.mark.parametrize("said", [None, "", "0"])
def test_what_has_no_checksum_is_refused_before_it_is_asked_for(site, tmp_path, monkeypatch, said):
    monkeypatch.delenv("BENCHMARK_CROWD_TRUST", raising=False)
    if said is not None:
        monkeypatch.setenv("BENCHMARK_CROWD_TRUST", said)
    source = Source(published(site, "a.csv", CONTENT), "a.csv")
    with pytest.raises(SourceError, match=r"a\.csv: its checksum is not known .*BENCHMARK_CROWD_TRUST=1 benchopt prep"):
        source.fetch(tmp_path)
    assert os.listdir(tmp_path) == []
    assert site.agents == []


def test_what_is_taken_on_trust_says_its_checksum(site, tmp_path, monkeypatch):
    monkeypatch.setenv("BENCHMARK_CROWD_TRUST", "1")
    source = Source(published(site, "a.csv", CONTENT), "a.csv")
    with pytest.warns(UserWarning, match=f"a.csv is taken on trust; it has {sha256(CONTENT)}"):
        source.fetch(tmp_path)
    assert os.listdir(tmp_path) == ["a.csv"]
    with pytest.raises(SourceError, match="altered or damaged"):  # trust is for what is not known
        Source(site.url + "a.csv", "b.csv", sha256(b"other")).fetch(tmp_path)


def test_what_is_there_is_not_downloaded(site, tmp_path):
    (tmp_path / "a.csv").write_bytes(CONTENT)
    Source(site.url + "a.csv", "a.csv", sha256(CONTENT)).fetch(tmp_path)
    with pytest.warns(UserWarning, match="not the published file"):
        Source(site.url + "a.csv", "a.csv", sha256(b"other")).fetch(tmp_path)
    assert site.agents == []


def test_a_site_that_answers_browsers_only(site, tmp_path):
    url = published(site, "a.csv", CONTENT)
    download(url, tmp_path / "a", checksum="", browser=True)
    download(url, tmp_path / "b", checksum="")
    assert site.agents[0].startswith("Mozilla/5.0")
    assert site.agents[1].startswith("Python-urllib")


def test_no_answer_is_one_line(site, tmp_path):
    for url in (site.url + "absent.csv", "http://127.0.0.1:1/a.csv", "no url"):
        with pytest.raises(SourceError, match="cannot be downloaded") as caught:
            download(url, tmp_path / "folder" / "a.csv", checksum="")
        assert "\n" not in str(caught.value)
        assert url in str(caught.value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("step", ["download", "unpack"])
def test_a_full_disk_is_called_so_and_the_archive_kept(site, tmp_path, monkeypatch, step):
    def fill(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    source = packed(site, make_tar, ".tar.gz")
    with monkeypatch.context() as full:
        full.setattr(*((downloads, "_receive") if step == "download" else (archives.shutil, "copyfileobj")), fill)
        with pytest.raises(DiskFullError, match=r"the disk of .* is full; free some space and try again"):
            source.fetch(tmp_path)
    assert os.listdir(tmp_path) == (["all.tar.gz"] if step == "unpack" else [])
    source.fetch(tmp_path)
    assert os.listdir(tmp_path) == ["music"]
    assert len(site.agents) == (1 if step == "unpack" else 2)


def test_no_download_goes_on_without_end(site, tmp_path, monkeypatch):
    url = published(site, "a.csv", CONTENT[:200])
    monkeypatch.setattr(downloads, "_LARGEST", 100)
    with pytest.raises(SourceError, match="so not what was published; refused"):
        download(url, tmp_path / "a.csv", checksum=sha256(CONTENT[:200]))
    site.pause = 0.02
    monkeypatch.setattr(downloads, "_WHOLE", 0.3)
    with pytest.raises(SourceError, match=r"a\.csv: too slow, 1?\d?\d bytes in .*; try again"):
        download(url, tmp_path / "a.csv", checksum=sha256(CONTENT[:200]))
    site.pause = 30
    monkeypatch.setattr(downloads, "_STALL", 0.3)
    with pytest.raises(SourceError, match=r"a\.csv: not a byte for 0\.3 seconds; try again"):
        download(url, tmp_path / "a.csv", checksum=sha256(CONTENT[:200]))
    assert os.listdir(tmp_path) == []


def fetch_and_say(source, folder, said):
    try:
        source.fetch(folder)
        said.put("fetched")
    except BaseException as error:
        said.put(repr(error))


@pytest.mark.parametrize("kind", ["file", "archive"])
def test_two_can_fetch_at_once(site, tmp_path, kind):
    """The server answers once both have asked, so that both write at the same time."""
    plain = Source(published(site, "a.csv", CONTENT * 100), "a.csv", sha256(CONTENT * 100))
    source = plain if kind == "file" else packed(site, make_tar, ".tar.gz")
    site.meeting = threading.Barrier(2)
    context = multiprocessing.get_context("spawn")
    said = context.Queue()
    both = [context.Process(target=fetch_and_say, args=(source, tmp_path / "data", said)) for _ in range(2)]
    for process in both:
        process.start()
    assert [said.get(timeout=120) for _ in both] == ["fetched", "fetched"]
    for process in both:
        process.join()
    found = {str(p.relative_to(tmp_path / "data")): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert found == ({"a.csv": CONTENT * 100} if kind == "file" else MUSIC)


def test_what_a_killed_process_left_is_cleared_away(site, tmp_path):
    for name in ("old", "new"):
        (tmp_path / f".fetching-{name}").mkdir()
        (tmp_path / f".fetching-{name}" / "part").write_bytes(b"half")
    os.utime(tmp_path / ".fetching-old", (1, 1))
    Source(published(site, "a.csv", CONTENT), "a.csv", sha256(CONTENT)).fetch(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".fetching-new", "a.csv"]


# Archives

MUSIC = {"music/votes.csv": CONTENT, "music/sub/truth.csv": b"a,1\r\nb,2\r\n"}
WORDS = {"votes.csv": "words:" + hashlib.sha256(b" ".join(CONTENT.split())).hexdigest()}
WORDS["sub/truth.csv"] = "words:" + hashlib.sha256(b"a,1 b,2").hexdigest()


def packed(site, make, suffix, members=MUSIC, files=WORDS, **options):
    url = published(site, f"all{suffix}", make({**members, "other/x.csv": b"x", "music/more.csv": b"m"}))
    return Source(url, "music", files=files, **options)


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@KINDS
def test_what_is_listed_is_taken_and_the_archive_dropped(site, tmp_path, make, suffix):
    source = packed(site, make, suffix)
    published(site, f"all{suffix}", b"<html>come back later</html>")
    with pytest.raises(SourceError, match="damaged or not an archive"):
        source.fetch(tmp_path)
    assert os.listdir(tmp_path) == []
    source = packed(site, make, suffix)
    assert (source.fetch(tmp_path) / "votes.csv").read_bytes() == CONTENT
    assert files_in(tmp_path) == ["music/sub/truth.csv", "music/votes.csv"]
    n_answer = len(site.agents)
    source.fetch(tmp_path)
    assert len(site.agents) == n_answer


@KINDS
def test_an_incomplete_folder_is_completed(site, tmp_path, make, suffix):
    source = packed(site, make, suffix)
    source.fetch(tmp_path)
    (tmp_path / "music" / "votes.csv").write_bytes(b"my own")
    shutil.rmtree(tmp_path / "music" / "sub")
    with pytest.warns(UserWarning, match="votes.csv is not the published file"):
        source.fetch(tmp_path)
    assert (tmp_path / "music" / "sub" / "truth.csv").read_bytes() == MUSIC["music/sub/truth.csv"]
    assert (tmp_path / "music" / "votes.csv").read_bytes() == b"my own"
    assert os.listdir(tmp_path) == ["music"]


def test_the_command_of_the_message_completes_a_folder(site, tmp_path, benchmark, monkeypatch):
    (dataset_class,) = benchmark.check_dataset_patterns(["music"], class_only=True)
    monkeypatch.setattr(dataset_class, "sources", [packed(site, make_zip, ".zip")])
    monkeypatch.setattr(dataset_class, "files", ["music/votes.csv", "music/sub/truth.csv"])
    monkeypatch.setattr(dataset_class, "folder", lambda self: tmp_path)
    monkeypatch.setattr(dataset_class, "read_cached", lambda self, paths, read: [path.read_bytes() for path in paths])
    dataset = dataset_class.get_instance()
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "votes.csv").write_bytes(CONTENT)
    assert "truth.csv is not in" in dataset.get_data()["missing"]
    dataset.prepare()
    assert dataset.load() == [CONTENT, MUSIC["music/sub/truth.csv"]]


@pytest.mark.parametrize("trusted", [False, True])
def test_an_altered_file_of_an_archive_is_refused(site, tmp_path, monkeypatch, trusted):
    monkeypatch.setenv("BENCHMARK_CROWD_TRUST", "1" if trusted else "")
    source = packed(site, make_zip, ".zip", MUSIC | {"music/sub/truth.csv": b"a,2\nb,2\n"})
    if trusted:
        with pytest.warns(UserWarning, match="sub/truth.csv has words:.*, and taken on trust"):
            source.fetch(tmp_path)
        assert files_in(tmp_path) == ["music/sub/truth.csv", "music/votes.csv"]
    else:
        with pytest.raises(
            SourceError, match=r"sub/truth\.csv has words:.* damaged, refused; .*BENCHMARK_CROWD_TRUST=1"
        ):
            source.fetch(tmp_path)
        assert os.listdir(tmp_path) == []


def test_a_file_that_is_not_in_the_archive_is_named(site, tmp_path):
    source = packed(site, make_zip, ".zip", files=WORDS | {"gone.csv": WORDS["votes.csv"]})
    with pytest.raises(SourceError, match=r"gone\.csv is not in the archive's folder 'music'"):
        source.fetch(tmp_path)
    assert os.listdir(tmp_path) == []


def test_files_without_a_checksum_are_left_out_of_an_archive_or_trusted(site, tmp_path, monkeypatch):
    monkeypatch.delenv("BENCHMARK_CROWD_TRUST", raising=False)
    source = packed(site, make_zip, ".zip", files=WORDS | {"more.csv": ""})
    with pytest.warns(UserWarning, match="left out more.csv, without a known checksum; .*BENCHMARK_CROWD_TRUST=1"):
        source.fetch(tmp_path)
    assert files_in(tmp_path) == ["music/sub/truth.csv", "music/votes.csv"]
    with pytest.raises(SourceError, match="its checksum is not known"):  # where nothing is known
        packed(site, make_zip, ".zip", files={"more.csv": ""}).fetch(tmp_path / "other")
    assert len(site.agents) == 1
    monkeypatch.setenv("BENCHMARK_CROWD_TRUST", "1")
    with pytest.warns(UserWarning, match=f"more.csv is taken on trust; it has {sha256(b'm')}"):
        source.fetch(tmp_path)
    assert files_in(tmp_path) == ["music/more.csv", "music/sub/truth.csv", "music/votes.csv"]


def test_words_are_the_same_whatever_stands_between_them(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "_CHUNK", 3)
    same = [
        b"a,1 b,2",
        b" a,1 b,2",
        b"a,1\nb,2\n",
        b"a,1\r\nb,2\r\n",
        b"a,1\rb,2",
        b"\n  a,1 \t \n\n    b,2   \n\n",
        b"a,1" + b" " * 9 + b"b,2",
    ]
    other = [b"a,1b,2", b"a,1 b,2 c", b"a, 1 b,2", b"", b" ", b"a,1 b"]
    path, found = tmp_path / "file", []
    for content in same + other:
        path.write_bytes(content)
        found.append(file_hash(path, "words"))
        assert found[-1] == hashlib.sha256(b" ".join(content.split())).hexdigest()
    assert len(set(found)) == 1 + len(other) - 1  # nothing and a blank are the same


@pytest.mark.parametrize("name", ["bluebirds", "music", "labelme"])
def test_the_files_at_hand_are_those_that_are_pinned(benchmark, name):
    (dataset_class,) = benchmark.check_dataset_patterns([name], class_only=True)
    if not (DATA_HOME / name).is_dir():
        pytest.skip(f"{name} is not at hand")
    pinned = []
    for source in dataset_class.sources:
        path = DATA_HOME / name / source.path
        for file, checksum in source.files.items() or [("", source.checksum)]:
            if checksum:
                kind, _, expected = checksum.partition(":")
                assert file_hash(path / file, kind) == expected, file
                pinned.append(str((path / file).relative_to(DATA_HOME / name)))
    assert set(dataset_class.files) <= set(pinned)


def test_every_source_is_pinned_or_asks_for_trust(benchmark, tmp_path, monkeypatch):
    monkeypatch.delenv("BENCHMARK_CROWD_TRUST", raising=False)
    monkeypatch.setattr(downloads, "download", lambda url, *arguments, **options: pytest.fail(f"asked for {url}"))
    refused = set()
    for dataset_class in benchmark.get_datasets():
        for source in getattr(dataset_class.get_instance(), "sources", ()):
            if not source.checksum and not any(source.files.values()):
                with pytest.raises(SourceError, match="BENCHMARK_CROWD_TRUST=1"):
                    source.fetch(tmp_path)
                refused.add(dataset_class.name)
    assert refused == {"audiobirds"}


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
