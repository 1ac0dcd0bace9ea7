"""A record as CSV: rate and units in comments, a column per lead."""

from pathlib import Path

import numpy as np

from cardiov_core.domain import EcgRecord
from cardiov_core.io.export.wfdb_writer import comments_of


def write_csv(record: EcgRecord, path: Path) -> tuple[Path, ...]:
    """Write a table in mV, with seven digits a sample (all that float32 holds); an empty cell is a missing sample."""
    started = () if record.recorded_at is None else (f"Recorded at: {record.recorded_at.isoformat()}",)
    comments = (f"sampling_rate: {record.sampling_rate:.10g}", "units: mV", *comments_of(record), *started)
    rows = [
        ",".join("" if np.isnan(value) else f"{value:.7g}" for value in row) for row in record.signal.T.astype(float)
    ]
    lines = [*(f"# {comment}" for comment in comments), ",".join(record.leads), *rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return (path,)
