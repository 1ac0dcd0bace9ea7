"""What is wrong with several leads at once: limb leads that contradict, electrodes in other places, copies, filters."""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from cardiov_core.domain import (
    CHEST_LEADS,
    LIMB_LEADS,
    STANDARD_LEADS,
    EcgRecord,
    Float64Array,
    IntArray,
    Reason,
    ReasonCode,
)
from cardiov_core.filtering import hann_window, power_up_to, zero_phase
from cardiov_core.signals.beat.beats import Beats
from cardiov_core.signals.lead.lead_order import disagreement, likely_order
from cardiov_core.signals.lead.lead_swap import chest_reversed, find_chest_swap, find_limb_swap, median_beat
from cardiov_core.signals.lead.limb_leads import MAX_RESIDUAL, LimbLeadCheck, check_limb_leads

LEAST_FAST_SHARE = 0.0025
"""Energy at 25 to 40 Hz over that at 6 to 15 Hz, all leads together: below this the leads were low-passed.

Of 430 ECGs of PTB-XL, LUDB and CinC without pacemaker the smallest share is 0.0027, one with a wide QRS complex; a
low-pass of fourth order at 15 Hz leaves 0.0007 in the median.
"""

SILENT_LEAD_MV = 0.03
"""A lead whose median beat is smaller than this beside leads of a usual size shows no beats (least real one: 0.049)."""

_SHAPE_BAND_HZ = (0.5, 40.0)
_LIMB_BAND_HZ = (2.0, 40.0)  # without the wander of one electrode, which is no contradiction
_FAST_HZ, _SLOW_HZ = (25.0, 40.0), (6.0, 15.0)
# Correlation of the sample-to-sample steps of two chest leads: at most 0.997 in those 430 ECGs.
_COPIED = 0.9999
_USUAL_BEAT_MV = 0.15
_REST_S, _REST_PERCENTILE = 0.1, 20.0
_LEAST_NOISE_MV = 0.00015

Structural = tuple[Reason, tuple[str, ...]]
"""A reason, and the leads that it spoils."""


@dataclass(frozen=True)
class Structure:
    """What the leads of a stretch show together."""

    limbs: LimbLeadCheck | None = None  # agreement of the limb leads
    faults: tuple[Structural, ...] = ()  # swapped, reversed and copied leads, and a low-pass
    silent: tuple[str, ...] = ()  # leads in which no beat is seen, while others show them


def examine_structure(
    part: EcgRecord, signal: Float64Array, beats: Beats, unusable: frozenset[str] | set[str]
) -> Structure:
    """Compare the leads of a stretch with one another.

    `signal`: shape (n_leads, n_samples), its samples in mV, gaps bridged.
    """
    if not beats.convincing:
        return Structure()
    fs = part.sampling_rate
    usable = {
        lead: row
        for lead, row in zip(part.leads, _band(signal, _SHAPE_BAND_HZ, fs), strict=True)
        if lead in STANDARD_LEADS and lead not in unusable and np.isfinite(part.lead(lead)).any()
    }
    beat = median_beat(usable, beats.peaks, fs)
    silent = _silent(beat)
    usable = {lead: row for lead, row in usable.items() if lead not in silent}
    beat = {lead: row for lead, row in beat.items() if lead not in silent}
    faults: list[Structural] = []
    if not beats.spikes_s:
        faults += _electrodes(beat)
    faults += _copies(part, usable)
    if _low_passed(signal[[part.leads.index(lead) for lead in usable]], fs):
        text = "The leads hold next to nothing above 25 Hz: they were low-passed. QRS, ST and voltages read too soft."
        faults.append((Reason(ReasonCode.LOW_PASSED, text), STANDARD_LEADS))
    return Structure(_limb_check(part, usable, beats.peaks), tuple(faults), silent)


def contradiction(limbs: LimbLeadCheck | None) -> Reason | None:
    """Say that the limb leads are not what they are called, and what they may be; None where they agree."""
    if limbs is None or not limbs.contradictory:
        return None
    text = (
        f"The limb leads contradict one another by {100.0 * limbs.residual:.0f} % of their size "
        "(III should be II minus I), so that no lead may be what it is called."
    )
    if limbs.explanation is not None:
        text += f" They agree if {limbs.explanation}."
    return Reason(ReasonCode.LIMB_LEADS_CONTRADICT, text, ("I", "II", "III"))


def _band(signal: Float64Array, band_hz: tuple[float, float], sampling_rate_hz: float) -> Float64Array:
    edges = (band_hz[0], min(band_hz[1], 0.45 * sampling_rate_hz))
    return zero_phase(signal, sampling_rate_hz, edges, 2)


