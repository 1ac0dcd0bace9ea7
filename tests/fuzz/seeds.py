"""What the mutants are made of: a small file of every format that is read, and real ones where there are some."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.io import savemat

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import STANDARD_LEADS, EcgRecord
from cardiov_core.io import write_record
from tests.io.carts.test_fuzz import FORMATS

Files = tuple[tuple[str, bytes], ...]
"""What is dropped together: names and contents."""

_MAX_SEED_BYTES = 1_000_000
_OF_ONE_KIND = 12
_SUFFIXES = frozenset(
    (".hea", ".dat", ".mat", ".xml", ".dcm", ".edf", ".scp", ".ecg", ".npz", ".zip", ".txt", ".csv", ".json", ".mwf")
)
# Long texts beside the records: searched for names of leads line by line, they would take half of a campaign's time.
_NO_ECGS = frozenset(("LICENSE.txt", "ptbxl_database.csv", "scp_statements.csv"))
_HEADER = "r 12 100 400\n"


def packed(files: Files, *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive of some files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return stream.getvalue()


def generated() -> tuple[Files, ...]:
    """Return one drop of each format, four seconds each."""
    record = generate("normal", seed=3, sampling_rate_hz=100, duration_s=4)
    record = replace(record, age=61.0, sex="female", recorded_at=datetime(2019, 5, 4, 10, 20, 30), patient_id="P")
    # These state no rate, or always the same one.
    fast = {name: generate("normal", seed=3, sampling_rate_hz=500, duration_s=4) for name in ("schiller", "contec")}
    carts: list[Files] = [((f"{name}.bin", make(fast.get(name, record))),) for name, make in FORMATS.items()]
    wfdb = tuple(_wfdb(record))
    return (*carts, *_arrays(record), *wfdb, *_tables(record), (("drop.zip", packed(wfdb[0])),))


def real(folder: Path) -> tuple[Files, ...]:
    """Return real files as drops: headers with their signal files, every other file alone."""
    drops: list[Files] = []
    for name in ("vendor-samples", "failing-inputs", "cinc-samples", "ludb/data", "ptb-xl-subset"):
        found = sorted(
            path
            for path in (folder / name).rglob("*")
            if path.suffix.lower() in _SUFFIXES and path.name not in _NO_ECGS
        )
        headers = [path for path in found if path.suffix == ".hea"]
        described = {path.with_suffix("") for path in headers}
        # Many records of one data set are files of one kind.
        drops += [
            _files(
                [header, *(path for path in found if path != header and path.with_suffix("") == header.with_suffix(""))]
            )
            for header in headers[:: max(1, len(headers) // _OF_ONE_KIND)]
        ]
        drops += [_files([path]) for path in found if path.with_suffix("") not in described]
    return tuple(drop for drop in drops if sum(len(content) for _, content in drop) <= _MAX_SEED_BYTES)


def _files(paths: list[Path]) -> Files:
    return tuple((path.name, path.read_bytes()) for path in paths)


def _arrays(record: EcgRecord) -> Iterator[Files]:
    signal = record.signal
    stream = io.BytesIO()
    np.save(stream, signal)
    yield (("a.npy", stream.getvalue()),)
    for save in (np.savez, np.savez_compressed):
        stream = io.BytesIO()
        save(stream, signal=signal, leads=STANDARD_LEADS, sampling_rate=100, units="mV")  # type: ignore[operator]
        yield (("a.npz", stream.getvalue()),)
    whole = np.round(signal * 1000).astype(np.int16)
    struct = {"ECG": {"data": whole, "age": 61, "sex": "F", "fs": 100, "units": "uV"}}
    for fields, version, deflated in (
        ({"val": whole}, "4", False),
        ({"val": whole}, "5", False),
        ({"val": whole}, "5", True),
        (struct, "5", False),
    ):
        stream = io.BytesIO()
        savemat(stream, fields, format=version, do_compression=deflated)  # type: ignore[arg-type]
        yield (("a.mat", stream.getvalue()),)


def _wfdb(record: EcgRecord) -> Iterator[Files]:
    for to in ("wfdb", "dicom", "csv"):
        with TemporaryDirectory() as folder:
            written = write_record(record, folder, to, name="r", keep_identity=True)  # type: ignore[arg-type]
            yield _files(list(written))
    # Formats of signal files that nothing here writes; zeros decode in all of them.
    for storage, size in (("8", 4800), ("24", 14400), ("32", 19200), ("61", 9600), ("80", 4800), ("160", 9600),
                          ("212", 7200), ("310", 6400), ("311", 6400), ("16x2", 19200), ("16:3+4", 9604)):  # fmt: skip
        lines = "".join(f"r.dat {storage} 1000/mV 16 0 0 0 0 {lead}\n" for lead in STANDARD_LEADS)
        content = bytes(range(1, 201)) * (size // 200 + 1)
        yield ("r.hea", (_HEADER + lines + "#Age: 61\n#Sex: F\n").encode()), ("r.dat", content[:size])
    stream = io.BytesIO()
    import soundfile

    counts = np.round(record.signal[:8].T * 1000).astype(np.int16)
    soundfile.write(stream, counts, 100, format="FLAC", subtype="PCM_16")
    lines = "".join(f"r.flac 516 1000/mV 16 0 0 0 0 {lead}\n" for lead in STANDARD_LEADS[:8])
    yield ("r.hea", (f"r 8 100 {len(counts)}\n" + lines).encode()), ("r.flac", stream.getvalue())


def _tables(record: EcgRecord) -> Iterator[Files]:
    rows = record.signal.T[:250]
    for separator, mark in ((",", "."), (";", ","), ("\t", ".")):
        head = separator.join(("time [s]", *record.leads))
        body = "\n".join(
            separator.join(f"{value:.3f}".replace(".", mark) for value in (index / 100, *row))
            for index, row in enumerate(rows)
        )
        yield (("t.csv", f"# units: mV\n{head}\n{body}\n".encode()),)
    samples = {f"lead{lead}": np.round(record.lead(lead) * 2000).astype(int).tolist() for lead in STANDARD_LEADS[:6]}
    raw = {"frequency": 100, "amplitudeResolution": 500, "mainsFrequency": 50, "samples": samples}
    kardia = {"recordedAt": "2019-05-04T10:20:30Z", "duration": 4000, "data": {"raw": raw}}
    yield (("k.json", json.dumps(kardia).encode()),)
