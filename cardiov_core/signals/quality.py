"""The quality gate, which decides whether a level may be given for a record at all.

Rules and limits are those of docs/clinical.md, 12 to 14. What withholds the level are faults that leave
nothing to read; noise, drift, hum, clipping, swapped electrodes and limb leads that contradict one another limit it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from cardiov_core.domain import (
    CHEST_LEADS,
    LIMB_LEADS,
    STANDARD_LEADS,
    EcgRecord,
    Float64Array,
    LeadQuality,
    Quality,
    QualityVerdict,
    Reason,
    ReasonCode,
)
from cardiov_core.signals.beat.beats import Beats, find_beats
from cardiov_core.signals.beat.gaps import bridged
from cardiov_core.signals.lead.gain import amplitudes_mv, check_gain
from cardiov_core.signals.lead.lead_faults import LeadFault, fault_reasons, find_held_values, find_lead_faults
from cardiov_core.signals.lead.noise import NoiseLevels, measure_noise
from cardiov_core.signals.lead.structure import Structural, Structure, contradiction, examine_structure

MIN_DURATION_S = 5.0
"""Shorter records get no level."""

USUAL_DURATION_S = 10.0
"""Shorter records are graded and flagged."""

MAX_DRIFT_MV = 0.5
"""Drift over this limits a lead (docs/clinical.md, 14)."""

MAX_NOISE_MV = 0.009
"""Typical noise above 35 Hz (standard deviation) over this limits a lead: half a millimetre from peak to peak."""

MAX_BURST_MV = 0.06
"""Noise above 35 Hz over this, in the worst 0.2 s, limits a lead."""

MAX_HUM_MV = 0.02
"""Mains hum over this, from peak to peak, limits a lead."""

_MAX_UNUSABLE_LEADS = 1
# One or two leads in doubt are those leads' matter; three, or one by twice as much, are the record's.
_NOISY_LEADS = 3
_MUCH = 2.0
_LIMITS_MV: Mapping[str, float] = {
    "drift_mv": MAX_DRIFT_MV,
    "noise_mv": MAX_NOISE_MV,
    "burst_mv": MAX_BURST_MV,
    "hum_mv": MAX_HUM_MV,
}
# By how much a lead's limit must be exceeded before the record is limited. What a reader sees on a lead need not change
# a number: `python benchmarks/noise_limits.py` puts disturbances into quiet records, and noise of three times the
# lead's limit moves QRS and QT by less than 1 ms. Chosen so that at most 15 % of unselected records are limited.
_MATTERS: Mapping[str, float] = {"drift_mv": 1.5, "noise_mv": 3.0, "burst_mv": 3.0, "hum_mv": 5.0}
_ONE_LEAD_MAY = ("burst_mv",)  # one artefact in one lead spoils a beat of it, whatever its size
_HUM_SHARE = 2.0  # noise under this multiple of the hum's own is the hum
_LENGTH_TOLERANCE_S = 0.1
# Long records are judged by stretches, spread evenly: their noise, beats and shapes cost seconds otherwise.
_WHOLE_UP_TO_S = 60.0
_STRETCH_S = 10.0
_N_STRETCHES = 6

_NO_BEAT = Reason(
    ReasonCode.NO_QRS,
    "No QRS complex was found: noise, or a rhythm without QRS complexes such as ventricular fibrillation. "
    "Look at the trace.",
)
_SPIKES_ALONE = Reason(
    ReasonCode.NO_QRS, "Pacing spikes without heart beats: no QRS complex follows them. Look at the trace."
)


class _Noise(NamedTuple):
    """Number -> its values per lead, in the order of the record's leads."""

    values: Mapping[str, Float64Array]
    hum_hz: Float64Array


@dataclass(frozen=True)
class _Examined:
    """What the stretches of a record say together."""

    noise: _Noise
    structure: Structure


