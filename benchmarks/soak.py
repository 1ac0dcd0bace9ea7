"""Many people at once: real websocket sessions against a real server on the loopback address, each with its own ECG.

Each session connects as a browser does, uploads its record, takes the answer off the wire, looks at it again, and
leaves; then it comes back. Every answer must be, word for word, the one that the same record got when it was alone on
the server. Prints tried, survived and lost, the 95th percentile of waiting, memory per session, and what has grown
after all have left.

    python benchmarks/soak.py [--sessions 50] [--minutes 10]
"""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from cardiov_core.datasets import generate
from cardiov_core.io import write_record

ROOT = Path(__file__).resolve().parents[1]
CONDITIONS = (
    "normal", "atrial_fibrillation", "left_bundle_branch_block", "inferior_st_elevation", "third_degree_block",
    "premature_ventricular_complexes",
)  # fmt: skip
PATIENCE_S = 300.0
RERUN_S = 2.0
LOOKS = 2
ANSWERED = 'aria-label="Evidence"'
"""What the page holds once the level is there."""
SETTLE_S = 150.0
"""Streamlit keeps a session that lost its connection for two minutes, with an event loop of its own."""


@dataclass
class Tally:
    """What the sessions met: answers, faults by kind, and seconds from the upload to the answer."""

    answers: int = 0
    sessions: int = 0
    faults: list[str] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)


