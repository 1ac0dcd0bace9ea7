"""What a file format's rounding does to the level: real records written in each format, read back and graded.

Prints the table of docs/method/formats.md. Run from the repository's root: ``python -m benchmarks.format_differences``.
The formats are written by the tests' own makers (tests/io/carts/cart_files.py); the default grader grades both sides,
never the out-of-fold table, so that the difference is the format's alone. Exits with 1 where a format that stores
1 uV changes a level or moves a probability by more than 0.02.
"""

import importlib.util
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np

from cardiov_core.datasets import find_ptbxl
from cardiov_core.domain import EcgRecord
from cardiov_core.inference import load_predictor
from cardiov_core.io import read_record, write_record

N_RECORDS = 50
LIMIT = 0.02
_MAKERS = Path(__file__).resolve().parents[1] / "tests" / "io" / "carts" / "cart_files.py"


def _load_makers() -> ModuleType:
    # By path: other packages install a top-level `tests`, too.
    spec = importlib.util.spec_from_file_location("cart_files", _MAKERS)
    if spec is None or spec.loader is None:
        raise ImportError(str(_MAKERS))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make = _load_makers()

MAKERS: dict[str, tuple[float, Callable[[EcgRecord], bytes]]] = {
    "DICOM": (1.0, make.dicom),
    "HL7 aECG": (1.0, make.aecg),
    "SCP-ECG": (1.0, make.scp),
    "SCP-ECG, Huffman": (1.0, lambda record: make.scp(record, compressed=True)),
    "EDF+": (1.0, make.edf),
    "Philips Sierra XML, XLI": (1.0, lambda record: make.sierra(record, step_uv=1.0)),
    "GE MUSE XML, eight leads": (1.0, lambda record: make.muse(record, step_uv=1.0)),
    "MFER": (2.0, make.mfer),
    "ISHNE": (2.5, make.ishne),
    "Mortara XML": (2.5, make.mortara),
    "GE MUSE XML, eight leads (as carts write it)": (4.88, make.muse),
    "Philips Sierra XML, XLI (as carts write it)": (5.0, make.sierra),
}


def main() -> int:
    """Print the table and return the exit status."""
    ptbxl = find_ptbxl()
    if ptbxl is None:
        print("no PTB-XL: set CARDIOV_DATA to the folder that holds ptb-xl-subset")
        return 1
    predictor = load_predictor()
    ids = [int(number) for number in ptbxl.table.index]
    records = [ptbxl.record(number) for number in ids[:: max(1, len(ids) // N_RECORDS)][:N_RECORDS]]
    before = [predictor.predict(record) for record in records]
    print(
        f"| Format | Stored step | Largest error | Levels kept, of {len(records)} | Largest change of a probability |"
    )
    print("|---|---|---|---|---|")
    failed = False
    for name, (step_uv, maker) in {**MAKERS, **_writers()}.items():
        errors, changes, kept = [], [], 0
        for record, prediction in zip(records, before, strict=True):
            back = _read_back(maker, record)
            errors.append(1000 * float(np.abs(back.signal - record.signal).max()))
            after = predictor.predict(back)
            changes.append(float(np.abs(np.subtract(after.probabilities, prediction.probabilities)).max()))
            kept += after.severity == prediction.severity
        worst = f"{max(changes):.4f}" if max(changes) >= 1e-4 else "< 0.0001"
        print(f"| {name} | {step_uv:g} uV | {max(errors):.2f} uV | {kept} | {worst} |", flush=True)
        failed |= step_uv == 1.0 and (kept < len(records) or max(changes) > LIMIT)
    return int(failed)


def _read_back(maker: Callable[[EcgRecord], bytes], record: EcgRecord) -> EcgRecord:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ecg.bin"
        path.write_bytes(maker(record))
        # What is measured is the rounding: some formats state no age, which a grader by measurements asks for.
        return replace(read_record(path), age=record.age, sex=record.sex)


def _writers() -> dict[str, tuple[float, Callable[[EcgRecord], bytes]]]:
    """Our own writers, as one file each."""

    def written(to: str) -> Callable[[EcgRecord], bytes]:
        def write(record: EcgRecord) -> bytes:
            with tempfile.TemporaryDirectory() as folder:
                return write_record(record, folder, to)[0].read_bytes()  # type: ignore[arg-type]

        return write

    return {"DICOM, by cardiov convert": (1.0, written("dicom")), "CSV, by cardiov convert": (1.0, written("csv"))}


if __name__ == "__main__":
    sys.exit(main())
