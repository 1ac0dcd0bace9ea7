"""Findings by rule: what was measured, against which limit, in one sentence each.

The rules are those of clinical practice that need no more than numbers (Wen and Kang 2022, Physiol Meas, section 5:
'Clinical Rule Based Detectors'; AHA/ACCF/HRS statements 2009, parts III to V). A finding is no diagnosis: each says
what it measured, so that a reader can disagree. Where the number is missing, or the leads that it needs cannot be
used, the answer is 'not measurable' with the reason. All limits are those of adults.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from cardiov_core.domain import (
    CHEST_LEADS,
    LIMB_LEADS,
    EcgRecord,
    Finding,
    FindingState,
    Measurements,
    Quality,
    QualityVerdict,
)
from cardiov_core.signals.beat.pacing import missed_captures
from cardiov_core.signals.beat.rhythm import BETWEEN_BEATS, IRREGULAR_SHARE, longest_silence
from cardiov_core.signals.wave.qrs_form import QrsForm, qrs_forms

BRADYCARDIA_BPM = 60.0
"""Bradycardia below this, the lower end of the usual 60 to 100 (ACC/AHA/HRS 2018 begin at 50, for treatment)."""

TACHYCARDIA_BPM = 100.0
"""Tachycardia above this, the upper end of the usual 60 to 100."""

CRITICAL_RATES_BPM = (40.0, 150.0)
"""A heart rate below or above is critical (docs/clinical.md, 20)."""

CRITICAL_PAUSE_MS = 3000.0
"""A longer time without a beat is critical (docs/clinical.md, 20)."""

PROLONGED_PR_MS = 200.0
"""A longer PR interval is prolonged (docs/clinical.md, 19)."""

WIDE_QRS_MS = 120.0
"""QRS is wide from here on (Surawicz et al. 2009, doi:10.1161/CIRCULATIONAHA.108.191095)."""

LONG_QTC_MS: Mapping[str, float] = {"male": 450.0, "female": 460.0}
"""QTc is prolonged from here on (Rautaharju et al. 2009, doi:10.1161/CIRCULATIONAHA.108.191096)."""

CRITICAL_QTC_MS = 500.0
"""QTc is critical from here on (docs/clinical.md, 20)."""

SOKOLOW_LYON_MV = 3.5
"""S in V1 + R in V5 or V6 from here on (Sokolow and Lyon 1949, Am Heart J 37:161)."""

CORNELL_MV: Mapping[str, float] = {"male": 2.8, "female": 2.0}
"""R in aVL + S in V3 above this (Casale et al. 1985, J Am Coll Cardiol 6:572)."""

LOW_LIMB_MV = 0.5
"""Low voltage: QRS under this, peak to peak, in all limb leads (Wen and Kang 2022, Figure A3: 5 mm)."""

LOW_PRECORDIAL_MV = 1.0
"""Low voltage: QRS under this, peak to peak, in all chest leads (10 mm, the usual definition)."""

MIN_MISSED_CAPTURES = 2
"""So many spikes without a QRS complex are a failure to capture; a single one may be a test pulse of the pacemaker."""

_AXIS_LEADS: Mapping[str, tuple[str, ...]] = {"2": ("I", "aVF"), "3": ("I", "II", "aVF")}


@dataclass(frozen=True)
class _Limit:
    """The limit that counts for this record, with what to add to it in words."""

    value: float
    words: str = ""


@dataclass(frozen=True)
class _Threshold:
    """One number against one limit; `over` and `inclusive` say on which side 'present' lies."""

    code: str
    title: str
    field: str
    name: str
    unit: str
    limit: float | Mapping[str, float]
    over: bool = True
    inclusive: bool = False
    critical: bool = False
    voltage: bool = False
    repolarisation: bool = False


_THRESHOLDS = (
    _Threshold("bradycardia", "Bradycardia", "heart_rate_bpm", "Heart rate", "/min", BRADYCARDIA_BPM, over=False),
    _Threshold("tachycardia", "Tachycardia", "heart_rate_bpm", "Heart rate", "/min", TACHYCARDIA_BPM),
    _Threshold(
        "severe_bradycardia",
        "Heart rate under 40/min",
        "heart_rate_bpm",
        "Heart rate",
        "/min",
        CRITICAL_RATES_BPM[0],
        over=False,
        critical=True,
    ),
    _Threshold(
        "severe_tachycardia",
        "Heart rate over 150/min",
        "heart_rate_bpm",
        "Heart rate",
        "/min",
        CRITICAL_RATES_BPM[1],
        critical=True,
    ),
    _Threshold("prolonged_pr", "Prolonged PR interval", "pr_ms", "PR", "ms", PROLONGED_PR_MS),
    _Threshold("wide_qrs", "Wide QRS", "qrs_ms", "QRS", "ms", WIDE_QRS_MS, inclusive=True),
    _Threshold(
        "long_qtc",
        "Prolonged QTc",
        "qtc_fridericia_ms",
        "QTc (Fridericia)",
        "ms",
        LONG_QTC_MS,
        inclusive=True,
        repolarisation=True,
    ),
    _Threshold(
        "critical_qtc",
        "QTc of 500 ms or more",
        "qtc_fridericia_ms",
        "QTc (Fridericia)",
        "ms",
        CRITICAL_QTC_MS,
        inclusive=True,
        critical=True,
        repolarisation=True,
    ),
    _Threshold(
        "lvh_voltage_sokolow_lyon",
        "Left ventricular hypertrophy by voltage (Sokolow-Lyon)",
        "sokolow_lyon_mv",
        "S in V1 + R in V5 or V6",
        "mV",
        SOKOLOW_LYON_MV,
        inclusive=True,
        voltage=True,
    ),
    _Threshold(
        "lvh_voltage_cornell",
        "Left ventricular hypertrophy by voltage (Cornell)",
        "cornell_mv",
        "R in aVL + S in V3",
        "mV",
        CORNELL_MV,
        voltage=True,
    ),
)


def apply_rules(record: EcgRecord, measurements: Measurements, quality: Quality | None = None) -> tuple[Finding, ...]:
    """Apply every rule to what was measured on a record.

    Parameters
    ----------
    record : EcgRecord
        As measured; gives the sex, and the samples where no QRS was found.
    measurements : Measurements
        Of this record.
    quality : Quality, optional
        Verdict of the gate: leads that it rejects count as not there, and a wrong gain forbids the voltage rules.

    Returns
    -------
    tuple of Finding
        One a rule, always the same rules in the same order.
    """
    forms = qrs_forms(record, measurements, without=_rejected_leads(quality))
    return (
        *(_against_limit(rule, record, measurements, quality) for rule in _THRESHOLDS),
        _pause(measurements),
        _irregular(measurements),
        *_axis_deviations(forms, measurements, quality),
        *_low_voltages(forms, _gain_in_doubt(quality) or _amplitudes_in_doubt(measurements)),
        _pacing(measurements),
    )


def _against_limit(rule: _Threshold, record: EcgRecord, measurements: Measurements, quality: Quality | None) -> Finding:
    value: float | None = getattr(measurements, rule.field)
    doubt = _gain_in_doubt(quality) if rule.voltage else None
    if doubt is not None:
        return _unknown(rule.code, rule.title, doubt)
    if value is None:
        return _unknown(rule.code, rule.title, _why_missing(measurements, rule.field))
    limit = _limit(rule, record)
    present = _beyond(value, limit.value, rule)
    side = ("from" if rule.inclusive else "over") if rule.over else "under"
    reason = f"{rule.name} {_number(value, rule.unit)}; present {side} {_number(limit.value, rule.unit)}{limit.words}"
    if present and rule.voltage | rule.repolarisation and (measurements.qrs_ms or 0.0) >= WIDE_QRS_MS:
        effect = "the rule is meant for a narrow one" if rule.voltage else "which lengthens QT by itself"
        reason += f"; QRS is wide ({measurements.qrs_ms:.0f} ms), {effect}"
    return Finding(
        rule.code, rule.title, _state(present), f"{reason}.", {rule.field: value}, critical=present and rule.critical
    )


def _limit(rule: _Threshold, record: EcgRecord) -> _Limit:
    """Choose by sex where the limit depends on it; of an unknown sex the higher one, which holds for both."""
    if not isinstance(rule.limit, Mapping):
        return _Limit(rule.limit)
    if record.sex is not None:
        return _Limit(rule.limit[record.sex], " for men" if record.sex == "male" else " for women")
    higher = max(rule.limit, key=rule.limit.__getitem__)
    others = ", ".join(
        f"{_number(value, rule.unit)} for {'men' if sex == 'male' else 'women'}"
        for sex, value in rule.limit.items()
        if sex != higher
    )
    return _Limit(rule.limit[higher], f", the limit of either sex, since the sex is not stated ({others})")


def _beyond(value: float, limit: float, rule: _Threshold) -> bool:
    # What is printed decides: 119.7 ms reads 120, and must not be called narrower than 120.
    shown = round(value, 2 if rule.unit == "mV" else 0)
    if rule.inclusive and shown == limit:
        return True
    return shown > limit if rule.over else shown < limit


def _pause(measurements: Measurements) -> Finding:
    code, title = "pause", "Pause over 3 s"
    if not measurements.beats and measurements.longest_pause_ms is None:
        return _unknown(code, title, _why_missing(measurements, "longest_pause_ms"))
    silence = longest_silence([beat.r_s for beat in measurements.beats], measurements.measured_s, measurements.gaps_s)
    longest, where = measurements.longest_pause_ms or 0.0, BETWEEN_BEATS
    # At an edge a time without a beat is told only where it is a pause: every record begins and ends between beats.
    if silence is not None and silence.ms > longest and (not silence.at_least or silence.ms > CRITICAL_PAUSE_MS):
        longest, where = silence.ms, f"{silence.where}, at least" if silence.at_least else silence.where
    present = longest > CRITICAL_PAUSE_MS
    reason = (
        f"Longest time without a beat {longest / 1000:.2f} s ({where}); present over {CRITICAL_PAUSE_MS / 1000:g} s."
    )
    return Finding(code, title, _state(present), reason, {"longest_pause_ms": longest}, critical=present)


def _irregular(measurements: Measurements) -> Finding:
    code, title = "irregular_rhythm", "Irregular rhythm"
    mean_ms, sd_ms = measurements.rr_mean_ms, measurements.rr_sd_ms
    if measurements.regular is None or not mean_ms or sd_ms is None:
        return _unknown(code, title, _why_missing(measurements, "regular"))
    measured = {"rr_mean_ms": mean_ms, "rr_sd_ms": sd_ms}
    span = ""
    if measurements.rr_min_ms is not None and measurements.longest_pause_ms is not None:
        measured |= {"rr_min_ms": measurements.rr_min_ms, "rr_max_ms": measurements.longest_pause_ms}
        span = f" ({measurements.rr_min_ms:.0f} to {measurements.longest_pause_ms:.0f} ms)"
    reason = (
        f"RR intervals{span} vary with a standard deviation of {sd_ms:.0f} ms, {100 * sd_ms / mean_ms:.1f} % of their "
        f"mean; present over {100 * IRREGULAR_SHARE:g} %."
    )
    return Finding(code, title, _state(not measurements.regular), reason, measured)


def _axis_deviations(
    forms: Mapping[str, QrsForm], measurements: Measurements, quality: Quality | None
) -> Iterator[Finding]:
    """Left and right axis deviation by the signs of QRS in two and in three leads (Wen and Kang 2022, section 5).

    A QRS is positive where R is taller than S is deep. The sign of the net area, stated as well, agrees less with the
    stated axes: of PTB-XL's 47 left and 7 right ones, two leads find 46 and 5 by height, 42 and 4 by area.
    """
    sides: tuple[tuple[str, Callable[[bool], bool]], ...] = (
        ("left", lambda upright: not upright),
        ("right", lambda upright: upright),
    )
    swapped = _suspected_swap(quality)
    for count, leads in _AXIS_LEADS.items():
        for side, fits in sides:
            code, title = f"{side}_axis_deviation_{count}_lead", f"{side.capitalize()} axis deviation ({count} leads)"
            absent = [lead for lead in leads if lead not in forms or forms[lead].windowed]
            if swapped is not None:
                yield _unknown(code, title, swapped)
            elif absent:
                yield _unknown(code, title, f"no QRS in {' and '.join(absent)}")
            else:
                first, *lower = (forms[lead] for lead in leads)
                # Left: I upright, the inferior leads not; right: the other way round.
                present = fits(not first.upright) and all(fits(form.upright) for form in lower)
                yield _axis_finding(code, title, present, {lead: forms[lead] for lead in leads}, measurements)


def _axis_finding(
    code: str, title: str, present: bool, forms: Mapping[str, QrsForm], measurements: Measurements
) -> Finding:
    measured: dict[str, float] = {}
    parts = []
    for lead, form in forms.items():
        area = form.area_mv_ms or 0.0
        measured[f"{lead}_qrs_area_mv_ms"] = area
        measured[f"{lead}_r_minus_s_mv"] = form.r_mv - form.s_mv
        parts.append(
            f"{lead} {'positive' if form.upright else 'negative'} (R - S {form.r_mv - form.s_mv:+.2f} mV, "
            f"area {area:+.1f} mV ms)"
        )
    reason = f"QRS: {', '.join(parts)}"
    if measurements.qrs_axis_deg is not None:
        measured["qrs_axis_deg"] = measurements.qrs_axis_deg
        reason += f"; axis {measurements.qrs_axis_deg:.0f} degrees"
    return Finding(code, title, _state(present), f"{reason}.", measured)


def _low_voltages(forms: Mapping[str, QrsForm], doubt: str | None) -> Iterator[Finding]:
    for part, leads, limit_mv in (("limb", LIMB_LEADS, LOW_LIMB_MV), ("precordial", CHEST_LEADS, LOW_PRECORDIAL_MV)):
        code, title = f"low_qrs_voltage_{part}", f"Low QRS voltage ({part} leads)"
        usable = {lead: forms[lead] for lead in leads if lead in forms}
        if doubt is not None or not usable:
            yield _unknown(code, title, doubt or f"no {part} lead can be used")
            continue
        largest = max(usable, key=lambda lead: usable[lead].peak_to_peak_mv)
        height_mv = usable[largest].peak_to_peak_mv
        present = round(height_mv, 2) < limit_mv
        state, but = _state(present), ""
        absent = [lead for lead in leads if lead not in usable]
        if present and absent:
            # One tall lead rules low voltage out; to call it low, all leads must have been seen.
            state, but = "not measurable", f", but {' and '.join(absent)} cannot be used"
        elif not present and usable[largest].windowed:
            # No QRS is taller than the tallest stretch of its width; that a tall stretch is a QRS, nobody knows.
            state, but = "not measurable", ", which may be noise"
        what = "0.12 s of signal, since no QRS was found," if usable[largest].windowed else "QRS"
        reason = (
            f"Largest {what} {height_mv:.2f} mV from peak to peak, in {largest}{but}; present under {limit_mv:g} mV."
        )
        yield Finding(code, title, state, reason, {"largest_peak_to_peak_mv": height_mv})


def _pacing(measurements: Measurements) -> Finding:
    code, title = "pacing", "Pacemaker spikes"
    reason = measurements.not_measurable.get("pacing_spikes_s")
    if reason is not None:
        return _unknown(code, title, reason)
    spikes = measurements.pacing_spikes_s
    if not spikes:
        return Finding(code, title, "absent", "No spike found.", {"n_spikes": 0.0})
    said = f"{len(spikes)} spikes, the first at {spikes[0]:.2f} s"
    measured = {"n_spikes": float(len(spikes))}
    beats = [beat.r_s for beat in measurements.beats]
    if not beats and "heart_rate_bpm" in measurements.not_measurable:
        title = "Pacing spikes without heart beats"
        return Finding(code, title, "present", f"{said}; no QRS complex follows them.", measured, critical=True)
    missed = missed_captures(spikes, beats, measurements.gaps_s, measurements.measured_s[1]) if beats else ()
    if len(missed) < MIN_MISSED_CAPTURES:
        return Finding(code, title, "present", f"{said}.", measured)
    measured["n_missed_captures"] = float(len(missed))
    said += f"; {len(missed)} of them, the first at {missed[0]:.2f} s, are not followed by a QRS complex within 0.4 s"
    return Finding(code, "Pacing spikes without capture", "present", f"{said}.", measured, critical=True)


def _rejected_leads(quality: Quality | None) -> frozenset[str]:
    if quality is None:
        return frozenset()
    return frozenset(item.lead for item in quality.leads if item.verdict is QualityVerdict.NOT_ANALYSABLE)


def _gain_in_doubt(quality: Quality | None) -> str | None:
    if quality is None or quality.suggested_gain_factor is None:
        return None
    if quality.verdict is not QualityVerdict.NOT_ANALYSABLE:
        return None
    return f"the stated gain is probably wrong by a factor of {quality.suggested_gain_factor:g}"


def _amplitudes_in_doubt(measurements: Measurements) -> str | None:
    """Return why a QRS that was found has no amplitudes: a wrong gain, or one of its own for each lead."""
    beat = measurements.median_beat
    return None if beat is None or beat.qrs is None else measurements.not_measurable.get("r_mv")


def _suspected_swap(quality: Quality | None) -> str | None:
    """Return what the gate says of swapped electrodes, without the full stop."""
    swap = None if quality is None else quality.limb_swap
    return None if swap is None else swap.text.rstrip(".")


def _why_missing(measurements: Measurements, field: str) -> str:
    return measurements.not_measurable.get(field, "too few heart beats were found")


def _unknown(code: str, title: str, reason: str) -> Finding:
    return Finding(code, title, "not measurable", f"Not measurable: {reason.rstrip('.')}.", {})


def _state(present: bool) -> FindingState:
    return "present" if present else "absent"


def _number(value: float, unit: str) -> str:
    return f"{value:.2f} {unit}" if unit == "mV" else f"{value:.0f}{'' if unit.startswith('/') else ' '}{unit}"
