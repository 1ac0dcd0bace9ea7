"""A record as WFDB: header and signal file in format 16."""

import warnings
from pathlib import Path

import wfdb

from cardiov_core.domain import EcgRecord
from cardiov_core.io.assembly import DERIVED_COMMENT
from cardiov_core.io.export.digital import digitise


def write_wfdb(record: EcgRecord, stem: Path) -> tuple[Path, ...]:
    """Write header and signal file."""
    digital = digitise(record)
    n_leads = len(record.leads)
    started = record.recorded_at
    with warnings.catch_warnings():
        # wfdb 4.3 builds headers with pandas in a way that pandas 3.1 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        wfdb.wrsamp(
            stem.name,
            fs=record.sampling_rate,
            units=["mV"] * n_leads,
            sig_name=list(record.leads),
            d_signal=digital.counts.T,
            fmt=["16"] * n_leads,
            adc_gain=[digital.per_mv] * n_leads,
            baseline=[0] * n_leads,
            comments=list(comments_of(record)),
            base_time=None if started is None else started.time().replace(tzinfo=None),
            base_date=None if started is None else started.date(),
            write_dir=str(stem.parent),
        )
    return stem.with_name(f"{stem.name}.hea"), stem.with_name(f"{stem.name}.dat")


def comments_of(record: EcgRecord) -> tuple[str, ...]:
    """Return the facts of a record as lines that our own readers understand."""
    facts = {
        "Age": None if record.age is None else f"{record.age:g}",
        "Sex": None if record.sex is None else record.sex.capitalize(),
        "Patient": record.patient_id,
        "Device": record.device,
    }
    lines = [f"{name}: {' '.join(value.split())}" for name, value in facts.items() if value]
    if record.derived_leads:
        lines.append(f"{DERIVED_COMMENT}{', '.join(record.derived_leads)}")
    return tuple(lines)
