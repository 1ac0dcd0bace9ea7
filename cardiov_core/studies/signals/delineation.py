"""All records of LUDB through CardioV's measurements and through NeuroKit2, against the cardiologists' marks."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, ModuleType

import numpy as np

from cardiov_core.datasets import WAVE_KINDS, Ludb, WaveKind
from cardiov_core.domain import EcgRecord, FloatArray, IntArray, WaveBoundaries
from cardiov_core.evaluation import AnnotatedBeat, Row, Scope, TimedBeats, combine, compare, group_beats
from cardiov_core.signals import (
    KNOWN_OFFSETS_MS,
    BeatSeries,
    Delineation,
    Delineator,
    LeadBoundaries,
    by_best,
    find_waves,
)

HEART_RATE_TOLERANCE_BPM = 2.0
"""A heart rate is right within so much."""

_LEAD = "II"
_NEUROKIT_COLUMNS: Mapping[WaveKind, tuple[str, str]] = {
    "p": ("ECG_P_Onsets", "ECG_P_Offsets"),
    "qrs": ("ECG_R_Onsets", "ECG_R_Offsets"),
    "t": ("ECG_T_Onsets", "ECG_T_Offsets"),
}
_SCOPES: tuple[Scope, ...] = ("global", "lead II")

Estimates = Mapping[Scope, TimedBeats]


@dataclass(frozen=True)
class Method:
    """What finds the waves of a record.

    Attributes
    ----------
    find : callable
        From a record to its beats over all leads and in lead II.
    offsets_ms : mapping of str to float
        Interval or boundary over all leads -> known offset of its scale against the marks.
    """

    find: Callable[[EcgRecord], Estimates]
    offsets_ms: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class PWaves:
    """P waves claimed and marked, in numbers of records."""

    # Records with marked P waves, and those of them in which the method found one.
    n_marked: int
    n_found: int
    # Records in which no beat has a marked P wave in six leads, and those in which the method claims one.
    n_without: int
    n_false: int


@dataclass(frozen=True)
class HeartRates:
    """Heart rates beside the marked beats."""

    # Records, those with a heart rate, and those within 2 a minute of the marked beats' rate.
    n_records: int
    n_measured: int
    n_within: int
    # The same over the stretch of the record that is marked: first and last beats carry no marks.
    n_within_same_span: int
    mae_bpm: float  # mean absolute error over the marked stretch


@dataclass(frozen=True)
class DelineationCheck:
    """Rows a method and scope, P waves a method, heart rates of CardioV."""

    n_records: int
    rows: tuple[Row, ...]
    p_waves: Mapping[str, PWaves]
    heart_rates: HeartRates


def check_delineation(ludb: Ludb, methods: Mapping[str, Method]) -> DelineationCheck:
    """Compare methods with LUDB's marks.

    Parameters
    ----------
    ludb : Ludb
        The records with their marks.
    methods : mapping of str to Method
        Name -> what finds the waves of a record: `cardiov()`, `neurokit()`.

    Returns
    -------
    DelineationCheck
        Errors over the records.

    Raises
    ------
    DatasetError
        If a record or its marks cannot be read.
    """
    pairs: dict[tuple[str, Scope], list[tuple[TimedBeats, TimedBeats]]] = {
        (method, scope): [] for method in methods for scope in _SCOPES
    }
    rates: list[tuple[TimedBeats, EcgRecord]] = []
    for number in ludb.ids():
        record = ludb.record(number)
        beats = group_beats(ludb.boundaries(number))
        marked: Estimates = {"global": overall_of(beats), "lead II": lead_of(beats)}
        rates.append((marked["global"], record))
        for name, method in methods.items():
            estimate = method.find(record)
            for scope in _SCOPES:
                pairs[name, scope].append((marked[scope], estimate[scope]))
    return DelineationCheck(
        n_records=len(rates),
        rows=tuple(
            row
            for (name, scope), items in pairs.items()
            for row in compare(name, scope, items, methods[name].offsets_ms if scope == "global" else None)
        ),
        p_waves={name: _p_waves(pairs[name, "global"]) for name in methods},
        heart_rates=_heart_rates(rates),
    )


def cardiov(delineator: Delineator = by_best) -> Method:
    """Return the method that measures as CardioV does, with the boundaries of `delineator`, on the carts' scale."""

    def find(record: EcgRecord) -> Estimates:
        waves = find_waves(record, delineator)
        if waves is None:
            return {"global": (), "lead II": ()}
        series, delineation = waves.series, waves.delineation
        return {"global": at_beats(series, delineation), "lead II": at_beats(series, delineation.leads.get(_LEAD))}

    return Method(find, KNOWN_OFFSETS_MS)