class Visitor:
    """One browser session: what the server sends is kept as a browser keeps it."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._known: dict[str, ForwardMsg] = {}
        self._texts: dict[tuple[int, ...], str] = {}
        self._uploader = ""
        self._session_id = ""
        self._urls: Any = None
        self._states: Any = None

    async def visit(self, name: str, content: bytes) -> tuple[list[frozenset[str]], float]:
        """Upload a record; return what the page said, first and on each later look, and how long the first took."""
        # No connection is used twice: the server closes an idle one after five seconds, as a browser knows.
        once = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(base_url=f"http://{self._address}", timeout=PATIENCE_S, limits=once) as web:
            # Its cookie guards uploads, as in a browser.
            greeted = await web.get("/_stcore/health")
            cookie = greeted.headers.get("set-cookie", "").partition(";")[0]
            token = cookie.partition("=")[2].strip('"')
            web.headers["Cookie"] = cookie
            async with websockets.connect(
                f"ws://{self._address}/_stcore/stream",
                subprotocols=[websockets.Subprotocol("streamlit"), websockets.Subprotocol(token or "none")],
                additional_headers={"Cookie": cookie},
                max_size=None,
                ping_interval=None,
            ) as wire:
                await self._run(wire)
                began = time.monotonic()
                await self._upload(web, wire, name, content, token)
                said = [self._said()]
                waited = time.monotonic() - began
                for _ in range(LOOKS):
                    await self._run(wire)
                    said.append(self._said())
                return said, waited

    async def _run(self, wire: Any, *, states: Any = None) -> None:
        back = BackMsg()
        back.rerun_script.query_string = ""
        if states is not None:
            back.rerun_script.widget_states.CopyFrom(states)
        await wire.send(back.SerializeToString())
        await self._until(wire, "script_finished")

    async def _until_level(self, wire: Any) -> None:
        """Wait for the whole answer: the trace stands there first, and the page runs once more for the level."""
        while not any(ANSWERED in text for text in self._texts.values()):
            try:
                await self._until(wire, "script_finished", RERUN_S)
            except TimeoutError:
                await self._run(wire)

    async def _upload(self, web: httpx.AsyncClient, wire: Any, name: str, content: bytes, token: str) -> None:
        back = BackMsg()
        back.file_urls_request.request_id = "r"
        back.file_urls_request.file_names.append(name)
        back.file_urls_request.session_id = self._session_id
        await wire.send(back.SerializeToString())
        await self._until(wire, "file_urls_response")
        urls = self._urls.file_urls[0]
        sent = await web.put(urls.upload_url, files={"file": (name, content)}, headers={"X-Xsrftoken": token})
        sent.raise_for_status()
        back = BackMsg()
        state = back.rerun_script.widget_states.widgets.add()
        state.id = self._uploader
        info = state.file_uploader_state_value.uploaded_file_info.add()
        info.name, info.size, info.file_id = name, len(content), urls.file_id
        info.file_urls.CopyFrom(urls)
        await self._run(wire, states=back.rerun_script.widget_states)
        await self._until_level(wire)

    async def _until(self, wire: Any, kind: str, patience_s: float = PATIENCE_S) -> None:
        while True:
            message = ForwardMsg()
            message.ParseFromString(await asyncio.wait_for(wire.recv(), patience_s))
            if message.WhichOneof("type") == "ref_hash":
                message = self._known[message.ref_hash]
            elif message.hash:
                self._known[message.hash] = message
            self._take(message)
            # A run that the next one ended says so; its page is half of one.
            if message.WhichOneof("type") == kind and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._session_id = message.new_session.initialize.session_id
            self._texts = {}
        elif kind == "file_urls_response":
            self._urls = message.file_urls_response
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            what = element.WhichOneof("type")
            if what == "file_uploader" and not self._uploader:
                self._uploader = element.file_uploader.id
            if what in {"markdown", "html", "heading", "alert"}:
                self._texts[tuple(message.metadata.delta_path)] = str(getattr(element, what).body)

    def _said(self) -> frozenset[str]:
        # What differs from visit to visit: scripts with tokens, and times.
        return frozenset(text for text in self._texts.values() if text and "<script" not in text)


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Run the app on a free port until it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.headless=true"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1"]
    environment = {**os.environ, "CARDIOV_REVIEW_DB": str(folder / "review.db"), "PYTHONPATH": str(ROOT)}
    log = (folder / "server.log").open("w")
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)  # noqa: S603 - this Python
    try:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5).read()
                break
            except OSError:
                if time.monotonic() > deadline or server.poll() is not None:
                    raise
                time.sleep(0.3)
        yield f"127.0.0.1:{port}", psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait()
        log.close()


def records(folder: Path, number: int) -> list[tuple[str, bytes]]:
    """Make one DICOM file per session: a heart, an age and a name of its own."""
    files = []
    for index in range(number):
        record = generate(CONDITIONS[index % len(CONDITIONS)], seed=index, sampling_rate_hz=500, duration_s=10)
        record = replace(
            record, age=float(20 + index % 70), sex=("female", "male")[index % 2], patient_id=f"SOAK{index}"
        )
        (path,) = write_record(record, folder, "dicom", name=f"soak-{index:03d}", keep_identity=True)
        files.append((path.name, path.read_bytes()))
    return files


def used(server: psutil.Process) -> tuple[float, int, int]:
    """Return MB, threads and open files of the server and its children."""
    total = 0
    for process in [server, *server.children(recursive=True)]:
        # A child reads one file and is gone.
        with suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss
    return total / 1024**2, server.num_threads(), server.num_fds()


async def crowd(
    address: str, files: list[tuple[str, bytes]], expected: list[frozenset[str]], seconds: float, tally: Tally
) -> None:
    """Let all sessions come and go until the time is over."""
    end = time.monotonic() + seconds
    names = [name.removesuffix(".dcm") for name, _ in files]

    async def _person(index: int) -> None:
        while time.monotonic() < end:
            tally.sessions += 1
            try:
                said, waited = await Visitor(address).visit(*files[index])
            except (OSError, TimeoutError, httpx.HTTPError, websockets.WebSocketException) as error:
                tally.faults.append(f"{names[index]}: no answer ({type(error).__name__}: {error})")
                continue
            tally.waits_s.append(waited)
            for look, one in enumerate(said):
                tally.answers += 1
                page = "\n".join(one)
                if others := [other for other in names if other != names[index] and other in page]:
                    tally.faults.append(f"{names[index]}: got {others[0]}'s answer")
                elif one != expected[index]:
                    lacks, more = sorted(expected[index] - one)[:2], sorted(one - expected[index])[:2]
                    tally.faults.append(f"{names[index]}: another answer, look {look}: lacks {lacks}, has {more}")

    await asyncio.gather(*(_person(index) for index in range(len(files))))


def main() -> int:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, served(Path(temporary)) as (address, server):
        files = records(Path(temporary), options.sessions)
        expected = [asyncio.run(Visitor(address).visit(*file))[0][0] for file in files]
        distinct = len(set(expected))
        before, tally, peak = used(server), Tally(), [0.0]

        async def _all() -> None:
            work = asyncio.ensure_future(crowd(address, files, expected, 60 * options.minutes, tally))
            while not work.done():
                peak[0] = max(peak[0], used(server)[0])
                await asyncio.wait([work], timeout=2.0)
            await work

        asyncio.run(_all())
        time.sleep(SETTLE_S)
        # A later visit makes the server let the others go.
        asyncio.run(Visitor(address).visit(*files[0]))
        after = used(server)
        log = (Path(temporary) / "server.log").read_text()
    waits = sorted(tally.waits_s) or [0.0]
    print(
        f"{options.sessions} sessions at a time for {options.minutes:g} minutes; {distinct} different answers expected"
    )
    print(f"tried     {tally.answers} answers in {tally.sessions} sessions")
    print(f"survived  {tally.answers - len(tally.faults)}")
    print(f"lost      {len(tally.faults)}")
    print(f"from upload to answer: median {waits[len(waits) // 2]:.1f} s, 95th percentile "
          f"{waits[min(len(waits) - 1, int(0.95 * len(waits)))]:.1f} s")  # fmt: skip
    print(f"memory: {before[0]:.0f} MB before, {peak[0]:.0f} MB at most, {after[0]:.0f} MB after; "
          f"{(peak[0] - before[0]) / options.sessions:.1f} MB per session")  # fmt: skip
    print(f"threads {before[1]} before, {after[1]} after; open files {before[2]} before, {after[2]} after")
    for line in tally.faults[:20]:
        print(f"  {line[:400]}")
    if "Traceback" in log:
        print(log[-3000:])
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
