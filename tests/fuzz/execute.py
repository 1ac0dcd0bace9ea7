"""One execution: a drop is read as the app reads it, and what comes out is checked and measured."""

import os
import re
import resource
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np

from cardiov_core.domain import EcgRecord
from cardiov_core.errors import CardioVError
from cardiov_core.io import read_uploads, write_record
from tests.fuzz.seeds import Files

LIMIT_CPU_S = 5.0
LIMIT_MB = 500.0
_FOLLOWED = ("cardiov_core/io/", "/ecgdatakit/", "/pydicom/", "/edfio/", "/scipy/io/")
_VARYING = re.compile(r"[0-9.]+|'[^']*'")


class FaultError(AssertionError):
    """What came out is neither a sound record nor an error in words."""


@dataclass(frozen=True)
class Outcome:
    """What became of a drop: kinds of results, processor seconds, peak of memory in MB, and the lines that ran."""

    kinds: tuple[str, ...]
    cpu_s: float
    peak_mb: float
    lines: frozenset[tuple[str, int]]


class Tracer:
    """Which lines of readers and decoders ran."""

    def __init__(self) -> None:
        self._followed: dict[CodeType, bool] = {}
        self.lines: set[tuple[str, int]] = set()

    def __call__(self, frame: FrameType, event: str, argument: object) -> Any:
        """Enter a function."""
        code = frame.f_code
        known = self._followed.get(code)
        if known is None:
            name = code.co_filename
            known = self._followed[code] = any(part in name for part in _FOLLOWED)
        return self._line if known else None

    def _line(self, frame: FrameType, event: str, argument: object) -> Any:
        self.lines.add((frame.f_code.co_filename, frame.f_lineno))
        return self._line


def execute(drop: Files, *, stated: bool, export: bool, tracer: Tracer | None = None) -> Outcome:
    """Read a drop.

    Parameters
    ----------
    drop : tuple of (str, bytes)
        Names and contents.
    stated : bool
        Whether rate and units are stated beside the files.
    export : bool
        Whether records are written in every format as well.
    tracer : Tracer, optional
        Notes the lines that run.

    Raises
    ------
    FaultError
        If a result breaks its promises.
    """
    begin_peak()
    began = time.process_time()
    if tracer is not None:
        tracer.lines = set()
        sys.settrace(tracer)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kinds = _results(drop, stated=stated, export=export)
    finally:
        sys.settrace(None)
    lines = frozenset(tracer.lines) if tracer is not None else frozenset()
    return Outcome(kinds, time.process_time() - began, peak_mb(), lines)


def _results(drop: Files, *, stated: bool, export: bool) -> tuple[str, ...]:
    uploads = read_uploads(drop, sampling_rate=500.0 if stated else None, units="uV" if stated else None)
    kinds = []
    for upload in uploads:
        if (upload.record is None) == (upload.error is None):
            raise FaultError("neither a record nor an error, or both")
        if upload.record is not None:
            _check_record(upload.record)
            if export:
                _check_exports(upload.record)
            kinds.append(f"{upload.record.provenance.format}, {len(upload.record.warnings)} warnings")
        elif upload.error is not None:
            _check_error(upload.error)
            # Its cure is a sentence of ours; the message quotes the file, and no two mutants would be alike.
            kinds.append(f"{type(upload.error).__name__} {_VARYING.sub('', upload.error.hint)[:60]}")
    return tuple(kinds)


def _check_record(record: EcgRecord) -> None:
    if record.signal.shape != (len(record.leads), record.n_samples):
        raise FaultError(f"{record.signal.shape} samples of {len(record.leads)} leads")
    if np.isinf(record.signal).any():
        raise FaultError("an infinite sample")
    if not (np.isfinite(record.sampling_rate) and record.sampling_rate > 0):
        raise FaultError(f"a rate of {record.sampling_rate}")


def _check_error(error: CardioVError) -> None:
    if not error.hint or not error.message:
        raise FaultError("an error without a hint")
    if tempfile.gettempdir() in error.message:
        raise FaultError("an error that names a place of this machine")


def _check_exports(record: EcgRecord) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for to in ("wfdb", "dicom", "csv"):
            try:
                write_record(record, Path(folder) / to, to)  # type: ignore[arg-type]
            except CardioVError as error:
                _check_error(error)


def begin_peak() -> None:
    """Begin to measure the peak of memory anew, where the system lets a process do so."""
    if sys.platform == "linux" and os.access("/proc/self/clear_refs", os.W_OK):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> float:
    """Return the peak of this process's memory in MB, since `begin_peak` on Linux, else since its start."""
    if sys.platform == "linux":
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)
