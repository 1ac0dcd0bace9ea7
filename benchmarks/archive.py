"""What an archive costs: records a second and core, memory that stays, and the same beside a user's own loop.

The loop is what somebody writes who has the network and no CardioV: wfdb's rdsamp, the filter of the contract, one
eager forward of the network a record. It measures nothing and judges no quality. Rates are ratios within this run;
processor seconds a record tell what counts on a busy machine. Memory is the largest that this process and its workers
ever held, for fewer and for more records.

Usage: ``python benchmarks/archive.py FOLDER [--records 100 400] [--processes 2]``, FOLDER with WFDB records
"""

import argparse
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import psutil
import torch
import wfdb

from cardiov_core.filtering import resample
from cardiov_core.inference import BlendGrader, NetworkGrader
from cardiov_core.io import read_record
from cardiov_core.preprocessing import band_pass
from cardiov_core.scoring import Entry, Grading, Progress, Scorer, list_entries, score
from cardiov_core.signals import Examination
from cardiov_core.weights import default_name, load_network

MIB = 1024**2
Result = TypeVar("Result")
N_LOOP = 40


@contextmanager
def records(folder: Path, n: int) -> Iterator[Path]:
    """Lay out n records under new names, again and again where there are fewer."""
    headers = sorted(folder.rglob("*_hr.hea")) or sorted(folder.rglob("*.hea"))
    with tempfile.TemporaryDirectory() as temporary:
        for at in range(n):
            header = headers[at % len(headers)]
            name = f"copy{at:06d}"
            target = Path(temporary) / f"{at // 1000:04d}"
            target.mkdir(exist_ok=True)
            text = header.read_text(encoding="utf-8").replace(header.stem, name)
            (target / f"{name}.hea").write_text(text, encoding="utf-8")
            shutil.copy(header.with_suffix(".dat"), target / f"{name}.dat")
        yield Path(temporary)


class Peak:
    """The largest memory that this process' workers have held, all together, in MiB."""

    def __init__(self) -> None:
        self.workers_mib, self.own_mib = 0.0, 0.0

    def look(self, progress: Progress) -> None:
        """Look at all of them now."""
        own = psutil.Process()
        self.own_mib = max(self.own_mib, own.memory_info().rss / MIB)
        if progress.done:
            children = sum(each.memory_info().rss for each in own.children() if each.is_running())
            self.workers_mib = max(self.workers_mib, children / MIB)


def worked_s() -> float:
    """Return the processor time of this process and of those that it ended, in seconds."""
    own, ended = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def time_loop(folder: Path, n: int) -> float:
    """Print and return the records a second of a user's own loop."""
    net, card = load_network("cardiov-compact")
    contract = card.contract
    net.eval()
    headers = list(islice(sorted(folder.rglob("*.hea")), n))
    begun, worked = time.perf_counter(), worked_s()
    for header in headers:
        signal, fields = wfdb.rdsamp(str(header.with_suffix("")))
        values = resample(signal.T, fields["fs"], contract.sampling_rate_hz)
        values = band_pass(values, contract.sampling_rate_hz, contract.band_hz, contract.filter_order)
        with torch.no_grad():
            net(torch.from_numpy(values[None, :, : contract.n_samples].astype("float32")))
    elapsed, worked = time.perf_counter() - begun, worked_s() - worked
    print(f"user's own loop      {n / elapsed:.2f} records a second, {1000 * worked / n:.0f} ms of processor time each")
    return n / elapsed


def time_stages(folder: Path, n: int) -> None:
    """Print where the processor time of a record goes: means of n records, one thread."""
    scorer = Scorer(Grading(default_name()))
    entries = [one for one in list_entries(str(folder)) if isinstance(one, Entry)][: n + 1]
    scorer.row_of(entries[0])
    spent: dict[str, float] = {}

    def timed(name: str, step: Callable[[], Result]) -> Result:
        begun = time.process_time()
        result = step()
        spent[name] = spent.get(name, 0.0) + time.process_time() - begun
        return result

    members = scorer.predictor.members if isinstance(scorer.predictor, BlendGrader) else (scorer.predictor,)
    network = next((member for member in members if isinstance(member, NetworkGrader)), None)
    if network is not None:
        # The first record may have trained the grader, which then asks no network: it is made ready here.
        network.predict(read_record(entries[0].place.file))
    seen = []
    for entry in entries[1:]:
        record = timed("reading", partial(read_record, entry.place.file))
        ecg = Examination(record)
        seen.append(ecg)
        timed("quality", lambda ecg=ecg: ecg.quality)
        timed("measurements", lambda ecg=ecg: ecg.measurements)
        timed("findings", lambda ecg=ecg: ecg.findings)
        if network is not None:
            timed("network", partial(network.predict, ecg))
        timed("all the rest", partial(scorer.judged, ecg))
    print(f"one record           {1000 * sum(spent.values()) / n:.0f} ms of processor time, mean of {n}")
    if network is not None:
        timed("network, in a batch", partial(network.predict_batch, seen))
    for name, seconds in spent.items():
        print(f"  {name:<19}{1000 * seconds / n:.1f} ms")


def time_run(folder: Path, n: int, n_processes: int) -> float:
    """Print a run's rate and memory; return the rate."""
    peak = Peak()
    with tempfile.TemporaryDirectory() as out, records(folder, n) as source:
        begun, worked = time.perf_counter(), worked_s()
        grading = Grading(default_name())
        summary = score(str(source), Path(out) / "levels", grading, n_processes=n_processes, tell=peak.look)
        elapsed, worked = time.perf_counter() - begun, worked_s() - worked
    if summary.n_errors:
        sys.exit(f"{summary.n_errors} of {n} records could not be read")
    print(
        f"{n:>6} records       {n / elapsed:.2f} a second with {n_processes} processes, {1000 * worked / n:.0f} ms of "
        f"processor time each, start included; {peak.own_mib:.0f} MiB here, {peak.workers_mib:.0f} MiB in the workers"
    )
    return n / elapsed


def main() -> None:
    """Measure the loop, a record, and runs of several lengths."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--records", type=int, nargs="+", default=[100, 400])
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    rates = [time_run(options.folder, n, options.processes) for n in options.records]
    with records(options.folder, N_LOOP) as source:
        time_stages(source, N_LOOP - 1)
        loop = time_loop(source, N_LOOP)
    print(f"beside the loop      {rates[-1] / loop:.2f} x its records a second")


if __name__ == "__main__":
    main()
