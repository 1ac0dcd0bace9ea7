"""Which boundaries cannot be right, whatever found them.

A delineator answers also where there is nothing to find. An interval that no heart can have, or one that does not fit
between two beats, is no measurement: it is left out, with the reason.
"""

from collections.abc import Mapping
from dataclasses import replace

from cardiov_core.domain import MedianBeat
from cardiov_core.signals.wave.delineation import Delineation, without_waves

SHORTEST_QRS_MS = 50.0
"""Newborns have QRS complexes of 50 ms and more; a shorter one is a part of one, a spike or noise."""

LONGEST_QRS_MS = 320.0
"""Beyond any block, pacing or potassium; such a wave runs over into T."""

SHORTEST_PR_MS, LONGEST_PR_MS = 80.0, 420.0
"""A wave that begins less than 80 ms before a QRS does not conduct to it; one of more than 420 ms is another's."""

_SHORTEST_ST_T_MS = 60.0
_LARGEST_SHARE_WITHOUT_T = 0.5
_ONE_WAVE_RR_S = 0.45
_BEYOND_S = 0.06
_R_AWAY_S = 0.03


def impossible_waves(delineation: Delineation, beat: MedianBeat) -> Mapping[str, str]:
    """Name the waves that cannot be where they were found.

    Returns 'p', 'qrs', 't' -> why not, a clause; empty where everything is possible.
    """
    t = _t(delineation, beat)
    qrs = _qrs(delineation, beat.rr_s) or _qrs_without_t(
        delineation, beat.rr_s, has_t=delineation.t is not None and t is None
    )
    reasons = {"qrs": qrs, "t": t, "p": _p(delineation, beat.rr_s)}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def possible_only(delineation: Delineation, beat: MedianBeat) -> tuple[Delineation, Mapping[str, str]]:
    """Leave out the waves that cannot be where they were found; without QRS there is no T and no P wave, either.

    Returns what is left, and 'p', 'qrs', 't' -> why it was left out.
    """
    reasons = impossible_waves(delineation, beat)
    left = without_waves(delineation, *reasons)
    if "qrs" in reasons:
        left = replace(left, p=None, qrs=None, t=None)
        # What is no QRS complex has no P wave before it, and a rhythm may not rest on one.
        waiting = {"t": f"QT needs a QRS, and {reasons['qrs']}", "p": f"P needs a QRS, and {reasons['qrs']}"}
        reasons = {**waiting, **reasons}
    return left, reasons


def _qrs(delineation: Delineation, rr_s: float | None) -> str | None:
    if delineation.qrs is None:
        return None
    duration_ms = delineation.qrs.duration_ms
    if not delineation.qrs.onset_s - _R_AWAY_S <= 0.0 <= delineation.qrs.offset_s + _R_AWAY_S:
        return "the QRS found does not hold the R peak: a taller wave was taken for it"
    if duration_ms < SHORTEST_QRS_MS:
        return f"the QRS found is {duration_ms:.0f} ms short, which no QRS is"
    if duration_ms > LONGEST_QRS_MS:
        return f"the QRS found is {duration_ms:.0f} ms long, which no QRS is"
    if rr_s is not None and duration_ms >= 1000.0 * rr_s:
        return f"the QRS found is {duration_ms:.0f} ms long, longer than the RR interval ({1000 * rr_s:.0f} ms)"
    return None


def _qrs_without_t(delineation: Delineation, rr_s: float | None, *, has_t: bool) -> str | None:
    """Say where a QRS fills most of a fast beat and no T wave follows: it may hold both."""
    if delineation.qrs is None or rr_s is None or has_t:
        return None
    duration_ms = delineation.qrs.duration_ms
    if duration_ms < 1000.0 * _LARGEST_SHARE_WITHOUT_T * rr_s:
        return None
    return f"QRS and T wave run into one another: {duration_ms:.0f} ms of an RR interval of {1000 * rr_s:.0f} ms"


def _t(delineation: Delineation, beat: MedianBeat) -> str | None:
    if delineation.t is None or delineation.qrs is None:
        return None
    qt_ms = 1000.0 * (delineation.t.offset_s - delineation.qrs.onset_s)
    if beat.rr_s is not None and qt_ms >= 1000.0 * beat.rr_s:
        return f"a QT of {qt_ms:.0f} ms does not fit into an RR interval of {1000 * beat.rr_s:.0f} ms"
    last_s = (beat.signal.shape[1] - 1 - beat.r_index) / beat.sampling_rate
    if delineation.t.offset_s > last_s + _BEYOND_S:
        return f"the next beat comes before the T wave found ends (QT {qt_ms:.0f} ms)"
    if qt_ms < delineation.qrs.duration_ms + _SHORTEST_ST_T_MS:
        return (
            f"a QT of {qt_ms:.0f} ms leaves no room for a T wave behind a QRS of {delineation.qrs.duration_ms:.0f} ms"
        )
    return None


def _p(delineation: Delineation, rr_s: float | None) -> str | None:
    p, qrs, t = delineation.p, delineation.qrs, delineation.t
    if p is None or qrs is None:
        return None
    pr_ms = 1000.0 * (qrs.onset_s - p.onset_s)
    if not SHORTEST_PR_MS <= pr_ms <= LONGEST_PR_MS:
        return f"what lies before the QRS would make a PR of {pr_ms:.0f} ms, which no conducted P wave has"
    if rr_s is None:
        return None
    middle_s = (p.onset_s + p.offset_s) / 2.0 + rr_s
    if middle_s <= qrs.offset_s:
        return f"a PR of {pr_ms:.0f} ms does not fit into an RR interval of {1000 * rr_s:.0f} ms"
    if t is not None and middle_s <= t.offset_s:
        return "what lies before the QRS is the T wave of the beat before"
    if t is None and rr_s < _ONE_WAVE_RR_S:
        return "of T and P wave only one is seen between two beats"
    return None
