"""Records in WFDB format 16, and PTB-XL's table, as tests write them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cardiov_core.domain import STANDARD_LEADS

PTBXL_HEAD = "ecg_id,patient_id,age,sex,device,recording_date,scp_codes,strat_fold,filename_lr,filename_hr"


def wfdb_header(
    name: str,
    samples: np.ndarray,
    rate_hz: int = 500,
    *,
    leads: Sequence[str] = STANDARD_LEADS,
    gain: str = "1000(0)/mV",
    first_line: str | None = None,
) -> str:
    """The header of samples ``(n_samples, n_leads)``."""
    lines = [first_line or f"{name} {len(leads)} {rate_hz} {len(samples)}"]
    for column, lead in zip(samples.T, leads, strict=True):
        checksum = int(column.sum(dtype=np.int64)) % 65536
        lines.append(f"{name}.dat 16 {gain} 16 0 {column[0]} {checksum} 0 {lead}")
    return "\n".join([*lines, ""])


def write_wfdb(
    folder: Path,
    name: str,
    samples: np.ndarray,
    rate_hz: int = 500,
    *,
    leads: Sequence[str] = STANDARD_LEADS,
    gain: str = "1000(0)/mV",
) -> None:
    """Write header and signal file; the folder is made where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.hea").write_text(wfdb_header(name, samples, rate_hz, leads=leads, gain=gain), encoding="ascii")
    (folder / f"{name}.dat").write_bytes(samples.astype("<i2").tobytes())
