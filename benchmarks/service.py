"""How `cardiov serve` bears many requests at once: none lost, none mixed up, and how long each waited.

Starts the service on the loopback address, sends each record alone, then all at once, and compares every answer with
the one that its record got alone. Every fifth client hangs up beside them. Exits with 1 where an answer is missing or
another record's.

Usage: ``python benchmarks/service.py [--requests 50] [--processes 2] [--model NAME]``
"""

import argparse
import asyncio
import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np

from cardiov_core.datasets import generate
from cardiov_core.io import write_record

Body = list[tuple[str, tuple[str, bytes]]]
N_RECORDS = 10
WAIT_S = 600.0


def bodies(folder: Path) -> dict[str, Body]:
    """Return the files of different ECGs by the record's name."""
    found: dict[str, Body] = {}
    for seed in range(N_RECORDS):
        name = f"record{seed}"
        paths = write_record(generate("normal", seed=seed), folder / name, "wfdb")
        found[name] = [("file", (path.name, path.read_bytes())) for path in paths]
    return found


@contextmanager
def service(processes: int, model: str | None) -> Iterator[str]:
    """Run the service and return its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "cardiov_core", "serve", "--port", str(port), "--processes", str(processes)]
    command += ["--timeout", str(WAIT_S), *(["--model", model] if model else [])]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - this package
    address = f"http://127.0.0.1:{port}"
    try:
        while running.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{address}/health", timeout=10).status_code == 200:
                    break
            time.sleep(0.2)
        yield address
    finally:
        running.terminate()
        running.wait()


async def asked(client: httpx.AsyncClient, name: str, body: Body) -> tuple[str, str, float]:
    """Return a record's name, what the service said of it, and the seconds that took."""
    begun = time.perf_counter()
    reply = await client.post("/v1/analyze", files=body)
    return name, reply.text if reply.status_code == 200 else f"HTTP {reply.status_code}", time.perf_counter() - begun


async def hangs_up(client: httpx.AsyncClient, body: Body) -> None:
    """Send a request and go away."""
    with contextlib.suppress(httpx.HTTPError):
        await client.post("/v1/analyze", files=body, timeout=0.2)


async def loaded(address: str, found: dict[str, Body], n_requests: int) -> int:
    """Print the figures; return how many answers are missing or another record's."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=address, timeout=WAIT_S, limits=limits) as client:
        alone = [await asked(client, name, body) for name, body in found.items()]
        known = {name: said for name, said, _ in alone}
        names = [list(found)[at % len(found)] for at in range(n_requests)]
        begun = time.perf_counter()
        answers, _ = await asyncio.gather(
            asyncio.gather(*(asked(client, name, found[name]) for name in names)),
            asyncio.gather(*(hangs_up(client, found[name]) for name in names[::5])),
        )
        elapsed = time.perf_counter() - begun
    # Ten different answers: one that went to another request would be seen.
    wrong = sum(said != known[name] for name, said, _ in answers) if len({*known.values()}) == N_RECORDS else n_requests
    seconds = np.array([one for _, _, one in answers])
    print(f"alone                {np.median([one for _, _, one in alone]):.2f} s a request, median of {len(alone)}")
    print(
        f"{n_requests} at once           {elapsed:.1f} s, {n_requests / elapsed:.1f} a second, {wrong} lost or mixed up"
    )
    print(f"waiting              median {np.median(seconds):.1f} s, 95th percentile {np.quantile(seconds, 0.95):.1f} s")
    return int(wrong)


def main() -> None:
    """Start the service, load it, and say how it did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=50)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--model")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, service(options.processes, options.model) as address:
        sys.exit(asyncio.run(loaded(address, bodies(Path(folder)), options.requests)) > 0)


if __name__ == "__main__":
    main()
