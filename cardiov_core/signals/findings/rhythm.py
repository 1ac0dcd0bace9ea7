"""The rhythm: fibrillation, flutter, tachycardias, AV block, junctional and paced rhythm, and its one line."""

from collections.abc import Iterator, Mapping

import numpy as np

from cardiov_core.domain import Finding, RhythmLine
from cardiov_core.signals.beat.pacing import missed_captures
from cardiov_core.signals.findings.answer import Seen, Unmeasurable, answer
from cardiov_core.signals.findings.catalogue import ROWS
from cardiov_core.signals.findings.evidence import Evidence, limit_of, probability

TACHYCARDIA_FROM_BPM = 100.0
"""Wide-complex tachycardia from here on (docs/clinical.md, 30)."""

SVT_FROM_BPM = 150.0
"""A regular narrow tachycardia without sinus P waves is called supraventricular from here on (house convention)."""

WIDE_TACHYCARDIA_QRS_MS = 120.0
"""QRS of a wide-complex tachycardia from here on (docs/clinical.md, 30)."""

SINUS_P_AXIS_DEG = (0.0, 75.0)
"""Axis of a sinus P wave (docs/clinical.md, 30)."""

MIN_MISSED_CAPTURES = 2
"""So many spikes without a QRS complex are a failure to capture; a single one may be a test pulse of the pacemaker."""

ESCAPE_BPM = 60.0
"""A regular rhythm under this whose P waves run on by themselves is a complete block (house convention)."""

JUNCTIONAL_BPM = (35.0, 100.0)
"""Rates of a junctional rhythm, accelerated ones included (a usual definition)."""

_REGULAR_CV, _ESCAPE_CV = 0.06, 0.08
_FASTER_ATRIA = 1.15
_TRAIN_STRENGTH, _TRAIN_SPREAD = 0.2, 0.3
_P_REPEATS = 0.6
_MIN_BEATS = 4
_PAUSE_SHARE = 1.4
_P_IN_PAUSE = 0.75


def find(evidence: Evidence, findings: Mapping[str, Finding]) -> Iterator[Finding]:
    """Look at the rhythm; `findings` is not needed."""
    del findings
    wide = answer(ROWS["wide_complex_tachycardia"], evidence, _wide_tachycardia)
    fibrillation = answer(ROWS["atrial_fibrillation"], evidence, _fibrillation)
    flutter = answer(ROWS["atrial_flutter"], evidence, _flutter if wide.state != "present" else _hidden_atria)
    yield fibrillation
    yield flutter
    yield answer(ROWS["supraventricular_tachycardia"], evidence, _svt)
    yield wide
    yield answer(ROWS["av_block_3"], evidence, _third_degree)
    yield answer(ROWS["av_block_2"], evidence, lambda e: _second_degree(e, fibrillation))
    yield answer(ROWS["junctional_rhythm"], evidence, lambda e: _junctional(e, fibrillation, flutter))
    yield answer(ROWS["pacing"], evidence, _pacing)
    yield answer(ROWS["pacing_without_beats"], evidence, _without_beats)
    yield answer(ROWS["failure_to_capture"], evidence, _missed)


def _trained(evidence: Evidence, code: str, what: str) -> Seen | Unmeasurable:
    if evidence.measured.n_beats < _MIN_BEATS:
        return Unmeasurable(f"there are only {evidence.measured.n_beats} beats")
    chance = probability(evidence, code)
    if chance is None:
        return Unmeasurable("the trained detectors are not installed")
    limit = limit_of(code)
    is_there = chance >= limit
    reason = f"{what}; the detector gives {100 * chance:.0f} %, present from {100 * limit:.0f} %"
    numbers = {"probability": chance}
    signs = evidence.signs
    if signs is not None:
        numbers |= {"rr_variation": signs.numbers["rr_cv"], "p_repeats": signs.numbers["p_repeats"]}
    return Seen(is_there, reason, numbers, chance if is_there else 1.0 - chance)