def assess_quality(record: EcgRecord, beats: Beats | None = None) -> Quality:
    """Judge whether a record can be graded, with reasons.

    Parameters
    ----------
    record : EcgRecord
        A record as read. Missing, flat and clipped leads and gaps are looked for in all of it; noise, beats and
        swapped electrodes in records over 60 s in six stretches of 10 s, spread evenly.
    beats : Beats, optional
        Of the whole record, where the caller has found them already.

    Returns
    -------
    Quality
        'not analysable' where the gain cannot be right, no QRS complex is found, the record is shorter than 5 s, a
        chest lead is missing, two or more leads are dead or missing, or the limb leads contradict one another.
        'limited' where one lead is dead; a lead has gaps or is clipped; noise, drift or hum reach what changes
        measurements in three leads, or twice that in one; electrodes look swapped, leads are copied or low-passed; or
        a lead exceeds 10 mV. Otherwise 'acceptable'. Two things are said among the reasons without any effect on the
        verdict: that the record is shorter than 10 s, and that each limb lead has a gain of its own.

    Raises
    ------
    RecordUnsupportedError
        If the sampling rate is too low to find QRS complexes.
    """
    stretches = [
        (part, find_beats(part) if beats is None or part is not record else beats) for part in _stretches(record)
    ]
    beating = [(part, beats) for part, beats in stretches if beats.convincing]
    gain = check_gain(record) if beating else None
    factor = 1.0
    if gain is not None and gain.factor is not None:
        # Limits in mV mean nothing before the gain is right.
        factor = gain.factor
    judged = _scaled(record, factor)
    faults = find_lead_faults(judged)
    dead = {fault.lead for fault in faults if fault.verdict is QualityVerdict.NOT_ANALYSABLE}
    examined = _examine([(_scaled(part, factor), beats) for part, beats in beating or stretches], dead)
    faults += find_held_values(judged, faults)
    faults += _silent_faults(examined)
    faults += _noise_faults(record, examined, dead | set(examined.structure.silent))
    structural = list(examined.structure.faults)
    disagreeing = contradiction(examined.structure.limbs)
    spikes = any(beats.spikes_s for _, beats in stretches)
    withheld = _record_faults(record, faults, beating=bool(beating), spikes=spikes)
    warnings = [reason for reason, _ in structural]
    if disagreeing is not None:
        withheld.append(disagreeing)
        structural.append((disagreeing, LIMB_LEADS))
    if gain is not None:
        (withheld if gain.withholds else warnings).insert(0, gain.reason)
    return Quality(
        verdict=_verdict(withheld, warnings, faults),
        leads=_lead_qualities(judged, faults, structural, examined),
        reasons=(
            *withheld,
            *warnings,
            *fault_reasons([fault for fault in faults if _counts(fault, faults)]),
            *_flags(record, examined),
        ),
        suggested_gain_factor=None if gain is None else gain.factor,
    )


def _scaled(record: EcgRecord, factor: float) -> EcgRecord:
    return record if factor == 1.0 else replace(record, signal=record.signal * np.float32(factor))


def _stretches(record: EcgRecord) -> list[EcgRecord]:
    if record.duration_s <= _WHOLE_UP_TO_S:
        return [record]
    length = round(_STRETCH_S * record.sampling_rate)
    starts = np.linspace(0, record.n_samples - length, _N_STRETCHES).astype(int)
    return [replace(record, signal=record.signal[:, start : start + length]) for start in starts]


