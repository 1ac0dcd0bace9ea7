"""The download of PTB-XL, from a server on loopback that the test starts and that fails on demand."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.datasets import download
from cardiov_core.datasets.download import SUMS_NAME, check, fetch, parse_sums
from cardiov_core.errors import DatasetError

FILES = {
    "ptbxl_database.csv": b"ecg_id\n1\n",
    "LICENSE.txt": b"CC BY 4.0\n",
    "records100/00000/00001_lr.dat": bytes(range(256)) * 40,
    "records500/00000/00001_hr.dat": bytes(reversed(range(256))) * 400,
}
HR = "records500/00000/00001_hr.dat"


class Server(ThreadingHTTPServer):
    """Serves files under /ptb-xl/, with a fault a name where a test put one."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = dict(FILES)
        self.faults: dict[str, list[str]] = {}
        self.asked: Counter[str] = Counter()
        self.ranges: list[tuple[str, str]] = []
        self.takes_ranges = True
        self.pause_s = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/ptb-xl/"

    @property
    def sums(self) -> bytes:
        lines = [f"{hashlib.sha256(content).hexdigest()} {name}" for name, content in FILES.items()]
        return "\n".join([*lines, ""]).encode()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        name = self.path.removeprefix("/ptb-xl/")
        self.server.asked[name] += 1
        asked = self.headers.get("Range", "")
        if asked:
            self.server.ranges.append((name, asked))
        queue = self.server.faults.get(name, [])
        fault = queue.pop(0) if queue else ""
        content = self.server.sums if name == SUMS_NAME else self.server.files.get(name)
        content = self.server.files.get(name, content)
        if content is None or fault.isdecimal():
            self.send_response(int(fault or 404))
            self.send_header("Content-Length", "0")
            if fault == "429":
                self.send_header("Retry-After", "7")
            self.end_headers()
            return
        begun = 0
        if asked and self.server.takes_ranges:
            begun = int(asked.removeprefix("bytes=").rstrip("-"))
            if begun >= len(content):
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            stated = 0 if fault == "another range" else begun
            self.send_header("Content-Range", f"bytes {stated}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        rest = b"x" * (len(content) - begun) if fault == "rubbish" else content[begun:]
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if fault == "break":
            self.wfile.write(rest[: len(rest) // 2])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return
        for first in range(0, len(rest), 4096):
            self.wfile.write(rest[first : first + 4096])
            time.sleep(self.server.pause_s)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = Server()
    made.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def _contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != SUMS_NAME)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _fetch(folder: Path, server: Server, pauses: list[float] | None = None) -> download.Fetched:
    return fetch(folder, server.url, sleep=(pauses if pauses is not None else []).append)


def test_all_is_fetched_and_the_second_time_nothing(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "ptb-xl"
    assert _fetch(folder, server) == download.Fetched(n_files=4, n_kept=0)
    assert _contents(folder) == FILES
    assert _fetch(folder, server) == download.Fetched(n_files=4, n_kept=4)
    assert server.asked[HR] == 1
    assert server.asked[SUMS_NAME] == 2


def test_a_broken_connection_is_gone_on_with(server: Server, tmp_path: Path) -> None:
    server.faults[HR] = ["break"]
    pauses: list[float] = []
    _fetch(tmp_path, server, pauses)
    assert _contents(tmp_path) == FILES
    ((name, asked),) = server.ranges
    assert name == HR
    assert 0 < int(asked.removeprefix("bytes=").rstrip("-")) <= len(FILES[HR]) // 2
    assert pauses == [1.0]


def test_a_server_without_ranges_sends_the_file_again(server: Server, tmp_path: Path) -> None:
    server.takes_ranges = False
    server.faults[HR] = ["break"]
    _fetch(tmp_path, server)
    assert len(server.ranges) == 1
    assert _contents(tmp_path) == FILES


@pytest.mark.parametrize("content", [b"wrong " * 10, FILES[HR] + b"more", FILES[HR]])
def test_a_part_that_lies_there_is_gone_on_with_or_begun_anew(server: Server, tmp_path: Path, content: bytes) -> None:
    """A part of another file is found by its checksum, one that is too long or whole by the server's 416."""
    part = tmp_path / f"{HR}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(content)
    _fetch(tmp_path, server)
    assert _contents(tmp_path) == FILES


def test_a_range_that_was_not_asked_for_is_not_written(server: Server, tmp_path: Path) -> None:
    part = tmp_path / f"{HR}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(FILES[HR][:100])
    server.faults[HR] = ["another range"]
    _fetch(tmp_path, server)
    assert _contents(tmp_path) == FILES


def test_a_wrong_checksum_is_tried_again_and_in_the_end_named(server: Server, tmp_path: Path) -> None:
    server.faults[HR] = ["rubbish"]
    _fetch(tmp_path / "mended", server)
    assert _contents(tmp_path / "mended") == FILES
    server.files[HR] = b"exchanged"
    pauses: list[float] = []
    with pytest.raises(DatasetError, match=f"1 files could not be fetched: {HR}. .* checksum .* Tried 5 times"):
        _fetch(tmp_path / "wrong", server, pauses)
    assert pauses == [1.0, 2.0, 4.0, 8.0]
    assert _contents(tmp_path / "wrong") == {name: content for name, content in FILES.items() if name != HR}


def test_a_busy_server_is_waited_for_and_an_absent_file_is_not(server: Server, tmp_path: Path) -> None:
    server.faults[HR] = ["503", "429"]
    pauses: list[float] = []
    _fetch(tmp_path / "busy", server, pauses)
    assert sorted(pauses) == [1.0, 7.0]
    del server.files[HR]
    pauses.clear()
    with pytest.raises(DatasetError, match=f"{HR}: HTTP 404"):
        _fetch(tmp_path / "absent", server, pauses)
    assert pauses == []


def test_where_one_file_after_another_fails_it_gives_up(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_GIVE_UP_AFTER", 2)
    server.files.clear()
    with pytest.raises(DatasetError, match="2 files could not be fetched; gave up there"):
        fetch(tmp_path, server.url, connections=1)


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/passwd", "a/../../evil", "a//b", "C:/evil", "a\\..\\evil", ".", "a/...", "a.part", SUMS_NAME],
)
def test_a_list_with_a_name_that_leads_elsewhere_is_refused_whole(server: Server, tmp_path: Path, name: str) -> None:
    server.files[SUMS_NAME] = server.sums + f"{'0' * 64}  {name}\n".encode()
    with pytest.raises(DatasetError, match="line 5 names"):
        _fetch(tmp_path / "ptb-xl", server)
    assert _contents(tmp_path) == {}


def test_a_link_that_leads_out_of_the_folder_is_refused(server: Server, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "ptb-xl").mkdir()
    (tmp_path / "ptb-xl" / "records500").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DatasetError, match="leads out of"):
        _fetch(tmp_path / "ptb-xl", server)
    assert not any((tmp_path / "elsewhere").iterdir())


def test_lists_as_sha256sum_writes_them() -> None:
    one, two = "a" * 64, "B" * 64
    assert parse_sums(f"{one}  x y.txt\n\n{two} *./b/c\n") == {"x y.txt": one, "b/c": "b" * 64}
    for text, words in (("", "is empty"), ("<html>", "line 1 is no checksum"), (f"{one} a\n{one} a", "line 2 names")):
        with pytest.raises(DatasetError, match=words):
            parse_sums(text)


def test_an_address_without_ptbxl_is_said(server: Server, tmp_path: Path) -> None:
    server.faults[SUMS_NAME] = ["404"]
    with pytest.raises(DatasetError, match=r"SHA256SUMS\.txt: HTTP 404"):
        _fetch(tmp_path, server)
    with pytest.raises(DatasetError, match="is no address"):
        fetch(tmp_path, "ftp://127.0.0.1/ptb-xl")
    server.shutdown()
    server.server_close()
    with pytest.raises(DatasetError, match=r"cannot be reached: .* Tried 5 times"):
        _fetch(tmp_path, server)


def test_a_disk_that_is_too_small_is_said_before(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=100_000)
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(DatasetError, match=r"4 files need 0\.00 GB"):
        _fetch(tmp_path, server)
    assert server.asked[HR] == 0


def test_more_than_a_file_can_have_is_not_written_on(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_MOST_BYTES", 50_000)
    with pytest.raises(DatasetError, match="more than"):
        _fetch(tmp_path, server)
    assert (tmp_path / f"{HR}.part").stat().st_size <= 50_000


def test_check_names_what_is_missing_damaged_and_extra(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "ptb-xl"
    arguments = ["data", "ptb-xl", "--to", str(folder), "--url", server.url]
    fetched = CliRunner().invoke(main, arguments)
    assert fetched.exit_code == 0, fetched.output
    assert "4 files fetched, 0 files already whole" in fetched.stdout
    whole = CliRunner().invoke(main, [*arguments, "--check"])
    assert (whole.exit_code, whole.stdout) == (0, "")
    (folder / "LICENSE.txt").unlink()
    (folder / HR).write_bytes(FILES[HR][:-1] + b"!")
    (folder / "notes.txt").write_text("mine")
    (folder / "records100" / "x.part").write_bytes(b"")
    found = CliRunner().invoke(main, [*arguments, "--check"])
    assert found.exit_code == 1
    assert found.stdout.splitlines() == [
        "missing LICENSE.txt",
        f"damaged {HR}",
        "extra notes.txt",
        "extra records100/x.part",
    ]
    assert "4 files published, 1 missing, 1 damaged, 2 extra" in found.stderr
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert check(folder, "http://nowhere.invalid/").whole


def test_a_folder_without_a_list_is_checked_by_the_servers(server: Server, tmp_path: Path) -> None:
    (tmp_path / "LICENSE.txt").write_bytes(FILES["LICENSE.txt"])
    found = check(tmp_path, server.url)
    assert (len(found.missing), found.damaged, found.extra) == (3, (), ())
    with pytest.raises(DatasetError, match="There is no folder"):
        check(tmp_path / "absent", server.url)


def test_a_killed_download_goes_on(server: Server, tmp_path: Path) -> None:
    server.pause_s = 0.1
    command = [sys.executable, "-m", "cardiov_core", "data", "ptb-xl", "--to", str(tmp_path), "--url", server.url]
    started = subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"})
    part = tmp_path / f"{HR}.part"
    while not (part.is_file() and part.stat().st_size):
        assert started.poll() is None, "finished before it could be killed"
        time.sleep(0.01)
    started.send_signal(signal.SIGKILL)
    started.wait()
    begun = part.stat().st_size
    assert not (tmp_path / HR).exists()
    server.pause_s = 0.0
    subprocess.run(command, check=True, capture_output=True)
    assert (HR, f"bytes={begun}-") in server.ranges
    assert _contents(tmp_path) == FILES