def _fibrillation(evidence: Evidence) -> Seen | Unmeasurable:
    measured = evidence.measured
    mean, deviation = measured.rr_mean_ms, measured.rr_sd_ms
    spread = f"RR vary by {100 * deviation / mean:.0f} %" if mean and deviation is not None else "RR unknown"
    p = "no P wave" if measured.p_ms is None else f"a P wave of {measured.p_ms:.0f} ms"
    seen = _trained(evidence, "atrial_fibrillation", f"{spread}, {p} before the QRS")
    if isinstance(seen, Seen) and seen.present and evidence.paced_ventricles:
        return Seen(True, seen.reason, seen.measured, seen.confidence, ("The ventricles are paced.",))
    return seen


def _flutter(evidence: Evidence) -> Seen | Unmeasurable:
    if evidence.measured.qrs_ms is None and evidence.measured.n_beats:
        # What the ventricles leave between two beats cannot be told from them.
        return Unmeasurable(evidence.missing("qrs_ms"))
    return _trained(evidence, "atrial_flutter", "Regular atrial activity between the QRS complexes")


def _hidden_atria(evidence: Evidence) -> Unmeasurable:
    del evidence
    return Unmeasurable("a wide-complex tachycardia hides what the atria do")


def _rate(evidence: Evidence) -> float | Unmeasurable:
    rate = evidence.measured.heart_rate_bpm
    return Unmeasurable(evidence.missing("heart_rate_bpm")) if rate is None else rate


def _variation(evidence: Evidence) -> float:
    return float("nan") if evidence.signs is None else evidence.signs.numbers["rr_plain_cv"]


def _svt(evidence: Evidence) -> Seen | Unmeasurable:
    rate, qrs = _rate(evidence), evidence.measured.qrs_ms
    if isinstance(rate, Unmeasurable):
        return rate
    if qrs is None:
        return Unmeasurable(evidence.missing("qrs_ms"))
    is_there = round(rate) > SVT_FROM_BPM and not evidence.wide and _variation(evidence) <= _REGULAR_CV
    reason = (
        f"Heart rate {rate:.0f}/min; present over {SVT_FROM_BPM:.0f}/min where QRS is narrow and the rhythm regular"
    )
    age = evidence.record.age
    against: tuple[str, ...] = ()
    if age is not None and rate < 220.0 - age:
        against = (f"A sinus tachycardia of {rate:.0f}/min is possible at {age:.0f} years.",)
    return Seen(is_there, reason, {"heart_rate_bpm": rate}, None, against)


def _wide_tachycardia(evidence: Evidence) -> Seen | Unmeasurable:
    rate, qrs = _rate(evidence), evidence.measured.qrs_ms
    if isinstance(rate, Unmeasurable):
        return rate
    if qrs is None:
        return Unmeasurable(evidence.missing("qrs_ms"))
    fast, wide = round(rate) >= TACHYCARDIA_FROM_BPM, round(qrs) >= WIDE_TACHYCARDIA_QRS_MS
    conducted = evidence.measured.p_ms is not None
    is_there = fast and wide and not conducted and not evidence.paced_ventricles and _variation(evidence) <= 0.12
    reason = (
        f"Heart rate {rate:.0f}/min, QRS {qrs:.0f} ms, {'a' if conducted else 'no'} P wave before it; present from "
        f"{TACHYCARDIA_FROM_BPM:.0f}/min and {WIDE_TACHYCARDIA_QRS_MS:.0f} ms without P"
    )
    against = ("A supraventricular tachycardia with bundle branch block looks alike.",)
    return Seen(is_there, reason, {"heart_rate_bpm": rate, "qrs_ms": qrs}, None, against)


