"""Wave boundaries and intervals against the cardiologists' marks of LUDB, beside NeuroKit2.

The global reference of a beat is the second earliest onset and the second latest offset over the leads that carry the
wave, where at least six do: one lead marked far out decides nothing. Intervals are medians over the beats of a record.
A boundary's error is its median over the beats that both sides have.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cardiov_core.datasets import WAVE_KINDS, AnnotatedWave, WaveKind
from cardiov_core.domain import WaveBoundaries

MIN_LEADS = 6
"""A global boundary needs so many leads that carry the wave."""

CSE_TOLERANCE_MS: Mapping[str, float] = {
    "P onset": 10.2,
    "P offset": 12.7,
    "QRS onset": 6.5,
    "QRS offset": 11.6,
    "T offset": 30.6,
}
"""Two standard deviations between the referees of the CSE study (The CSE Working Party, Eur Heart J 6 (1985) 815)."""

INTERVALS = ("QRS", "PR", "QT", "P")
"""The intervals compared, in ms."""

Scope = Literal["global", "lead II"]
Waves = Mapping[WaveKind, WaveBoundaries]
TimedBeats = Sequence[tuple[float, Waves]]
"""Beats in order of time: R peak and waves, in seconds of the record."""

_SAME_QRS_S = 0.1
_MAX_P_BEFORE_QRS_S = 0.5


@dataclass(frozen=True)
class AnnotatedBeat:
    """One beat with its marked waves.

    Attributes
    ----------
    r_s : float
        Median over the leads of the marked QRS peaks, in seconds of the record.
    leads : mapping of str to mapping
        Lead -> wave -> boundaries in seconds of the record; waves that the lead does not carry are absent.
    """

    r_s: float
    leads: Mapping[str, Waves]

    def overall(self) -> Waves:
        """Return the global boundaries of the waves that at least six leads carry."""
        return combine(list(self.leads.values()))


def combine(leads: Sequence[Waves], min_leads: int = MIN_LEADS) -> dict[WaveKind, WaveBoundaries]:
    """Combine the boundaries of leads: the second earliest onset and the second latest offset.

    Parameters
    ----------
    leads : sequence of mapping
        A lead's waves, in seconds of one axis.
    min_leads : int
        Waves that fewer leads carry are left out.

    Returns
    -------
    dict
        Wave -> global boundaries.
    """
    result: dict[WaveKind, WaveBoundaries] = {}
    for kind in WAVE_KINDS:
        waves = [lead[kind] for lead in leads if kind in lead]
        if len(waves) >= min_leads:
            onset_s = sorted(wave.onset_s for wave in waves)[1]
            offset_s = sorted(wave.offset_s for wave in waves)[-2]
            result[kind] = WaveBoundaries(onset_s, offset_s)
    return result


def group_beats(marks: Mapping[str, Sequence[AnnotatedWave]]) -> list[AnnotatedBeat]:
    """Group the marks of all leads into beats.

    QRS marks whose middles lie within 0.1 s are one beat. The P wave of a beat is the last one before its QRS and at
    most 0.5 s away, the T wave the first one between its QRS and the next.

    Parameters
    ----------
    marks : mapping of str to sequence of AnnotatedWave
        Lead -> its marks in order of time.

    Returns
    -------
    list of AnnotatedBeat
        In order of time; beats that at least half of the leads mark.
    """
    complexes = [
        ((wave.boundaries.onset_s + wave.boundaries.offset_s) / 2.0, lead, wave)
        for lead, waves in marks.items()
        for wave in waves
        if wave.kind == "qrs"
    ]
    complexes.sort(key=lambda item: item[0])
    groups: list[list[tuple[float, str, AnnotatedWave]]] = []
    for item in complexes:
        if groups and item[0] - groups[-1][-1][0] <= _SAME_QRS_S:
            groups[-1].append(item)
        else:
            groups.append([item])
    groups = [group for group in groups if 2 * len(group) >= len(marks)]
    beats = []
    for index, group in enumerate(groups):
        before_s = groups[index - 1][-1][0] if index else -np.inf
        after_s = groups[index + 1][0][0] if index + 1 < len(groups) else np.inf
        leads = {lead: _waves_of(qrs, marks[lead], before_s, after_s) for _, lead, qrs in group}
        beats.append(AnnotatedBeat(float(np.median([wave.peak_s for _, _, wave in group])), leads))
    return beats


def _waves_of(qrs: AnnotatedWave, marks: Sequence[AnnotatedWave], before_s: float, after_s: float) -> Waves:
    waves: dict[WaveKind, WaveBoundaries] = {"qrs": qrs.boundaries}
    onset_s, offset_s = qrs.boundaries.onset_s, qrs.boundaries.offset_s
    earliest_s = max(before_s, onset_s - _MAX_P_BEFORE_QRS_S)
    for wave in marks:
        if wave.kind == "p" and earliest_s < wave.boundaries.onset_s and wave.peak_s < onset_s:
            waves["p"] = wave.boundaries
        if wave.kind == "t" and offset_s < wave.peak_s < after_s and "t" not in waves:
            waves["t"] = wave.boundaries
    return waves


@dataclass(frozen=True)
class Row:
    """Errors of one method in one interval or boundary, found minus marked.

    Attributes
    ----------
    method : str
        'CardioV', 'NeuroKit2' ...
    scope : {"global", "lead II"}
        Over all leads, or lead II alone against its own marks.
    name : str
        'QRS', 'PR', 'QT', 'P', or a boundary of `CSE_TOLERANCE_MS`.
    n_marked, n_found : int
        Records in which the cardiologists marked it, and those of them in which the method found it.
    bias_ms : float
        Mean over the records found; NaN where there are none.
    mae_ms, sd_ms : float
        Mean absolute value after the known offset, and standard deviation.
    offset_ms : float
        The known offset: what the method's scale adds to that of the marks on purpose.
    """

    method: str
    scope: Scope
    name: str
    n_marked: int
    n_found: int
    bias_ms: float
    mae_ms: float
    sd_ms: float
    offset_ms: float = 0.0


def intervals_ms(beats: TimedBeats) -> dict[str, float]:
    """Return the medians over the beats of the intervals that they show; those that no beat shows are absent."""
    values: dict[str, list[float]] = {name: [] for name in INTERVALS}
    for _, waves in beats:
        p, qrs, t = waves.get("p"), waves.get("qrs"), waves.get("t")
        if p is not None:
            values["P"].append(p.duration_ms)
        if qrs is not None:
            values["QRS"].append(qrs.duration_ms)
            if p is not None:
                values["PR"].append(1000.0 * (qrs.onset_s - p.onset_s))
            if t is not None:
                values["QT"].append(1000.0 * (t.offset_s - qrs.onset_s))
    return {name: float(np.median(length_ms)) for name, length_ms in values.items() if length_ms}


def boundary_errors_ms(marked: TimedBeats, measured: TimedBeats) -> dict[str, float]:
    """Return the median over the beats of found minus marked, for the boundaries that both have in a beat."""
    errors: dict[str, list[float]] = {}
    times = np.array([r_s for r_s, _ in measured])
    for r_s, waves in marked:
        nearest = int(np.abs(times - r_s).argmin()) if times.size else 0
        if not times.size or abs(times[nearest] - r_s) > _SAME_QRS_S:
            continue
        other = measured[nearest][1]
        for kind in WAVE_KINDS:
            if kind in waves and kind in other:
                onset_ms = 1000.0 * (other[kind].onset_s - waves[kind].onset_s)
                offset_ms = 1000.0 * (other[kind].offset_s - waves[kind].offset_s)
                errors.setdefault(f"{kind.upper()} onset", []).append(onset_ms)
                errors.setdefault(f"{kind.upper()} offset", []).append(offset_ms)
    return {name: float(np.median(values)) for name, values in errors.items()}


def compare(
    method: str,
    scope: Scope,
    records: Iterable[tuple[TimedBeats, TimedBeats]],
    offsets_ms: Mapping[str, float] | None = None,
) -> list[Row]:
    """Compare what a method found with what was marked.

    Parameters
    ----------
    method : str
        Its name.
    scope : {"global", "lead II"}
        Where the waves come from.
    records : iterable of pairs
        Marked and found beats of each record.
    offsets_ms : mapping of str to float, optional
        Interval or boundary -> known offset of the method's scale against the marks; none by default.

    Returns
    -------
    list of Row
        Four intervals, then five boundaries.
    """
    pairs = list(records)
    differences: dict[str, list[float]] = {name: [] for name in (*INTERVALS, *CSE_TOLERANCE_MS)}
    n_marked = dict.fromkeys(differences, 0)
    for marked, delineated in pairs:
        wanted, measured = intervals_ms(marked), intervals_ms(delineated)
        boundaries = boundary_errors_ms(marked, delineated)
        shown = {kind for _, waves in marked for kind in waves}
        for name in INTERVALS:
            n_marked[name] += name in wanted
            if name in wanted and name in measured:
                differences[name].append(measured[name] - wanted[name])
        for name in CSE_TOLERANCE_MS:
            n_marked[name] += name.split()[0].lower() in shown
            if name in boundaries:
                differences[name].append(boundaries[name])
    known = offsets_ms or {}
    return [
        _row(method, scope, name, n_marked[name], values, known.get(name, 0.0)) for name, values in differences.items()
    ]


def _row(method: str, scope: Scope, name: str, n_marked: int, differences: list[float], offset_ms: float) -> Row:
    values = np.array(differences) if differences else np.array([np.nan])
    return Row(
        method,
        scope,
        name,
        n_marked,
        len(differences),
        float(values.mean()),
        float(np.abs(values - offset_ms).mean()),
        float(values.std()),
        offset_ms,
    )
