"""What it costs to read an upload in a process of its own: `python benchmarks/apart.py [--reads 40]`.

Processor time per file here and apart (both processes and the child together), and memory of the reading process.
Processor time, because it depends less than a clock on what else the machine does.
"""

import argparse
import tempfile
import time

import psutil

from cardiov_core.datasets import generate
from cardiov_core.io import read_uploads, reader, write_record


def spent(process: psutil.Process) -> float:
    """Return processor seconds of a process and of its children that ended."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reads", type=int, default=40)
    n_reads = parser.parse_args().reads
    record = generate("normal", seed=1, sampling_rate_hz=500, duration_s=10)
    for to in ("dicom", "wfdb", "csv"):
        with tempfile.TemporaryDirectory() as folder:
            paths = write_record(record, folder, to, name="r")  # type: ignore[arg-type]
            files = [(path.name, path.read_bytes()) for path in paths]
        for apart in (False, True):
            # Once for what is imported late, and for the process to be there.
            read_uploads(files, apart=apart)
        server = psutil.Process(reader().pid)
        began, fastest = time.process_time(), [float("inf")] * 2
        costs = []
        for apart in (False, True):
            began = time.process_time() + spent(server)
            for _ in range(n_reads):
                clock = time.perf_counter()
                read_uploads(files, apart=apart)
                fastest[apart] = min(fastest[apart], time.perf_counter() - clock)
            costs.append((time.process_time() + spent(server) - began) / n_reads)
        print(f"{to}: {1000 * costs[0]:.1f} ms of processor time here, {1000 * costs[1]:.1f} ms apart; "
              f"fastest {1000 * fastest[0]:.1f} and {1000 * fastest[1]:.1f} ms of {n_reads}")  # fmt: skip
    memory = server.memory_full_info()
    print(f"the reading process: {memory.rss / 1024**2:.0f} MB, of which {memory.uss / 1024**2:.0f} MB its own")


if __name__ == "__main__":
    main()
