"""What an analysis costs beside a user's own loop, what a start costs, and how cost grows; each with its bar.

One core, one thread. Times are processor time, since a busy computer changes those least, and every ratio is taken
within this run: for each record the ways are timed one after the other, the least of `ROUNDS` counts, and the ratio is
that of the medians. The user's own loop is `wfdb.rdsamp`, the contract's filter and one eager forward pass of the same
network.

The records are copies, under new names and half their length on, of real ones where ``CARDIOV_DATA`` is set (no grader
knows them), and computed ones otherwise. They are made in a folder that is removed.

Usage: ``python benchmarks/performance.py [--records N] [--write FILE.md] [--plot FILE.png]``;
exits with 0 whatever the figures are.
"""

import argparse
import importlib.util
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import wfdb
from scipy.signal import butter, resample_poly, sosfiltfilt

from cardiov_core.backends import ConvertedNetwork, capabilities
from cardiov_core.computing import computing_by
from cardiov_core.datasets import data_root, generate
from cardiov_core.domain import Analysis, EcgRecord, InputContract
from cardiov_core.evaluation import figures_of
from cardiov_core.evaluation.study.figures import curves_of
from cardiov_core.inference import Grader, analysis_to_dict, analyze, load_predictor
from cardiov_core.io import read_record
from cardiov_core.nets import DelineatorStack, build_net
from cardiov_core.reporting import PaperOptions, ecg_drawing
from cardiov_core.signals import Examination
from cardiov_core.weights import load_delineator, load_network

NETWORK = "cardiov-compact"
ROUNDS = 2
LENGTHS_S = (10, 30, 60, 120)
COUNTS = (1, 5, 10, 20)
ROOT = Path(__file__).resolve().parents[1]
FIRST_WORDS = (
    "import os; from streamlit.testing.v1 import AppTest; from cardiov_core.ui.opening import first_screen; "
    "first_screen.warm_up = lambda: os._exit(0); AppTest.from_file('app.py', default_timeout=120).run(); os._exit(1)"
)
FIRST_PAGE = (
    "from streamlit.testing.v1 import AppTest; app = AppTest.from_file('app.py', default_timeout=120).run(); "
    "assert not app.exception"
)


@dataclass(frozen=True)
class Row:
    """A line of the table: what was measured, against what, and the bar where there is one."""

    what: str
    measured: str
    bar: str = ""
    held: bool | None = None


def write_record(name: str, rate: float, leads: Sequence[str], signal_mv: np.ndarray, folder: Path) -> Path:
    """Write samples ``(n_samples, n_leads)`` as WFDB, at a microvolt."""
    n = len(leads)
    wfdb.wrsamp(
        name, rate, ["mV"] * n, [*leads], signal_mv, fmt=["16"] * n, adc_gain=[1000.0] * n, baseline=[0] * n,
        comments=["Age: 60", "Sex: Female"], write_dir=str(folder),
    )  # fmt: skip
    return folder / f"{name}.hea"


