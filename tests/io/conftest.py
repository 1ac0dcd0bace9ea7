"""Records made by code: a 12-lead signal that obeys Einthoven, written as WFDB by hand."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.wfdb_files import wfdb_header

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
WriteWfdb = Callable[..., Path]


@pytest.fixture(scope="session")
def ecg_mv() -> np.ndarray:
    """Twelve leads, 10 s at 500 Hz, in whole microvolts; III = II - I."""
    t = np.arange(5000) / 500
    beat = np.exp(-(((t % 0.8) - 0.3) ** 2) / (2 * 0.012**2))
    wave = 0.2 * np.exp(-(((t % 0.8) - 0.55) ** 2) / (2 * 0.04**2))
    first, second = 0.6 * beat + wave, 1.0 * beat + 1.3 * wave
    chest = [(0.3 * (k + 1) - 0.8) * beat + 0.5 * wave for k in range(6)]
    # Even microvolts, so that halves of limb leads are whole ones too.
    first, second, *chest = (2 * np.round(500 * lead) / 1000 for lead in (first, second, *chest))
    rows = [
        first, second, second - first, -(first + second) / 2, first - second / 2, second - first / 2, *chest,
    ]  # fmt: skip
    return np.round(np.stack(rows), 3)


@pytest.fixture(scope="session")
def write_wfdb(ecg_mv: np.ndarray) -> WriteWfdb:
    """Write a record in format 16, 1000 per mV, and return the header's path."""

    def write(
        folder: Path,
        name: str = "rec",
        *,
        leads: Sequence[str] = LEADS,
        first_line: str | None = None,
        gain: str = "1000/mV",
        signal_mv: np.ndarray | None = None,
        comments: str = "",
        digital: np.ndarray | None = None,
    ) -> Path:
        mv = ecg_mv[: len(leads)] if signal_mv is None else signal_mv
        samples = np.round(mv * 1000).astype("<i2") if digital is None else digital.astype("<i2")
        (folder / f"{name}.dat").write_bytes(samples.T.tobytes())
        header = folder / f"{name}.hea"
        header.write_text(wfdb_header(name, samples.T, leads=leads, gain=gain, first_line=first_line) + comments)
        return header

    return write