def _third_degree(evidence: Evidence) -> Seen | Unmeasurable:
    rate = _rate(evidence)
    if isinstance(rate, Unmeasurable):
        return rate
    if evidence.signs is None:
        return Unmeasurable(f"there are only {evidence.measured.n_beats} beats")
    numbers = evidence.signs.numbers
    train_bpm = evidence.measured.atrial_rate_bpm or numbers["train_bpm"]
    apart = evidence.measured.p_qrs_dissociated is True or (
        numbers["p_repeats"] < _P_REPEATS
        and numbers["train_strength"] >= _TRAIN_STRENGTH
        and numbers["train_spread"] >= _TRAIN_SPREAD
    )
    regular = _variation(evidence) <= _ESCAPE_CV
    is_there = round(rate) < ESCAPE_BPM and regular and apart and train_bpm > _FASTER_ATRIA * rate
    reason = (
        f"Regular beats at {rate:.0f}/min; atrial activity of {train_bpm:.0f}/min "
        f"{'that runs through them' if is_there else 'does not run through them by itself'}; present under "
        f"{ESCAPE_BPM:.0f}/min where P and QRS are independent"
    )
    measured = {"heart_rate_bpm": rate, "atrial_rate_bpm": train_bpm}
    return Seen(is_there, reason, measured, None)


def _second_degree(evidence: Evidence, fibrillation: Finding) -> Seen | Unmeasurable:
    if fibrillation.state == "present":
        return Unmeasurable("there is no AV conduction to judge in atrial fibrillation")
    if evidence.signs is None:
        return Unmeasurable(f"there are only {evidence.measured.n_beats} beats")
    beats = evidence.signs.beats
    # A dropped beat: a long interval whose beats before and behind are conducted, not after a premature one.
    long = np.nan_to_num(beats.after, nan=1.0) >= _PAUSE_SHARE
    fits = [
        index
        for index in np.flatnonzero(long).tolist()
        if beats.dominant[index]
        and np.nan_to_num(beats.before[index], nan=1.0) > 0.85
        and evidence.signs.p_in_pause.get(index, 0.0) >= _P_IN_PAUSE
    ]
    reason = f"{len(fits)} dropped beats, a P wave in a pause of {_PAUSE_SHARE:g} intervals without QRS; present from 1"
    return Seen(bool(fits), reason, {"n_dropped": float(len(fits))}, None, beats=tuple(fits))


def _junctional(evidence: Evidence, fibrillation: Finding, flutter: Finding) -> Seen | Unmeasurable:
    rate, qrs = _rate(evidence), evidence.measured.qrs_ms
    if isinstance(rate, Unmeasurable):
        return rate
    if evidence.signs is None or qrs is None:
        return Unmeasurable("there are too few beats with a QRS")
    low, high = JUNCTIONAL_BPM
    no_p = evidence.measured.p_ms is None and evidence.signs.numbers["p_repeats"] < _P_REPEATS
    other = any(one.state == "present" for one in (fibrillation, flutter))
    is_there = low <= rate <= high and no_p and not evidence.wide and _variation(evidence) <= _REGULAR_CV and not other
    reason = (
        f"Heart rate {rate:.0f}/min, {'no' if no_p else 'a'} P wave before the QRS; present at {low:.0f} to "
        f"{high:.0f}/min where a regular, narrow rhythm has none"
    )
    return Seen(is_there and not evidence.measured.pacing_spikes_s, reason, {"heart_rate_bpm": rate})


def _pacing(evidence: Evidence) -> Seen | Unmeasurable:
    measured = evidence.measured
    why = measured.not_measurable.get("pacing_spikes_s")
    if why is not None:
        return Unmeasurable(why)
    spikes = measured.pacing_spikes_s
    if not spikes:
        return Seen(False, "No spike found", {"n_spikes": 0.0})
    chambers = pacing_chambers(evidence)
    title = f"Pacemaker spikes ({chambers})" if chambers else ""
    clause = f"{len(spikes)} spikes, the first at {spikes[0]:.2f} s"
    return Seen(True, clause, {"n_spikes": float(len(spikes))}, None, title=title)


def _without_beats(evidence: Evidence) -> Seen | Unmeasurable:
    measured = evidence.measured
    spikes = measured.pacing_spikes_s
    if not spikes:
        why = measured.not_measurable.get("pacing_spikes_s")
        return Unmeasurable(why) if why is not None else Seen(False, "No spike found", {"n_spikes": 0.0})
    alone = not measured.beats and "heart_rate_bpm" in measured.not_measurable
    follows = "no QRS complex follows them" if alone else f"{measured.n_beats} beats"
    reason = f"{len(spikes)} spikes, the first at {spikes[0]:.2f} s; {follows}"
    return Seen(alone, reason, {"n_spikes": float(len(spikes))})


