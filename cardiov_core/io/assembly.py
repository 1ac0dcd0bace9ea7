"""From the channels of any file format to an :class:`~cardiov_core.domain.EcgRecord`: one way for all readers."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Float64Array, FloatArray, MachineReading, Provenance, Sex
from cardiov_core.errors import MissingMetadataError, RecordFormatError, RecordUnsupportedError
from cardiov_core.io.leads import (
    UNITS_HINT,
    missing_limb_leads,
    mv_per_unit,
    standard_lead,
    standard_leads,
)

MIN_RATE_HZ = 80.0
MAX_RATE_HZ = 2000.0
MIN_DURATION_S = 2.0
# A megavolt: nothing but a damaged file; wrong gains stay far below and are the quality gate's to notice.
MAX_SAMPLE_MV = 1e9
# Nobody has grown older than 122. What files say beyond stands for 'not stated': 999, 300, 255, an age since 1900.
MAX_AGE = 120.0

DERIVED_COMMENT = "Derived leads: "
"""How our own files say which of their leads were computed when they were written."""

_FIELD_NAMES = {"sampling_rate": "its sampling rate", "units": "its units", "leads": "the names of its leads"}
_FIELD_CURES = {
    "sampling_rate": "give the rate in Hz (--rate)",
    "units": "give the units of the samples, such as mV or uV (--units)",
    "leads": "name the columns by lead (I, II, III, aVR, aVL, aVF, V1-V6)",
}


@dataclass(frozen=True)
class ReadOptions:
    """What the caller said about a file that may not say it itself."""

    sampling_rate: float | None = None  # in Hz, for files that do not state it
    units: str | None = None  # units of the samples, for files that do not state them
    gain_factor: float = 1.0  # factor that a reader confirmed for a wrong gain


@dataclass(frozen=True, eq=False)
class Channels:
    """The content of a file before leads are named and ordered."""

    path: Path  # the file that was opened
    format: str  # name of the format
    signal_mv: npt.NDArray[np.floating]  # shape ``(n_channels, n_samples)``, in mV
    names: tuple[str, ...]  # names of the channels as the file spells them
    sampling_rate: float  # in Hz
    files: tuple[str, ...]  # names of all files read
    sha256: str  # SHA-256 of their bytes, in that order
    gains_per_mv: tuple[float, ...] | None = None  # digital units per mV a channel
    # As in `EcgRecord`.
    age: float | None = None
    sex: Sex | None = None
    recorded_at: datetime | None = None
    patient_id: str | None = None
    device: str | None = None
    comments: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    machine: MachineReading | None = None
    derived_leads: tuple[str, ...] = ()  # channels that the file itself says were computed, as it spells them


def sha256_of(*contents: bytes) -> str:
    """Return the SHA-256 over the given bytes, in their order, as hexadecimal digits."""
    digest = hashlib.sha256()
    for content in contents:
        digest.update(content)
    return digest.hexdigest()


def missing(name: str, fields: Sequence[str]) -> MissingMetadataError:
    """Build the error of a file that does not say all it must."""
    what = " and ".join(_FIELD_NAMES[one] for one in fields)
    cure = "; ".join(_FIELD_CURES[one] for one in fields)
    return MissingMetadataError(f"{name} does not state {what}.", f"{cure[0].upper()}{cure[1:]}.", tuple(fields))


def scale_to_mv(name: str, unit: str) -> float:
    """Return the factor that turns samples in `unit` into mV."""
    factor = mv_per_unit(unit)
    if factor is None:
        raise RecordUnsupportedError(f"{name} states the unit '{unit}', which is no unit of an ECG.", UNITS_HINT)
    return factor


def check_rate(name: str, rate_hz: float) -> float:
    """Return the rate where it is one that an ECG can have."""
    if not np.isfinite(rate_hz) or rate_hz <= 0:
        raise RecordFormatError(
            f"{name} states a sampling rate of {rate_hz:g} Hz.",
            "Correct the rate in the file; ask the source of the record for it.",
        )
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise RecordUnsupportedError(
            f"{name} is sampled at {rate_hz:g} Hz; {MIN_RATE_HZ:g}-{MAX_RATE_HZ:g} Hz are accepted.",
            "Export the record at 100-1000 Hz, or correct the rate if it is wrong.",
        )
    return float(rate_hz)


def standard_rows(names: Sequence[str], file_name: str) -> tuple[dict[str, int], tuple[str, ...]]:
    """Find the standard leads among a file's channels.

    Returns lead -> index of its channel, and the names that are no standard lead.
    """
    rows: dict[str, int] = {}
    others: list[str] = []
    for index, (name, lead) in enumerate(zip(names, standard_leads(names), strict=True)):
        if lead is None:
            others.append(name)
        elif lead in rows:
            raise RecordFormatError(
                f"{file_name} has lead {lead} twice ('{names[rows[lead]]}' and '{name}').",
                "Keep one channel per lead, or correct the names.",
            )
        else:
            rows[lead] = index
    if not rows:
        shown = ", ".join(f"'{name[:30]}'" for name in others[:15]) or "none"
        raise RecordUnsupportedError(
            f"{file_name} has no ECG lead among its channels; the names seen are: {shown}.",
            f"Name the channels by lead: {', '.join(STANDARD_LEADS)}.",
        )
    return rows, tuple(others)


def _declared_derived(channels: Channels) -> frozenset[str]:
    """Return the leads of which the file says that they were computed before it was written."""
    derived = [comment.removeprefix(DERIVED_COMMENT) for comment in channels.comments if DERIVED_COMMENT in comment]
    names = [*channels.derived_leads, *(name for text in derived for name in text.split(","))]
    return frozenset(lead for name in names if (lead := standard_lead(name)) is not None)


def _completed(signal: FloatArray, leads: list[str]) -> tuple[FloatArray, list[str], tuple[str, ...]]:
    """Add the limb leads that follow from the recorded ones, and bring all into the standard order."""
    computed, derived = missing_limb_leads(signal, leads)
    names = [*leads, *derived]
    order = sorted(range(len(names)), key=lambda index: STANDARD_LEADS.index(names[index]))
    return np.concatenate([signal, computed])[order], [names[index] for index in order], derived


def assemble(channels: Channels, options: ReadOptions) -> EcgRecord:
    """Make a record of a file's channels: standard leads in standard order, limb leads complete, checked.

    `options`: what the caller stated; a rate that differs from the file's is not used and warned of.
    """
    name = channels.path.name
    rate_hz = check_rate(name, channels.sampling_rate)
    rows, others = standard_rows(channels.names, name)
    warnings = list(channels.warnings)
    if options.sampling_rate is not None and abs(options.sampling_rate - rate_hz) > 1e-6 * rate_hz:
        warnings.append(f"The file states {rate_hz:g} Hz; the given rate of {options.sampling_rate:g} Hz was not used.")
    age = channels.age if channels.age is not None and 0 <= channels.age <= MAX_AGE else None
    if age != channels.age:
        warnings.append(f"The file states an age of {channels.age:g}, which stands for 'not stated'.")
    if others:
        warnings.append(f"Channels that are no standard lead were left out: {', '.join(o[:30] for o in others[:15])}.")

    leads = [lead for lead in STANDARD_LEADS if lead in rows]
    samples = np.asarray(channels.signal_mv[[rows[lead] for lead in leads]], dtype=np.float64)
    samples[~np.isfinite(samples)] = np.nan
    if options.gain_factor != 1.0:
        samples *= options.gain_factor
        warnings.append(f"All samples were multiplied by {options.gain_factor:g}, as the reader asked for.")
    _check_samples(samples, rate_hz, name)
    signal: FloatArray = samples.astype(np.float32)

    signal, leads, computed = _completed(signal, leads)
    derived = tuple(lead for lead in leads if lead in computed or lead in _declared_derived(channels))
    return EcgRecord(
        signal=np.ascontiguousarray(signal),
        leads=tuple(leads),
        sampling_rate=rate_hz,
        record_id=channels.path.stem,
        provenance=Provenance(
            path=str(channels.path),
            format=channels.format,
            files=channels.files,
            sha256=channels.sha256,
            gains_per_mv=channels.gains_per_mv,
            gain_factor=options.gain_factor,
        ),
        age=age,
        sex=channels.sex,
        recorded_at=channels.recorded_at,
        patient_id=channels.patient_id,
        device=channels.device,
        comments=channels.comments,
        derived_leads=derived,
        warnings=tuple(warnings),
        machine=channels.machine,
    )


def _check_samples(signal: Float64Array, rate_hz: float, name: str) -> None:
    if signal.shape[1] < MIN_DURATION_S * rate_hz:
        raise RecordUnsupportedError(
            f"{name} lasts {signal.shape[1] / rate_hz:.2f} s; less than {MIN_DURATION_S:g} s hold no rhythm.",
            "Open a recording of 10 s (5 s at least for a level).",
        )
    if not np.isfinite(signal).any():
        raise RecordFormatError(
            f"{name} holds no valid sample: every lead is marked as invalid throughout.",
            "Export the record again from its source.",
        )
    if np.nanmax(np.abs(signal)) > MAX_SAMPLE_MV:
        raise RecordFormatError(
            f"{name} holds a sample of {np.nanmax(np.abs(signal)):.3g} mV, which no amplifier can give.",
            "The file is damaged, or its gain, units or number type are wrong; export it again.",
        )