def at_beats(series: BeatSeries, delineation: Delineation | LeadBoundaries | None) -> TimedBeats:
    """Put boundaries relative to the R peak at each beat of the dominant shape."""
    waves = {kind: wave for kind in WAVE_KINDS if (wave := getattr(delineation, kind, None)) is not None}
    return [
        (r, {kind: WaveBoundaries(r + wave.onset_s, r + wave.offset_s) for kind, wave in waves.items()})
        for r in series.r_s[series.dominant].tolist()
    ]


def overall_of(beats: list[AnnotatedBeat]) -> TimedBeats:
    """Return the global marks of each beat."""
    return [(beat.r_s, beat.overall()) for beat in beats]


def lead_of(beats: list[AnnotatedBeat]) -> TimedBeats:
    """Return the marks of lead II of each beat that has them."""
    return [(beat.r_s, beat.leads[_LEAD]) for beat in beats if _LEAD in beat.leads]


def _p_waves(records: list[tuple[TimedBeats, TimedBeats]]) -> PWaves:
    marked = [any("p" in waves for _, waves in beats) for beats, _ in records]
    has_p = [any("p" in waves for _, waves in beats) for _, beats in records]
    both = sum(is_marked and is_found for is_marked, is_found in zip(marked, has_p, strict=True))
    return PWaves(sum(marked), both, len(marked) - sum(marked), sum(has_p) - both)


def _heart_rates(records: list[tuple[TimedBeats, EcgRecord]]) -> HeartRates:
    whole, same, n_measured = [], [], 0
    for marked, record in records:
        waves = find_waves(record)
        if waves is None or waves.rhythm is None or len(marked) < 2:
            continue
        n_measured += 1
        first_s, last_s = marked[0][0], marked[-1][0]
        true_bpm = 60.0 * (len(marked) - 1) / (last_s - first_s)
        r_s = waves.series.r_s
        inside = r_s[(r_s > first_s - 0.1) & (r_s < last_s + 0.1)]
        whole.append(abs(waves.rhythm.heart_rate_bpm - true_bpm))
        same.append(abs(60.0 / float(np.diff(inside).mean()) - true_bpm) if inside.size > 1 else np.inf)
    return HeartRates(
        len(records),
        n_measured,
        sum(error <= HEART_RATE_TOLERANCE_BPM for error in whole),
        sum(error <= HEART_RATE_TOLERANCE_BPM for error in same),
        float(np.mean(same)) if same else float("nan"),
    )


def neurokit() -> Method:
    """Return NeuroKit2's 'prominence', the best of its methods on LUDB.

    All leads at CardioV's R peaks, combined as the marks are; lead II alone at the R peaks that NeuroKit2 finds in it,
    which does better there.

    Raises
    ------
    ImportError
        If NeuroKit2 is not installed.
    """
    import neurokit2

    return Method(lambda record: _by_neurokit(neurokit2, record))


def _by_neurokit(nk: ModuleType, record: EcgRecord) -> Estimates:
    waves = find_waves(record)
    peaks = np.round(waves.series.r_s * record.sampling_rate).astype(int) if waves is not None else np.array([], int)
    leads = {lead: nk.ecg_clean(record.lead(lead), sampling_rate=record.sampling_rate) for lead in record.leads}
    of_leads = [_neurokit_lead(nk, cleaned, peaks, record.sampling_rate) for cleaned in leads.values()]
    overall = [combine(beat) for beat in zip(*of_leads, strict=True)]
    own = nk.ecg_peaks(leads[_LEAD], sampling_rate=record.sampling_rate)[1]["ECG_R_Peaks"]
    alone = _neurokit_lead(nk, leads[_LEAD], own, record.sampling_rate)
    return {
        "global": list(zip((peaks / record.sampling_rate).tolist(), overall, strict=True)),
        "lead II": list(zip((np.asarray(own) / record.sampling_rate).tolist(), alone, strict=True)),
    }


def _neurokit_lead(
    nk: ModuleType, cleaned: FloatArray, peaks: IntArray, sampling_rate_hz: float
) -> list[dict[WaveKind, WaveBoundaries]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one for every peak without a prominence
            table = nk.ecg_delineate(cleaned, peaks, sampling_rate=sampling_rate_hz, method="prominence")[1]
    except (IndexError, ValueError):  # raised on leads without a clear peak
        return [{} for _ in peaks]
    beats: list[dict[WaveKind, WaveBoundaries]] = []
    for index in range(len(peaks)):
        waves: dict[WaveKind, WaveBoundaries] = {}
        for kind, (onsets, offsets) in _NEUROKIT_COLUMNS.items():
            both = (table[onsets][index], table[offsets][index]) if index < len(table[onsets]) else (np.nan, np.nan)
            if np.isfinite(both).all() and both[0] < both[1]:
                waves[kind] = WaveBoundaries(both[0] / sampling_rate_hz, both[1] / sampling_rate_hz)
        beats.append(waves)
    return beats
