"""From a record to its delineated median beat: beats, median, boundaries, and which waves can be believed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from cardiov_core.domain import EcgRecord, MedianBeat, WaveBoundaries
from cardiov_core.signals.beats import Beats, find_beats
from cardiov_core.signals.delineation import Delineation, delineate
from cardiov_core.signals.learned_delineation import delineate_by_network
from cardiov_core.signals.likeness import LIKE_EACH_OTHER, wave_likeness
from cardiov_core.signals.median_beat import BeatSeries, average_beats
from cardiov_core.signals.rhythm import Rhythm, measure_rhythm

Delineator = Callable[[MedianBeat, EcgRecord], Delineation]
"""Finds the waves of a median beat of a record."""


@dataclass(frozen=True, eq=False)
class Waves:
    """The beats of a record with the boundaries of their median.

    Attributes
    ----------
    series : BeatSeries
        All beats, and the median over those of the dominant shape.
    found : Delineation
        Boundaries relative to the R peak, without the waves that were not believed.
    rhythm : Rhythm or None
        None where there is only one beat.
    missing : mapping of str to str
        'p', 't' -> why the wave is not there, a clause.
    unconfirmed : tuple of str
        'p', 't': waves of which too few beats remain to compare them with one another.
    """

    series: BeatSeries
    found: Delineation
    rhythm: Rhythm | None
    missing: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    unconfirmed: tuple[str, ...] = ()


def by_slopes(beat: MedianBeat, record: EcgRecord) -> Delineation:
    """Find the waves by their slopes, whatever the record."""
    del record
    return delineate(beat)


def by_best(beat: MedianBeat, record: EcgRecord) -> Delineation:
    """Find the waves by the trained networks, without those by their slopes.

    On LUDB the networks are better in PR, QT and in single leads (docs/measurements.md).
    """
    found = delineate_by_network(beat, record)
    return delineate(beat) if found is None else found


def find_waves(record: EcgRecord, delineator: Delineator = by_best, beats: Beats | None = None) -> Waves | None:
    """Find the beats of a record, their median, and its P, QRS and T boundaries.

    Parameters
    ----------
    record : EcgRecord
        Any rate; not bounded in length.
    delineator : callable
        Finds boundaries on the median beat.
    beats : Beats, optional
        From :func:`~cardiov_core.signals.beats.find_beats` if not given.

    Returns
    -------
    Waves or None
        None where no heart beat is found.

    Raises
    ------
    RecordUnsupportedError
        If the sampling rate is too low to find QRS complexes.
    """
    heart = find_beats(record) if beats is None else beats
    series = average_beats(record, heart.peaks) if heart.convincing else None
    if series is None:
        return None
    rhythm = measure_rhythm(series.r_s)
    found = delineator(series.median_beat, record)
    missing: dict[str, str] = {}
    unconfirmed: list[str] = []
    for name in ("p", "t"):
        wave: WaveBoundaries | None = getattr(found, name)
        if wave is None:
            missing[name] = f"no {name.upper()} wave found between the beats"
            continue
        t_offset_s = found.t.offset_s if name == "p" and found.t is not None else None
        likeness = wave_likeness(series, wave, t_offset_s)
        if likeness is None:
            unconfirmed.append(name)
        elif likeness < LIKE_EACH_OTHER:
            missing[name] = _not_repeated(name, rhythm)
            found = _without(found, name)
    return Waves(series, found, rhythm, missing, tuple(unconfirmed))


def _without(found: Delineation, name: str) -> Delineation:
    """Return a delineation without its P or its T wave, in all leads."""
    if name == "p":
        return replace(found, p=None, leads={lead: replace(waves, p=None) for lead, waves in found.leads.items()})
    return replace(found, t=None, leads={lead: replace(waves, t=None) for lead, waves in found.leads.items()})


def _not_repeated(name: str, rhythm: Rhythm | None) -> str:
    irregular = "the rhythm is irregular, and " if rhythm is not None and rhythm.regular is False else ""
    where = "before" if name == "p" else "after"
    return f"no {name.upper()} wave found: {irregular}nothing {where} the QRS repeats from beat to beat"
