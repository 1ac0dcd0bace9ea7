"""Faults that one lead shows by itself: missing, flat, clipped, with gaps (docs/clinical.md, 14)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from cardiov_core.domain import (
    LIMB_LEADS,
    STANDARD_LEADS,
    BoolArray,
    EcgRecord,
    FloatArray,
    QualityVerdict,
    Reason,
    ReasonCode,
    listed,
)
from cardiov_core.lost_signal import lost_in

DEAD_LEAD_MV = 0.02
"""A lead whose whole peak-to-peak amplitude is below this is dead."""

FLAT_STRETCH_S = 2.0
"""A lead that stays within two steps of its digital scale for so long is dead."""

MAX_BRIDGED_GAP_S = 0.02
"""Gaps up to this length are bridged; longer ones stay missing."""

_MIN_STEP_MV = 1e-5  # smaller differences are rounding of float32, no step of a digital scale
# A rail is held for several samples on end, again and again. Measured on 434 PTB-XL and 100 LUDB records: single runs
# at one extreme occur in every eighth record, the limits below are reached by none of them.
_RAIL_RUN_S = 0.006
_RAIL_MIN_SAMPLES = 3
_RAIL_RUNS_BOTH = 2
_RAIL_RUNS_ONE = 3
_RAIL_STUCK_S = 0.2
_RAIL_SAME = 1e-4  # of the lead's span: samples so near the extreme are at it
_RAIL_FROM_MEDIAN = 0.25  # of the lead's span: nearer to the median lies the base line, which quiet leads hold for long
_RAIL_MIN_SPAN_MV = 0.2
_FLAT_BLOCKS = 4


@dataclass(frozen=True)
class LeadFault:
    """What is wrong with one lead."""

    code: ReasonCode  # what kind of fault it is
    lead: str  # a standard lead
    verdict: QualityVerdict  # what the fault makes of the lead
    # Predicates for one lead and for several of which the same is true: 'is flat', 'are flat'. A ``{}`` in them stands
    # for `number`.
    one: str
    many: str
    number: float | None = None  # size of the fault, for the sentence; of several leads the largest is given
    unit: str = " mV"  # unit of `number`, with its space
    serious: bool = True  # True where this fault in a single lead limits the whole record


def find_lead_faults(record: EcgRecord) -> list[LeadFault]:
    """Judge each standard lead by itself; a derived lead is no better than the leads it was computed from.

    `record`: a record in mV. Returns in the order of the standard leads; missing and flat leads are 'not analysable',
    clipped ones and those with gaps 'limited'.
    """
    sound = _sound_leads(record)
    own = {
        lead: [] if lead in sound else _judge(lead, record)
        for lead in STANDARD_LEADS
        if lead not in record.derived_leads
    }
    recorded = [lead for lead in LIMB_LEADS if lead in record.leads and lead in own]
    sources: list[str] = [lead for lead in ("I", "II") if lead in recorded]
    if len(sources) < 2:
        sources = recorded
    broken = [lead for lead in sources if any(f.verdict is QualityVerdict.NOT_ANALYSABLE for f in own[lead])]
    faults: list[LeadFault] = []
    for lead in STANDARD_LEADS:
        if lead in own:
            faults += own[lead]
        elif broken:
            state = f"derived from {listed(broken)}, which cannot be used"
            faults.append(_unusable(ReasonCode.LEAD_DERIVED_FROM_UNUSABLE, lead, state))
    return faults


def find_held_values(record: EcgRecord, known: Sequence[LeadFault]) -> list[LeadFault]:
    """Find leads that hold one value where there should be a signal, for less than what makes them dead.

    `record`: a record in mV. `known`: faults found already: a lead that cannot be used is not named again.
    """
    unusable = {fault.lead for fault in known if fault.verdict is QualityVerdict.NOT_ANALYSABLE}
    held = lost_in(record) & np.isfinite(record.signal)
    faults = []
    for lead in STANDARD_LEADS:
        if lead in record.leads and lead not in unusable:
            held_s = longest_run(held[record.leads.index(lead)])[1] / record.sampling_rate
            if held_s > 0.0:
                one, many = (f"{verb} one value for {_seconds(held_s)}" for verb in ("holds", "hold"))
                faults.append(LeadFault(ReasonCode.LEAD_GAP, lead, QualityVerdict.LIMITED, one, many))
    return faults


def fault_reasons(faults: Sequence[LeadFault]) -> tuple[Reason, ...]:
    """Say what is wrong with the leads, one reason for all leads of which the same is true."""
    groups: dict[tuple[str, str], list[LeadFault]] = {}
    for fault in faults:
        groups.setdefault((fault.one, fault.many), []).append(fault)
    reasons = []
    for (one, many), group in groups.items():
        predicate = one if len(group) == 1 else many
        numbers = [fault.number for fault in group if fault.number is not None]
        if numbers:
            predicate = predicate.format(f"{_plain(max(numbers))}{group[0].unit}")
        leads = tuple(fault.lead for fault in group)
        reasons.append(Reason(group[0].code, f"{listed(leads)} {predicate}.", leads))
    return tuple(reasons)


def longest_run(mask: BoolArray) -> tuple[int, int]:
    """Return start and length of the longest run of True; length 0 where there is none."""
    starts, lengths = _runs(mask)
    if not lengths.size:
        return 0, 0
    longest = int(lengths.argmax())
    return int(starts[longest]), int(lengths[longest])


def _sound_leads(record: EcgRecord) -> set[str]:
    """Return leads that nothing is wrong with, all looked at together; what is not among them is judged by itself."""
    signal, fs = record.signal, record.sampling_rate
    if not signal.size:
        return set()
    block = _flat_block(int(np.ceil(FLAT_STRETCH_S * fs)))
    blocks = signal[:, : signal.shape[1] // block * block].reshape(len(signal), -1, block)
    low, high = signal.min(axis=1), signal.max(axis=1)
    # Infinite samples have no distance: such a lead is judged by itself.
    with np.errstate(invalid="ignore"):
        span = high.astype(np.float64) - low
        sound = np.isfinite(span) & (span >= DEAD_LEAD_MV)
        sound &= (np.ptp(blocks, axis=2) <= DEAD_LEAD_MV + _MIN_STEP_MV).sum(axis=1) < _FLAT_BLOCKS
        near = (_RAIL_SAME * span).astype(signal.dtype)[:, np.newaxis]
        for rail in (low, high):
            sound &= (np.abs(signal - rail[:, np.newaxis]) <= near).sum(axis=1) < _shortest_at_rail(fs)
    return {lead for lead, good in zip(record.leads, sound.tolist(), strict=True) if good}


def _judge(lead: str, record: EcgRecord) -> list[LeadFault]:
    if lead not in record.leads:
        return [_unusable(ReasonCode.LEAD_MISSING, lead, "missing")]
    values = record.lead(lead)
    valid = np.isfinite(values)
    if 2 * int(valid.sum()) < values.size or not valid.any():
        return [_unusable(ReasonCode.LEAD_MISSING, lead, "missing")]
    if float(np.ptp(values[valid])) < DEAD_LEAD_MV:
        return [_unusable(ReasonCode.LEAD_FLAT, lead, "flat")]
    flat = _flat_stretch(values, record.sampling_rate)
    if flat is not None:
        when = f"flat from {flat[0]:.1f} to {flat[1]:.1f} s"
        return [_unusable(ReasonCode.LEAD_FLAT_STRETCH, lead, when)]
    faults = []
    rail_mv = _clipped_at(values[valid], record.sampling_rate)
    if rail_mv is not None:
        one, many = "is clipped at {}", "are clipped, the highest at {}"
        faults.append(LeadFault(ReasonCode.LEAD_CLIPPED, lead, QualityVerdict.LIMITED, one, many, rail_mv))
    gap_s = longest_run(~valid)[1] / record.sampling_rate
    if gap_s > MAX_BRIDGED_GAP_S:
        what = f"without a valid sample for {_seconds(gap_s)}"
        faults.append(LeadFault(ReasonCode.LEAD_GAP, lead, QualityVerdict.LIMITED, f"is {what}", f"are {what}"))
    return faults


def _unusable(code: ReasonCode, lead: str, state: str) -> LeadFault:
    return LeadFault(code, lead, QualityVerdict.NOT_ANALYSABLE, f"is {state}", f"are {state}")


def _clipped_at(values: FloatArray, sampling_rate_hz: float) -> float | None:
    """Return the level, in mV, at which a lead is cut off; None where it is not."""
    low, high = float(values.min()), float(values.max())
    span = high - low
    if span < _RAIL_MIN_SPAN_MV:
        return None
    median = float(np.median(values))
    shortest = _shortest_at_rail(sampling_rate_hz)
    runs: dict[float, int] = {}
    for rail in (low, high):
        if abs(rail - median) < _RAIL_FROM_MEDIAN * span:
            continue
        lengths = _runs(np.abs(values - rail) <= _RAIL_SAME * span)[1]
        if lengths.size and lengths.max() >= _RAIL_STUCK_S * sampling_rate_hz:
            return rail
        runs[rail] = int((lengths >= shortest).sum())
    counts = sorted(runs.values())
    clipped = bool(counts) and (counts[-1] >= _RAIL_RUNS_ONE or (len(counts) == 2 and counts[0] >= _RAIL_RUNS_BOTH))
    return max(runs, key=lambda rail: runs[rail]) if clipped else None


def _shortest_at_rail(sampling_rate_hz: float) -> int:
    return max(_RAIL_MIN_SAMPLES, round(_RAIL_RUN_S * sampling_rate_hz))


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
    start, length = longest_run(flat_starts)
    if length == 0:
        return None
    return start / sampling_rate_hz, (start + length - 1 + width) / sampling_rate_hz


def _may_be_flat(values: FloatArray, width: int) -> bool:
    """Rule out most leads cheaply: a flat stretch holds four whole blocks of a fifth of its length."""
    block = _flat_block(width)
    blocks = values[: values.size // block * block].reshape(-1, block)
    finite = np.where(np.isfinite(blocks), blocks, np.nan)
    quiet = np.ptp(finite, axis=1) <= DEAD_LEAD_MV + _MIN_STEP_MV
    return longest_run(quiet)[1] >= _FLAT_BLOCKS


def _flat_block(width: int) -> int:
    return max(1, width // 5)


def _step_mv(values: FloatArray) -> float:
    """Return the step of the digital scale, from the samples: headers do not say which gain is whose after sorting."""
    steps = np.diff(np.unique(values[np.isfinite(values)]))
    steps = steps[steps > _MIN_STEP_MV]
    return min(float(steps.min()), DEAD_LEAD_MV / 2) if steps.size else 0.0


def _runs(mask: BoolArray) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return starts and lengths of all runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return edges[::2], edges[1::2] - edges[::2]


def _seconds(duration_s: float) -> str:
    return f"{duration_s:.1f} s" if duration_s >= 1 else f"{duration_s * 1000:.0f} ms"


def _plain(number: float) -> str:
    """Write a number for a sentence: one decimal from 0.1 on, one significant digit below."""
    return f"{number:.1f}" if abs(number) >= 0.095 else np.format_float_positional(float(f"{number:.1g}"), trim="-")