def _examine(parts: list[tuple[EcgRecord, Beats]], dead: set[str]) -> _Examined:
    """Look at noise and shapes; of several stretches the typical noise counts, and what most of them show."""
    seen = [_examine_part(part, beats, dead) for part, beats in parts]
    if len(seen) == 1:
        return seen[0]
    values = {name: np.median([one.noise.values[name] for one in seen], axis=0) for name in seen[0].noise.values}
    middle = seen[len(seen) // 2]
    structures = [one.structure for one in seen]
    worst = max(
        (one.limbs for one in structures if one.limbs),
        key=lambda check: (check.contradictory, check.residual),
        default=None,
    )
    typical = Counter(one.faults for one in structures).most_common(1)[0][0]
    silent = set.intersection(*(set(one.silent) for one in structures))
    together = Structure(worst, typical, tuple(lead for lead in STANDARD_LEADS if lead in silent))
    return _Examined(_Noise(values, middle.noise.hum_hz), together)


def _examine_part(part: EcgRecord, beats: Beats, dead: set[str]) -> _Examined:
    fs = part.sampling_rate
    peaks = beats.peaks
    spikes = beats.spikes_s
    valid = np.isfinite(part.signal)
    signal = bridged(part.signal)
    levels = measure_noise(signal, valid, fs, peaks, np.asarray([round(s * fs) for s in spikes], dtype=np.int64))
    return _Examined(_noise_values(levels), examine_structure(part, signal, beats, dead))


def _silent_faults(examined: _Examined) -> list[LeadFault]:
    """Return the leads that hold noise, but none of the beats that the others show."""
    one, many = "shows none of the beats that the other leads show", "show none of the beats that the other leads show"
    return [
        LeadFault(ReasonCode.LEAD_FLAT, lead, QualityVerdict.NOT_ANALYSABLE, one, many)
        for lead in examined.structure.silent
    ]


def _noise_values(levels: NoiseLevels) -> _Noise:
    # Hum is noise above 35 Hz, too: where it explains the noise, the noise has its own name.
    hum_sd = levels.hum_mv / (2.0 * np.sqrt(2.0))
    is_hum = (levels.hum_mv > MAX_HUM_MV) & (levels.noise_mv <= _HUM_SHARE * hum_sd)
    return _Noise(
        {
            "drift_mv": levels.drift_mv,
            "noise_mv": np.where(is_hum, 0.0, levels.noise_mv),
            "burst_mv": np.where(levels.burst_mv <= _HUM_SHARE * hum_sd, 0.0, levels.burst_mv),
            "hum_mv": levels.hum_mv,
        },
        levels.hum_hz,
    )


def _noise_faults(record: EcgRecord, examined: _Examined, dead: set[str]) -> list[LeadFault]:
    faults: list[LeadFault] = []
    kinds = (
        (ReasonCode.DRIFT, "drift_mv", "drifts by {}", "drift by up to {}"),
        (ReasonCode.MUSCLE_NOISE, "noise_mv", "has {} of muscle noise", "have up to {} of muscle noise"),
        (ReasonCode.NOISE_BURST, "burst_mv", "has a burst of noise of {}", "have bursts of noise of up to {}"),
        (ReasonCode.MAINS_HUM, "hum_mv", "carries mains hum of {}", "carry mains hum of up to {}"),
    )
    for code, name, one, many in kinds:
        values = examined.noise.values[name]
        over = [
            (lead, float(values[record.leads.index(lead)]))
            for lead in STANDARD_LEADS
            if lead in record.leads and lead not in dead and values[record.leads.index(lead)] > _LIMITS_MV[name]
        ]
        if name == "hum_mv" and over:
            hz = examined.noise.hum_hz[record.leads.index(max(over, key=lambda item: item[1])[0])]
            one, many = f"{one} at {hz:.0f} Hz", f"{many} at {hz:.0f} Hz"
        serious = _serious(name, [value for _, value in over])
        for lead, value in over:
            faults.append(LeadFault(code, lead, QualityVerdict.LIMITED, one, many, value, serious=serious))
    return faults


def distortions(quality: Quality) -> tuple[str, ...]:
    """Name what distorts a record as a whole: slow drift, or noise faster than its waves.

    Parameters
    ----------
    quality : Quality
        From `assess_quality`.

    Returns
    -------
    tuple of str
        Of 'drift_mv', 'noise_mv', 'burst_mv' and 'hum_mv' those that limit the record.
    """
    usable = [lead.measured for lead in quality.leads if lead.verdict is not QualityVerdict.NOT_ANALYSABLE]
    return tuple(name for name in _LIMITS_MV if _serious(name, [values.get(name, 0.0) for values in usable]))


def _serious(name: str, values_mv: Sequence[float]) -> bool:
    """Tell whether leads' noise is the record's matter: three leads over what matters, or one over twice that."""
    matters = _MATTERS[name] * _LIMITS_MV[name]
    over = [value for value in values_mv if value > matters]
    return len(over) >= _NOISY_LEADS or (name not in _ONE_LEAD_MAY and max(over, default=0.0) > _MUCH * matters)


def _record_faults(record: EcgRecord, faults: list[LeadFault], *, beating: bool, spikes: bool) -> list[Reason]:
    """Return why the record as a whole gets no level, the gain apart."""
    reasons = []
    if record.duration_s < MIN_DURATION_S:
        text = f"The record lasts {record.duration_s:.2g} s, and a level needs at least {MIN_DURATION_S:g} s."
        reasons.append(Reason(ReasonCode.TOO_SHORT, text))
    unusable = [fault for fault in faults if fault.verdict is QualityVerdict.NOT_ANALYSABLE]
    if not beating and len(unusable) < len(STANDARD_LEADS):
        reasons.append(_SPIKES_ALONE if spikes else _NO_BEAT)
    if len(unusable) > _MAX_UNUSABLE_LEADS:
        text = f"{len(unusable)} of {len(STANDARD_LEADS)} leads cannot be used."
        reasons.append(Reason(ReasonCode.TOO_FEW_LEADS, text))
    # A chest lead that shows nothing cannot be computed from others, whether electrode or channel is missing.
    few = len(unusable) <= _MAX_UNUSABLE_LEADS
    reasons.extend(
        Reason(ReasonCode.CHEST_LEAD_MISSING, f"Without {fault.lead} no level can be given.", (fault.lead,))
        for fault in unusable
        if fault.lead in CHEST_LEADS
        and (fault.code is ReasonCode.LEAD_MISSING or (fault.code is ReasonCode.LEAD_FLAT and few))
    )
    return reasons


def _flags(record: EcgRecord, examined: _Examined) -> list[Reason]:
    """Return what a reader must know of a record, although its signal is good."""
    reasons = []
    if MIN_DURATION_S <= record.duration_s < USUAL_DURATION_S - _LENGTH_TOLERANCE_S:
        text = f"The record lasts {record.duration_s:.1f} s: shorter than the usual {USUAL_DURATION_S:g} s."
        reasons.append(Reason(ReasonCode.SHORT, text))
    if examined.structure.limbs is not None and examined.structure.limbs.scaled_one_by_one:
        # So are all records of LUDB, each lead of which measures 1 mV from peak to peak.
        text = (
            "The limb leads agree only if each has a gain of its own: "
            "do not compare amplitudes between leads, nor trust axes and voltages."
        )
        reasons.append(Reason(ReasonCode.LIMB_LEADS_OWN_GAINS, text))
    return reasons


def _verdict(withheld: list[Reason], warnings: list[Reason], faults: list[LeadFault]) -> QualityVerdict:
    if withheld:
        return QualityVerdict.NOT_ANALYSABLE
    if warnings or any(fault.serious for fault in faults):
        return QualityVerdict.LIMITED
    return QualityVerdict.ACCEPTABLE


def _counts(fault: LeadFault, faults: list[LeadFault]) -> bool:
    """Tell whether a lead's fault is one of the record as well: it is, or another lead has it badly."""
    return fault.serious or any(other.serious for other in faults if other.code is fault.code)


def _lead_qualities(
    record: EcgRecord,
    faults: list[LeadFault],
    structural: list[Structural],
    examined: _Examined,
) -> tuple[LeadQuality, ...]:
    amplitudes = amplitudes_mv(record.signal, robust=False)
    qualities = []
    for lead in STANDARD_LEADS:
        own = [fault for fault in faults if fault.lead == lead]
        reasons = [reason for fault in own for reason in fault_reasons([fault])]
        reasons += [reason for reason, leads in structural if lead in leads and lead in record.leads]
        verdict = QualityVerdict.LIMITED if reasons else QualityVerdict.ACCEPTABLE
        if any(fault.verdict is QualityVerdict.NOT_ANALYSABLE for fault in own):
            verdict = QualityVerdict.NOT_ANALYSABLE
        measured: dict[str, float] = {}
        if lead in record.leads:
            index = record.leads.index(lead)
            measured = {"amplitude_mv": float(amplitudes[index])}
            values = {name: float(row[index]) for name, row in examined.noise.values.items()}
            measured |= {name: value for name, value in values.items() if np.isfinite(value)}
        qualities.append(LeadQuality(lead, verdict, tuple(reasons), measured))
    return tuple(qualities)
