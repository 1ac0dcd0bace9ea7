"""Sizes and directions: hypertrophy of ventricles and atria, axis deviation, low voltage."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from cardiov_core.domain import CHEST_LEADS, LIMB_LEADS, Finding, Float64Array, listed
from cardiov_core.signals.findings.answer import Seen, Unmeasurable, answer, beyond
from cardiov_core.signals.findings.catalogue import ROWS
from cardiov_core.signals.findings.evidence import Evidence, limit_of, probability
from cardiov_core.signals.wave.qrs_form import QrsForm, qrs_forms

SOKOLOW_LYON_MV = 3.5
"""S in V1 + R in V5 or V6 from here on (Sokolow and Lyon 1949, Am Heart J 37:161)."""

CORNELL_MV: Mapping[str, float] = {"male": 2.8, "female": 2.0}
"""R in aVL + S in V3 above this (Casale et al. 1985, J Am Coll Cardiol 6:572)."""

LOW_LIMB_MV = 0.5
"""Low voltage: QRS under this, peak to peak, in all limb leads (Wen and Kang 2022, Figure A3: 5 mm)."""

LOW_PRECORDIAL_MV = 1.0
"""Low voltage: QRS under this, peak to peak, in all chest leads (10 mm, the usual definition)."""

AXIS_DEG = (-30.0, 90.0)
"""QRS axis within these is normal (Surawicz et al. 2009)."""

RVH_AXIS_DEG = 90.0
"""Right ventricular hypertrophy: axis from here on with R over S in V1 (docs/clinical.md, 31)."""

TALL_P_MV = 0.25
"""P in II from here on in right atrial enlargement (Hancock et al. 2009)."""

P_TERMINAL_FORCE_MM_S = 0.04
"""Depth times width of P's negative end in V1 from here on, in mm s (Morris et al. 1964, in Hancock et al. 2009)."""

LONG_P_MS = 120.0
"""P lasts from here on in left atrial enlargement (the same source)."""

_VOLTAGE_SHARE = 0.08
_AXIS_SPREAD_DEG = 6.0
_MM_PER_MV = 10.0
_AXIS_LEADS: Mapping[str, tuple[str, ...]] = {"2": ("I", "aVF"), "3": ("I", "II", "aVF")}


def find(evidence: Evidence, findings: Mapping[str, Finding]) -> Iterator[Finding]:
    """Measure sizes and directions; `findings` is not needed."""
    del findings
    forms = qrs_forms(evidence.record, evidence.measured, without=evidence.rejected_leads)
    yield answer(ROWS["lvh"], evidence, _lvh)
    yield answer(ROWS["lvh_voltage_sokolow_lyon"], evidence, _sokolow_lyon)
    yield answer(ROWS["lvh_voltage_cornell"], evidence, _cornell)
    yield answer(ROWS["right_ventricular_hypertrophy"], evidence, _rvh)
    yield answer(ROWS["right_atrial_enlargement"], evidence, _right_atrium)
    yield answer(ROWS["left_atrial_enlargement"], evidence, _left_atrium)
    yield answer(ROWS["left_axis_deviation"], evidence, lambda e: _axis(e, left=True))
    yield answer(ROWS["right_axis_deviation"], evidence, lambda e: _axis(e, left=False))
    for count, leads in _AXIS_LEADS.items():
        for side in ("left", "right"):
            row = ROWS[f"{side}_axis_deviation_{count}_lead"]
            yield answer(row, evidence, _axis_by_signs(side, leads, forms))
    yield answer(ROWS["low_qrs_voltage_limb"], evidence, _low_voltage("limb", LIMB_LEADS, LOW_LIMB_MV, forms))
    yield answer(
        ROWS["low_qrs_voltage_precordial"], evidence, _low_voltage("precordial", CHEST_LEADS, LOW_PRECORDIAL_MV, forms)
    )


def _wide_words(evidence: Evidence) -> tuple[str, ...]:
    if not evidence.wide:
        return ()
    return (f"QRS is wide ({evidence.measured.qrs_ms:.0f} ms): the rule is meant for a narrow one.",)


def _cornell_limit(evidence: Evidence) -> tuple[float, str]:
    sex = evidence.record.sex
    if sex is None:
        return max(CORNELL_MV.values()), ", the limit of either sex, since the sex is not stated (2.00 mV for women)"
    return CORNELL_MV[sex], " for men" if sex == "male" else " for women"


def _sokolow_lyon(evidence: Evidence) -> Seen | Unmeasurable:
    value = evidence.measured.sokolow_lyon_mv
    if value is None:
        return Unmeasurable(evidence.missing("sokolow_lyon_mv"))
    is_there = round(value, 2) >= SOKOLOW_LYON_MV
    reason = f"S in V1 + R in V5 or V6 {value:.2f} mV; present from {SOKOLOW_LYON_MV:.2f} mV"
    sure = beyond(value, SOKOLOW_LYON_MV, _VOLTAGE_SHARE * SOKOLOW_LYON_MV, over=is_there)
    return Seen(is_there, reason, {"sokolow_lyon_mv": value}, sure, _wide_words(evidence), ("V1", "V5", "V6"))


