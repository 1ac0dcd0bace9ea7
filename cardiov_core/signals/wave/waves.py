"""From a record to its delineated median beat: beats, median, boundaries, and which waves can be believed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from cardiov_core.domain import EcgRecord, MedianBeat, WaveBoundaries
from cardiov_core.lost_signal import gaps_s, without_lost_samples
from cardiov_core.signals.beat.beats import Beats, find_beats
from cardiov_core.signals.beat.median_beat import BeatSeries, average_beats
from cardiov_core.signals.beat.other_shapes import other_medians
from cardiov_core.signals.beat.pacing import record_without_spikes
from cardiov_core.signals.beat.rhythm import Rhythm, measure_rhythm
from cardiov_core.signals.beat.similarity import LIKE_EACH_OTHER, wave_similarity
from cardiov_core.signals.wave.cart_scale import to_carts_scale
from cardiov_core.signals.wave.delineation import Delineation, delineate, without_waves
from cardiov_core.signals.wave.learned_delineation import delineate_by_network
from cardiov_core.signals.wave.plausibility import possible_only

_WHERE = {"p": "before the QRS", "t": "after the QRS"}

_EARLY_P_S = 0.22
_FAR_P_S, _ALIKE_IF_FAR = 0.3, 0.9
_LONGEST_P_MS = 200.0
# On LUDB's records they are at most 0.07 s apart; on three of CinC's long ones the networks begin QRS 0.4 s early.
_FAR_APART_S = 0.1
_ENDS_APART_S = 0.03

Delineator = Callable[[MedianBeat, EcgRecord], Delineation]
"""Finds the waves of a median beat of a record."""


@dataclass(frozen=True, eq=False)
class Waves:
    """The beats of a record with the boundaries of their median.

    Attributes
    ----------
    series : BeatSeries
        All beats, and the median over those of the dominant shape.
    delineation : Delineation
        Boundaries relative to the R peak, over all leads on the carts' scale, without the waves that were not believed.
    rhythm : Rhythm or None
        None where there is only one beat.
    missing : mapping of str to str
        'p', 'qrs', 't' -> why the wave is not there, a clause.
    unconfirmed : tuple of str
        'p', 't': waves of which too few beats remain to compare them with one another.
    p_similarity : float or None
        How much the beats resemble one another where a P wave was looked at, believed or not; None where none was.
    """

    series: BeatSeries
    delineation: Delineation
    rhythm: Rhythm | None
    missing: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    unconfirmed: tuple[str, ...] = ()
    p_similarity: float | None = None


def by_slopes(beat: MedianBeat, record: EcgRecord) -> Delineation:
    """Find the waves by their slopes, whatever the record."""
    del record
    return delineate(beat)


def by_networks(beat: MedianBeat, record: EcgRecord) -> Delineation:
    """Find the waves by the trained networks, without those by their slopes."""
    delineation = delineate_by_network(beat, record)
    return delineate(beat) if delineation is None else delineation


def by_best(beat: MedianBeat, record: EcgRecord) -> Delineation:
    """Find the waves by the trained networks, over all leads as the mean of networks and slopes.

    The two err on different records: on LUDB their mean is about as good as the better one in each interval, and the
    networks' largest error of QRS, a paced complex of 210 ms, is halved (docs/method/delineator.md). Which waves there
    are, and where they lie in a single lead, is for the networks to say; without networks, for the slopes.
    """
    return _of_both(delineate_by_network(beat, record), beat)


def _of_both(learned: Delineation | None, beat: MedianBeat) -> Delineation:
    if learned is None:
        return delineate(beat)
    slopes = delineate(beat, each_lead=False)
    qrs = _qrs_complex(learned.qrs, slopes.qrs)
    return replace(
        learned,
        p=_p_wave(learned.p, slopes.p, qrs),
        qrs=qrs,
        t=_between(learned.t, slopes.t),
    )


def _qrs_complex(networks: WaveBoundaries | None, slopes: WaveBoundaries | None) -> WaveBoundaries | None:
    """Return the QRS of both, and where its ends lie far apart, the earlier one.

    The ST of a bundle branch block is as steep as the end of a QRS is elsewhere: in 13 of 36 records of PTB-XL with
    complete left bundle branch block the slopes ran over into T by 45 to 145 ms.
    """
    if networks is not None and slopes is not None and abs(networks.offset_s - slopes.offset_s) > _ENDS_APART_S:
        offset_s = min(networks.offset_s, slopes.offset_s)
        networks, slopes = replace(networks, offset_s=offset_s), replace(slopes, offset_s=offset_s)
    return _between(networks, slopes)


def _p_wave(
    networks: WaveBoundaries | None, slopes: WaveBoundaries | None, qrs: WaveBoundaries | None
) -> WaveBoundaries | None:
    """Return the P wave of both, or one that lies so early that the networks, trained on few such, may have missed it.

    They see none in four of PTB-XL's eight records with first-degree block, where the slopes do (onset 0.28 to 0.36 s
    before R); what the slopes alone find in flutter and fibrillation lies nearer (0.17 s and less), and in two paced
    rhythms it lasts longer than any P wave does.
    """
    if networks is None:
        early = slopes is not None and slopes.onset_s < -_EARLY_P_S and slopes.duration_ms < _LONGEST_P_MS
        return slopes if early else None
    slopes = _ahead(slopes, qrs)
    return _between(_ahead(networks, qrs), slopes) or slopes


def _ahead(p: WaveBoundaries | None, qrs: WaveBoundaries | None) -> WaveBoundaries | None:
    """Return a P wave whose middle lies before the QRS, and no other."""
    if p is None or qrs is None:
        return p
    return p if p.onset_s + p.offset_s < 2.0 * qrs.onset_s else None


def _between(one: WaveBoundaries | None, other: WaveBoundaries | None) -> WaveBoundaries | None:
    """Return the mean of both; of two far apart the shorter one, because the other ran over into the next wave."""
    if one is None or other is None:
        return one
    if max(abs(one.onset_s - other.onset_s), abs(one.offset_s - other.offset_s)) > _FAR_APART_S:
        return min((one, other), key=lambda wave: wave.duration_ms)
    return WaveBoundaries((one.onset_s + other.onset_s) / 2.0, (one.offset_s + other.offset_s) / 2.0)


def find_waves(record: EcgRecord, delineator: Delineator = by_best, beats: Beats | None = None) -> Waves | None:
    """Find the beats of a record, their median, and its P, QRS and T boundaries.

    Parameters
    ----------
    record : EcgRecord
        Any rate; not bounded in length.
    delineator : callable
        Finds boundaries on the median beat: by networks and slopes by default, by slopes alone without weights.
    beats : Beats, optional
        From :func:`~cardiov_core.signals.beat.beats.find_beats` if not given.

    Returns
    -------
    Waves or None
        None where no heart beat is found.

    Raises
    ------
    RecordUnsupportedError
        If the sampling rate is too low to find QRS complexes.
    """
    live = without_lost_samples(record)
    heart = find_beats(live) if beats is None else beats
    # A spike is no part of the QRS complex that it makes.
    unpaced = record_without_spikes(live, heart.spikes_s)
    series = average_beats(unpaced, heart.peaks) if heart.convincing else None
    if series is None:
        return None
    rhythm = measure_rhythm(series.r_s, gaps_s(live))
    delineation = delineator(series.median_beat, record)
    missing: dict[str, str] = {}
    unconfirmed: list[str] = []
    p_similarity: float | None = None
    for name in ("p", "t"):
        wave: WaveBoundaries | None = getattr(delineation, name)
        if wave is None:
            missing[name] = f"no {name.upper()} wave found {_WHERE[name]}{_irregular(rhythm)}"
            continue
        t_offset_s = delineation.t.offset_s if name == "p" and delineation.t is not None else None
        similarity = wave_similarity(series, wave, t_offset_s)
        if name == "p":
            p_similarity = similarity
        if similarity is None:
            unconfirmed.append(name)
        elif similarity < _needed(name, wave, rhythm):
            missing[name] = _not_repeated(name, rhythm)
            delineation = without_waves(delineation, name)
    delineation, impossible = possible_only(to_carts_scale(delineation), series.median_beat)
    return Waves(series, delineation, rhythm, {**impossible, **missing}, tuple(unconfirmed), p_similarity)


def _needed(name: str, wave: WaveBoundaries, rhythm: Rhythm | None) -> float:
    """Return the similarity that a wave needs: a P wave far before the QRS of an irregular rhythm needs more.

    It was claimed in a flutter (0.88) and in a fibrillation with complete block (0.79) of PTB-XL.
    """
    far = name == "p" and wave.onset_s < -_FAR_P_S
    return _ALIKE_IF_FAR if far and rhythm is not None and rhythm.regular is False else LIKE_EACH_OTHER


def boundaries_of_others(series: BeatSeries, record: EcgRecord) -> Mapping[int, Delineation]:
    """Find QRS and T of the beats that do not share the dominant shape.

    Returns index of the beat -> boundaries of the median of its own shape, relative to its R peak, on the carts' scale
    and without a P wave: whether one precedes every such beat, a few beats do not show. Beats without are absent.
    """
    by_beat: dict[int, Delineation] = {}
    for indices, beat in other_medians(series):
        both = _of_both(delineate_by_network(beat, record, only_one=True), beat)
        waves, _ = possible_only(without_waves(to_carts_scale(both), "p"), beat)
        if waves.qrs is not None:
            by_beat |= dict.fromkeys(indices.tolist(), waves)
    return by_beat


def _not_repeated(name: str, rhythm: Rhythm | None) -> str:
    return f"no {name.upper()} wave found: nothing {_WHERE[name]} repeats from beat to beat{_irregular(rhythm)}"


def _irregular(rhythm: Rhythm | None) -> str:
    return ", and the rhythm is irregular" if rhythm is not None and rhythm.regular is False else ""
