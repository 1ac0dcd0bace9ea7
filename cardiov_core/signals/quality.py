"""The quality gate, which decides whether a level may be given for a record at all.

Rules and limits are those of the CLINICAL conventions, 14.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from cardiov_core.domain import (
    CHEST_LEADS,
    LIMB_LEADS,
    STANDARD_LEADS,
    EcgRecord,
    FloatArray,
    LeadQuality,
    Quality,
    QualityVerdict,
)
from cardiov_core.signals.beats import has_heart_beats
from cardiov_core.signals.gain import check_gain

MIN_DURATION_S = 5.0
"""Shorter records get no level."""

DEAD_LEAD_MV = 0.02
"""A lead whose whole peak-to-peak amplitude is below this is dead."""

FLAT_STRETCH_S = 2.0
"""A lead that stays within two steps of its digital scale for so long is dead."""

MAX_BRIDGED_GAP_S = 0.02
"""Gaps up to this length are bridged; longer ones stay missing."""

_MAX_UNUSABLE_LEADS = 1
_MIN_STEP_MV = 1e-5  # smaller differences are rounding of float32, no step of a digital scale


@dataclass(frozen=True)
class _LeadFinding:
    """What is wrong with one lead: `state` is a predicate that fits one lead or several ('flat')."""

    lead: str
    verdict: QualityVerdict = QualityVerdict.ACCEPTABLE
    state: str = ""


def assess_quality(record: EcgRecord) -> Quality:
    """Judge whether a record can be graded, with reasons.

    Parameters
    ----------
    record : EcgRecord
        A record as read.

    Returns
    -------
    Quality
        'not analysable' where the gain cannot be right, no heart beat is found, the record is shorter than 5 s, a
        chest lead is missing, or two or more leads are dead or missing; 'limited' where one lead is dead, a lead has
        gaps, or a lead exceeds 10 mV; otherwise 'acceptable'.

    Raises
    ------
    RecordUnsupportedError
        If the sampling rate is too low to find QRS complexes.
    """
    beating = has_heart_beats(record)
    gain = check_gain(record) if beating else None
    judged = record
    if gain is not None and gain.withholds and gain.factor is not None:
        # Limits in mV mean nothing before the gain is right.
        judged = replace(record, signal=record.signal * np.float32(gain.factor))
    findings = _lead_findings(judged)
    withheld = list(_record_faults(record, findings, beating=beating))
    warnings: list[str] = []
    if gain is not None:
        (withheld if gain.withholds else warnings).insert(0, gain.reason)
    lead_reasons = _in_sentences(findings)
    if withheld:
        verdict = QualityVerdict.NOT_ANALYSABLE
    elif warnings or lead_reasons:
        verdict = QualityVerdict.LIMITED
    else:
        verdict = QualityVerdict.ACCEPTABLE
    return Quality(
        verdict=verdict,
        leads=tuple(
            LeadQuality(item.lead, item.verdict, (f"{item.lead} is {item.state}.",) if item.state else ())
            for item in findings
        ),
        reasons=(*withheld, *warnings, *lead_reasons),
        suggested_gain_factor=None if gain is None else gain.factor,
    )


def _record_faults(record: EcgRecord, findings: list[_LeadFinding], *, beating: bool) -> tuple[str, ...]:
    """Return why the record as a whole gets no level, the gain apart."""
    faults = []
    if record.duration_s < MIN_DURATION_S:
        faults.append(f"The record lasts {record.duration_s:.2g} s, and a level needs at least {MIN_DURATION_S:g} s.")
    unusable = [item.lead for item in findings if item.verdict is QualityVerdict.NOT_ANALYSABLE]
    if not beating and len(unusable) < len(findings):
        faults.append("No heart beat was found.")
    if len(unusable) > _MAX_UNUSABLE_LEADS:
        faults.append(f"{len(unusable)} of {len(STANDARD_LEADS)} leads cannot be used.")
    faults.extend(
        f"Without {item.lead} no level can be given."
        for item in findings
        if item.lead in CHEST_LEADS and item.state == "missing"
    )
    return tuple(faults)


def _lead_findings(record: EcgRecord) -> list[_LeadFinding]:
    """Judge each standard lead; a derived lead is no better than the leads it was computed from."""
    measured = {lead: _judge(lead, record) for lead in STANDARD_LEADS if lead not in record.derived_leads}
    recorded_limbs = [lead for lead in LIMB_LEADS if lead in record.leads and lead in measured]
    sources: list[str] = [lead for lead in ("I", "II") if lead in recorded_limbs]
    if len(sources) < 2:
        sources = recorded_limbs
    broken = [lead for lead in sources if measured[lead].verdict is QualityVerdict.NOT_ANALYSABLE]
    derived = _LeadFinding("")
    if broken:
        state = f"derived from {_listed(broken)}, which cannot be used"
        derived = _LeadFinding("", QualityVerdict.NOT_ANALYSABLE, state)
    return [measured[lead] if lead in measured else replace(derived, lead=lead) for lead in STANDARD_LEADS]


def _judge(lead: str, record: EcgRecord) -> _LeadFinding:
    if lead not in record.leads:
        return _LeadFinding(lead, QualityVerdict.NOT_ANALYSABLE, "missing")
    values = record.lead(lead)
    valid = np.isfinite(values)
    if 2 * int(valid.sum()) < values.size or not valid.any():
        return _LeadFinding(lead, QualityVerdict.NOT_ANALYSABLE, "missing")
    if float(np.ptp(values[valid])) < DEAD_LEAD_MV:
        return _LeadFinding(lead, QualityVerdict.NOT_ANALYSABLE, "flat")
    flat = _flat_stretch(values, record.sampling_rate)
    if flat is not None:
        start_s, end_s = flat
        return _LeadFinding(lead, QualityVerdict.NOT_ANALYSABLE, f"flat from {start_s:.1f} to {end_s:.1f} s")
    gap_s = _longest_run(~valid)[1] / record.sampling_rate
    if gap_s > MAX_BRIDGED_GAP_S:
        return _LeadFinding(lead, QualityVerdict.LIMITED, f"without a valid sample for {_seconds(gap_s)}")
    return _LeadFinding(lead)


def _flat_stretch(values: FloatArray, sampling_rate_hz: float) -> tuple[float, float] | None:
    """Return start and end, in s, of the longest stretch within two digital steps, where one is long enough."""
    width = int(np.ceil(FLAT_STRETCH_S * sampling_rate_hz))
    if values.size < width or not _may_be_flat(values, width):
        return None
    # Missing samples make every window that holds one infinitely high.
    upper = maximum_filter1d(np.where(np.isfinite(values), values, np.inf), width, mode="nearest")
    lower = minimum_filter1d(np.where(np.isfinite(values), values, -np.inf), width, mode="nearest")
    first = width // 2
    flat_starts = (upper - lower)[first : first + values.size - width + 1] <= 2.0 * _step_mv(values) + _MIN_STEP_MV
    start, length = _longest_run(flat_starts)
    if length == 0:
        return None
    return start / sampling_rate_hz, (start + length - 1 + width) / sampling_rate_hz


def _may_be_flat(values: FloatArray, width: int) -> bool:
    """Rule out most leads cheaply: a flat stretch holds four whole blocks of a fifth of its length."""
    block = max(1, width // 5)
    blocks = values[: values.size // block * block].reshape(-1, block)
    quiet = np.ptp(blocks, axis=1) <= DEAD_LEAD_MV + _MIN_STEP_MV
    return _longest_run(quiet)[1] >= 4


def _step_mv(values: FloatArray) -> float:
    """Return the step of the digital scale, from the samples: headers do not say which gain is whose after sorting."""
    steps = np.diff(np.unique(values[np.isfinite(values)]))
    steps = steps[steps > _MIN_STEP_MV]
    return min(float(steps.min()), DEAD_LEAD_MV / 2) if steps.size else 0.0


def _longest_run(mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> tuple[int, int]:
    """Return start and length of the longest run of True; length 0 where there is none."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    if edges.size == 0:
        return 0, 0
    lengths = edges[1::2] - edges[::2]
    longest = int(lengths.argmax())
    return int(edges[2 * longest]), int(lengths[longest])


def _in_sentences(findings: list[_LeadFinding]) -> tuple[str, ...]:
    """Say what is wrong with the leads, one sentence for all leads of which the same is true."""
    by_state: dict[str, list[str]] = {}
    for item in findings:
        if item.state:
            by_state.setdefault(item.state, []).append(item.lead)
    return tuple(f"{_listed(leads)} {'is' if len(leads) == 1 else 'are'} {state}." for state, leads in by_state.items())


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _seconds(duration_s: float) -> str:
    return f"{duration_s:.1f} s" if duration_s >= 1 else f"{duration_s * 1000:.0f} ms"