def make_records(folder: Path, n_records: int) -> tuple[list[Path], str]:
    """Return records that no grader knows, and what they are."""
    root = data_root()
    found = sorted((root / "ptb-xl-subset").rglob("*_hr.hea")) if root else []
    paths = []
    for index in range(n_records):
        if found:
            source = wfdb.rdrecord(str(found[index * (len(found) // n_records)].with_suffix("")))
            rate, leads, signal = (
                source.fs,
                source.sig_name,
                np.roll(source.p_signal, len(source.p_signal) // 2, axis=0),
            )
        else:
            record = generate("normal", seed=index)
            rate, leads, signal = record.sampling_rate, record.leads, record.signal.T.astype(np.float64)
        paths.append(write_record(f"copy{index:03}", rate, leads, signal, folder))
    return paths, "PTB-XL, 500 Hz" if found else "computed, 500 Hz"


def own_loop(path: Path, net: torch.nn.Module, contract: InputContract) -> list[float]:
    """Do what a user without CardioV does: read, resample, filter, one forward pass."""
    signal, fields = wfdb.rdsamp(str(path.with_suffix("")))
    rate = contract.sampling_rate_hz
    resampled = resample_poly(signal.T, int(rate), int(fields["fs"]), axis=-1)
    sections = butter(contract.filter_order, contract.band_hz, "bandpass", fs=rate, output="sos")
    filtered = sosfiltfilt(sections, resampled, axis=-1)[:, : contract.n_samples]
    values = np.ascontiguousarray(filtered, dtype=np.float32)
    with torch.no_grad():
        return torch.sigmoid(net(torch.from_numpy(values)[None]))[0].tolist()


def analysis_of(path: Path, grader: Grader) -> Analysis:
    """Analyse a file as `cardiov analyze` does, to its JSON."""
    found = analyze(read_record(path), grader)
    analysis_to_dict(found)
    return found


def with_maps(path: Path, grader: Grader) -> object:
    """Analyse a file, explain the level, and draw the ECG with the attention of the last stage."""
    examination = Examination(read_record(path))
    found = analyze(examination, grader)
    explanation = grader.explain(examination)
    analysis_to_dict(found, explanation)
    return drawn(examination.record, [*explanation.stages.values()][-1])


def drawn(record: EcgRecord, attention: np.ndarray | None = None, gain: float = 10.0) -> object:
    """Draw the ECG."""
    return json.dumps(ecg_drawing(record, PaperOptions(gain_mm_mv=gain), attention=attention))


def ms_of(work: Callable[[], object]) -> float:
    """Return the milliseconds of processor time that something takes."""
    start = time.process_time()
    work()
    return 1000.0 * (time.process_time() - start)


def medians(ways: dict[str, Callable[[Path], object]], paths: Sequence[Path]) -> dict[str, float]:
    """Return the median over records of each way's least time, in ms, the ways in turn on each record."""
    for way in ways.values():
        way(paths[0])
    least = {name: [float("inf")] * len(paths) for name in ways}
    for _ in range(ROUNDS):
        for place, path in enumerate(paths):
            for name, way in ways.items():
                least[name][place] = min(least[name][place], ms_of(lambda way=way, path=path: way(path)))
    return {name: statistics.median(values) for name, values in least.items()}


def analysis_rows(paths: Sequence[Path]) -> list[Row]:
    """Time analysis, maps and display against the user's own loop."""
    grader = load_predictor(NETWORK)
    net, _ = load_network(grader.card.path)
    net.eval()
    record = read_record(paths[0])
    default = load_predictor()
    found = medians(
        {
            "own": lambda path: own_loop(path, net, grader.card.contract),
            "analysis": lambda path: analysis_of(path, grader),
            "maps": lambda path: with_maps(path, grader),
            "default": lambda path: analysis_of(path, default),
        },
        paths,
    )
    own = found["own"]
    display = min(ms_of(lambda: drawn(record, gain=20.0)) for _ in range(ROUNDS)) / 1000.0
    wide = build_net("cardiov", n_outputs=4).eval()
    values = torch.zeros(1, 12, 5000)
    with torch.no_grad():
        full = min(ms_of(lambda: wide(values)) for _ in range(ROUNDS + 1))
        low = wide.to(torch.bfloat16)
        half = min(ms_of(lambda: low(values.bfloat16())) for _ in range(ROUNDS + 1))
    alone, together = delineator_ms()
    converted = delineators_on_openvino()
    return [
        Row(f"The user's own loop with {NETWORK}, eager", f"{own:.0f} ms"),
        ratio("Analysis of a record, read to JSON, with the same network", found["analysis"], own, 1.0),
        ratio("The same with all maps and the figure", found["maps"], own, 1.6),
        ratio(f"Analysis by the default grader ({default.name})", found["default"], own, None),
        Row("A change of display, no grader asked", f"{display:.2f} s", "0.3 s", display <= 0.3),
        Row("The five delineators of a beat, one after the other", f"{alone:.0f} ms"),
        ratio("The same as one grouped network", together, alone, None),
        *(
            []
            if converted is None
            else [ratio("The same on OpenVINO", converted[0], alone, None), ready_row(*converted[1:])]
        ),
        Row("The full-width network, eager, float32", f"{full:.0f} ms"),
        ratio("The same in PyTorch's bfloat16 (not offered)", half, full, None),
        *backend_rows(net, wide.float(), full),
    ]


def backend_rows(net: torch.nn.Module, wide: torch.nn.Module, full_ms: float) -> list[Row]:
    """Time networks on OpenVINO against eager PyTorch, and what it takes to make them ready."""
    if importlib.util.find_spec("openvino") is None:
        return [Row("OpenVINO", "not installed")]
    with torch.no_grad():
        compact_ms = min(ms_of(lambda: net(torch.zeros(1, 12, 1000))) for _ in range(9))
    rows = []
    ways = [(NETWORK, net, 1000, compact_ms, None, "f32"), ("The full-width network", wide, 5000, full_ms, 0.55, "f32")]
    if "BF16" in capabilities():
        ways.append(("The full-width network in bf16", wide, 5000, full_ms, 0.35, "bf16"))
    for name, one, n_samples, eager_ms, bar, kind in ways:
        values = np.zeros((1, 12, n_samples), dtype=np.float32)
        with tempfile.TemporaryDirectory() as cache, computing_by(backend="openvino", cache=cache, precision=kind):
            first, later = ready_network(one, values), ready_network(one, values)
            taken = min(ms_of(partial(later[1].logits, values)) for _ in range(9))
        rows += [
            ratio(f"{name} on OpenVINO, against {eager_ms:.0f} ms eager", taken, eager_ms, bar),
            ready_row(first[0], later[0]),
        ]
    return rows


def ready_network(net: torch.nn.Module, values: np.ndarray) -> tuple[float, ConvertedNetwork]:
    """Return a network on OpenVINO that has answered once, and the milliseconds that it took to get there."""
    network = ConvertedNetwork(lambda: net, "benchmark", values.shape[1:])
    return ms_of(lambda: network.logits(values)), network


def delineator_ms() -> tuple[float, float]:
    """Return what the delineators of the folds take for one beat: one after the other, and as one."""
    weights = load_delineator()
    if weights is None:
        return float("nan"), float("nan")
    torch.manual_seed(0)
    beats = 0.3 * torch.randn(1, 12, 320)
    with torch.inference_mode():
        weights.together(beats)
        alone = min(ms_of(lambda: [net(beats) for net in weights.nets]) for _ in range(3 * ROUNDS))
        return alone, min(ms_of(lambda: weights.together(beats)) for _ in range(3 * ROUNDS))


def delineators_on_openvino() -> tuple[float, float, float] | None:
    """Return what the delineators take for a beat where OpenVINO is installed, and to be ready at first and later."""
    weights = load_delineator()
    if weights is None or importlib.util.find_spec("openvino") is None:
        return None
    beat = np.random.default_rng(0).normal(scale=0.3, size=(12, 320)).astype(np.float32)
    with tempfile.TemporaryDirectory() as cache, computing_by(backend="openvino", cache=cache):
        ready = []
        for _ in range(2):
            network = ConvertedNetwork(lambda: DelineatorStack(weights.nets).eval(), "benchmark", (12, 320))
            ready.append(ms_of(partial(network.outputs, beat)))
        return min(ms_of(partial(network.outputs, beat)) for _ in range(6 * ROUNDS)), ready[0], ready[1]


def ready_row(first_ms: float, later_ms: float) -> Row:
    """Return the row of what it takes to make a network ready."""
    return Row("... made ready, at first and later", f"{first_ms / 1000:.1f} s, {later_ms / 1000:.1f} s")


def ratio(what: str, value: float, against: float, bar: float | None) -> Row:
    """Return a row with time and ratio."""
    share = value / against
    return Row(
        what,
        f"{value:.0f} ms, {share:.2f} x",
        "" if bar is None else f"{bar:g} x",
        None if bar is None else share <= bar,
    )


def process_s(command: Sequence[str]) -> float:
    """Return the processor time of a whole process in seconds, the least of `ROUNDS`."""
    least = float("inf")
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *command], check=True, capture_output=True, cwd=ROOT)  # noqa: S603 - fixed commands
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        least = min(least, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return least


def start_rows(paths: Sequence[Path]) -> list[Row]:
    """Time whole processes."""
    starts = (
        ("Start: `import cardiov_core`", ["-c", "import cardiov_core"], 0.25),
        ("Start: `cardiov --help`", ["-m", "cardiov_core", "--help"], 0.4),
        ("Start: `import torch`, for comparison", ["-c", "import torch"], None),
        ("Start: `cardiov analyze` of one record, all graders", ["-m", "cardiov_core", "analyze", str(paths[0])], 2.5),
        ("Start: first words and drop zone of the first page, cold", ["-c", FIRST_WORDS], 3.0),
        ("Start: all of the first page and every grader behind it", ["-c", FIRST_PAGE], 3.0),
    )
    rows = []
    for what, command, bar in starts:
        taken = process_s(command)
        rows.append(
            Row(what, f"{taken:.2f} s", "" if bar is None else f"{bar:g} s", None if bar is None else taken <= bar)
        )
    return rows


def evaluation_rows(_paths: Sequence[Path]) -> list[Row]:
    """Time all figures, subgroups and curves of 2,203 records with 10,000 resamples."""
    import pandas as pd

    n = 2203
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 4, n)
    scores = generator.normal(size=(n, 4)) + np.eye(4)[labels]
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    table = pd.DataFrame(probabilities, columns=["p0", "p1", "p2", "p3"]).assign(
        label=labels,
        level=probabilities.argmax(axis=1),
        patient_id=generator.integers(0, 1900, n).astype(str),
        sex=generator.choice(["female", "male"], n),
        age=generator.uniform(18, 95, n),
        device=generator.choice([*"ABCDE"], n),
        site=generator.choice([*"xyz"], n),
    )
    taken = ms_of(lambda: (figures_of(table, 10_000), curves_of(table, 10_000))) / 1000.0
    what = "Evaluation: 2,203 records, 10,000 resamples, figures, subgroups, curves"
    return [Row(what, f"{taken:.0f} s", "60 s", taken <= 60)]


def growth(paths: Sequence[Path], folder: Path) -> tuple[list[float], list[float]]:
    """Return seconds by number of records, and by length of a record, for the plot."""
    grader = load_predictor(NETWORK)
    by_count = [
        ms_of(lambda n=n: [analysis_of(paths[at % len(paths)], grader) for at in range(n)]) / 1000 for n in COUNTS
    ]
    signal, fields = wfdb.rdsamp(str(paths[0].with_suffix("")))
    by_length = []
    for length_s in LENGTHS_S:
        long = np.tile(signal, (length_s // 10, 1))
        path = write_record(f"long{length_s}", fields["fs"], fields["sig_name"], long, folder)
        by_length.append(min(ms_of(lambda path=path: analysis_of(path, grader)) for _ in range(2)) / 1000)
    return by_count, by_length


def machine() -> str:
    """Name the machine by its kind."""
    names = [
        line.split(":", 1)[1].strip()
        for line in (Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else "").splitlines()
        if line.startswith("model name")
    ]
    kind, cores = names[0] if names else platform.machine(), os.cpu_count() or 1
    return f"{kind}, {cores} cores, one used; Python {platform.python_version()}, torch {torch.__version__}"


def markdown(rows: Sequence[Row]) -> str:
    """Return the table."""
    marks = {None: "", True: "held", False: "missed"}
    lines = ["| What | Measured | Bar | |", "| --- | --- | --- | --- |"]
    lines += [f"| {row.what} | {row.measured} | {row.bar} | {marks[row.held]} |" for row in rows]
    return "\n".join(lines)


def plot(by_count: Sequence[float], by_length: Sequence[float], path: Path) -> None:
    """Draw cost against records and against length."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    for axes, x, y, label in (
        (left, COUNTS, by_count, "records"),
        (right, LENGTHS_S, by_length, "length of a record (s)"),
    ):
        axes.plot(x, y, "o-", color="#1f5fa8")
        axes.set_xlabel(label)
        axes.set_ylabel("processor time (s)")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Print the table, and write it where that is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=16)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--plot", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths, what = make_records(folder, asked.records)
        rows: list[Row] = []
        for part in (analysis_rows, start_rows, evaluation_rows):
            rows += part(paths)
            print(f"{time.perf_counter() - begun:.0f} s: {part.__name__}", *rows, sep="\n  ", flush=True)
        by_count, by_length = growth(paths, folder)
    text = f"Machine: {machine()}. Records: {len(paths)} ({what}).\n\n{markdown(rows)}\n"
    text += f"\nRecords {COUNTS}: {[round(value, 2) for value in by_count]} s. "
    text += f"Lengths {LENGTHS_S} s: {[round(value, 2) for value in by_length]} s.\n"
    print(text)
    print(f"The run took {time.perf_counter() - begun:.0f} s by the clock; load {os.getloadavg()[2]:.0f}.")
    if asked.write:
        asked.write.write_text(text, encoding="utf-8")
    if asked.plot:
        plot(by_count, by_length, asked.plot)


if __name__ == "__main__":
    main()