def _silent(beat: dict[str, Float64Array]) -> tuple[str, ...]:
    """Return the leads without beats."""
    heights = {lead: float(np.ptp(row)) for lead, row in beat.items()}
    if not heights or float(np.median(list(heights.values()))) < _USUAL_BEAT_MV:
        return ()
    return tuple(lead for lead, height in heights.items() if height < SILENT_LEAD_MV)


def _electrodes(beat: dict[str, Float64Array]) -> list[Structural]:
    pair = find_chest_swap(beat)
    if pair is None and chest_reversed(beat):
        # Limb electrodes are judged by V6, which is V1 then.
        text = "V1 to V6 look as if their order were reversed, or the heart lay on the right."
        return [(Reason(ReasonCode.CHEST_LEADS_INTERCHANGED, text, CHEST_LEADS), CHEST_LEADS)]
    faults: list[Structural] = []
    limb_swap = find_limb_swap(beat)
    if limb_swap == "arms":
        text = "Leads I and aVR look as if the arm electrodes were swapped."
        faults.append((Reason(ReasonCode.ARM_ELECTRODES_SWAPPED, text, ("I", "aVR")), LIMB_LEADS[:5]))
    elif limb_swap is not None:
        text = f"Leads II and aVR look as if the electrodes of {limb_swap} were swapped."
        faults.append((Reason(ReasonCode.ARM_AND_LEG_SWAPPED, text, ("II", "aVR")), LIMB_LEADS))
    if pair is not None:
        text = f"{' and '.join(pair)} look as if they were interchanged."
        faults.append((Reason(ReasonCode.CHEST_LEADS_INTERCHANGED, text, pair), pair))
    return faults


def _copies(part: EcgRecord, usable: dict[str, Float64Array]) -> list[Structural]:
    """Tell which chest leads hold the same signal, noise and all."""
    there = [lead for lead in CHEST_LEADS if lead in usable and lead not in part.derived_leads]
    steps = {lead: np.diff(np.nan_to_num(part.lead(lead).astype(np.float64), posinf=0.0, neginf=0.0)) for lead in there}
    centred = {lead: row - row.mean() for lead, row in steps.items()}
    sizes = {lead: float(np.linalg.norm(row)) for lead, row in centred.items()}
    faults: list[Structural] = []
    for pair in combinations(there, 2):
        one, other = pair
        size = sizes[one] * sizes[other]
        if size > 0.0 and abs(float(centred[one] @ centred[other])) >= _COPIED * size:
            text = f"{' and '.join(pair)} hold the same signal: one of them is a copy."
            faults.append((Reason(ReasonCode.LEADS_COPIED, text, pair), pair))
    return faults


def _low_passed(signal: Float64Array, sampling_rate_hz: float) -> bool:
    if 2.0 * _FAST_HZ[1] > sampling_rate_hz or not len(signal):
        return False
    centred = signal - signal.mean(axis=1, keepdims=True)
    at_hz, power = power_up_to(centred * hann_window(signal.shape[1]), sampling_rate_hz, _FAST_HZ[1])
    power = power.sum(axis=0)
    fast, slow = (float(power[(at_hz >= low) & (at_hz < high)].sum()) for low, high in (_FAST_HZ, _SLOW_HZ))
    if fast >= LEAST_FAST_SHARE * slow:
        return False
    # Wide complexes have little that is fast, but the noise between them has: a low-pass takes that, too.
    window = max(1, round(_REST_S * sampling_rate_hz))
    rows = _band(signal, _FAST_HZ, sampling_rate_hz)[:, : signal.shape[1] // window * window]
    size = np.sqrt((rows.reshape(len(rows), -1, window) ** 2).mean(axis=2))
    return float(np.median(np.percentile(size, _REST_PERCENTILE, axis=1))) < _LEAST_NOISE_MV


def _limb_check(part: EcgRecord, usable: dict[str, Float64Array], peaks: IntArray) -> LimbLeadCheck | None:
    """Compare the recorded limb leads, free of wander, by what every other beat and the ones between have in common."""
    fs = part.sampling_rate
    recorded = {lead: row for lead, row in usable.items() if lead in LIMB_LEADS and lead not in part.derived_leads}
    check = check_limb_leads(recorded, fs)
    if check is None or (check.consistent and not check.scaled_one_by_one):
        return check
    steady = {lead: _band(row, _LIMB_BAND_HZ, fs) for lead, row in usable.items() if lead not in part.derived_leads}
    halves = (median_beat({lead: steady[lead] for lead in recorded}, peaks[start::2], fs) for start in (0, 1))
    residual = disagreement(*halves)
    if residual is None:
        return check
    check = replace(check, residual=residual, consistent=residual <= MAX_RESIDUAL)
    if not check.contradictory:
        return check
    return replace(check, explanation=likely_order(median_beat(steady, peaks, fs)))
