"""Onset and offset of P wave, QRS complex and T wave on a median beat, a lead and over all leads.

The QRS complex is where the slope over all leads together exceeds a small share of its maximum and the noise. P and T
waves are found a lead: from the largest deviation in their window to the steepest slope on either side, and outwards
to where the slope has fallen to a share of that. The global boundary is the median over the leads, whose share is
chosen such that it meets the second earliest onset and second latest offset of the cardiologists: a median holds where
single leads are wrong. Widths and shares were tuned on LUDB (docs/method/measurements.md has the cross-validated
table).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from cardiov_core.domain import Float64Array, MedianBeat, WaveBoundaries
from cardiov_core.filtering import smooth_slopes, smoothed
from cardiov_core.order_statistics import median, row_percentiles

Span = tuple[int, int]
"""First and last sample of a wave on the median beat."""


@dataclass(frozen=True)
class LeadBoundaries:
    """The waves of one lead, in seconds relative to the R peak; None where the lead does not carry the wave."""

    p: WaveBoundaries | None = None
    qrs: WaveBoundaries | None = None
    t: WaveBoundaries | None = None


@dataclass(frozen=True)
class Delineation:
    """The waves of a median beat, in seconds relative to the R peak.

    Attributes
    ----------
    p, qrs, t : WaveBoundaries or None
        Over all leads; None where the wave was not found.
    leads : mapping of str to LeadBoundaries
        Lead -> its own boundaries; leads without a usable signal are absent.
    method : {"slopes", "networks", "held-out network"}
        How they were found: by slopes alone, with all trained networks, or, for a record that trained them, with the
        one network that never saw it.
    """

    p: WaveBoundaries | None = None
    qrs: WaveBoundaries | None = None
    t: WaveBoundaries | None = None
    leads: Mapping[str, LeadBoundaries] = field(default_factory=dict)
    method: Literal["slopes", "networks", "held-out network"] = "slopes"


def without_waves(delineation: Delineation, *names: str) -> Delineation:
    """Return a delineation without some waves, 'p', 'qrs' or 't', over all leads and in each."""

    def kept(waves: LeadBoundaries) -> LeadBoundaries:
        p, qrs, t = (None if name in names else getattr(waves, name) for name in ("p", "qrs", "t"))
        return LeadBoundaries(p, qrs, t)

    overall = kept(LeadBoundaries(delineation.p, delineation.qrs, delineation.t))
    leads = {lead: kept(waves) for lead, waves in delineation.leads.items()}
    return replace(delineation, p=overall.p, qrs=overall.qrs, t=overall.t, leads=leads)


@dataclass(frozen=True)
class Slopes:
    """How the boundaries of a wave are taken from its slope.

    Attributes
    ----------
    width_s : float
        Standard deviation of the Gaussian whose derivative is the slope, in s.
    onset_share, offset_share : float
        Share of the steepest slope at which the wave begins and ends.
    """

    width_s: float
    onset_share: float
    offset_share: float


@dataclass(frozen=True)
class Parameters:
    """What the method was tuned by, each tuned on LUDB.

    Attributes
    ----------
    qrs, p, t : Slopes
        For the global boundaries.
    lead_qrs, lead_p, lead_t : Slopes
        For the boundaries of a single lead.
    longest_qt_s : float
        T waves are looked for up to this QT at 60 beats a minute; it grows with the square root of RR.
    """

    qrs: Slopes = Slopes(0.010, 0.04, 0.05)
    p: Slopes = Slopes(0.012, 0.20, 0.45)
    t: Slopes = Slopes(0.020, 0.20, 0.22)
    lead_qrs: Slopes = Slopes(0.006, 0.03, 0.05)
    lead_p: Slopes = Slopes(0.012, 0.40, 0.60)
    lead_t: Slopes = Slopes(0.016, 0.20, 0.40)
    longest_qt_s: float = 0.60


DEFAULT = Parameters()

_QRS_REACH_S = 0.14
_QRS_BEFORE_S, _WIDE_QRS_BEFORE_S, _QRS_AFTER_S = 0.12, 0.20, 0.24
_STILL_QRS = 0.2  # share of the steepest slope
_QUIET_S = 0.006
_NOTCH_S = 0.04
_STEEP_AGAIN = 0.3  # share of the steepest slope
_NOISE_BEFORE_S, _NOISE_AFTER_S = 0.2, 0.3
_NOISE_PERCENTILE = 10.0
_NOISE_FACTOR = 2.0
_ST_S = 0.02
_NEXT_QRS_S = 0.1
_LONGEST_PR_S = 0.4
_SHORTEST_WINDOW_S = 0.05
_LEAD_T_MARGIN_S = 0.03
_FLANK_S = 0.2


def delineate(beat: MedianBeat, parameters: Parameters = DEFAULT, *, each_lead: bool = True) -> Delineation:
    """Find the waves of a median beat.

    Parameters
    ----------
    beat : MedianBeat
        From :func:`~cardiov_core.signals.beat.median_beat.average_beats`.
    parameters : Parameters
        The tuned ones by default.
    each_lead : bool
        Look for the waves of single leads, too; what is found over all leads is the same without.

    Returns
    -------
    Delineation
        Empty where no lead is usable. A P wave is the largest deviation before the QRS, whatever it is: whether it
        precedes every beat is not seen on a median.
    """
    rows = [beat.leads.index(lead) for lead in beat.usable_leads]
    if not rows:
        return Delineation()
    fs = beat.sampling_rate
    signal = beat.signal[rows].astype(np.float64)
    qrs = _qrs(signal, beat.r_index, fs, parameters.qrs)
    t_window = _t_window(beat, qrs, parameters)
    t = _median_span(_waves(signal, t_window, parameters.t, fs))
    p_window = _p_window(beat, qrs, t)
    before = signal[:, : qrs[0] + 1]  # smoothing must not draw the QRS into the P wave
    p = _median_span(_waves(before, p_window, parameters.p, fs))
    overall = Delineation(p=_in_seconds(p, beat), qrs=_in_seconds(qrs, beat), t=_in_seconds(t, beat))
    if not each_lead:
        return overall
    if t is not None:
        t_window = (t_window[0], min(t_window[1], t[1] + round(_LEAD_T_MARGIN_S * fs)))
    waves_of_lead = zip(
        beat.usable_leads,
        _waves(before, p_window, parameters.lead_p, fs),
        _lead_qrs(signal, qrs, fs, parameters.lead_qrs),
        _waves(signal, t_window, parameters.lead_t, fs),
        strict=True,
    )
    leads = {lead: LeadBoundaries(*(_in_seconds(span, beat) for span in spans)) for lead, *spans in waves_of_lead}
    return replace(overall, leads=leads)


def _in_seconds(span: Span | None, beat: MedianBeat) -> WaveBoundaries | None:
    if span is None or span[0] >= span[1]:
        return None
    return WaveBoundaries((span[0] - beat.r_index) / beat.sampling_rate, (span[1] - beat.r_index) / beat.sampling_rate)


def _slope(signal: Float64Array, width_s: float, fs: float) -> Float64Array:
    return np.abs(smooth_slopes(signal, width_s * fs, ends="edge"))


def _qrs(signal: Float64Array, r: int, fs: float, slopes: Slopes) -> Span:
    """Go out from the steepest place over all leads until the slope stays under a limit."""
    slope = np.sqrt((_slope(signal, slopes.width_s, fs) ** 2).mean(axis=0))
    reach = round(_QRS_REACH_S * fs)
    steepest = max(0, r - reach) + int(slope[max(0, r - reach) : r + reach + 1].argmax())
    around = slope[max(0, r - round(_NOISE_BEFORE_S * fs)) : r + round(_NOISE_AFTER_S * fs)]
    noise = _NOISE_FACTOR * float(row_percentiles(around, _NOISE_PERCENTILE)[0])
    before = slope[max(0, steepest - round(_WIDE_QRS_BEFORE_S * fs)) : steepest + 1][::-1]
    usual = round(_QRS_BEFORE_S * fs)
    # The notch of a bundle branch block is no onset: a wide QRS is steep beyond the usual reach, where a P wave is not.
    if not (before[usual:] > _STILL_QRS * before[0]).any():
        before = before[: usual + 1]
    after = slope[steepest : steepest + round(_QRS_AFTER_S * fs) + 1]
    quiet, notch = round(_QUIET_S * fs), round(_NOTCH_S * fs)
    return (
        steepest - _past_notches(before, max(slopes.onset_share * before[0], noise), quiet, notch),
        steepest + _past_notches(after, max(slopes.offset_share * after[0], noise), quiet, notch),
    )


def _past_notches(slope: Float64Array, limit: float, quiet: int, notch: int) -> int:
    """Go on until it is quiet, and on from there where the slope soon is as steep as only a QRS can be."""
    end = _until_quiet(slope, limit, quiet)
    while True:
        ahead = slope[end + 1 : end + 1 + notch]
        # A peak that all leads share is as quiet as a base line: in ventricular tachycardia half of QRS was lost.
        if not ahead.size or ahead.max() < _STEEP_AGAIN * slope[0]:
            return end
        again = end + 1 + int(ahead.argmax())
        end = again + _until_quiet(slope[again:], limit, quiet)


def _until_quiet(slope: Float64Array, limit: float, quiet: int) -> int:
    """Return the last sample before the first run of `quiet` samples under the limit, or the quietest sample."""
    under = np.concatenate(([0], np.cumsum(slope < limit)))
    runs = np.flatnonzero(under[quiet:] - under[:-quiet] == quiet)
    return max(0, int(runs[0]) - 1) if runs.size else int(slope.argmin())


def _lead_qrs(signal: Float64Array, qrs: Span, fs: float, slopes: Slopes) -> list[Span | None]:
    """Find each lead's own QRS within the global one."""
    slope = _slope(signal, slopes.width_s, fs)
    low = qrs[0]
    part = slope[:, low : qrs[1] + 1]
    around = slope[:, max(0, low - round(_NOISE_BEFORE_S * fs)) : qrs[1] + round(_NOISE_AFTER_S * fs)]
    noise = _NOISE_FACTOR * row_percentiles(around, _NOISE_PERCENTILE)[0]
    spans: list[Span | None] = []
    for row, floor in zip(part, noise, strict=True):
        begun = np.flatnonzero(row > max(slopes.onset_share * row.max(), floor))
        going_on = np.flatnonzero(row > max(slopes.offset_share * row.max(), floor))
        spans.append((low + int(begun[0]), low + int(going_on[-1])) if begun.size and going_on.size else None)
    return spans