def _cornell(evidence: Evidence) -> Seen | Unmeasurable:
    value = evidence.measured.cornell_mv
    if value is None:
        return Unmeasurable(evidence.missing("cornell_mv"))
    limit, whose = _cornell_limit(evidence)
    is_there = round(value, 2) > limit
    reason = f"R in aVL + S in V3 {value:.2f} mV; present over {limit:.2f} mV{whose}"
    sure = beyond(value, limit, _VOLTAGE_SHARE * limit, over=is_there)
    return Seen(is_there, reason, {"cornell_mv": value}, sure, _wide_words(evidence), ("aVL", "V3"))


def _lvh(evidence: Evidence) -> Seen | Unmeasurable:
    if evidence.signs is None:
        return Unmeasurable(f"there are only {evidence.measured.n_beats} beats")
    chance = probability(evidence, "lvh")
    if chance is None:
        return Unmeasurable("the trained detectors are not installed")
    limit = limit_of("lvh")
    is_there = chance >= limit
    sizes = {
        "S in V1 + R in V5 or V6": evidence.measured.sokolow_lyon_mv,
        "R in aVL + S in V3": evidence.measured.cornell_mv,
    }
    clause = ", ".join(f"{name} {value:.2f} mV" for name, value in sizes.items() if value is not None)
    reason = f"{clause}; with ST and T the detector gives {100 * chance:.0f} %, present from {100 * limit:.0f} %"
    return Seen(is_there, reason, {"probability": chance}, chance if is_there else 1.0 - chance, _wide_words(evidence))


def _rvh(evidence: Evidence) -> Seen | Unmeasurable:
    axis = evidence.measured.qrs_axis_deg
    if axis is None:
        return Unmeasurable(evidence.missing("qrs_axis_deg"))
    if "V1" not in evidence.waves:
        return Unmeasurable("lead V1 cannot be used")
    first = evidence.waves["V1"]
    is_there = round(axis) >= RVH_AXIS_DEG and first.r_mv > max(first.s_mv, first.q_mv)
    reason = (
        f"QRS axis {axis:.0f} degrees, R {first.r_mv:.2f} and S {first.s_mv:.2f} mV in V1; present from "
        f"{RVH_AXIS_DEG:g} degrees with R over S in V1"
    )
    numbers = {"qrs_axis_deg": axis, "V1_r_mv": first.r_mv, "V1_s_mv": first.s_mv}
    return Seen(is_there, reason, numbers, None, _wide_words(evidence), ("V1",))


def _p_wave(evidence: Evidence, lead: str) -> Float64Array | Unmeasurable:
    """Return one lead's P wave against the level before it, in mV."""
    beat = evidence.measured.median_beat
    if beat is None or beat.p is None:
        return Unmeasurable(evidence.missing("p_ms"))
    if lead not in evidence.waves:
        return Unmeasurable(f"lead {lead} cannot be used")
    fs = beat.sampling_rate
    first = max(0, beat.r_index + round(beat.p.onset_s * fs))
    last = beat.r_index + round(beat.p.offset_s * fs)
    row = beat.signal[beat.leads.index(lead)].astype(np.float64)
    before = row[max(0, first - round(0.02 * fs)) : first + 1]
    return np.asarray(row[first : last + 1] - before.mean())


def _right_atrium(evidence: Evidence) -> Seen | Unmeasurable:
    p = _p_wave(evidence, "II")
    if isinstance(p, Unmeasurable):
        return p
    if evidence.noisy("II"):
        return Unmeasurable("lead II is too noisy for the height of P")
    height = float(p.max())
    is_there = round(height, 2) >= TALL_P_MV
    reason = f"P in II {height:.2f} mV; present from {TALL_P_MV:.2f} mV"
    sure = beyond(height, TALL_P_MV, 0.02, over=is_there)
    return Seen(is_there, reason, {"II_p_mv": height}, sure, leads=("II",))


def _left_atrium(evidence: Evidence) -> Seen | Unmeasurable:
    p = _p_wave(evidence, "V1")
    if isinstance(p, Unmeasurable):
        return p
    if evidence.noisy("V1"):
        return Unmeasurable("lead V1 is too noisy for the form of P")
    beat, length = evidence.measured.median_beat, evidence.measured.p_ms
    if beat is None or length is None:
        return Unmeasurable(evidence.missing("p_ms"))
    end = p[int(p.argmax()) :] if p.size else p
    negative = end[end < 0]
    depth = float(-negative.min()) if negative.size else 0.0
    force = _MM_PER_MV * depth * negative.size / beat.sampling_rate
    is_there = round(force, 3) >= P_TERMINAL_FORCE_MM_S and round(length) >= LONG_P_MS
    reason = (
        f"P terminal force in V1 {force:.3f} mm s, P {length:.0f} ms; present from {P_TERMINAL_FORCE_MM_S:g} mm s with "
        f"P from {LONG_P_MS:g} ms"
    )
    return Seen(is_there, reason, {"V1_p_terminal_force_mm_s": force, "p_ms": length}, None, leads=("V1",))


