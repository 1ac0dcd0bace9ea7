"""Everything that is measured on one ECG: each a number with its unit, or the reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import (
    LIMB_LEADS,
    BeatBoundaries,
    EcgRecord,
    Measurements,
    MedianBeat,
    WaveBoundaries,
    how_many,
)
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.lost_signal import gaps_s, without_lost_samples
from cardiov_core.signals.beat.beats import Beats, find_beats
from cardiov_core.signals.beat.median_beat import BeatSeries
from cardiov_core.signals.beat.medians import median_over_beats
from cardiov_core.signals.beat.pacing import can_show_pacing_spikes
from cardiov_core.signals.beat.rhythm import Rhythm, corrected_qt
from cardiov_core.signals.lead.gain import IMPOSSIBLE_MV, LOW_LIMIT_MV, check_gain, robust_amplitudes_mv
from cardiov_core.signals.lead.lead_order import disagreement
from cardiov_core.signals.lead.limb_leads import MAX_RESIDUAL, check_limb_leads
from cardiov_core.signals.wave.delineation import Delineation, without_waves
from cardiov_core.signals.wave.p_waves import atrial_activity
from cardiov_core.signals.wave.voltages import (
    cornell_mv,
    frontal_axis,
    on_base_line,
    qrs_deflections,
    sokolow_lyon_mv,
    st_levels,
)
from cardiov_core.signals.wave.waves import Waves, boundaries_of_others, find_waves

MAX_MEASURED_S = 300.0
"""Longer records are measured on their beginning, and a note says so."""

_USUAL_HEIGHT_MV = 2.5  # largest lead from peak to peak: median over the first 150 records of PTB-XL in the subset

_RHYTHM = ("heart_rate_bpm", "rr_mean_ms", "rr_sd_ms", "rr_min_ms", "longest_pause_ms")
_QTC = ("qtc_fridericia_ms", "qtc_bazett_ms", "qtc_framingham_ms", "qtc_hodges_ms")
_OF_P = ("pr_ms", "p_ms", "p_axis_deg")
_OF_T = ("qt_ms", "t_axis_deg", *_QTC)
_VOLTAGES = ("sokolow_lyon_mv", "cornell_mv", "st_mv", "r_mv", "s_mv")
_OF_QRS = ("qrs_ms", "pr_ms", "qrs_axis_deg", *_VOLTAGES)
_AXES = ("p_axis_deg", "qrs_axis_deg", "t_axis_deg")
_OWN_GAINS = "each lead has a gain of its own, so that their sizes do not compare"
_CONTRADICTORY = "the limb leads contradict one another"
_AROUND_QRS_S = (-0.12, 0.16)
_SCALARS = (
    *_RHYTHM,
    *("regular", "p_confidence", "atrial_rate_bpm", "p_qrs_dissociated"),
    *("p_ms", "pr_ms", "qrs_ms", "qt_ms"),
    *_QTC,
    *("p_axis_deg", "qrs_axis_deg", "t_axis_deg", "sokolow_lyon_mv", "cornell_mv"),
)


@dataclass
class _Sheet:
    """The numbers so far, each with its note or the reason why it is missing."""

    values: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def note(self, text: str, *names: str) -> None:
        """Add what to know about the numbers of fields."""
        for name in names:
            self.notes[name] = f"{self.notes[name]}; {text}" if name in self.notes else text

    def refuse(self, reason: str, *names: str) -> None:
        """Say why fields have no number; the first reason stays."""
        for name in names:
            self.missing.setdefault(name, reason)


def measure(record: EcgRecord, beats: Beats | None = None) -> Measurements:
    """Measure an ECG: rhythm, global intervals on the median beat, axes, ST levels and voltages.

    Parameters
    ----------
    record : EcgRecord
        Any record that was read.
    beats : Beats, optional
        Of the whole record, where the caller has found them already.

    Returns
    -------
    Measurements
        Every field holds a number, or its reason stands in ``not_measurable``. Only the first 300 s of a longer
        record are measured.
    """
    sheet = _Sheet()
    measured = record
    if record.duration_s > MAX_MEASURED_S:
        measured = replace(record, signal=record.signal[:, : round(MAX_MEASURED_S * record.sampling_rate)])
        sheet.note(
            f"first {MAX_MEASURED_S:g} s of {record.duration_s:.0f} s", "heart_rate_bpm", "qrs_ms", "longest_pause_ms"
        )
    measured = without_lost_samples(measured)
    gaps = gaps_s(measured)
    sheet.values |= {"measured_s": (0.0, measured.duration_s), "gaps_s": gaps}
    if gaps:
        sheet.note(_gap_words(gaps), "heart_rate_bpm", "longest_pause_ms")
    height = _height_factor(measured)
    seen = measured if height == 1.0 else replace(measured, signal=measured.signal * np.float32(height))
    try:
        # At another height a spike or a small beat may count as another thing.
        heart = beats if beats is not None and height == 1.0 else find_beats(seen)
    except RecordUnsupportedError as exc:
        return _nothing(exc.message.rstrip("."), sheet)
    _fill_pacing(sheet, seen, heart)
    waves = find_waves(seen, beats=heart)
    if waves is None:
        if heart.spikes_s:
            return _nothing("pacing spikes without heart beats", sheet)
        swings = "no separate beats: the signal swings without a rest, as in ventricular flutter or a disturbance"
        return _nothing(swings if heart.sinusoidal else "no heart beat was found", sheet)
    series, rhythm = waves.series, waves.rhythm
    _fill_rhythm(sheet, rhythm, series)
    waves = _fill_atria(sheet, waves)
    delineation = waves.delineation
    _say_what_is_missing(sheet, waves)
    _fill_intervals(sheet, delineation, rhythm)
    unscaled = series.unfiltered / np.float32(height)
    beat = replace(series.median_beat, signal=unscaled, p=delineation.p, qrs=delineation.qrs, t=delineation.t)
    beat = replace(beat, signal=on_base_line(beat, delineation.qrs, delineation.p))
    doubt = _limb_doubt(measured, series, beat)
    _fill_axes(sheet, beat, delineation, doubt)
    _fill_voltages(sheet, measured, beat, delineation, doubt)
    return Measurements(
        **sheet.values,
        n_beats=int(series.r_s.size),
        notes=sheet.notes,
        not_measurable=sheet.missing,
        beats=_beats(series, delineation, boundaries_of_others(series, seen)),
        median_beat=beat,
    )


def _height_factor(record: EcgRecord) -> float:
    """Return the factor that brings an ECG of an impossible gain to a usual height, 1 for every other.

    Times do not depend on the gain, but networks and limits of a dead lead know millivolts: at a gain of 2,000,000 per
    mV, as the headers of PTB in the CinC Challenge state it, PR came out negative.
    """
    largest_mv = float(robust_amplitudes_mv(record).max(initial=0.0))
    impossible = 0.0 < largest_mv < LOW_LIMIT_MV or largest_mv > IMPOSSIBLE_MV
    return _USUAL_HEIGHT_MV / largest_mv if impossible else 1.0


def _gap_words(gaps: tuple[tuple[float, float], ...]) -> str:
    """Say where there is no signal; of many gaps the longest."""
    start_s, end_s = max(gaps, key=lambda gap: gap[1] - gap[0])
    more = f" (the longest of {len(gaps)} gaps)" if len(gaps) > 1 else ""
    return f"no lead has a signal from {start_s:.1f} to {end_s:.1f} s{more}: that is no pause"


def _nothing(reason: str, sheet: _Sheet) -> Measurements:
    sheet.refuse(reason, *_SCALARS, *_VOLTAGES)
    if not sheet.values.get("pacing_spikes_s"):
        sheet.refuse(reason, "pacing_spikes_s")
    return Measurements(**sheet.values, notes=sheet.notes, not_measurable=sheet.missing)


def _fill_rhythm(sheet: _Sheet, rhythm: Rhythm | None, series: BeatSeries) -> None:
    if rhythm is None:
        sheet.refuse("there are no two beats without a gap between them", *_RHYTHM, "regular", *_QTC)
        return
    for name in _RHYTHM:
        sheet.values[name] = getattr(rhythm, name)
    sheet.values["regular"] = rhythm.regular
    if rhythm.regular is None:
        sheet.refuse(f"there are only {series.r_s.size} beats", "regular")
    if rhythm.regular is False:
        sheet.note(f"irregular rhythm: mean over {series.r_s.size} beats", "heart_rate_bpm")
    others = int((~series.dominant).sum())
    if others:
        sheet.note(f"{others} of {series.r_s.size} beats have another shape and were left out", "qrs_ms")


def _fill_pacing(sheet: _Sheet, record: EcgRecord, beats: Beats) -> None:
    if can_show_pacing_spikes(record):
        sheet.values["pacing_spikes_s"] = beats.spikes_s
    else:
        sheet.refuse(
            f"{record.sampling_rate:g} samples a second are too few to show a spike of 1 ms", "pacing_spikes_s"
        )


def _fill_atria(sheet: _Sheet, waves: Waves) -> Waves:
    """Fill in what is known of the atria, and return the waves without a P wave that does not lead to the QRS."""
    atria = atrial_activity(waves)
    names = {"p_confidence": "p_confidence", "rate_bpm": "atrial_rate_bpm", "dissociated": "p_qrs_dissociated"}
    for name, target in names.items():
        sheet.values[target] = getattr(atria, name)
        if sheet.values[target] is None:
            sheet.refuse(atria.missing[name], target)
    sheet.values["p_waves_s"] = atria.p_waves_s
    if not atria.dissociated:
        return waves
    reason = f"P waves come at {atria.rate_bpm:.0f}/min and do not lead to the QRS complexes"
    sheet.note(reason, "heart_rate_bpm")
    return replace(waves, delineation=without_waves(waves.delineation, "p"), missing={**waves.missing, "p": reason})


def _say_what_is_missing(sheet: _Sheet, waves: Waves) -> None:
    for name, names in (("qrs", _OF_QRS), ("p", _OF_P), ("t", _OF_T)):
        if name in waves.missing:
            sheet.refuse(waves.missing[name], *names)
        elif name in waves.unconfirmed:
            counted = how_many(waves.series.median_beat.n_beats, "beat")
            sheet.note(f"from {counted}: too few to confirm the {name.upper()} wave", names[0])


def _fill_intervals(sheet: _Sheet, delineation: Delineation, rhythm: Rhythm | None) -> None:
    if delineation.qrs is None:
        sheet.refuse("no QRS boundaries were found", "qrs_ms", "pr_ms", "qt_ms", *_QTC)
    else:
        sheet.values["qrs_ms"] = delineation.qrs.duration_ms
    if delineation.p is None:
        sheet.refuse("no P wave found", *_OF_P)
    else:
        sheet.values["p_ms"] = delineation.p.duration_ms
        if delineation.qrs is not None and delineation.p.onset_s < delineation.qrs.onset_s:
            sheet.values["pr_ms"] = 1000.0 * (delineation.qrs.onset_s - delineation.p.onset_s)
        else:
            sheet.refuse("the P wave does not begin before a QRS", "pr_ms")
    if delineation.t is None:
        sheet.refuse("no T wave found", *_OF_T)
    elif delineation.qrs is not None:
        qt_ms = 1000.0 * (delineation.t.offset_s - delineation.qrs.onset_s)
        sheet.values["qt_ms"] = qt_ms
        if rhythm is not None:
            for name, value in corrected_qt(qt_ms, rhythm.heart_rate_bpm).items():
                if value > 0:
                    sheet.values[f"qtc_{name}_ms"] = value
                else:
                    sheet.refuse(f"the formula fails at {rhythm.heart_rate_bpm:.0f}/min", f"qtc_{name}_ms")
    if delineation.method == "held-out network":
        sheet.note("the record trained the delineator; measured by its one network that never saw it", "qrs_ms")


def _fill_axes(sheet: _Sheet, beat: MedianBeat, delineation: Delineation, doubt: str | None) -> None:
    absent = [lead for lead in ("I", "aVF") if lead not in beat.usable_leads]
    if absent:
        sheet.refuse(f"lead {' and '.join(absent)} cannot be used", *_AXES)
        return
    if doubt is not None:
        sheet.refuse(doubt, *_AXES)
        return
    waves: dict[str, WaveBoundaries | None] = {"p": delineation.p, "qrs": delineation.qrs, "t": delineation.t}
    for name, wave in waves.items():
        if wave is None:
            sheet.refuse(f"no {name.upper()} boundaries were found", f"{name}_axis_deg")
            continue
        base_s = delineation.qrs.onset_s if name == "t" and delineation.qrs is not None else wave.onset_s
        axis = frontal_axis(beat, wave, base_s)
        if axis is None:
            sheet.refuse("the wave has no direction in I and aVF", f"{name}_axis_deg")
        else:
            sheet.values[f"{name}_axis_deg"] = axis


def _limb_doubt(record: EcgRecord, series: BeatSeries, beat: MedianBeat) -> str | None:
    """Say why sizes and directions mean nothing: limb leads with a gain of their own each, or that contradict."""
    leads = [lead for lead in LIMB_LEADS if lead in beat.usable_leads and lead not in record.derived_leads]
    # Steps from sample to sample: they know no base line, and unlike a median they keep the leads' equations exactly.
    steps = np.diff(record.signal[[record.leads.index(lead) for lead in leads]].astype(np.float64), axis=1)
    steps[~np.isfinite(steps)] = 0.0
    check = check_limb_leads(dict(zip(leads, steps, strict=True)), record.sampling_rate)
    if check is not None and check.scaled_one_by_one:
        return _OWN_GAINS
    residual = disagreement(*(_around_qrs(series, leads, start) for start in (0, 1)))
    return _CONTRADICTORY if residual is not None and residual > MAX_RESIDUAL else None


def _around_qrs(series: BeatSeries, leads: list[str], start: int) -> dict[str, npt.NDArray[np.float64]]:
    """Return the median over every other beat around the QRS, which wander does not reach."""
    beat = series.median_beat
    first, last = (beat.r_index + round(edge * beat.sampling_rate) for edge in _AROUND_QRS_S)
    windows = np.nan_to_num(series.windows[start::2, :, max(first, 0) : last])
    if not windows.size:
        return {}
    parts = median_over_beats(windows)
    parts = parts - parts.mean(axis=1, keepdims=True)
    return {lead: parts[beat.leads.index(lead)] for lead in leads}


def _fill_voltages(
    sheet: _Sheet, record: EcgRecord, beat: MedianBeat, delineation: Delineation, doubt: str | None
) -> None:
    gain = check_gain(record)
    if gain is not None and gain.withholds:
        sheet.refuse("the gain is in doubt", *_VOLTAGES)
        return
    if doubt is not None:
        sheet.refuse(doubt, *_VOLTAGES)
        return
    if delineation.qrs is None:
        sheet.refuse("no QRS boundaries were found", *_VOLTAGES)
        return
    sheet.values["st_mv"] = st_levels(beat, delineation.qrs)
    if not sheet.values["st_mv"]:
        sheet.refuse("the next beat comes too early", "st_mv")
    r_mv, s_mv = qrs_deflections(beat, delineation.qrs)
    sheet.values |= {"r_mv": r_mv, "s_mv": s_mv}
    for name, value, needed in (
        ("sokolow_lyon_mv", sokolow_lyon_mv(r_mv, s_mv), "V1, and V5 or V6"),
        ("cornell_mv", cornell_mv(r_mv, s_mv), "aVL and V3"),
    ):
        if value is None:
            sheet.refuse(f"needs {needed}", name)
        else:
            sheet.values[name] = value


def _beats(
    series: BeatSeries, delineation: Delineation, others: Mapping[int, Delineation]
) -> tuple[BeatBoundaries, ...]:
    """Put the global boundaries of its shape at each beat."""

    def at(r_s: float, wave: WaveBoundaries | None) -> WaveBoundaries | None:
        return None if wave is None else WaveBoundaries(r_s + wave.onset_s, r_s + wave.offset_s)

    beats = []
    for index, (r_s, dominant) in enumerate(zip(series.r_s.tolist(), series.dominant.tolist(), strict=True)):
        own = delineation if dominant else others.get(index, Delineation())
        beats.append(BeatBoundaries(r_s, at(r_s, own.p), at(r_s, own.qrs), at(r_s, own.t), dominant=dominant))
    return tuple(beats)
