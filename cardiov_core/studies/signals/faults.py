"""Faults that are put into real records, so that it is known what the quality gate must find.

Swaps are exact for the limb leads (each lead is another one, or its negative) and for chest leads; noise is made anew,
from a seed of the record's own name, so that every run adds the same.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import butter, sosfiltfilt

from cardiov_core.domain import (
    CHEST_LEADS,
    STANDARD_LEADS,
    EcgRecord,
    Float64Array,
    LeadQuality,
    Quality,
    ReasonCode,
    first_of,
)

_HUM_MV = 0.05
_DRIFT_MV = 1.0
_DRIFT_HZ = 0.25
_MUSCLE_MV = 0.025
_MUSCLE_BAND_HZ = (20.0, 120.0)
_BURST_MV = 0.2
_BURST_S = 0.6
_CLIP_SHARE = 0.6
_FLAT_S = 3.0
_GAP_S = 1.0
_NOISE_ALONE_MV = 0.003
_HELD_S = 1.0
_LOW_PASS_HZ = 15.0


@dataclass(frozen=True)
class Fault:
    """One kind of fault."""

    name: str  # what was done, for the table
    # Record and random generator -> the record with the fault, and the leads that have it.
    put: Callable[[EcgRecord, np.random.Generator], tuple[EcgRecord, tuple[str, ...]]]
    codes: frozenset[ReasonCode]  # the gate's reason has one of them where it has found this fault

    def detected_in(self, quality: Quality, leads: tuple[str, ...]) -> bool:
        """Tell whether the gate names this fault in one of the leads that have it."""
        return any(self._named_in(item) for item in quality.leads if item.lead in leads)

    def claimed_in(self, quality: Quality) -> bool:
        """Tell whether the gate names this fault in any lead, rightly or not."""
        return any(self._named_in(item) for item in quality.leads)

    def _named_in(self, lead: LeadQuality) -> bool:
        return first_of(lead.reasons, self.codes) is not None


def random_of(record: EcgRecord, fault: Fault) -> np.random.Generator:
    """Return the random generator of one fault in one record."""
    return np.random.default_rng(zlib.crc32(f"{record.record_id}/{fault.name}".encode()))


def _changed(record: EcgRecord, leads: tuple[str, ...], change: Callable[[Float64Array], Float64Array]) -> EcgRecord:
    signal = record.signal.copy()
    for lead in leads:
        row = record.leads.index(lead)
        signal[row] = change(signal[row].astype(np.float64)).astype(np.float32)
    return replace(record, signal=signal)


def _one(record: EcgRecord, rng: np.random.Generator) -> tuple[str, ...]:
    recorded = [lead for lead in STANDARD_LEADS if lead in record.leads]
    return (recorded[int(rng.integers(len(recorded)))],)


def _all(record: EcgRecord) -> tuple[str, ...]:
    return tuple(lead for lead in STANDARD_LEADS if lead in record.leads)


def _time(record: EcgRecord) -> Float64Array:
    return np.arange(record.n_samples, dtype=np.float64) / record.sampling_rate


def _piece(record: EcgRecord, rng: np.random.Generator, length_s: float) -> slice:
    length = round(length_s * record.sampling_rate)
    start = int(rng.integers(max(1, record.n_samples - length)))
    return slice(start, start + length)


def _dead(record: EcgRecord, rng: np.random.Generator) -> tuple[EcgRecord, tuple[str, ...]]:
    leads = _one(record, rng)
    return _changed(record, leads, np.zeros_like), leads


def _flat(record: EcgRecord, rng: np.random.Generator) -> tuple[EcgRecord, tuple[str, ...]]:
    leads, piece = _one(record, rng), _piece(record, rng, _FLAT_S)

    def hold(row: Float64Array) -> Float64Array:
        row[piece] = row[piece.start]
        return row

    return _changed(record, leads, hold), leads


def _noise_alone(record: EcgRecord, rng: np.random.Generator) -> tuple[EcgRecord, tuple[str, ...]]:
    leads = _one(record, rng)
    return _changed(record, leads, lambda row: rng.normal(0.0, _NOISE_ALONE_MV, row.size)), leads


def _held(record: EcgRecord, rng: np.random.Generator) -> tuple[EcgRecord, tuple[str, ...]]:
    leads, piece = _one(record, rng), _piece(record, rng, _HELD_S + 0.01)

    def hold(row: Float64Array) -> Float64Array:
        row[piece] = row[piece.start]
        return row

    return _changed(record, leads, hold), leads


def _low_pass(record: EcgRecord, rng: np.random.Generator) -> tuple[EcgRecord, tuple[str, ...]]:
    del rng
    sos = butter(4, _LOW_PASS_HZ, fs=record.sampling_rate, output="sos")
    leads = _all(record)
    return _changed(record, leads, lambda row: np.asarray(sosfiltfilt(sos, np.nan_to_num(row)))), leads


def _gap(record: EcgRecord, rng: np.random.Generator) -> tuple[EcgRecord, tuple[str, ...]]:
    leads, piece = _one(record, rng), _piece(record, rng, _GAP_S)

    def lose(row: Float64Array) -> Float64Array:
        row[piece] = np.nan
        return row

    return _changed(record, leads, lose), leads


def _clip_one(record: EcgRecord, rng: np.random.Generator) -> tuple[EcgRecord, tuple[str, ...]]:
    """Cut the larger deflections of one lead at 60 % of the largest."""
    leads = _one(record, rng)

    def cut(row: Float64Array) -> Float64Array:
        middle = float(np.median(row))
        up, down = float(row.max()) - middle, middle - float(row.min())
        if up >= down:
            return np.minimum(row, middle + _CLIP_SHARE * up)
        return np.maximum(row, middle - _CLIP_SHARE * down)

    return _changed(record, leads, cut), leads


def _clip_both(record: EcgRecord, rng: np.random.Generator) -> tuple[EcgRecord, tuple[str, ...]]:
    """Cut one lead on both sides at 40 % of its largest deflection from the median."""
    leads = _one(record, rng)

    def cut(row: Float64Array) -> Float64Array:
        middle = float(np.median(row))
        reach = (1.0 - _CLIP_SHARE) * float(np.abs(row - middle).max())
        return np.clip(row, middle - reach, middle + reach)

    return _changed(record, leads, cut), leads


def _drift(record: EcgRecord, rng: np.random.Generator) -> tuple[EcgRecord, tuple[str, ...]]:
    leads = _one(record, rng)
    wave = 0.5 * _DRIFT_MV * np.sin(2.0 * np.pi * (_DRIFT_HZ * _time(record) + rng.uniform()))
    return _changed(record, leads, lambda row: row + wave), leads


def _hum(hz: float) -> Callable[[EcgRecord, np.random.Generator], tuple[EcgRecord, tuple[str, ...]]]:
    def put(record: EcgRecord, rng: np.random.Generator) -> tuple[EcgRecord, tuple[str, ...]]:
        wave = 0.5 * _HUM_MV * np.sin(2.0 * np.pi * (hz * _time(record) + rng.uniform()))
        return _changed(record, _all(record), lambda row: row + wave), _all(record)

    return put


def _tremor(record: EcgRecord, rng: np.random.Generator, sd_mv: float) -> Float64Array:
    band_hz = (_MUSCLE_BAND_HZ[0], min(_MUSCLE_BAND_HZ[1], 0.45 * record.sampling_rate))
    sos = butter(2, band_hz, "bandpass", fs=record.sampling_rate, output="sos")
    noise: Float64Array = sosfiltfilt(sos, rng.normal(size=record.n_samples))
    scaled: Float64Array = noise * (sd_mv / float(noise.std()))
    return scaled


def _muscle(record: EcgRecord, rng: np.random.Generator) -> tuple[EcgRecord, tuple[str, ...]]:
    leads = _all(record)
    return _changed(record, leads, lambda row: row + _tremor(record, rng, _MUSCLE_MV)), leads


def _burst(record: EcgRecord, rng: np.random.Generator) -> tuple[EcgRecord, tuple[str, ...]]:
    leads, piece = _all(record), _piece(record, rng, _BURST_S)
    window = np.zeros(record.n_samples)
    window[piece] = 1.0
    return _changed(record, leads, lambda row: row + window * _tremor(record, rng, _BURST_MV)), leads


def _relabelled(
    sources: dict[str, tuple[str, float]],
) -> Callable[[EcgRecord, np.random.Generator], tuple[EcgRecord, tuple[str, ...]]]:
    def put(record: EcgRecord, rng: np.random.Generator) -> tuple[EcgRecord, tuple[str, ...]]:
        del rng
        signal = record.signal.copy()
        for lead, (source, sign) in sources.items():
            signal[record.leads.index(lead)] = np.float32(sign) * record.lead(source)
        return replace(record, signal=signal), tuple(sources)

    return put


def _exchanged(first: str, second: str) -> dict[str, tuple[str, float]]:
    return {first: (second, 1.0), second: (first, 1.0)}


_ARMS = {"I": ("I", -1.0), **_exchanged("II", "III"), **_exchanged("aVR", "aVL")}
_RIGHT_ARM_LEFT_LEG = {
    "I": ("III", -1.0),
    "II": ("II", -1.0),
    "III": ("I", -1.0),
    **_exchanged("aVR", "aVF"),
}
_LEFT_ARM_LEFT_LEG = {"III": ("III", -1.0), **_exchanged("I", "II"), **_exchanged("aVL", "aVF")}
_INVERTED_III = {"III": ("III", -1.0)}
_REVERSED = {lead: (other, 1.0) for lead, other in zip(CHEST_LEADS, CHEST_LEADS[::-1], strict=True)}
_ELECTRODES = frozenset(
    {ReasonCode.ARM_ELECTRODES_SWAPPED, ReasonCode.ARM_AND_LEG_SWAPPED, ReasonCode.CHEST_LEADS_INTERCHANGED}
)

FAULTS: tuple[Fault, ...] = (
    Fault("dead lead", _dead, frozenset({ReasonCode.LEAD_FLAT, ReasonCode.LEAD_FLAT_STRETCH})),
    Fault(f"lead flat for {_FLAT_S:g} s", _flat, frozenset({ReasonCode.LEAD_FLAT_STRETCH})),
    Fault(f"lead of noise alone ({_NOISE_ALONE_MV:g} mV)", _noise_alone, frozenset({ReasonCode.LEAD_FLAT})),
    Fault(f"lead holding one value for {_HELD_S:g} s", _held, frozenset({ReasonCode.LEAD_GAP})),
    Fault(f"gap of {_GAP_S:g} s in a lead", _gap, frozenset({ReasonCode.LEAD_GAP})),
    Fault(
        f"lead clipped at {100 * _CLIP_SHARE:.0f} % on its larger side", _clip_one, frozenset({ReasonCode.LEAD_CLIPPED})
    ),
    Fault(
        f"lead clipped at {100 * (1 - _CLIP_SHARE):.0f} % on both sides",
        _clip_both,
        frozenset({ReasonCode.LEAD_CLIPPED}),
    ),
    Fault(f"drift of {_DRIFT_MV:g} mV at {_DRIFT_HZ:g} Hz in a lead", _drift, frozenset({ReasonCode.DRIFT})),
    Fault(f"hum of {_HUM_MV:g} mV at 50 Hz", _hum(50.0), frozenset({ReasonCode.MAINS_HUM})),
    Fault(f"hum of {_HUM_MV:g} mV at 60 Hz", _hum(60.0), frozenset({ReasonCode.MAINS_HUM})),
    Fault(f"muscle noise of {_MUSCLE_MV:g} mV (20-120 Hz)", _muscle, frozenset({ReasonCode.MUSCLE_NOISE})),
    Fault(f"burst of {_BURST_MV:g} mV for {_BURST_S:g} s", _burst, frozenset({ReasonCode.NOISE_BURST})),
    Fault("III upside down", _relabelled(_INVERTED_III), frozenset({ReasonCode.LIMB_LEADS_CONTRADICT})),
    Fault("arms swapped", _relabelled(_ARMS), frozenset({ReasonCode.ARM_ELECTRODES_SWAPPED})),
    Fault(
        "right arm and left leg swapped", _relabelled(_RIGHT_ARM_LEFT_LEG), frozenset({ReasonCode.ARM_AND_LEG_SWAPPED})
    ),
    Fault("left arm and left leg swapped", _relabelled(_LEFT_ARM_LEFT_LEG), _ELECTRODES),
    Fault("V1 upside down", _relabelled({"V1": ("V1", -1.0)}), _ELECTRODES),
    Fault("V1 copied from V2", _relabelled({"V1": ("V2", 1.0)}), frozenset({ReasonCode.LEADS_COPIED})),
    Fault("V1 to V6 reversed", _relabelled(_REVERSED), frozenset({ReasonCode.CHEST_LEADS_INTERCHANGED})),
    Fault(f"low-pass at {_LOW_PASS_HZ:g} Hz", _low_pass, frozenset({ReasonCode.LOW_PASSED})),
    *(
        Fault(
            f"{first} and {second} interchanged",
            _relabelled(_exchanged(first, second)),
            frozenset({ReasonCode.CHEST_LEADS_INTERCHANGED}),
        )
        for first, second in (
            *((CHEST_LEADS[i], CHEST_LEADS[i + 1]) for i in range(len(CHEST_LEADS) - 1)),
            ("V1", "V3"),
            ("V1", "V6"),
            ("V2", "V5"),
        )
    ),
)
"""All faults of the table, in its order."""