def _axis(evidence: Evidence, *, left: bool) -> Seen | Unmeasurable:
    axis = evidence.measured.qrs_axis_deg
    if axis is None:
        return Unmeasurable(evidence.missing("qrs_axis_deg"))
    limit = AXIS_DEG[0] if left else AXIS_DEG[1]
    # A quarter of the circle on each side; what lies beyond both is called neither.
    is_there = -90.0 <= round(axis) < limit if left else limit < round(axis) <= 180.0
    side = "under" if left else "over"
    sure = beyond(axis, limit, _AXIS_SPREAD_DEG, over=is_there is not left)
    reason = f"QRS axis {axis:.0f} degrees; present {side} {limit:.0f} degrees"
    return Seen(is_there, reason, {"qrs_axis_deg": axis}, sure, leads=("I", "aVF"))


def _axis_by_signs(
    side: str, leads: tuple[str, ...], forms: Mapping[str, QrsForm]
) -> Callable[[Evidence], Seen | Unmeasurable]:
    """Judge an axis by the signs of QRS in two or three leads (Wen and Kang 2022, section 5).

    A QRS is positive where R is taller than S is deep. The sign of the net area, stated as well, agrees less with the
    stated axes: of PTB-XL's 47 left and 7 right ones, two leads find 46 and 5 by height, 42 and 4 by area.
    """

    def judge(evidence: Evidence) -> Seen | Unmeasurable:
        absent = [lead for lead in leads if lead not in forms or forms[lead].windowed]
        if absent:
            return Unmeasurable(f"no QRS in {' and '.join(absent)}")
        first, *lower = (forms[lead].upright for lead in leads)
        # Left: I upright, the inferior leads not; right: the other way round.
        is_there = first and not any(lower) if side == "left" else not first and all(lower)
        numbers: dict[str, float] = {}
        parts = []
        for lead in leads:
            form = forms[lead]
            area = form.area_mv_ms or 0.0
            numbers |= {f"{lead}_qrs_area_mv_ms": area, f"{lead}_r_minus_s_mv": form.r_mv - form.s_mv}
            parts.append(
                f"{lead} {'positive' if form.upright else 'negative'} (R - S {form.r_mv - form.s_mv:+.2f} mV, "
                f"area {area:+.1f} mV ms)"
            )
        reason = f"QRS: {', '.join(parts)}"
        axis = evidence.measured.qrs_axis_deg
        if axis is not None:
            numbers["qrs_axis_deg"] = axis
            reason += f"; axis {axis:.0f} degrees"
        return Seen(is_there, reason, numbers, None, leads=leads)

    return judge


def _low_voltage(
    part: str, leads: tuple[str, ...], limit_mv: float, forms: Mapping[str, QrsForm]
) -> Callable[[Evidence], Seen | Unmeasurable]:
    def judge(evidence: Evidence) -> Seen | Unmeasurable:
        del evidence
        usable = {lead: forms[lead] for lead in leads if lead in forms}
        if not usable:
            return Unmeasurable(f"no {part} lead can be used")
        largest = max(usable, key=lambda lead: usable[lead].peak_to_peak_mv)
        height_mv = usable[largest].peak_to_peak_mv
        is_low = round(height_mv, 2) < limit_mv
        absent = [lead for lead in leads if lead not in usable]
        what = "0.12 s of signal, since no QRS was found," if usable[largest].windowed else "QRS"
        sentence = f"Largest {what} {height_mv:.2f} mV from peak to peak, in {largest}"
        if is_low and absent:
            # One tall lead rules low voltage out; to call it low, all leads must have been seen.
            return Unmeasurable(f"{sentence[0].lower()}{sentence[1:]}, but {listed(absent)} cannot be used")
        if not is_low and usable[largest].windowed:
            # No QRS is taller than the tallest stretch of its width; that a tall stretch is a QRS, nobody knows.
            return Unmeasurable(f"{sentence[0].lower()}{sentence[1:]}, which may be noise")
        numbers = {"largest_peak_to_peak_mv": height_mv}
        sure = beyond(height_mv, limit_mv, _VOLTAGE_SHARE * limit_mv, over=not is_low)
        return Seen(is_low, f"{sentence}; present under {limit_mv:g} mV", numbers, sure, leads=tuple(usable))

    return judge