def _t_window(beat: MedianBeat, qrs: Span, parameters: Parameters) -> Span:
    fs = beat.sampling_rate
    rr_s = beat.rr_s or 1.0
    longest = qrs[0] + round(parameters.longest_qt_s * np.sqrt(rr_s) * fs)
    next_qrs = beat.r_index + round((rr_s - _NEXT_QRS_S) * fs)
    return qrs[1] + round(_ST_S * fs), min(beat.signal.shape[1] - 1, longest, next_qrs)


def _p_window(beat: MedianBeat, qrs: Span, t: Span | None) -> Span:
    fs = beat.sampling_rate
    low = max(0, qrs[0] - round(_LONGEST_PR_S * fs))
    if beat.rr_s is not None:
        last_end = t[1] if t is not None else qrs[1]
        low = max(low, last_end - round(beat.rr_s * fs))
    return low, qrs[0] - 1


def _waves(signal: Float64Array, window: Span, slopes: Slopes, fs: float) -> list[Span | None]:
    """Find the largest wave of each lead in a window."""
    low, high = window
    if high - low < round(_SHORTEST_WINDOW_S * fs):
        return [None] * len(signal)
    smooth = smoothed(signal, slopes.width_s * fs, ends="edge")[:, low:high]
    slope = _slope(signal, slopes.width_s, fs)[:, low:high]
    along = np.linspace(0.0, 1.0, high - low)
    deviation = np.abs(smooth - (smooth[:, :1] * (1.0 - along) + smooth[:, -1:] * along))
    reach = round(_FLANK_S * fs)
    spans: list[Span | None] = []
    for row, peak in zip(slope, deviation.argmax(axis=1).tolist(), strict=True):
        onset = peak - _down_the_flank(row[: peak + 1][::-1], slopes.onset_share, reach)
        offset = peak + _down_the_flank(row[peak:], slopes.offset_share, reach)
        spans.append((low + onset, low + offset))
    return spans


def _down_the_flank(slope: Float64Array, share: float, reach: int) -> int:
    """Return how far it is from a wave's peak over its steepest place to where the slope has fallen to a share."""
    steepest = int(slope[:reach].argmax())
    flat = np.flatnonzero(slope[steepest:] < share * slope[steepest])
    return steepest + int(flat[0]) if flat.size else slope.size - 1


def _median_span(spans: list[Span | None]) -> Span | None:
    present = [span for span in spans if span is not None]
    if not present:
        return None
    onsets, offsets = np.array(present).T
    return round(median(onsets)), round(median(offsets))