def _missed(evidence: Evidence) -> Seen | Unmeasurable:
    measured = evidence.measured
    why = measured.not_measurable.get("pacing_spikes_s")
    if why is not None:
        return Unmeasurable(why)
    beats = [beat.r_s for beat in measured.beats]
    spikes = measured.pacing_spikes_s
    missed = missed_captures(spikes, beats, measured.gaps_s, measured.measured_s[1]) if beats and spikes else ()
    first = f", the first at {missed[0]:.2f} s," if missed else ""
    reason = (
        f"{len(missed)} of {len(spikes)} spikes{first} are not followed by a QRS complex within 0.4 s; present from "
        f"{MIN_MISSED_CAPTURES}"
    )
    numbers = {"n_spikes": float(len(spikes)), "n_missed_captures": float(len(missed))}
    return Seen(len(missed) >= MIN_MISSED_CAPTURES, reason, numbers)


def pacing_chambers(evidence: Evidence) -> str:
    """Name what is paced by the time from spike to R: 'ventricular', 'atrial', 'atrial and ventricular', or ''."""
    r = np.asarray([beat.r_s for beat in evidence.measured.beats])
    if not r.size:
        return ""
    leads = [
        float(r[r > spike - 0.03].min() - spike)
        for spike in evidence.measured.pacing_spikes_s
        if (r > spike - 0.03).any()
    ]
    near = sum(lead <= 0.11 for lead in leads)
    far = sum(0.11 < lead <= 0.4 for lead in leads)
    names = [name for name, count in (("atrial", far), ("ventricular", near)) if count >= 2]
    return " and ".join(names)


def rhythm_line(evidence: Evidence, findings: Mapping[str, Finding]) -> RhythmLine:
    """Say the rhythm in one line."""
    measured = evidence.measured
    rate = measured.heart_rate_bpm
    if rate is None:
        return RhythmLine("not classified", None, None, f"No rate: {evidence.missing('heart_rate_bpm')}.")
    for code, words in (
        ("wide_complex_tachycardia", "Wide-complex tachycardia"),
        ("av_block_3", "Third-degree AV block"),
        ("pacing", "Paced rhythm"),
        ("atrial_flutter", "Atrial flutter"),
        ("atrial_fibrillation", "Atrial fibrillation"),
        ("supraventricular_tachycardia", "Supraventricular tachycardia"),
        ("av_block_2", "Second-degree AV block"),
        ("junctional_rhythm", "Junctional rhythm"),
    ):
        one = findings.get(code)
        if one is not None and one.state == "present":
            chambers = pacing_chambers(evidence) if code == "pacing" else ""
            words = f"{words} ({chambers})" if chambers else words
            return RhythmLine(f"{words}, {rate:.0f}/min", code, rate, one.reason)
    return _sinus(evidence, rate)


def _sinus(evidence: Evidence, rate: float) -> RhythmLine:
    measured = evidence.measured
    axis = measured.p_axis_deg
    if measured.p_ms is None:
        why = f"No P wave was found and nothing else tells the rhythm: {evidence.missing('p_ms')}."
        return RhythmLine("not classified", None, rate, why)
    low, high = SINUS_P_AXIS_DEG
    # With an axis that cannot be measured or electrodes in doubt, a P wave before each QRS still is what is seen.
    turned = axis is not None and not low - 30.0 <= axis <= high + 15.0 and evidence.doubt("electrodes") is None
    if turned:
        return RhythmLine("not classified", None, rate, f"P axis {axis:.0f} degrees is not that of a sinus rhythm.")
    kind = "Sinus bradycardia" if round(rate) < 60 else "Sinus tachycardia" if round(rate) > 100 else "Sinus rhythm"
    clause = "unknown" if axis is None else f"{axis:.0f} degrees"
    return RhythmLine(f"{kind} {rate:.0f}/min", "sinus_rhythm", rate, f"A P wave before the QRS, its axis {clause}.")
